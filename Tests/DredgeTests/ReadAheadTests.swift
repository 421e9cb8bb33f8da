import DredgeBase
import DredgeTransfer
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

    @Test func `what is reserved is beside it`() async throws {
        let budget = MemoryBudget(byteCount: 64 << 20, readAhead: 1 << 20)
        let reserve = try await budget.reserve(32 << 20)
        let account = budget.makeAccount()
        let buffer = try await account.buffer(byteCount: 1 << 20, headroom: 0)
        #expect(buffer.capacity == 1 << 20)
        withExtendedLifetime(reserve) {}
    }
}
