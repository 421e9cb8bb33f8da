#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Time and chance, so that a test of retries neither waits nor throws dice.
package struct S3Clock: Sendable {
    package var now: @Sendable () -> Date
    /// Ends early, with an error, when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Evenly distributed in 0..<1.
    package var jitter: @Sendable () -> Double

    package init(
        now: @escaping @Sendable () -> Date, sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.jitter = jitter
    }

    package static let system = S3Clock(
        now: { Date() }, sleep: { try await Task.sleep(for: $0) }, jitter: { .random(in: 0..<1) })
}
