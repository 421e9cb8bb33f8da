import DredgeS3
import Synchronization

/// A run's view of a bucket's gate: counts how the run's own requests end.
final class RequestTally: AttemptGate {
    /// What came of a run's GETs.
    struct Sum: Sendable {
        var count = 0
        var firstByteSeconds = 0.0
        var durationSeconds = 0.0
        /// Answered while as many were in flight as ever may be, and others waited for a place.
        var fullCount = 0
        var throttledCount = 0
        var failedCount = 0
    }

    private let gate: RequestGate
    private let counters: RunCounters

    /// Counts into `counters` what passes `gate`.
    init(_ gate: RequestGate, _ counters: RunCounters) {
        self.gate = gate
        self.counters = counters
    }

    func enterIfFree() -> (any Admission)? { gate.enterIfFree() }

    func enter() async throws(CancellationError) -> any Admission { try await gate.enter() }

    func attemptRepeated() { counters.repeats.add(1) }

    func attemptEnded(_ outcome: AttemptOutcome) {
        let isFull = gate.note(outcome)
        counters.requests.withLock { sum in
            switch outcome {
            case .answered(let firstByteTime, let duration, _):
                sum.count += 1
                sum.firstByteSeconds += firstByteTime / .seconds(1)
                sum.durationSeconds += duration / .seconds(1)
                if isFull { sum.fullCount += 1 }
            case .throttled: sum.throttledCount += 1
            case .failed: sum.failedCount += 1
            }
        }
    }
}
