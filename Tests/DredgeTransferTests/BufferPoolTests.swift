@testable import DredgeTransfer
import Foundation
import Synchronization
import TestServers
import Testing

@Suite struct BufferPoolTests {
    private let mebibyte = 1 << 20

    @Test func `a buffer holds what was asked for, and no byte more`() async throws {
        let buffer = try await BufferPool(byteLimit: mebibyte).buffer(byteCount: 1000, headroom: 24)

        #expect(buffer.capacity == 1000)
        #expect(buffer.headroom == 24)
        let fits = [UInt8](repeating: 7, count: 1000).withUnsafeBytes(buffer.append)
        #expect(fits)
        let overflows = [UInt8(8)].withUnsafeBytes(buffer.append)
        #expect(!overflows)
        #expect(buffer.count == 1000)
        #expect(buffer.bytes.allSatisfy { $0 == 7 })
    }

    @Test func `the headroom before the body may be written, and the body stays where it is`() async throws {
        let buffer = try await BufferPool(byteLimit: mebibyte).buffer(byteCount: 10, headroom: 4)
        _ = Array("body".utf8).withUnsafeBytes(buffer.append)

        let start = try #require(buffer.mutableBytes.baseAddress) - buffer.headroom
        for (index, byte) in "pre:".utf8.enumerated() {
            start.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }

        #expect(String(decoding: UnsafeRawBufferPointer(start: start, count: 8), as: UTF8.self) == "pre:body")
        #expect(String(decoding: buffer.bytes, as: UTF8.self) == "body")
        buffer.truncate(to: 2)
        #expect(String(decoding: buffer.bytes, as: UTF8.self) == "bo")
    }

    @Test func `a lease is held for as long as the buffer`() async throws {
        final class Lease: Sendable {}
        let pool = BufferPool(byteLimit: mebibyte)
        weak var lease: Lease?
        var buffer: OwnedBuffer?
        do {
            let held = Lease()
            lease = held
            buffer = try await pool.buffer(byteCount: 10, lease: held)
        }
        #expect(lease != nil)
        withExtendedLifetime(buffer) {}
        buffer = nil
        #expect(lease == nil)
    }

    @Test func `buffers go home and are lent again`() async throws {
        let pool = BufferPool(byteLimit: mebibyte)
        for _ in 0..<100 {
            let buffer = try await pool.buffer(byteCount: 400_000)
            #expect(pool.byteCountInUse >= buffer.capacity)
        }
        #expect(pool.byteCountInUse == 0)
        #expect(pool.byteCountPeak < 2 * 400_000, "one block served all")
    }

    // I6: what is mapped, idle blocks included, stays under the limit.
    @Test func `idle blocks of other sizes make room`() async throws {
        let pool = BufferPool(byteLimit: mebibyte)
        for byteCount in [16 << 10, 100_000, 300_000, 1 << 20, 50_000, 1 << 20, 700_000] {
            let buffer = try await pool.buffer(byteCount: byteCount)
            #expect(buffer.capacity == byteCount)
            #expect(pool.byteCountPeak <= pool.byteLimit)
        }
        #expect(pool.byteCountPeak == pool.byteLimit)
    }

    @Test(arguments: [
        1, 4096, 16_384, 16_385, 40_000, 65_537, 1 << 20, (8 << 20) + 4096, (8 << 20) + (64 << 10), 33_333_333,
    ])
    func `less than a quarter of a block is wasted`(byteCount: Int) async throws {
        let pool = BufferPool(byteLimit: 1 << 30)
        let buffer = try await pool.buffer(byteCount: byteCount)
        #expect(pool.byteCountInUse >= buffer.capacity)
        #expect(pool.byteCountInUse <= max(16 << 10, byteCount + byteCount / 3))
        if byteCount > 8 << 20 { #expect(pool.byteCountInUse <= byteCount + byteCount / 32) }
    }

    @Test func `a pool can be used up to its limit, whatever its blocks' sizes`() async throws {
        let pool = BufferPool(byteLimit: (1 << 20) + 4096)
        #expect(pool.canHold(byteCount: pool.byteLimit))
        #expect(!pool.canHold(byteCount: pool.byteLimit + 1))
        #expect(!pool.canHold(byteCount: 1, headroom: .max))
        let buffer = try await pool.buffer(byteCount: pool.byteLimit)
        #expect(pool.byteCountPeak == buffer.capacity)
        #expect(pool.bufferIfFree(byteCount: 1) == nil)
    }

    @Test func `who asks first is served first, and a small request does not overtake`() async throws {
        let pool = BufferPool(byteLimit: mebibyte)
        var held: OwnedBuffer? = try await pool.buffer(byteCount: mebibyte / 2)
        let order = Log()
        var waiting: [Task<Void, any Error>] = []
        // The first needs all, so that the second waits although there is room for it.
        for (index, byteCount) in [mebibyte, 16 << 10, 16 << 10].enumerated() {
            waiting.append(
                Task {
                    let buffer = try await pool.buffer(byteCount: byteCount)
                    order.append(index)
                    #expect(buffer.capacity == byteCount)
                })
            // The queue is the pool's, so that the tasks must have come to it one after the other.
            while pool.waiterCount < index + 1 { await Task.yield() }
        }
        #expect(pool.bufferIfFree(byteCount: 16 << 10) == nil)
        #expect(order.entries == [])
        held = nil
        for task in waiting { try await task.value }
        #expect(held == nil)
        #expect(order.entries.first == 0)
        #expect(order.entries.count == 3)
        #expect(pool.byteCountInUse == 0)
        #expect(pool.byteCountPeak <= pool.byteLimit)
    }

    @Test func `cancelling ends a wait and lets those behind it go on`() async throws {
        let pool = BufferPool(byteLimit: mebibyte)
        let held = try await pool.buffer(byteCount: mebibyte / 2)
        let large = Task { try await pool.buffer(byteCount: mebibyte).capacity }
        while pool.waiterCount < 1 { await Task.yield() }
        let small = Task { try await pool.buffer(byteCount: 100).capacity }
        while pool.waiterCount < 2 { await Task.yield() }

        large.cancel()

        await #expect(throws: CancellationError.self) { try await large.value }
        #expect(try await small.value == 100)
        #expect(pool.byteCountInUse >= held.capacity)
    }

    @Test func `a task that is cancelled already gets no buffer`() async throws {
        let pool = BufferPool(byteLimit: mebibyte)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await pool.buffer(byteCount: 100).capacity
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(pool.byteCountInUse == 0)
    }

    // I6
    @Test func `many tasks on a small pool never pass its limit and all finish`() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        let pool = BufferPool(byteLimit: mebibyte)
        try await withThrowingTaskGroup { group in
            for task in 0..<16 {
                group.addTask {
                    var random = SeededGenerator(seed: seed &+ UInt64(task))
                    for _ in 0..<200 {
                        let byteCount = Int(random.next() % UInt64(1 << (10 + random.next() % 11)))
                        let waiter = Task { try await pool.buffer(byteCount: byteCount) }
                        if random.next() % 4 == 0 { waiter.cancel() }
                        _ = try? await waiter.value
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(pool.byteCountPeak <= pool.byteLimit)
        #expect(pool.byteCountInUse == 0)
        #expect(pool.waiterCount == 0)
    }

    @Test func `a pool that shrinks below what is on loan lends again when enough has come back`() async throws {
        let pool = BufferPool(byteLimit: 4 * mebibyte)
        var buffers: [OwnedBuffer] = []
        for _ in 0..<3 { buffers.append(try await pool.buffer(byteCount: mebibyte)) }
        pool.shrink(by: 2 * mebibyte)
        #expect(pool.bufferIfFree(byteCount: mebibyte) == nil)
        buffers.removeLast(2)
        #expect(pool.byteCountInUse == mebibyte)
        buffers.append(try #require(pool.bufferIfFree(byteCount: mebibyte)))
        #expect(pool.bufferIfFree(byteCount: mebibyte) == nil)
        pool.shrink(by: -2 * mebibyte)
        buffers.append(try #require(pool.bufferIfFree(byteCount: mebibyte)))
    }

    @Test func `asking for more than the pool can hold is a programming error`() async {
        await #expect(processExitsWith: .failure) {
            _ = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: (1 << 20) + 1)
        }
    }
}

/// What happened, in the order it did, whichever thread it was on.
private final class Log: Sendable {
    private let log = Mutex<[Int]>([])
    var entries: [Int] { log.withLock { $0 } }
    func append(_ entry: Int) { log.withLock { $0.append(entry) } }

    #if os(Linux)
        @Test func `a pool that does not fault pages in keeps no memory of what was given back`() async throws {
            let pool = BufferPool(byteLimit: 1 << 20, faultsInPages: false)
            var buffer: OwnedBuffer? = try await pool.buffer(byteCount: 1 << 20)
            let page = Array(repeating: UInt8(1), count: 4096)
            for _ in 0..<(1 << 20) / page.count { _ = page.withUnsafeBytes { buffer?.append($0) } }
            let address = try #require(buffer?.bytes.baseAddress.map { UInt(bitPattern: $0) })
            func residentPageCount() -> Int {
                var pages = Array(repeating: UInt8(0), count: (1 << 20) / Int(getpagesize()))
                let status = mincore(UnsafeMutableRawPointer(bitPattern: address), 1 << 20, &pages)
                return status == 0 ? pages.count { $0 & 1 == 1 } : -1
            }
            #expect(residentPageCount() > 0)
            buffer = nil
            #expect(residentPageCount() == 0)
        }
    #endif
}
