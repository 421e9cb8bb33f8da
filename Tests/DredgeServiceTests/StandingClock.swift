import DredgeAWS
import Foundation
import Synchronization

/// A wall clock that stands until a test moves it. Who sleeps by it sleeps until the service stops.
final class StandingClock: Sendable {
    private let start = Date()
    private let offset = Mutex(0.0)

    var now: Date { offset.withLock { start.addingTimeInterval($0) } }

    func advance(by seconds: Double) { offset.withLock { $0 += seconds } }

    var source: TimeSource {
        TimeSource(
            now: { self.now }, sleep: { _ in try await Task.sleep(for: .seconds(86_400)) }, random: { $0.lowerBound })
    }
}
