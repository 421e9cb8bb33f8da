internal import Dredge

/// What jobs did since the process began, for its operator. All of it only grows, but for the counts of jobs.
public struct JobWork: Sendable, Hashable {
    /// Jobs that run now, and that wait for their turn.
    public var runningCount = 0, waitingCount = 0
    /// Objects that were dealt with, and those of them that were indexed, and that failed.
    public var objectCount = 0, indexedCount = 0, failedCount = 0
    /// What was read from buckets.
    public var byteCount: UInt64 = 0
    /// Jobs that ended, by the status they ended with.
    public var endedCounts: [String: Int] = [:]
    /// What was stored.
    public var chunkCount = 0, tokenCount = 0

    mutating func add(_ progress: RunProgress) {
        objectCount += progress.doneCount
        indexedCount += progress.indexedCount
        failedCount += progress.failedCount
        byteCount += progress.fetchedByteCount
        chunkCount += progress.chunkCount
        tokenCount += progress.tokenCount
    }
}
