import DredgeBase
import DredgeTransfer
import Logging
import SimulatedWorld
import TestServers
import Testing

@testable import Dredge

@Suite struct ReadAheadTests {
    private let bytes = Capacity(1_600)

    /// Somebody who waits for more than there is.
    private func withWaiter(_ body: () -> Void) async throws {
        let held = try await bytes.makeAccount().take(bytes.amount)
        let waiter = Task { [account = bytes.makeAccount()] in try await account.take(1_600) }
        while !bytes.isWaitedFor { await Task.yield() }
        body()
        waiter.cancel()
        _ = try? await waiter.value
        withExtendedLifetime(held) {}
    }

    @Test func `it begins with the least, or with all where that is less`() {
        #expect(ReadAhead(of: bytes, least: 100).byteCount == 100)
        #expect(bytes.amount == 100)
        #expect(ReadAhead(of: Capacity(50), least: 100).byteCount == 50)
    }

    @Test func `it doubles when a worker waits, as long as somebody waits for room`() async throws {
        let readAhead = ReadAhead(of: bytes, least: 100)
        readAhead.taken(200)
        readAhead.starved()
        #expect(readAhead.byteCount == 100, "nobody waits for room")
        try await withWaiter { readAhead.starved() }
        #expect(readAhead.byteCount == 200)
        try await withWaiter { readAhead.starved() }
        #expect(readAhead.byteCount == 200, "it was not filled yet")
        for _ in 0..<10 {
            readAhead.taken(2 * readAhead.byteCount)
            try await withWaiter { readAhead.starved() }
        }
        #expect(readAhead.byteCount == 1_600, "there is no more")
        #expect(bytes.amount == 1_600)
    }

    @Test func `it shrinks down to the least when no worker waits for long`() async throws {
        let readAhead = ReadAhead(of: bytes, least: 100)
        readAhead.taken(200)
        try await withWaiter { readAhead.starved() }
        readAhead.taken(15 * 200)
        #expect(readAhead.byteCount == 200)
        readAhead.starved()
        readAhead.taken(13 * 200)
        #expect(readAhead.byteCount == 200, "a worker waited")
        readAhead.taken(200)
        #expect(readAhead.byteCount == 175)
        for _ in 0..<100 { readAhead.taken(16 * 200) }
        #expect(readAhead.byteCount == 100)
    }

    @Test func `it is never less than a run that is under way needs`() async throws {
        let readAhead = ReadAhead(of: bytes, least: 100)
        readAhead.need(300)
        readAhead.need(300)
        #expect(bytes.amount == 300)
        for _ in 0..<100 { readAhead.taken(16 * 300) }
        #expect(readAhead.byteCount == 300)
        readAhead.needNoMore(300)
        for _ in 0..<100 { readAhead.taken(16 * 300) }
        #expect(readAhead.byteCount == 300)
        readAhead.needNoMore(300)
        for _ in 0..<100 { readAhead.taken(16 * 300) }
        #expect(readAhead.byteCount == 100)
        readAhead.need(5_000)
        #expect(bytes.amount == 1_600, "there is no more")
    }

    /// A part has as much room before it as a chunk may need: more than all of the read-ahead, beside a reserve.
    @Test(.timeLimit(.minutes(10))) func `a run of large chunks gets on`() async throws {
        let settings = IndexSettings(chunking: .lines(maxTokens: 1_048_576))
        var limits = Limits()
        limits.partByteCount = Limits.partByteCountMin
        limits.memoryByteCount = 3 << 30
        limits.workerCount = 2
        var maker = TextMaker(seed: 20_261_130)
        let objects = (0..<12).map {
            FakeWorld.Object(key: "\($0)", body: maker.text(byteCount: $0 % 3 * 150_000 + 900))
        }
        let engine = Engine(
            limits: limits, base: Workbench.anyKeys, environment: [:],
            world: FakeWorld(buckets: ["one": objects], seed: 1, faultPercentage: 0),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let store = MemoryStore(settings: settings.named, seed: 1)
        let report = try await engine.run([Source(bucket: "one", auth: .anonymous)], into: store).report()
        #expect(report.indexed.objects == 12)
        await engine.shutDown()
    }

    @Test func `what is reserved is beside it`() async throws {
        let budget = MemoryBudget(byteCount: 64 << 20, readAhead: 1 << 20)
        let reserve = try await budget.reserve(32 << 20)
        let account = budget.makeAccount()
        let buffer = try await account.buffer(byteCount: 1 << 20, headroom: 0)
        #expect(buffer.capacity == 1 << 20)
        withExtendedLifetime(reserve) {}
    }
}
