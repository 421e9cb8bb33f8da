/// One task that waits on a `Monitor`, and its place in a list of them.
///
/// Safe although unchecked: the fields are touched under the monitor's lock only, until the waiter is taken off the
/// list of those that wait; from then on it belongs to the one who took it off, who resumes it.
@usableFromInline
class Waiter<State>: @unchecked Sendable {
    @usableFromInline var next: Waiter?
    @usableFromInline unowned var previous: Waiter?
    @usableFromInline var isWaiting = false
    @usableFromInline var isCancelled = false

    @inlinable
    init() {}

    /// Takes what the task wants from the state and keeps it for `resume`. False, and nothing taken: not yet.
    @inlinable
    func attempt(_ state: inout State) -> Bool { preconditionFailure("a waiter without an attempt") }

    /// Lets the task go on, with what was taken or, if that is nothing, as cancelled.
    @inlinable
    func resume() { preconditionFailure("a waiter without a task") }
}

/// A waiter with the type of what it waits for.
@usableFromInline
final class ValueWaiter<State, Value: Sendable>: Waiter<State>, @unchecked Sendable {  // safe as its superclass is
    @usableFromInline let body: @Sendable (inout State) -> Value?
    @usableFromInline var value: Value?
    @usableFromInline var continuation: UnsafeContinuation<Value?, Never>?

    @inlinable
    init(_ attempt: @escaping @Sendable (inout State) -> Value?) { body = attempt }

    @inlinable
    override func attempt(_ state: inout State) -> Bool {
        value = body(&state)
        return value != nil
    }

    @inlinable
    override func resume() {
        guard let continuation = continuation.take() else { preconditionFailure("a waiter was resumed twice") }
        continuation.resume(returning: value)
    }
}

/// A list in which appending and removing, at any place, take a constant time. A waiter is in one list at most.
@usableFromInline
struct WaiterList<State>: Sendable {
    @usableFromInline var first: Waiter<State>?
    @usableFromInline var last: Waiter<State>?
    @usableFromInline var count = 0

    @inlinable
    init() {}

    @inlinable
    var isEmpty: Bool { first == nil }

    @inlinable
    mutating func append(_ waiter: Waiter<State>) {
        waiter.previous = last
        if let last { last.next = waiter } else { first = waiter }
        last = waiter
        count += 1
    }

    /// Takes out `waiter`, which is in this list.
    @inlinable
    mutating func remove(_ waiter: Waiter<State>) {
        if let previous = waiter.previous { previous.next = waiter.next } else { first = waiter.next }
        if let next = waiter.next { next.previous = waiter.previous } else { last = waiter.previous }
        waiter.next = nil
        waiter.previous = nil
        // Outside of the lock it is false already: then it is only read, as who cancels does.
        if waiter.isWaiting { waiter.isWaiting = false }
        count -= 1
    }

    /// Empties the list and lets its tasks go on, in its order. Not to be called under a lock.
    @inlinable
    mutating func resumeAll() {
        while let waiter = first {
            remove(waiter)
            waiter.resume()
        }
    }
}
