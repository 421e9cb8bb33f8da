/// Both files together.
struct ProfileFiles: Sendable {
    let config: ProfileFile?
    let credentials: ProfileFile?
    /// Where they are, or would be; nil: there is no home directory to look in.
    let configPath: String?
    let credentialsPath: String?

    /// Reads both.
    init(environment: [String: String], files: FileAccess = .system) throws(AWSError) {
        configPath = Self.path("AWS_CONFIG_FILE", else: "config", environment)
        credentialsPath = Self.path("AWS_SHARED_CREDENTIALS_FILE", else: "credentials", environment)
        if let configPath { config = try .read(configPath, kind: .config, files: files) } else { config = nil }
        if let credentialsPath {
            credentials = try .read(credentialsPath, kind: .credentials, files: files)
        } else {
            credentials = nil
        }
    }

    /// AWS_PROFILE, else `default`.
    static func profileName(_ environment: [String: String]) -> String {
        environment["AWS_PROFILE"].flatMap { $0.isEmpty ? nil : $0 } ?? "default"
    }

    func has(_ profile: String) -> Bool { config?.profiles[profile] != nil || credentials?.profiles[profile] != nil }

    /// A setting that is not empty, and where it stands.
    struct Value: Sendable {
        var text: String
        var path: String
        var line: Int
        /// Whether a comment follows it on its line.
        var hasComment = false
        /// `/home/me/.aws/config, line 7`
        var place: String { "\(path.printable), line \(line)" }
    }

    /// A setting of a profile. The credentials file wins.
    func value(_ name: String, profile: String) -> Value? {
        for file in [credentials, config].compactMap({ $0 }) {
            if let setting = file.profiles[profile]?[name], !setting.text.isEmpty {
                return Value(
                    text: setting.text, path: file.path, line: setting.line, hasComment: setting.hasComment)
            }
        }
        return nil
    }

    /// `profile 'vendor' in /home/me/.aws/config`: the file in which it is found first.
    func place(_ profile: String) -> String {
        let file = [credentials, config].compactMap { $0 }.first { $0.profiles[profile] != nil }
        return "profile '\(profile.printable)'" + (file.map { " in \($0.path.printable)" } ?? "")
    }

    /// That no file has a profile that was named.
    func notFound(_ name: String) -> AWSError {
        let known = Set([config, credentials].compactMap { $0 }.flatMap(\.profiles.keys))
        let isBare = config?.bareSections.contains(name) == true
        let advice =
            if isBare {
                "The config file has [\(name.printable)]; there it must read [profile \(name.printable)]."
            } else if known.isEmpty {
                "There are no profiles. Check AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE."
            } else {
                "There are: \(known.sorted().prefix(20).map(\.printable).joined(separator: ", "))."
            }
        let paths = [credentialsPath, configPath].compactMap { $0?.printable }.joined(separator: " nor ")
        return AWSError(
            code: .profileNotFound, step: AWSError.providerStep,
            message: paths.isEmpty
                ? "the profile '\(name.printable)' is named, and there is no home directory to look for it in"
                : "neither \(paths) has the profile '\(name.printable)'",
            advice: advice)
    }

    private static func path(_ variable: String, else name: String, _ environment: [String: String]) -> String? {
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        guard let named = environment[variable], !named.isEmpty else { return home.map { "\($0)/.aws/\(name)" } }
        guard named == "~" || named.hasPrefix("~/"), let home else { return named }
        return home + named.dropFirst()
    }
}
