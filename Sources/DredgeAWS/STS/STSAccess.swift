public import DredgeTransfer
package import Logging
import Synchronization

/// How STS is asked: with whose keys a chain begins, and where.
public struct STSAccess: Sendable {
    /// Signs the first hop. Its owner closes it.
    public var base: BaseSource
    /// For hops that name no session, for example `dredge-<run id>`, so that CloudTrail leads back to the run.
    public var defaultSessionName: String
    /// For hops that name no region; nil: AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`, else the partition's
    /// default.
    public var region: String?
    /// nil: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the profile's, else AWS's own.
    public var endpointURL: String?
    /// nil: AWS_USE_FIPS_ENDPOINT, else the profile's `use_fips_endpoint`.
    public var useFIPS: Bool?
    /// nil: AWS_USE_DUALSTACK_ENDPOINT, else the profile's `use_dualstack_endpoint`.
    public var useDualStack: Bool?
    /// The process's environment, or what stands for it. AWS_PROFILE in it names the profile whose region and endpoints
    /// count.
    public var environment: [String: String]
    /// Carries the requests.
    public var transfer: TransferLoop
    /// Is told which roles are assumed, and what is tried again.
    package var logger = Logger.silent
    /// Hears what is done other than asked, a sentence each, for a log: a duration cut down, a policy left out, a clock
    /// corrected. Each sentence once, however many chains use this access, and however often they are walked.
    let onWarning: @Sendable (String) -> Void
    /// STS's time, as the answers to all of these chains show it.
    let clock: ServiceClock

    /// Access with the regional endpoints and region of the environment, unless named.
    public init(
        base: BaseSource, defaultSessionName: String, region: String? = nil, endpointURL: String? = nil,
        useFIPS: Bool? = nil, useDualStack: Bool? = nil, environment: [String: String], transfer: TransferLoop,
        onWarning: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.base = base
        self.defaultSessionName = defaultSessionName
        self.region = region
        self.endpointURL = endpointURL
        self.useFIPS = useFIPS
        self.useDualStack = useDualStack
        self.environment = environment
        self.transfer = transfer
        let said = SaidOnce()
        let warn: @Sendable (String) -> Void = { if said.isNew($0) { onWarning($0) } }
        self.onWarning = warn
        clock = ServiceClock { warn(ServiceClock.warning(of: "STS", ahead: $0)) }
    }
}

extension STSAccess {
    /// What the environment and its profile say of endpoints.
    var settings: EndpointSettings { EndpointSettings(environment: environment) }

    /// A chain over this access.
    func chain(_ hops: [RoleHop], narrowing: SessionNarrowing?) -> RoleChain {
        RoleChain(
            hops: hops, narrowing: narrowing, base: base, defaultSessionName: defaultSessionName,
            endpoints: STSEndpointRules(
                region: region, endpointURL: endpointURL, useFIPS: useFIPS, useDualStack: useDualStack,
                settings: settings),
            client: STSClient(transport: LoopTransport(transfer), clock: clock, logger: logger), onWarning: onWarning)
    }
}

extension ServiceClock {
    /// What to log of a correction.
    package static func warning(of service: String, ahead seconds: Double) -> String {
        if seconds == 0 { return "this machine's clock agrees with \(service)'s again" }
        return "this machine's clock is \(Int(abs(seconds).rounded())) s \(seconds > 0 ? "ahead of" : "behind") "
            + "\(service)'s; requests are signed in the service's time. Set the clock by NTP"
    }
}

/// Sentences that need not be repeated.
private final class SaidOnce: Sendable {
    private let sentences = Mutex<Set<String>>([])
    func isNew(_ sentence: String) -> Bool { sentences.withLock { $0.insert(sentence).inserted } }
}
