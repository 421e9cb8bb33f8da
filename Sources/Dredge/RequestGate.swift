import Synchronization

/// How many GETs may be in flight: one more for each `limit` answers, half as many when the service throttles (the rule of TCP,
/// which S3's guide asks for: "reduce the request rate on 503 SlowDown").
final class RequestGate: Sendable {
    private struct State {
        var limit: Int
        var inFlight = 0
        var answersSinceRaise = 0
        var lastCut: ContinuousClock.Instant?
        var nextTicket: UInt64 = 0
        var waiters: [(ticket: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let state: Mutex<State>
    private let limitMax: Int
    private let limitMin: Int
    /// One burst of 503s is one sign, not a hundred.
    private let cutInterval: Duration = .seconds(1)

    init(limitMin: Int, limitMax: Int) {
        self.limitMax = limitMax
        self.limitMin = min(limitMin, limitMax)
        state = Mutex(State(limit: limitMax))
    }

    var limit: Int { state.withLock { $0.limit } }

    /// Waits, first come first served, for a place. Throws when the task is cancelled meanwhile.
    func enter() async throws(CancellationError) {
        let ticket: UInt64? = state.withLock { state in
            if state.inFlight < state.limit, state.waiters.isEmpty {
                state.inFlight += 1
                return nil
            }
            state.nextTicket += 1
            return state.nextTicket
        }
        guard let ticket else { return }
        let entered = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let entered: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.inFlight < state.limit, state.waiters.isEmpty {
                        state.inFlight += 1
                        return true
                    }
                    state.waiters.append((ticket, continuation))
                    return nil
                }
                if let entered { continuation.resume(returning: entered) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
                return state.waiters.remove(at: index).continuation
            }
            waiter?.resume(returning: false)
        }
        if !entered { throw CancellationError() }
    }

    func leave() {
        let admitted = state.withLock { state in
            state.inFlight -= 1
            state.answersSinceRaise += 1
            if state.answersSinceRaise >= state.limit, state.limit < limitMax {
                state.limit += 1
                state.answersSinceRaise = 0
            }
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while state.inFlight < state.limit, !state.waiters.isEmpty {
                admitted.append(state.waiters.removeFirst().continuation)
                state.inFlight += 1
            }
            return admitted
        }
        for continuation in admitted { continuation.resume(returning: true) }
    }

    func throttled() {
        state.withLock { state in
            let now = ContinuousClock.now
            if let lastCut = state.lastCut, now - lastCut < cutInterval { return }
            state.lastCut = now
            state.limit = max(limitMin, state.limit / 2)
            state.answersSinceRaise = 0
        }
    }
}
