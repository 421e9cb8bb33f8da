import DredgeBase
import DredgeS3
import Synchronization

/// Bounds the GETs of one bucket that are in flight; `RequestPace` says how many.
///
/// All runs of an engine that read a bucket share its gate, and all gates share the engine's requests; a bucket that
/// throttles slows down nobody but itself.
final class RequestGate: AttemptGate {
    private let account: CapacityAccount
    private let limitMax: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let pace: Mutex<RequestPace>
    /// Whether somebody waits on the account. The others wait here, where the length of a queue costs nothing.
    private let turn = Monitor(false)
    /// How many wait for a place.
    private let backlog = Monitor(0, order: .any)

    init(
        _ requests: Capacity, limitMin: Int = Limits.requestCountMin, limitMax: Int,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        precondition(limitMax > 0, "a gate that lets nothing through")
        let pace = RequestPace(
            limit: Limits.requestCountAtFirst, limits: min(limitMin, limitMax)...limitMax, now: now())
        account = requests.makeAccount(limit: pace.limit)
        self.limitMax = limitMax
        self.pace = Mutex(pace)
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

    func attemptEnded(_ outcome: AttemptOutcome) { _ = note(outcome) }

    /// The same; whether as many were in flight as ever may be, and others waited for a place.
    func note(_ outcome: AttemptOutcome) -> Bool {
        let (now, isFull) = (now(), backlogCount > 0)
        return pace.withLock { pace in
            let limit = pace.limit
            switch outcome {
            case .answered(_, _, let byteCount): pace.answered(byteCount: byteCount, isFull: isFull, now: now)
            case .throttled: pace.throttled(now: now)
            case .failed: pace.failed(now: now)
            }
            // Under the lock, so that two changes don't cross.
            if pace.limit != limit { account.setLimit(pace.limit) }
            return isFull && limit >= limitMax
        }
    }
}

extension Place: Admission {}

/// The gates of the buckets that are being read.
final class RequestGates: Sendable {
    private struct WeakGate { weak var gate: RequestGate? }

    private let requests: Capacity
    private let gates = Mutex<[BucketIdentity: WeakGate]>([:])

    init(requestCount: Int) { requests = Capacity(requestCount) }

    /// GETs that are in flight, of all gates.
    var inFlightCount: Int { requests.amountInUse }

    /// GETs that wait for a place, of all gates.
    var backlogCount: Int {
        gates.withLock { $0.values.compactMap(\.gate) }.map(\.backlogCount).reduce(0, +)
    }

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
    /// The service that stands in for AWS's; nil: none does.
    var endpointURL: String?
    /// The account that the bucket is expected in; nil: whichever.
    var account: String?
    /// The bucket's name, or an access point's ARN.
    var bucket: String
}
