import Synchronization

/// Where a run stands, in numbers, for who watches many runs.
public struct RunFigures: Sendable {
    /// The run's name, as its report has it; nil: it has not begun.
    public var id: String?
    /// What became of objects so far.
    public var progress: RunProgress
    /// Attempts to read a part of an object that were answered, also with a refusal.
    public var answeredCount: Int
    /// Attempts of any request that the service throttled.
    public var throttledCount: Int
    /// Attempts to read a part of an object that failed: the service did, or the connection.
    public var failedCount: Int
    /// Requests that were made again.
    public var repeatedCount: Int

    init(_ counters: RunCounters) {
        id = counters.name
        progress = counters.progress
        let requests = counters.requests.withLock { $0 }
        answeredCount = requests.count
        throttledCount = requests.throttledCount
        failedCount = requests.failedCount
        repeatedCount = counters.repeats.value
    }
}
