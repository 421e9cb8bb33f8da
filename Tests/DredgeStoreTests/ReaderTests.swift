import DredgeBase
import DredgeLedger
import Foundation
import TestServers
import Testing

@testable import DredgeStore

@Suite struct ReaderTests {
    private let directory = TemporaryDirectory()

    @Test func `a store is read as an unchanging file under any name`() throws {
        #expect(StorePath.unchanging("/a/b-c_1.chunks") == "file:/a/b-c_1.chunks?immutable=1")
        #expect(StorePath.unchanging("a b?c#%é") == "file:a%20b%3fc%23%25%c3%a9?immutable=1")
    }

    @Test func `readers that overlap don't keep the log from beginning anew`() async throws {
        let path = directory.file()
        let store = try ChunkStore.open(at: path, settings: testSettings)
        try await store.requireWriter().perform { $0.logByteCountMax = 1 << 20 }
        var generator = SeededGenerator(seed: 81)
        let objects = (0..<60).map { index in
            TestObject(
                key: Array("k\(100 + index)".utf8), text: generator.noise(byteCount: 100_000), chunkByteCount: 50_000)
        }
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        _ = try await store.record(objects.map(\.listed), of: run.sources[0].source, in: run.id)
        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 100)
        var worker = try TestWorker(store)
        for (object, row) in zip(objects, pending) {
            try worker.write(object, as: row.id)
            try worker.seal()
            // At each commit there is a reader whose view is older.
            var readers = [try StoreReader(path: path)]
            try readers[0].snapshot()
            _ = try await readers[0].read { try query($0, "SELECT count(*) FROM batch") { $0.int(0) } }
            let commit = Task { try await store.flush() }
            await Task.yield()
            readers.removeAll()
            try await commit.value
        }
        #expect(fileByteCount(path + "-wal") < 3 << 20)
        try await store.finish(run.id, outcome: .complete)
        #expect(try await store.verify().isSound)
    }

    #if os(Linux)
        @Test(.enabled(if: getuid() == 0 && canMount(), "only root can mount a file system"))
        func `a store on a file system that may not be written to can be read, unless it has a log`() async throws {
            let mountPoint = directory.file("disk")
            try FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
            #expect(mount("tmpfs", mountPoint, "tmpfs", 0, "size=64m") == 0)
            defer { umount2(mountPoint, Int32(MNT_DETACH)) }
            let path = "\(mountPoint)/a b?.chunks"
            let objects = (0..<20).map { TestObject("k\($0)", "text of \($0)") }
            let store = try ChunkStore.open(at: path, settings: testSettings)
            try await index(objects, into: store)
            let digest = try await store.digest()
            // As a killed run leaves it: with a log.
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: "\(mountPoint)/killed\(suffix)")
            }
            try store.close()
            func remount(_ flags: Int) {
                #expect(mount("tmpfs", mountPoint, "tmpfs", UInt(MS_REMOUNT | flags), "") == 0)
            }
            remount(MS_RDONLY)
            let reader = try ChunkStore.open(reading: path, settings: testSettings)
            #expect(try await reader.digest() == digest)
            #expect(try await reader.verify().isSound)
            #expect(try await reader.stats().contentObjectCount == 20)
            var count = 0
            for try await _ in reader.objects() { count += 1 }
            #expect(count == 20)
            let error = await expectStoreError(.readOnly) {
                _ = try ChunkStore.open(reading: "\(mountPoint)/killed")
            }
            #expect(error?.message.contains("has a log") == true)
            await expectStoreError(.readOnly) { _ = try ChunkStore.open(at: path, settings: testSettings) }

            // Somebody else, who may write there, does so in the middle.
            var iterator = reader.objects().makeAsyncIterator()
            #expect(try await iterator.next() != nil)
            let open = try StoreReader(path: path)
            remount(0)
            let writer = try ChunkStore.open(at: path, settings: testSettings)
            try await index(Array(objects[..<3]), into: writer)
            await #expect(throws: StoreError.self) {
                try await open.read { try query($0, "SELECT count(*) FROM object") { $0.int(0) } }
            }
            try writer.close()
            #expect(try await reader.stats().contentObjectCount == 3)
        }
    #endif
}
