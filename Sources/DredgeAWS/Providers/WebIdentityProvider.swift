/// A role that is assumed with a token of an identity provider, as EKS gives it to pods ("IAM roles for service
/// accounts").
struct WebIdentityProvider {
    let profile: String
    /// Whether the environment's variables count: not where the profile was named.
    let usesEnvironment: Bool
    let files: ProfileFiles
    let context: ProviderContext
    let client: STSClient
    let endpoints: STSEndpointRules

    func answer() async throws(AWSError) -> ProviderAnswer {
        guard let tokenFile = value("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file") else {
            return .nothing(
                "web identity",
                usesEnvironment
                    ? "AWS_WEB_IDENTITY_TOKEN_FILE isn't set, and the profile '\(profile.printable)' has no "
                        + "web_identity_token_file"
                    : "the profile '\(profile.printable)' has no web_identity_token_file")
        }
        guard let role = value("AWS_ROLE_ARN", "role_arn") else {
            throw .provider(
                .malformedConfigFile, "\(tokenFile.name) names a token, but no role to assume with it",
                advice: usesEnvironment ? "Set AWS_ROLE_ARN." : "Give the profile a role_arn.")
        }
        let hop = RoleHop(
            roleARN: role.text,
            sessionName: value("AWS_ROLE_SESSION_NAME", "role_session_name")?.text ?? context.defaultSessionName)
        let step = "assume role \(hop.roleARN.printable) with a web identity"
        // Read anew each time: the kubelet replaces the file long before the token in it ends.
        let token = try TokenFile(path: tokenFile.text, name: tokenFile.name).read(context.files)
        let call = try STSCall(webIdentity: hop, token: token, endpoints: endpoints, step: step)
        return .found(
            try await client.session(call, credentials: nil),
            "web identity (role \(hop.roleARN.printable), token file \(tokenFile.text.printable))")
    }

    private func value(_ variable: String, _ setting: String) -> (text: String, name: String)? {
        if usesEnvironment, let value = context.variable(variable) { return (value, variable) }
        return files.value(setting, profile: profile).map { ($0.text, "\(setting) in \($0.place)") }
    }
}
