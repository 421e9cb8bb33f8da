import DredgeS3
import Synchronization
import Testing

@testable import Dredge

@Suite struct RequestGateTests {
    private let answer = AttemptOutcome.answered(firstByteTime: .zero, duration: .zero, byteCount: 1)

    @Test func `it halves on throttling and grows again with answers`() async throws {
        let gate = RequestGate(Capacity(64), limitMin: 4, limitMax: 64)
        gate.attemptEnded(.throttled)
        gate.attemptEnded(.throttled)
        #expect(gate.limit == 32, "one burst is one sign")
        for _ in 0..<33 {
            let place = try await gate.enter()
            gate.attemptEnded(answer)
            withExtendedLifetime(place) {}
        }
        #expect(gate.limit == 33)
    }

    @Test func `it never goes below its least nor above its most`() {
        let clock = TestClock()
        let gate = RequestGate(Capacity(16), limitMin: 4, limitMax: 16, now: { clock.now })
        for _ in 0..<5 {
            clock.advance(by: .seconds(2))
            gate.attemptEnded(.throttled)
        }
        #expect(gate.limit == 4)
        for _ in 0..<1_000 { gate.attemptEnded(answer) }
        #expect(gate.limit == 16)
    }

    @Test func `a throttled bucket leaves the others their requests`() async throws {
        let gates = RequestGates(requestCount: 8)
        let slow = gates.gate(of: BucketIdentity(bucket: "slow"))
        let fast = gates.gate(of: BucketIdentity(bucket: "fast"))
        #expect(gates.gate(of: BucketIdentity(bucket: "slow")) === slow, "all runs share a bucket's gate")
        let waiting = try await slow.enter()
        slow.attemptEnded(.throttled)
        var places: [any Admission] = []
        for _ in 0..<4 { places.append(try await fast.enter()) }
        #expect(fast.limit == 8 && slow.limit == 4)
        withExtendedLifetime((waiting, places)) {}
    }

    @Test func `who waits is served in turn, and who leaves the queue holds up nobody`() async throws {
        let gate = RequestGate(Capacity(1), limitMax: 1)
        var place = gate.enterIfFree()
        #expect(place != nil && gate.enterIfFree() == nil)
        let waiting = (0..<3).map { _ in Task { try await gate.enter() } }
        waiting[0].cancel()
        waiting[1].cancel()
        for task in waiting.prefix(2) {
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
        withExtendedLifetime(place) {}
        place = nil
        _ = try await waiting[2].value
    }

    @Test func `no read is begun while many requests wait`() async throws {
        let gate = RequestGate(Capacity(1), limitMax: 1)
        let place = gate.enterIfFree()
        try await gate.backlogIsShort()
        let hasBegun = Mutex(false)
        let waiting = (0..<Limits.gateBacklogCount).map { _ in Task { try await gate.enter() } }
        while gate.backlogCount < Limits.gateBacklogCount { await Task.yield() }
        let feeder = Task {
            try await gate.backlogIsShort()
            hasBegun.withLock { $0 = true }
        }
        for _ in 0..<100 { await Task.yield() }
        #expect(!hasBegun.withLock { $0 })
        waiting[0].cancel()
        try await feeder.value
        withExtendedLifetime(place) {}
        for task in waiting { task.cancel() }
    }

    @Test func `buckets of other endpoints or accounts have gates of their own`() {
        let gates = RequestGates(requestCount: 8)
        let gate = gates.gate(of: BucketIdentity(bucket: "b"))
        #expect(gates.gate(of: BucketIdentity(endpointURL: "http://127.0.0.1:9", bucket: "b")) !== gate)
        #expect(gates.gate(of: BucketIdentity(account: "111122223333", bucket: "b")) !== gate)
    }
}
