import Synchronization

/// Work of which at most one instance runs: who asks while it runs waits for the same result.
///
/// The work belongs to nobody who waits for it: cancelling one of them ends only its own waiting.
final class SharedTask<Value: Sendable>: Sendable {
    private struct State {
        var isRunning = false
        var nextID = 0
        var waiting: [Int: CheckedContinuation<Value, any Error>] = [:]
    }
    private let state = Mutex(State())

    /// The result of `work`, or of the instance that runs already.
    func value(_ work: @escaping @Sendable () async -> Value) async throws(CancellationError) -> Value {
        let id = state.withLock {
            $0.nextID += 1
            return $0.nextID
        }
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    // Lock first, then ask: the handler below either comes before (and is seen here) or finds the continuation.
                    let starts = state.withLock { state -> Bool? in
                        guard !Task.isCancelled else { return nil }
                        state.waiting[id] = continuation
                        defer { state.isRunning = true }
                        return !state.isRunning
                    }
                    switch starts {
                    case nil: continuation.resume(throwing: CancellationError())
                    case true?: Task { finish(await work()) }
                    case false?: break
                    }
                }
            } onCancel: {
                state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: CancellationError())
            }
        } catch {
            throw CancellationError()
        }
    }

    private func finish(_ value: Value) {
        let waiting = state.withLock { state in
            state.isRunning = false
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(returning: value) }
    }
}
