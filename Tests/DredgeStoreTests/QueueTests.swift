import DredgeBase
import DredgeLedger
import Foundation
import Synchronization
import TestServers
import Testing

@testable import DredgeStore

@Suite struct QueueTests {
    private let directory = TemporaryDirectory()

    /// Keeps the writer's thread busy from `close` to `open`.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        private let isOpened = Atomic(false)

        /// Returns when the writer is held up.
        func close(_ store: ChunkStore) async throws -> Task<Void, any Error> {
            let writer = try store.requireWriter()
            let (closed, continuation) = AsyncStream.makeStream(of: Void.self)
            let job = Task {
                try await writer.perform { [semaphore] _ in
                    continuation.finish()
                    semaphore.wait()
                }
            }
            for await _ in closed {}
            return job
        }

        var isOpen: Bool { isOpened.load(ordering: .sequentiallyConsistent) }

        func open() {
            isOpened.store(true, ordering: .sequentiallyConsistent)
            semaphore.signal()
        }
    }

    /// Hands over one batch that does not compress.
    private func seal(_ noise: [UInt8], into batch: any ChunkBatch) throws {
        noise.withUnsafeBytes {
            batch.append(object: ObjectID(rawValue: 1), ordinal: 0, byteOffset: 0, tokenCount: 1, text: $0)
        }
        try batch.seal()
    }

    @Test func `a full queue has no room, takes what is handed over, and has room again when it was written`()
        async throws
    {
        var generator = SeededGenerator(seed: 51)
        let noise = generator.noise(byteCount: SinkLimits.batchByteCount)
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        _ = try await store.record([TestObject("k", "text").listed], of: run.sources[0].source, in: run.id)
        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 1)
        let batch = store.makeBatch()
        #expect(store.hasRoom)
        try await store.waitForRoom()

        let gate = Gate()
        let job = try await gate.close(store)
        var count = 0
        while store.hasRoom, count < 100 {
            try seal(noise, into: batch)
            count += 1
        }
        let queueByteCount = StoreLimits.writeQueueByteCount(ofMemory: StoreLimits.memoryByteCount)
        #expect(count == queueByteCount / SinkLimits.batchByteCount)
        // Handing over never waits.
        try seal(noise, into: batch)
        try store.settle(ObjectOutcome(object: pending[0].id, cause: .vanished))
        #expect(!store.hasRoom)

        let waiting = (0..<3).map { _ in
            Task {
                try await store.waitForRoom()
                return gate.isOpen
            }
        }
        let cancelled = Task { try await store.waitForRoom() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }

        gate.open()
        for task in waiting { #expect(try await task.value, "there is room before anything was written") }
        try await job.value
        try await store.flush()
        #expect(store.hasRoom)
        let stats = try await store.stats()
        #expect(stats.batchCount == count + 1 && stats.states.mapValues(\.objects) == [.vanished: 1])
    }

    @Test func `nobody waits for room in a store that was closed`() async throws {
        var generator = SeededGenerator(seed: 52)
        let noise = generator.noise(byteCount: SinkLimits.batchByteCount)
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let batch = store.makeBatch()
        let gate = Gate()
        let job = try await gate.close(store)
        while store.hasRoom { try seal(noise, into: batch) }
        let waiting = Task { try await store.waitForRoom() }
        gate.open()
        try store.close()
        try await waiting.value
        try await job.value
        #expect(store.hasRoom)
        try await store.waitForRoom()
        await expectStoreError(.closed) { try seal(noise, into: batch) }
        #expect(store.hasRoom)
    }

    @Test func `a store that was opened for reading never makes anyone wait`() async throws {
        try ChunkStore.open(at: directory.file(), settings: testSettings).close()
        let reader = try ChunkStore.open(reading: directory.file())
        #expect(reader.hasRoom)
        try await reader.waitForRoom()
    }
}
