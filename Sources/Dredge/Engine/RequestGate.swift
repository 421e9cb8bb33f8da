import DredgeBase
import DredgeS3
import Synchronization

/// How many GETs of one bucket may be in flight: one more for each `limit` answers, half as many when the service
/// throttles (the rule of TCP, which S3's guide asks for: "reduce the request rate on 503 SlowDown").
///
/// All runs of an engine that read a bucket share its gate, and all gates share the engine's requests; a bucket that
/// throttles slows down nobody but itself.
final class RequestGate: AttemptGate {
    private struct Pace {
        /// The account's limit; here too, so that an answer that changes nothing doesn't ask for it.
        var limit: Int
        var answersSinceRaise = 0
        var lastCut: ContinuousClock.Instant?
    }

    private let account: CapacityAccount
    private let limitMax: Int
    private let limitMin: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let pace: Mutex<Pace>
    /// Whether somebody waits on the account. The others wait here, where the length of a queue costs nothing.
    private let turn = Monitor(false)
    /// How many wait for a place.
    private let backlog = Monitor(0, order: .any)
    /// One burst of 503s is one sign, not a hundred.
    private static let cutInterval: Duration = .seconds(1)

    init(
        _ requests: Capacity, limitMin: Int = Limits.requestCountMin, limitMax: Int,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        precondition(limitMax > 0, "a gate that lets nothing through")
        account = requests.makeAccount(limit: limitMax)
        pace = Mutex(Pace(limit: limitMax))
        self.limitMax = limitMax
        self.limitMin = min(limitMin, limitMax)
        self.now = now
    }

    var limit: Int { pace.withLock { $0.limit } }

    func enterIfFree() -> (any Admission)? { turn.attempt { [account] in $0 ? nil : account.takeIfFree() } }

    func enter() async throws(CancellationError) -> any Admission {
        backlog.update { $0 += 1 }
        defer { backlog.update { $0 -= 1 } }
        try await turn.wait { isTaken -> Void? in
            if isTaken { return nil }
            isTaken = true
            return ()
        }
        defer { turn.update { $0 = false } }
        return try await account.take()
    }

    var backlogCount: Int { backlog.read { $0 } }

    /// Waits until few requests wait for a place. Each of them has its memory already, so that who begins reads without
    /// looking fills the budget with buffers that nothing comes into.
    func backlogIsShort() async throws(CancellationError) {
        try await backlog.wait { $0 < Limits.gateBacklogCount ? () : nil }
    }

    func attemptEnded(_ outcome: AttemptOutcome) {
        switch outcome {
        case .answered: answered()
        case .throttled: throttled()
        case .failed: break
        }
    }

    private func answered() {
        pace.withLock { pace in
            pace.answersSinceRaise += 1
            guard pace.limit < limitMax, pace.answersSinceRaise >= pace.limit else { return }
            setLimit(pace.limit + 1, &pace)
        }
    }

    private func throttled() {
        pace.withLock { pace in
            if let lastCut = pace.lastCut, now() - lastCut < Self.cutInterval { return }
            pace.lastCut = now()
            setLimit(max(limitMin, pace.limit / 2), &pace)
        }
    }

    /// Under the lock, so that two changes don't cross.
    private func setLimit(_ limit: Int, _ pace: inout Pace) {
        pace.limit = limit
        pace.answersSinceRaise = 0
        account.setLimit(limit)
    }
}

extension Place: Admission {}

/// The gates of the buckets that are being read.
final class RequestGates: Sendable {
    private struct WeakGate { weak var gate: RequestGate? }

    private let requests: Capacity
    private let gates = Mutex<[BucketIdentity: WeakGate]>([:])

    init(requestCount: Int) { requests = Capacity(requestCount) }

    /// The gate of `bucket`, which lasts for as long as somebody holds it.
    func gate(of bucket: BucketIdentity) -> RequestGate {
        gates.withLock { gates in
            if let gate = gates[bucket]?.gate { return gate }
            gates = gates.filter { $0.value.gate != nil }
            let gate = RequestGate(requests, limitMax: requests.amount)
            gates[bucket] = WeakGate(gate: gate)
            return gate
        }
    }
}

/// What makes two sources read the same bucket of the same service.
struct BucketIdentity: Hashable, Sendable {
    /// The endpoint that was asked for; nil: that of the environment, or AWS.
    var endpointURL: String?
    /// The account that the bucket is expected in; nil: whichever.
    var account: String?
    /// The bucket's name, or an access point's ARN.
    var bucket: String
}
