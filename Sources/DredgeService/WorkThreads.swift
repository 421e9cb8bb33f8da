internal import DredgeBase
internal import Foundation

/// Threads for what computes for long, or waits for a disk. Requests are answered on as many threads as there are
/// cores: one that is busy would hold up all who ask for little.
package final class WorkThreads: Sendable {
    private struct State: Sendable {
        var runningCount = 0
        var waitingCount = 0
    }
    private let name: String
    private let countMax: Int
    private let waitingCountMax: Int
    private let state = Monitor(State())

    /// - Parameters:
    ///   - name: of the threads, for debuggers.
    ///   - countMax: threads at once. What comes beyond that waits.
    ///   - waitingCountMax: how much of it may wait.
    package init(_ name: String, countMax: Int, waitingCountMax: Int = .max) {
        (self.name, self.countMax, self.waitingCountMax) = (name, countMax, waitingCountMax)
    }

    /// What waits for a thread.
    var waitingCount: Int { state.read(\.waitingCount) }

    /// For what may read or write a whole file.
    static let files = WorkThreads("dredge-files", countMax: ServiceLimits.fileThreadCount)
    /// For opening and deleting files: where another program has one locked, that takes seconds.
    static let openings = WorkThreads("dredge-openings", countMax: ServiceLimits.fileThreadCount)
    /// For queries.
    static let queries = WorkThreads(
        "dredge-queries", countMax: max(2, ProcessInfo.processInfo.activeProcessorCount),
        waitingCountMax: ServiceLimits.queryWaitingCountMax)
    /// For bodies of requests that are not small.
    package static let bodies = WorkThreads(
        "dredge-bodies", countMax: ServiceLimits.bodyThreadCount, waitingCountMax: ServiceLimits.bodyWaitingCountMax)

    /// What `body` returns, on a thread of its own. Throws what it throws; `unavailable` where too much waits; and
    /// `CancellationError` when the task is cancelled while it waits for a thread.
    package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await takePlace()
        defer { state.update { $0.runningCount -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result(catching: body)) }
            thread.name = name
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    private func takePlace() async throws {
        let countMax = countMax
        let take: @Sendable (inout State) -> Void? = { state in
            guard state.runningCount < countMax else { return nil }
            state.runningCount += 1
            return ()
        }
        if state.attempt(take) != nil { return }
        let mayWait = state.update { [waitingCountMax] state in
            guard state.waitingCount < waitingCountMax else { return false }
            state.waitingCount += 1
            return true
        }
        guard mayWait else {
            throw ServiceError.refused(
                .unavailable, "busy", "The server has more to do of this kind than it can. Try again later.")
        }
        defer { state.update { $0.waitingCount -= 1 } }
        try await state.wait(take)
    }
}
