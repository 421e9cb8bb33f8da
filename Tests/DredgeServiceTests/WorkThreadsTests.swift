import Synchronization
import Testing

@testable import DredgeService

@Suite struct WorkThreadsTests {
    private final class Counts: Sendable {
        let running = Atomic(0)
        let most = Atomic(0)
    }

    @Test func `what is thrown is thrown on`() async throws {
        struct Fault: Error {}
        let threads = WorkThreads("test", countMax: 2)
        #expect(try await threads.run { 5 } == 5)
        await #expect(throws: Fault.self) { try await threads.run { throw Fault() } }
        #expect(try await threads.run { 6 } == 6)
    }

    @Test func `no more run at once than allowed, and all of them do`() async throws {
        let threads = WorkThreads("test", countMax: 3)
        let counts = Counts()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<200 {
                group.addTask {
                    try await threads.run {
                        _ = counts.most.max(
                            counts.running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
                        counts.running.subtract(1, ordering: .relaxed)
                        return index
                    }
                }
            }
            var sum = 0
            for try await index in group { sum += index }
            #expect(sum == 199 * 100)
        }
        #expect(counts.most.load(ordering: .relaxed) <= 3)
    }

    @Test func `what is too much to wait is refused, and who waits may be cancelled`() async throws {
        let threads = WorkThreads("test", countMax: 1, waitingCountMax: 1)
        let counts = Counts()
        let first = Task {
            try await threads.run {
                counts.running.store(1, ordering: .relaxed)
                while counts.running.load(ordering: .relaxed) != 2 {}
            }
        }
        while counts.running.load(ordering: .relaxed) != 1 { await Task.yield() }
        let second = Task { try await threads.run {} }
        while threads.waitingCount == 0 { await Task.yield() }
        await #expect(throws: ServiceError.self) { try await threads.run {} }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        counts.running.store(2, ordering: .relaxed)
        try await first.value
        try await threads.run {}
    }
}
