/// What the environment says of region, endpoints and retries, and what the profile says where the environment doesn't:
/// for all that is not named otherwise (AWS SDKs and Tools Reference Guide, "AWS Region", "Service-specific endpoints",
/// "Dual-stack and FIPS endpoints", "Retry behavior").
///
/// Keeps these settings alone of the files, not the keys beside them.
package struct EndpointSettings: Sendable {
    /// A value, and where it stands as the middle of a sentence.
    private struct Setting: Sendable {
        var text: String
        var place: String
    }

    /// AWS_REGION, AWS_DEFAULT_REGION, else the profile's `region`.
    package let region: String?
    private let fips: Setting?
    private let dualStack: Setting?
    private let regionalSTS: Setting?
    private let maxAttempts: Setting?
    private let retryMode: Setting?
    private var endpoints: [AWSService: Setting] = [:]

    /// Reads the shared files of the profile that AWS_PROFILE names, else those of `default`. A file that can't be read
    /// is told of when credentials are looked for.
    package init(environment: [String: String]) {
        self.init(
            profile: ProfileFiles.profileName(environment), files: try? ProfileFiles(environment: environment),
            environment: environment)
    }

    init(profile: String, files: ProfileFiles?, environment: [String: String]) {
        func variable(_ name: String) -> Setting? {
            guard let text = environment[name], !text.isEmpty else { return nil }
            return Setting(text: text, place: "environment variable \(name)")
        }
        func setting(_ name: String) -> Setting? {
            files?.value(name, profile: profile).map {
                Setting(text: $0.text, place: "setting \(name) in \($0.place)")
            }
        }
        region = (variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? setting("region"))?.text
        fips = variable("AWS_USE_FIPS_ENDPOINT") ?? setting("use_fips_endpoint")
        dualStack = variable("AWS_USE_DUALSTACK_ENDPOINT") ?? setting("use_dualstack_endpoint")
        regionalSTS = variable("AWS_STS_REGIONAL_ENDPOINTS") ?? setting("sts_regional_endpoints")
        maxAttempts = variable("AWS_MAX_ATTEMPTS") ?? setting("max_attempts")
        retryMode = variable("AWS_RETRY_MODE") ?? setting("retry_mode")

        let ignored = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ?? setting("ignore_configured_endpoint_urls")
        guard ignored?.text.lowercased() != "true" else { return }
        let section = setting("services")?.text
        for service in AWSService.allCases {
            endpoints[service] =
                variable("AWS_ENDPOINT_URL_\(service.variableName)") ?? variable("AWS_ENDPOINT_URL")
                ?? section.flatMap { files?.endpoint(of: service, section: $0) }
                .map { Setting(text: $0.text, place: "setting endpoint_url in \($0.place)") }
                ?? setting("endpoint_url")
        }
    }

    /// The endpoint that is named, else the one that is configured for the service, else the one for all of them:
    /// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the section that the profile's `services` names, the profile's
    /// `endpoint_url`. nil: AWS's own. All that is configured is ignored where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or
    /// the profile says so.
    package func endpoint(_ named: String? = nil, of service: AWSService) throws(EndpointProblem) -> EndpointURL? {
        if let named { return try EndpointURL(named) }
        guard let setting = endpoints[service] else { return nil }
        return try EndpointURL(setting.text, from: setting.place)
    }

    /// Whether a service that stands in for AWS's is named or configured. What is wrong with its URL is told when it is
    /// used.
    package func hasEndpoint(_ named: String? = nil, of service: AWSService) -> Bool {
        named != nil || endpoints[service] != nil
    }

    /// As named, else as configured.
    package func variants(fips: Bool?, dualStack: Bool?) throws(EndpointProblem) -> EndpointVariants {
        var variants = EndpointVariants()
        variants.fips = if let fips { fips } else { try Self.flag(self.fips) }
        variants.dualStack = if let dualStack { dualStack } else { try Self.flag(self.dualStack) }
        return variants
    }

    /// The most attempts of a request, the first one included; nil: nothing says a number. Throws also for a mode of
    /// retries that there is none of. All modes mean the same here: `legacy` is what each SDK did before `standard`,
    /// and the requests in flight follow the service's pace in any mode, which is what `adaptive` adds.
    package func attemptCountMax() throws(EndpointProblem) -> Int? {
        switch retryMode?.text.lowercased() {
        case nil, "standard", "adaptive", "legacy": break
        case .some: throw Self.problem(retryMode, advice: "Set it to standard or adaptive, or leave it away.")
        }
        guard let maxAttempts else { return nil }
        guard let count = Int(maxAttempts.text), count > 0 else {
            throw Self.problem(
                maxAttempts, advice: "Set it to a number above 0, or leave it away: 3 is what it is then.")
        }
        return count
    }

    /// `legacy`: the oldest regions are asked at STS's one global endpoint, whose tokens newer regions refuse ("AWS STS
    /// Regional endpoints", in the same guide).
    func usesLegacySTS() throws(EndpointProblem) -> Bool {
        switch regionalSTS?.text.lowercased() {
        case nil, "regional": return false
        case "legacy": return true
        case .some:
            throw Self.problem(
                regionalSTS, advice: "Set it to regional or legacy, or leave it away: regional is what is done then.")
        }
    }

    /// A setting that is mistyped must not pass as switched off: somebody relies on it.
    private static func flag(_ setting: Setting?) throws(EndpointProblem) -> Bool {
        switch setting?.text.lowercased() {
        case nil, "false": return false
        case "true": return true
        case .some: throw problem(setting, advice: "Set it to true or false.")
        }
    }

    private static func problem(_ setting: Setting?, advice: String) -> EndpointProblem {
        EndpointProblem(message: "the \(setting?.place ?? "") is '\(setting?.text.printable ?? "")'", advice: advice)
    }
}

extension ProfileFiles {
    /// The endpoint of a service in a section of services.
    fileprivate func endpoint(of service: AWSService, section: String) -> Value? {
        guard let config, let setting = config.services[section]?["\(service.variableName.lowercased()).endpoint_url"],
            !setting.text.isEmpty
        else { return nil }
        return Value(text: setting.text, path: config.path, line: setting.line)
    }
}

extension BaseCredentials {
    /// `environment` with AWS_PROFILE as these credentials have it: the region and endpoints of a profile that is named
    /// go with its keys.
    package func environment(_ environment: [String: String]) -> [String: String] {
        guard case .defaultChain(let profile?) = self else { return environment }
        return environment.merging(["AWS_PROFILE": profile]) { $1 }
    }
}
