import Testing

@testable import Dredge

@Suite struct RequestGateTests {
    @Test func admitsAsManyAsItsLimitInTheOrderOfTheirComing() async throws {
        let gate = RequestGate(limitMin: 1, limitMax: 2)
        try await gate.enter()
        try await gate.enter()
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        for number in 1...3 {
            let (begun, hasBegun) = AsyncStream.makeStream(of: Void.self)
            Task {
                hasBegun.finish()
                try await gate.enter()
                continuation.yield(number)
            }
            for await _ in begun {}
            // The task is in the gate's queue once it has suspended; nothing else runs in it before.
            try await Task.sleep(for: .milliseconds(20))
        }
        var order: [Int] = []
        var iterator = stream.makeAsyncIterator()
        for _ in 1...3 {
            gate.leave()
            order.append(await iterator.next()!)
        }
        #expect(order == [1, 2, 3])
    }

    @Test func halvesOnThrottlingAndGrowsAgainWithAnswers() async throws {
        let gate = RequestGate(limitMin: 4, limitMax: 64)
        gate.throttled()
        gate.throttled()
        #expect(gate.limit == 32, "one burst is one sign")
        for _ in 0..<33 {
            try await gate.enter()
            gate.leave()
        }
        #expect(gate.limit == 33)
    }

    @Test func aCancelledWaiterTakesNoPlace() async throws {
        let gate = RequestGate(limitMin: 1, limitMax: 1)
        try await gate.enter()
        let waiting = Task { try await gate.enter() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        gate.leave()
        try await gate.enter()
    }
}
