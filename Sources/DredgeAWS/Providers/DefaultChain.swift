/// The providers that AWS tools ask for credentials without being told any, in botocore's order. One that is asked for
/// and fails ends the search, so that nothing else is signed with by accident.
struct DefaultChain: Sendable {
    /// Named by the user: then what the environment says of keys and of a web identity isn't looked at.
    let profile: String?
    private let context: ProviderContext
    private let metadata: InstanceMetadata
    private let tokens: SSOTokens
    /// STS's, for the roles of profiles.
    let clock: ServiceClock

    init(profile: String?, context: ProviderContext) {
        self.profile = profile
        self.context = context
        metadata = InstanceMetadata(context)
        tokens = SSOTokens(context)
        clock = ServiceClock(context.time) { context.onWarning(ServiceClock.warning(of: "STS", ahead: $0)) }
    }

    /// The first ones found. Everything is read and asked anew, but for what the instance's metadata said last.
    func resolved() async throws(AWSError) -> ResolvedCredentials {
        var reasons: [ProviderReason] = []
        if let profile {
            let reason = "skipped, since the profile '\(profile.printable)' was named"
            reasons.append(ProviderReason(provider: "environment", reason: reason))
        } else if let found = try EnvironmentProvider(context: context).answer().found(orAdd: &reasons) {
            return found
        }
        let files = try ProfileFiles(environment: context.environment, files: context.files)
        let name = profile ?? ProfileFiles.profileName(context.environment)
        let isNamed = profile != nil || context.variable("AWS_PROFILE") != nil
        guard files.has(name) || !isNamed else { throw files.notFound(name) }

        let providers = ProfileProviders(
            chosen: name, files: files, context: context, metadata: metadata, tokens: tokens,
            client: STSClient(transport: context.http, clock: clock, logger: context.logger))
        if files.has(name), let found = try await providers.role(of: name).found(orAdd: &reasons) { return found }
        if let found = try await providers.own(name, usesEnvironment: profile == nil, &reasons) { return found }
        // Somebody relies on the login of a profile that is named: others' credentials must not take its place.
        if isNamed, let problem = SSOLogin.halfProblem(name, files) { throw problem }
        if let found = try await ContainerProvider(context: context).answer().found(orAdd: &reasons) { return found }
        if let found = try await metadata.answer(profile: name, files).found(orAdd: &reasons) { return found }
        var error = AWSError.provider(
            "no provider has any: \(reasons.map(\.description).joined(separator: "; "))",
            advice: reasons.compactMap(\.advice).last
                ?? "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones), name a "
                + "profile with "
                + "AWS_PROFILE, or give the machine a role.")
        error.providers = reasons
        throw error
    }

    /// Lets go what is kept from one look-up to the next.
    func forget() {
        metadata.forget()
        tokens.forget()
    }
}

extension DefaultChain: CustomReflectable {
    /// Without children: the environment has secrets in it.
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
