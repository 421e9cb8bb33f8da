import DredgeBase
import DredgeLedger
import Logging

/// What all stages of one run share.
struct RunContext: Sendable {
    let id: RunID
    let world: any World
    let ledger: any Ledger
    let settings: IndexSettings
    let limits: Limits
    let work: RunWork
    /// The run's part of what the engine has.
    let room: RunRoom
    let counters: RunCounters
    let meter: RunTimeMeter
    let failures: FailureLog
    let failure: FirstFailure
    let executor: (any TaskExecutor)?
    let logger: Logger
}

/// A run's part of what all runs of an engine share.
struct RunRoom: Sendable {
    /// For what is fetched.
    let memory: MemoryAccount
    /// For what objects of several parts that are open carry from part to part, with a batch of its own each.
    let carried: CapacityAccount
    /// Bytes of it that one of them takes.
    let carriedByteCount: Int
    /// Reads that have begun and not ended, whatever they wait for: bounds their tasks.
    let reads: CapacityAccount
    /// The sources that are fed, of all runs: bounds what is read of their queues.
    let fed: FedSources
}

/// The first error that ends the run as a whole.
final class FirstFailure: Sendable {
    private let first = Monitor<RunError?>(nil)

    var error: RunError? { first.read { $0 } }

    func report(_ error: RunError) {
        first.update { first in
            if first == nil { first = error }
        }
    }

    /// Returns when something has been reported, or the task is cancelled.
    func wait() async { _ = try? await first.wait { $0 } }
}
