#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// The machine's clock, sleep and dice; tests have their own.
package struct TimeSource: Sendable {
    /// The wall clock.
    package var now: @Sendable () -> Date
    /// Returns after a duration, or throws when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// A number out of the range, all alike.
    package var random: @Sendable (ClosedRange<Double>) -> Double

    package init(
        now: @escaping @Sendable () -> Date, sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable (ClosedRange<Double>) -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.random = random
    }

    /// Those of the machine.
    package static let system = TimeSource(
        now: { Date() }, sleep: { try await Task.sleep(for: $0) }, random: { Double.random(in: $0) })
}
