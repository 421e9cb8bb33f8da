import Testing

@testable import DredgeS3

@Suite(.timeLimit(.minutes(30))) struct SharedTaskTests {
    @Test func `who asks while the work runs gets its result`() async throws {
        let shared = SharedTask<Int>()
        let runCount = Counter()
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let tasks = (0..<50).map { _ in
            Task {
                try await shared.value {
                    let number = runCount.next()
                    for await _ in gate { break }
                    return number
                }
            }
        }
        while runCount.value == 0 { await Task.yield() }
        opener.finish()
        var values: [Int] = []
        for task in tasks { values.append(try await task.value) }
        // Whoever came after the first result started the work again; nobody ran it at the same time as another.
        #expect(values.count == 50)
        #expect(Set(values) == Set(1...runCount.value))
    }

    @Test func `cancelling one who waits leaves the work to the others`() async throws {
        let shared = SharedTask<Int>()
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let started = Counter()
        let first = Task {
            try await shared.value {
                _ = started.next()
                for await _ in gate { break }
                return 7
            }
        }
        while started.value == 0 { await Task.yield() }
        let second = Task { try await shared.value { -1 } }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        opener.finish()
        let value = try await second.value
        #expect(value == 7 || value == -1)  // -1: the second came after the end of the first's work
    }
}
