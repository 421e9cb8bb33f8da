/// What a profile of the shared files can ask for.
struct ProfileProviders {
    /// The one whose region and endpoints count, also where it leads to others.
    let chosen: String
    let files: ProfileFiles
    let context: ProviderContext
    let metadata: InstanceMetadata
    let tokens: SSOTokens
    let client: STSClient

    private var settings: EndpointSettings {
        EndpointSettings(profile: chosen, files: files, environment: context.environment)
    }

    private var endpoints: STSEndpointRules { STSEndpointRules(settings: settings) }

    /// The role that the profile names, assumed with what its source gives.
    func role(of profile: String) async throws(AWSError) -> ProviderAnswer {
        guard ProfileRole.isAsked(by: profile, files) else {
            return .nothing("assume role", "the profile '\(profile.printable)' has no role_arn for it")
        }
        let role = try ProfileRole(profile, files)
        let base = try await base(of: role, profile: profile)
        let chain = RoleChain(
            hops: role.hops, base: BaseSource(base.credentials), defaultSessionName: context.defaultSessionName,
            endpoints: endpoints, client: client, onWarning: context.onWarning)
        do {
            let arn = role.hops.last?.roleARN.printable ?? ""
            return .found(
                try await chain.credentials(), "\(files.place(profile)): role \(arn), assumed with \(base.provider)")
        } catch {
            var error = error
            error.step += " for the \(files.place(profile)), with \(base.provider)"
            throw error
        }
    }

    private func base(of role: ProfileRole, profile: String) async throws(AWSError) -> ResolvedCredentials {
        var reasons: [ProviderReason] = []
        let found =
            switch role.base {
            case .profile(let source): try await own(source, usesEnvironment: false, &reasons)
            case .environment: try EnvironmentProvider(context: context).answer().found(orAdd: &reasons)
            case .container: try await ContainerProvider(context: context).answer().found(orAdd: &reasons)
            case .instanceMetadata: try await metadata.answer(profile: chosen, files).found(orAdd: &reasons)
            }
        if let found { return found }
        var error = AWSError.provider(
            "what the \(files.place(profile)) names as the source of its role has no credentials: "
                + reasons.map(\.description).joined(separator: "; "),
            advice: role.base == .instanceMetadata
                ? InstanceMetadata.advice : "Correct its source_profile or credential_source.")
        error.providers = reasons
        throw error
    }

    /// What the profile has itself, without a role that is assumed with another's keys.
    func own(
        _ profile: String, usesEnvironment: Bool, _ reasons: inout [ProviderReason]
    ) async throws(AWSError) -> ResolvedCredentials? {
        let webIdentity = WebIdentityProvider(
            profile: profile, usesEnvironment: usesEnvironment, files: files, context: context, client: client,
            endpoints: endpoints)
        if let found = try await webIdentity.answer().found(orAdd: &reasons) { return found }
        let isThere = files.has(profile)
        if isThere {
            let sso = SSOProvider(
                profile: profile, files: files, context: context, settings: settings, tokens: tokens)
            if let found = try await sso.answer().found(orAdd: &reasons) { return found }
        }
        let keys = ProfileKeys(profile: profile)
        let inCredentials = try keys.answer(in: files.credentials, path: files.credentialsPath)
        if let found = inCredentials.found(orAdd: &reasons) { return found }
        if isThere {
            try refuseConsoleLogin(profile)
            let process = ProcessProvider(profile: profile, files: files, context: context)
            if let found = try await process.answer().found(orAdd: &reasons) { return found }
        }
        return try keys.answer(in: files.config, path: files.configPath).found(orAdd: &reasons)
    }

    private func refuseConsoleLogin(_ profile: String) throws(AWSError) {
        guard let setting = files.value("login_session", profile: profile) else { return }
        throw .provider(
            .unsupportedConfig,
            "the profile '\(profile.printable)' asks for a console login: login_session in \(setting.place). That "
                + "isn't supported",
            advice:
                "Let the AWS CLI give its keys: a profile with credential_process = aws configure "
                + "export-credentials --profile "
                + "\(profile.printable) --format process.")
    }
}
