internal import DredgeBase

/// Work of which at most one instance runs: who asks while it runs waits for the same result.
///
/// The work belongs to nobody who waits for it: cancelling one of them ends only its own waiting.
final class SharedTask<Value: Sendable>: Sendable {
    private struct State {
        /// Of the instance that was started last, from 1.
        var number = 0
        var isRunning = false
        /// Of the instance that ended last.
        var result: Value?
    }
    private let state = Monitor(State(), order: .any)

    /// The result of `work`, or of the instance that runs already.
    func value(_ work: @escaping @Sendable () async -> Value) async throws(CancellationError) -> Value {
        if Task.isCancelled { throw CancellationError() }
        let (number, starts) = state.update { state in
            let starts = !state.isRunning
            if starts { state.number += 1 }
            state.isRunning = true
            return (state.number, starts)
        }
        if starts {
            Task {
                let value = await work()
                state.update { state in
                    state.isRunning = false
                    state.result = value
                }
            }
        }
        // A later instance may have begun before this task comes to wait; its result is no older than the one asked
        // for.
        return try await state.wait { $0.number > number || !$0.isRunning ? $0.result : nil }
    }
}
