/// The providers that AWS tools ask for credentials without being told any, in botocore's order; those that are not supported yet end
/// the search with an error where a profile or the environment asks for them, so that nothing else is signed with by accident.
struct DefaultChain: Sendable {
    /// Named by the user: then the environment's keys aren't looked at.
    let profile: String?
    let environment: [String: String]

    private static let step = "find base credentials"

    /// Settings of a profile that come before the keys of the credentials file, with what they ask for.
    private static let providersBeforeKeys = [
        ("role_arn", "a role to be assumed"), ("web_identity_token_file", "a web identity"),
        ("sso_session", "an SSO login"),
        ("sso_start_url", "an SSO login"),
    ]
    /// Those that come between the keys of the credentials file and those of the config file.
    private static let providersBehindKeys = [
        ("login_session", "a console login"), ("credential_process", "a program that gives credentials"),
    ]

    /// The first ones found.
    func resolved() async throws(AWSError) -> ResolvedCredentials {
        ResolvedCredentials(credentials: try credentials(), provider: "the default chain")
    }

    /// The first ones found.
    func credentials() throws(AWSError) -> Credentials {
        var tried: [String] = []
        if let profile {
            tried.append("environment: skipped, since the profile '\(profile.printable)' was named")
        } else if let found = try fromEnvironment() {
            return found
        } else {
            tried.append("environment: AWS_ACCESS_KEY_ID isn't set")
        }
        try refuseEnvironmentWebIdentity()
        let files = try ProfileFiles(environment: environment)
        if let found = try fromFiles(files, tried: &tried) { return found }
        tried.append(try containerRefusal())
        tried.append("instance metadata: not supported")
        throw AWSError(
            code: .noCredentials, step: Self.step, message: "no provider has any: \(tried.joined(separator: "; "))",
            advice:
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones), or put them into a profile "
                + "of the credentials file and name it with AWS_PROFILE.")
    }

    private func fromEnvironment() throws(AWSError) -> Credentials? {
        guard let id = variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = variable("AWS_SECRET_ACCESS_KEY") else {
            throw AWSError(
                code: .noCredentials, step: Self.step,
                message: "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY isn't",
                advice: "Set both, or none.")
        }
        return try checked(
            id: id, secret: secret, token: variable("AWS_SESSION_TOKEN") ?? variable("AWS_SECURITY_TOKEN"),
            place: "the environment")
    }

    private func fromFiles(_ files: ProfileFiles, tried: inout [String]) throws(AWSError) -> Credentials? {
        let name = profile ?? ProfileFiles.profileName(environment)
        let isNamed = profile != nil || variable("AWS_PROFILE") != nil
        guard files.has(name) else {
            if isNamed { throw profileNotFound(name, files) }
            for path in [files.credentialsPath, files.configPath] {
                let exists = path == files.credentialsPath ? files.credentials != nil : files.config != nil
                let why = exists ? "has no profile 'default'" : "doesn't exist"
                tried.append(path.map { "\($0.printable): \(why)" } ?? "shared files: HOME isn't set")
            }
            return nil
        }
        try refuse(Self.providersBeforeKeys, profile: name, files)
        if let found = try keys(of: name, in: files.credentials) { return found }
        try refuse(Self.providersBehindKeys, profile: name, files)
        if let found = try keys(of: name, in: files.config) { return found }
        let paths = [files.credentials, files.config].compactMap { $0 }.filter { $0.profiles[name] != nil }.map(
            \.path.printable)
        tried.append("\(paths.joined(separator: " and ")): the profile '\(name.printable)' has no aws_access_key_id")
        return nil
    }

    private func keys(of profile: String, in file: ProfileFile?) throws(AWSError) -> Credentials? {
        guard let file, let settings = file.profiles[profile] else { return nil }
        func value(_ name: String) -> String? { settings[name].flatMap { $0.text.isEmpty ? nil : $0.text } }
        guard let id = value("aws_access_key_id") else { return nil }
        let place = "the profile '\(profile.printable)' in \(file.path.printable)"
        guard let secret = value("aws_secret_access_key") else {
            throw AWSError(
                code: .noCredentials, step: Self.step,
                message: "\(place) has an aws_access_key_id, but no aws_secret_access_key",
                advice: "Give both, or none.")
        }
        return try checked(
            id: id, secret: secret, token: value("aws_session_token") ?? value("aws_security_token"), place: place)
    }

    /// Keys travel in headers: what can't stand there is a mistake of copying, and better found here than as a refused signature.
    private func checked(id: String, secret: String, token: String?, place: String) throws(AWSError) -> Credentials {
        for (name, value) in [("access key ID", id), ("secret access key", secret), ("session token", token ?? "")] {
            guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw AWSError(
                    code: .noCredentials, step: Self.step,
                    message: "the \(name) of \(place) has a blank or a character beyond ASCII in it",
                    advice: "Copy it again.")
            }
        }
        return Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token)
    }

    private func refuse(_ providers: [(setting: String, what: String)], profile: String, _ files: ProfileFiles)
        throws(AWSError)
    {
        for provider in providers {
            guard let found = files.value(provider.setting, profile: profile) else { continue }
            throw AWSError(
                code: .unsupportedConfig, step: Self.step,
                message:
                    "the profile '\(profile.printable)' asks for \(provider.what): \(provider.setting) in \(found.path.printable), "
                    + "line \(found.line). That isn't supported",
                advice: provider.setting == "role_arn"
                    ? "Put the role into assume_role of the source, and name a profile here that has the keys."
                    : "Use a profile with keys, or let another tool write temporary ones (aws configure export-credentials)."
            )
        }
    }

    private func refuseEnvironmentWebIdentity() throws(AWSError) {
        guard profile == nil, variable("AWS_WEB_IDENTITY_TOKEN_FILE") != nil, variable("AWS_ROLE_ARN") != nil else {
            return
        }
        throw AWSError(
            code: .unsupportedConfig, step: Self.step,
            message: "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN ask for a web identity. That isn't supported",
            advice: "Give keys in the environment or in a profile.")
    }

    private func containerRefusal() throws(AWSError) -> String {
        let names = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        guard let name = names.first(where: { variable($0) != nil }) else {
            return "container: \(names[0]) and …FULL_URI aren't set"
        }
        throw AWSError(
            code: .unsupportedConfig, step: Self.step,
            message: "\(name) asks for the container's credentials. That isn't supported",
            advice: "Give keys in the environment or in a profile.")
    }

    private func profileNotFound(_ name: String, _ files: ProfileFiles) -> AWSError {
        let known = Set((files.config?.profiles.keys).map(Array.init) ?? []).union(
            files.credentials?.profiles.keys.map { $0 } ?? [])
        let isBare = files.config?.bareSections.contains(name) == true
        let advice =
            if isBare {
                "The config file has [\(name.printable)]; there it must read [profile \(name.printable)]."
            } else if known.isEmpty {
                "There are no profiles. Check AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE."
            } else {
                "There are: \(known.sorted().prefix(20).map(\.printable).joined(separator: ", "))."
            }
        let paths = [files.credentialsPath, files.configPath].compactMap { $0?.printable }.joined(separator: " nor ")
        return AWSError(
            code: .profileNotFound, step: Self.step, message: "neither \(paths) has the profile '\(name.printable)'",
            advice: advice)
    }

    private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
}

extension DefaultChain: CustomReflectable {
    /// Without children: the environment has secrets in it.
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
