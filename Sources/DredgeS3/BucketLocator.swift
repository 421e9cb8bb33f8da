import DredgeAWS
import Synchronization

/// Where the bucket is, as far as is known, for all requests of a client.
final class BucketLocator: Sendable {
    private struct State {
        var target: BucketTarget
        var hasAnswered = false
        /// Where a request was fulfilled last.
        var provenRegion: String?
    }
    private let rules: EndpointRules
    /// Of a request, as the environment and the profile say it, else the default.
    let attemptCountMax: Int
    private let state: Mutex<State>
    /// One HeadBucket at a time, whose result everyone shares.
    let discovery = SharedTask<String?>()

    init(settings: S3ClientSettings, environment: [String: String]) throws(EndpointProblem) {
        rules = try EndpointRules(settings: settings, environment: environment)
        attemptCountMax = try rules.configured.attemptCountMax() ?? S3Limits.attemptCountMax
        let region = try rules.firstRegion(settings: settings)
        state = Mutex(State(target: BucketTarget(region: region, rules: rules)))
    }

    /// Where the next attempt goes.
    var target: BucketTarget {
        state.withLock { $0.target }
    }

    /// Whether anything has ever answered there.
    var hasAnswered: Bool {
        state.withLock { $0.hasAnswered }
    }

    func answered() {
        state.withLock { $0.hasAnswered = true }
    }

    /// A request was fulfilled at `target`.
    func succeeded(at target: BucketTarget) {
        state.withLock { state in
            state.hasAnswered = true
            if state.provenRegion != target.region { state.provenRegion = target.region }
        }
    }

    /// Whether the bucket was found in `region`.
    func hasSucceeded(in region: String) -> Bool {
        state.withLock { $0.provenRegion == region }
    }

    /// The bucket turned out to be in `region`.
    /// - Returns: whether nobody knew that before; nil: it can't be, an access point's ARN allows no other.
    func move(to region: String) -> Bool? {
        guard rules.fixedRegion == nil else { return nil }
        return state.withLock {
            guard $0.target.region != region else { return false }
            $0.target = BucketTarget(region: region, rules: rules)
            return true
        }
    }
}

/// A region with what follows from it.
struct BucketTarget: Sendable {
    let region: String
    let endpoint: Endpoint
    let signer: SigV4Signer
    let address: BucketAddress
    let variants: EndpointVariants

    init(region: String, rules: EndpointRules) {
        self.region = region
        address = rules.address
        variants = rules.variants
        endpoint = rules.endpoint(region: region)
        signer = SigV4Signer(region: region, service: "s3")
    }
}
