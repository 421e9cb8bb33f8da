#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Clock, sleep and dice; tests have their own.
package struct TimeSource: Sendable {
    /// The wall clock: expirations and signatures are in its terms.
    package var now: @Sendable () -> Date
    /// Returns after a duration, or throws when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// A number out of the range, all alike.
    package var random: @Sendable (ClosedRange<Double>) -> Double

    /// Those of the machine.
    package static let system = TimeSource(
        now: { Date() }, sleep: { try await Task.sleep(for: $0) }, random: { Double.random(in: $0) })
}
