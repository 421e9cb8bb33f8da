import Foundation
import Testing

/// A race, by which `Scripts/sanitize` sees that the thread sanitizer finds one. Run only where it is asked for.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DREDGE_PLANTED_RACE"] == "1"))
struct PlantedRaceTests {
    /// `@unchecked`: this is the race.
    private final class Unguarded: @unchecked Sendable { var count = 0 }

    @Test func `two threads change what nothing guards`() {
        let (unguarded, isDone) = (Unguarded(), DispatchSemaphore(value: 0))
        for _ in 0..<2 {
            Thread {
                for _ in 0..<1_000 { unguarded.count += 1 }
                isDone.signal()
            }.start()
        }
        for _ in 0..<2 { isDone.wait() }
        #expect(unguarded.count > 0)
    }
}
