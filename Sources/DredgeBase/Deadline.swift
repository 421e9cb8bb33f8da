/// A moment on the monotonic clock by which something is to be done. Setting the machine's clock does not move it.
package struct Deadline: Sendable, Hashable, Comparable {
    /// The moment itself.
    package let instant: ContinuousClock.Instant

    /// `duration` after `now`; one below zero has passed already.
    package init(_ duration: Duration, from now: ContinuousClock.Instant = .now) {
        instant = now.advanced(by: duration)
    }

    /// Whether there is no time left.
    package func hasPassed(at now: ContinuousClock.Instant = .now) -> Bool { now >= instant }

    /// The time that is left; zero when it has passed.
    package func remaining(at now: ContinuousClock.Instant = .now) -> Duration { max(.zero, now.duration(to: instant)) }

    package static func < (a: Deadline, b: Deadline) -> Bool { a.instant < b.instant }
}
