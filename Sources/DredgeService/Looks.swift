internal import Synchronization

/// Looks at things for all who ask at about the same time. An answer serves those who ask within `age` of its look's
/// beginning. Who asks later begins the next look, and still gets the last answer if that is younger than twice `age`:
/// nobody waits for a look while others keep asking. A look in flight answers all who would begin one. No answer is
/// older than what changed before the call.
package final class Looks<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Look {
        var begun: ContinuousClock.Instant
        var change: Int
        var task: Task<Value, any Error>
        var isDone = false
    }
    private struct Pair {
        var newest: Look
        /// The one before, which has ended, as long as the newest has not.
        var last: Look? = nil
    }
    private let pairs = Mutex<[Key: Pair]>([:])
    private let age: Duration
    private let countMax: Int
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameters:
    ///   - age: how old an answer may be before the next look begins.
    ///   - countMax: answers that are kept at once. What is asked beyond that is looked at each time.
    package convenience init(age: Duration, countMax: Int) { self.init(age: age, countMax: countMax) { .now } }

    init(age: Duration, countMax: Int, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        (self.age, self.countMax, self.now) = (age, countMax, now)
    }

    /// What `look` finds, now or less than twice `age` ago. Throws what it throws, to all who
    /// wait for it: failures are not kept.
    /// - Parameter change: a number that is another one after each change.
    package func value(
        of key: Key, change: Int = 0, _ look: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let now = now()
        let task = pairs.withLock { pairs in
            var last: Look?
            if let known = pairs[key] {
                if known.newest.change == change, now - known.newest.begun < age || !known.newest.isDone {
                    return (usable(known.last, change, now) ?? known.newest).task
                }
                last = usable(known.newest, change, now)
            }
            if pairs[key] == nil, pairs.count >= countMax {
                pairs = pairs.filter { now - $0.value.newest.begun < age * 2 }
            }
            let isKept = pairs[key] != nil || pairs.count < countMax
            let task = Task {
                var hasFailed = true
                defer { if isKept { noteEnd(of: key, begun: now, hasFailed: hasFailed) } }
                let value = try await look()
                hasFailed = false
                return value
            }
            if isKept { pairs[key] = Pair(newest: Look(begun: now, change: change, task: task), last: last) }
            return last?.task ?? task
        }
        return try await task.value
    }

    /// The look, if it has ended and may still answer.
    private func usable(_ look: Look?, _ change: Int, _ now: ContinuousClock.Instant) -> Look? {
        guard let look, look.isDone, look.change == change, now - look.begun < age * 2 else { return nil }
        return look
    }

    private func noteEnd(of key: Key, begun: ContinuousClock.Instant, hasFailed: Bool) {
        pairs.withLock { pairs in
            guard var newest = pairs[key]?.newest, newest.begun == begun else { return }
            newest.isDone = true
            pairs[key] = hasFailed ? nil : Pair(newest: newest)
        }
    }
}
