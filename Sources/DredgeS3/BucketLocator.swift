import DredgeAWS
import Synchronization

/// Where the bucket is, as far as is known, for all requests of a client.
final class BucketLocator: Sendable {
    private struct State {
        var target: BucketTarget
        var hasAnswered = false
    }
    private let rules: EndpointRules
    private let state: Mutex<State>
    /// One HeadBucket at a time, whose result everyone shares.
    let discovery = SharedTask<String?>()

    init(settings: S3ClientSettings, environment: [String: String]) throws(EndpointProblem) {
        let region = EndpointRules.firstRegion(settings: settings, environment: environment)
        guard EndpointRules.isRegion(region) else {
            throw EndpointProblem(
                message: "\"\(printable(region.utf8, scalarCountMax: 80))\" is not a region",
                advice: "Give the region's code, for example eu-central-1, or none: it is found out.")
        }
        rules = try EndpointRules(settings: settings, environment: environment)
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

    /// The bucket turned out to be in `region`.
    func move(to region: String) {
        state.withLock {
            guard $0.target.region != region else { return }
            $0.target = BucketTarget(region: region, rules: rules)
        }
    }
}

/// A region with what follows from it.
struct BucketTarget: Sendable {
    let region: String
    let endpoint: Endpoint
    let signer: SigV4Signer

    init(region: String, rules: EndpointRules) {
        self.region = region
        endpoint = rules.endpoint(region: region)
        signer = SigV4Signer(region: region, service: "s3")
    }
}
