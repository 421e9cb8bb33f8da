public import Synchronization

/// State under a lock, and tasks that wait until it lets them go on.
///
/// A waiting task brings an *attempt*: a closure that takes what it wants from the state and returns it, or returns nil
/// and leaves the state as it was. Attempts run under the lock, on whichever thread changed the state: they must be
/// short and must not use the monitor. Tasks are resumed outside of the lock.
public final class Monitor<State: Sendable>: Sendable {
    /// Which waiting tasks may go on after a change.
    public enum Order: Sendable {
        /// First come, first served: the task that waits longest is tried first, and while its attempt fails, nobody
        /// goes on.
        case firstCome
        /// Every waiting task is tried after each change, the one that waits longest first: for tasks that wait for
        /// different things.
        case any
    }

    @usableFromInline let order: Order
    @usableFromInline let guarded: Mutex<Guarded>

    /// A monitor that nobody waits on.
    @inlinable
    public init(_ state: State, order: Order = .firstCome) {
        self.order = order
        guarded = Mutex(Guarded(state: state))
    }

    /// How many tasks wait now.
    @inlinable
    public var waiterCount: Int { guarded.withLock { $0.waiters.count } }

    /// Looks at the state, under the lock.
    @inlinable
    public func read<R, Failure: Error>(_ body: (State) throws(Failure) -> sending R) throws(Failure) -> sending R {
        try guarded.withLock { (guarded) throws(Failure) in try body(guarded.state) }
    }

    /// Changes the state, under the lock, and lets waiting tasks go on as far as the new state allows; also when `body`
    /// throws.
    @inlinable
    public func update<R, Failure: Error>(
        _ body: (inout State) throws(Failure) -> sending R
    ) throws(Failure) -> sending R {
        // The waiters are resumed when the lock is free again: a resumed task may come back here at once.
        var granted = WaiterList<State>()
        defer { granted.resumeAll() }
        return try guarded.withLock { (guarded) throws(Failure) in
            defer { guarded.serve(order, into: &granted) }
            return try body(&guarded.state)
        }
    }

    /// What `attempt` returns, without waiting: nil when it returns nil, or, in the order `firstCome`, when somebody
    /// waits.
    @inlinable
    public func attempt<Value: Sendable>(_ attempt: (inout State) -> Value?) -> Value? {
        var granted = WaiterList<State>()
        defer { granted.resumeAll() }
        return guarded.withLock { guarded in
            guard order == .any || guarded.waiters.isEmpty, let value = attempt(&guarded.state) else { return nil }
            guarded.serve(order, into: &granted)
            return value
        }
    }

    /// Waits until `attempt` returns something, and returns that: at once, when the state allows it and nobody is to go
    /// first.
    ///
    /// Throws when the task is cancelled, before or while it waits; then the attempt has taken nothing. When a
    /// cancellation comes just after the attempt has succeeded, what it took is returned. Joining and leaving the queue
    /// takes the same short time however many wait.
    @inlinable
    public func wait<Value: Sendable>(
        _ attempt: @escaping @Sendable (inout State) -> Value?
    ) async throws(CancellationError) -> Value {
        if Task.isCancelled { throw CancellationError() }
        if let value = self.attempt(attempt) { return value }
        let waiter = ValueWaiter(attempt)
        let value = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                finish { $0.enter(waiter, continuation, order, into: &$1) }
            }
        } onCancel: {
            finish { $0.cancel(waiter, order, into: &$1) }
        }
        guard let value else { throw CancellationError() }
        return value
    }

    @inlinable
    func finish(_ change: (inout Guarded, inout WaiterList<State>) -> Void) {
        var ended = WaiterList<State>()
        guarded.withLock { change(&$0, &ended) }
        ended.resumeAll()
    }

    @usableFromInline
    struct Guarded: Sendable {
        @usableFromInline var state: State
        @usableFromInline var waiters = WaiterList<State>()

        @inlinable
        init(state: State) { self.state = state }

        /// Moves those who may go on now to `granted`.
        @inlinable
        mutating func serve(_ order: Order, into granted: inout WaiterList<State>) {
            switch order {
            case .firstCome:
                while let first = waiters.first, first.attempt(&state) {
                    waiters.remove(first)
                    granted.append(first)
                }
            case .any:
                // What one of them took may be what another waits for.
                while serveEach(into: &granted) {}
            }
        }

        @inlinable
        mutating func serveEach(into granted: inout WaiterList<State>) -> Bool {
            var hasGranted = false
            var next = waiters.first
            while let waiter = next {
                next = waiter.next
                guard waiter.attempt(&state) else { continue }
                waiters.remove(waiter)
                granted.append(waiter)
                hasGranted = true
            }
            return hasGranted
        }

        /// The state may have changed, and the task may have been cancelled, since `wait` tried without waiting.
        @inlinable
        mutating func enter<Value>(
            _ waiter: ValueWaiter<State, Value>, _ continuation: UnsafeContinuation<Value?, Never>, _ order: Order,
            into ended: inout WaiterList<State>
        ) {
            waiter.continuation = continuation
            if waiter.isCancelled {
                ended.append(waiter)
            } else if order == .any || waiters.isEmpty, waiter.attempt(&state) {
                ended.append(waiter)
                serve(order, into: &ended)
            } else {
                waiters.append(waiter)
                waiter.isWaiting = true
            }
        }

        /// Those behind the one who leaves may be able to go on.
        @inlinable
        mutating func cancel(_ waiter: Waiter<State>, _ order: Order, into ended: inout WaiterList<State>) {
            waiter.isCancelled = true
            guard waiter.isWaiting else { return }
            waiters.remove(waiter)
            ended.append(waiter)
            serve(order, into: &ended)
        }
    }
}
