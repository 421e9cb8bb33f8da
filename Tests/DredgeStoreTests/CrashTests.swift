import DredgeBase
import DredgeLedger
import Foundation
import GRDB
import TestServers
import Testing

@testable import DredgeStore

@Suite struct CrashTests {
    private let directory = TemporaryDirectory()

    /// Opens what a crash left, checks it, finishes the job, and compares with an undisturbed run.
    private func expectWholeObjects(at path: String, of objects: [TestObject], digest: String) async throws {
        let store = try ChunkStore.open(at: path, settings: testSettings)
        let report = try await store.verify()
        #expect(report.isSound, "\(report.problems)")
        let byKey = Dictionary(uniqueKeysWithValues: objects.map { ($0.key, $0) })
        for try await object in store.objects() where object.content != nil {
            #expect(object.chunkCount == byKey[object.key]?.chunkByteCounts.count)
        }
        try await index(objects, into: store)
        let after = try await store.verify()
        #expect(after.isSound && after.objectCount == objects.count, "\(after.problems)")
        let unusedCount = try await store.requireWriter().perform { connection in
            try Int.fetchOne(connection.db, sql: "SELECT count(*) FROM batch WHERE id NOT IN (SELECT batch FROM span)")
        }
        #expect(unusedCount == 0, "batches that the crash left are gone")
        #expect(try await store.digest() == digest)
        try store.close()
    }

    private func digest(of objects: [TestObject]) async throws -> String {
        let store = try ChunkStore.open(at: directory.file("undisturbed"), settings: testSettings)
        try await index(objects, into: store)
        return try await store.digest()
    }

    /// The files as they are at moments between two pieces of the writer's work, which is what a kill leaves.
    @Test func `I4: a copy made at any moment opens, holds whole objects, and can be gone on with`() async throws {
        var generator = SeededGenerator(seed: 21)
        let objects = TestObject.random(40, byteCountMax: 30_000, using: &generator)
        let expected = try await digest(of: objects)
        let path = directory.file()
        let store = try ChunkStore.open(at: path, settings: testSettings)
        let writer = try store.requireWriter()
        var copies: [String] = []
        func crash() async throws {
            let copy = directory.file("copy-\(copies.count)")
            try await writer.perform { _ in
                for suffix in ["", "-wal"] {
                    try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
                }
            }
            copies.append(copy)
        }
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        try await crash()
        _ = try await store.record(objects[0..<30].map(\.listed), of: run.sources[0].source, in: run.id)
        try await crash()
        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 100)
        var worker = try TestWorker(store, batchByteCount: 8_000)
        for (position, object) in pending.enumerated() {
            try worker.write(objects[position], as: object.id)
            // Batches without outcomes, outcomes committed and not committed.
            if position % 3 == 0 { try worker.sealBatch() }
            if position % 5 == 0 { try await crash() }
            if position % 3 == 0 { try worker.seal() }
            if position % 7 == 0 { try await store.flush() }
        }
        try await crash()
        try store.close()
        for copy in copies { try await expectWholeObjects(at: copy, of: objects, digest: expected) }
        try await expectWholeObjects(at: path, of: objects, digest: expected)
    }

    /// The child writes and kills itself; the variable tells it where.
    @Test(arguments: [5, 60, 160])
    func `I4: a store survives kill -9 of its writer`(outcomeCount: Int) async throws {
        var generator = SeededGenerator(seed: 22)
        let objects = TestObject.random(200, byteCountMax: 20_000, using: &generator)
        let expected = try await digest(of: objects)
        setenv("DREDGE_TEST_CRASH_PATH", directory.file(), 1)
        setenv("DREDGE_TEST_CRASH_COUNT", "\(outcomeCount)", 1)
        let result = await #expect(processExitsWith: .signal(SIGKILL)) {
            var generator = SeededGenerator(seed: 22)
            let objects = TestObject.random(200, byteCountMax: 20_000, using: &generator)
            let environment = ProcessInfo.processInfo.environment
            let store = try ChunkStore.open(at: environment["DREDGE_TEST_CRASH_PATH"]!, settings: testSettings)
            let count = Int(environment["DREDGE_TEST_CRASH_COUNT"]!)!
            let run = try await store.begin(name: "r", version: "1", sources: [testSource])
            _ = try await store.record(objects.map(\.listed), of: run.sources[0].source, in: run.id)
            var worker = try TestWorker(store, batchByteCount: 8_000)
            for object in try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: count) {
                try worker.write(objects[Int(object.position) - 1], as: object.id)
                try worker.seal()
                if object.position == 40 { try await store.flush() }
            }
            kill(getpid(), SIGKILL)
            try await Task.sleep(for: .seconds(60))
        }
        #expect(result != nil)
        let store = try ChunkStore.open(reading: directory.file())
        let indexed = try await store.stats().states[.indexed]?.objects ?? 0
        #expect(indexed >= (outcomeCount >= 40 ? 40 : 0), "what was flushed is there")
        try await expectWholeObjects(at: directory.file(), of: objects, digest: expected)
    }

    @Test func `a crash while the file is made leaves one that opens`() throws {
        try Data().write(to: URL(fileURLWithPath: directory.file()))
        try ChunkStore.open(at: directory.file(), settings: testSettings).close()
        #expect(try ChunkStore.open(reading: directory.file()).settings == testSettings)
    }

    @Test func `I4: a full disk is a clear error, and the store opens with whole objects only`() async throws {
        var generator = SeededGenerator(seed: 23)
        // Random bytes, which LZ4 can't make smaller.
        let objects = (0..<200).map { index in
            TestObject(
                key: Array("k\(1_000 + index)".utf8),
                text: generator.noise(byteCount: 50_000), chunkByteCount: 5_000)
        }
        let expected = try await digest(of: objects)
        let path = directory.file()
        do {
            let store = try ChunkStore.open(at: path, settings: testSettings)
            try await store.requireWriter().perform { connection in
                // SQLite answers with SQLITE_FULL, as it does for ENOSPC.
                try connection.db.execute(sql: "PRAGMA max_page_count = 150")
            }
            try await expectDiskFull(store, objects)
            #expect(throws: StoreError.self) { try store.close() }
        }
        try await expectWholeObjects(at: path, of: objects, digest: expected)
    }

    #if os(Linux)
        /// A file system of 8 MiB; needs the right to mount one.
        @Test(.enabled(if: getuid() == 0 && canMount(), "only root can mount a small file system"))
        func `I4: a file system that is really full is a clear error, and the store opens there`() async throws {
            var generator = SeededGenerator(seed: 24)
            let objects = (0..<200).map { index in
                TestObject(
                    key: Array("k\(1_000 + index)".utf8),
                    text: generator.noise(byteCount: 100_000), chunkByteCount: 5_000)
            }
            let mountPoint = directory.file("disk")
            try FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
            #expect(mount("tmpfs", mountPoint, "tmpfs", 0, "size=8m") == 0)
            defer { umount2(mountPoint, Int32(MNT_DETACH)) }
            let path = "\(mountPoint)/index.chunks"
            do {
                let store = try ChunkStore.open(at: path, settings: testSettings)
                try await expectDiskFull(store, objects)
                #expect(throws: StoreError.self) { try store.close() }
            }
            let reader = try ChunkStore.open(reading: path)
            let report = try await reader.verify()
            #expect(report.isSound, "\(report.problems)")
        }
    #endif

    private func expectDiskFull(_ store: ChunkStore, _ objects: [TestObject]) async throws {
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        _ = try await store.record(objects.map(\.listed), of: run.sources[0].source, in: run.id)
        _ = try await store.completeListing(of: run.sources[0].source, in: run.id)
        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 1_000)
        let error = await expectStoreError(.diskFull) {
            var worker = try TestWorker(store, batchByteCount: 100_000)
            for (object, row) in zip(objects, pending) {
                try worker.write(object, as: row.id)
                if worker.byteCount >= 100_000 { try worker.seal() }
                if row.position % 20 == 0 { try await store.flush() }
            }
            try worker.seal()
            try await store.flush()
        }
        #expect(error?.message.contains(store.path) == true && error?.message.contains("bytes") == true)
        #expect(error?.advice.contains("Free some space") == true)
        // It stays so, and what a report needs can be read.
        let id = pending[0].id
        await expectStoreError(.diskFull) { try store.settle(ObjectOutcome(object: id, cause: .vanished)) }
        await expectStoreError(.diskFull) {
            try store.finish(
                IndexedObject(
                    id: id, spans: [], eTag: ETag("e"), size: 0, chunkCount: 0, tokenCount: 0, documentByteCount: 0))
        }
        await expectStoreError(.diskFull) {
            let batch = store.makeBatch()
            [UInt8(65)].withUnsafeBytes {
                batch.append(object: id, ordinal: 0, byteOffset: 0, tokenCount: 1, text: $0)
            }
            try batch.seal()
        }
        // Nobody waits for room that never comes.
        #expect(store.hasRoom)
        try await store.waitForRoom()
        await expectStoreError(.diskFull) { try await store.finish(run.id, outcome: .fatal) }
        await expectStoreError(.diskFull) { _ = try await store.begin(name: "r", version: "1", sources: [testSource]) }
        let totals = try await store.totals(of: run.id)
        #expect(totals.states.values.map(\.objects).reduce(0, +) == objects.count)
    }
}

#if os(Linux)
    /// Whether a tmpfs can be mounted: containers often don't let root do it.
    func canMount() -> Bool {
        let directory = TemporaryDirectory()
        guard mount("tmpfs", directory.path, "tmpfs", 0, "size=64k") == 0 else { return false }
        umount2(directory.path, Int32(MNT_DETACH))
        return true
    }
#endif
