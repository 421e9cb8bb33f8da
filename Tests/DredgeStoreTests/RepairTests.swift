import DredgeBase
import DredgeLedger
import Foundation
import GRDB
import TestServers
import Testing

@testable import DredgeStore

@Suite struct RepairTests {
    private let directory = TemporaryDirectory()

    /// What the bucket has in the end.
    private let objects: [TestObject] = {
        var generator = SeededGenerator(seed: 51)
        return TestObject.random(24, byteCountMax: 9_000, using: &generator)
    }()

    private var digest: String {
        get async throws {
            let store = try ChunkStore.open(at: directory.file("undisturbed"), settings: testSettings)
            try await index(objects, into: store)
            return try await store.digest()
        }
    }

    /// Stores as runs leave them: complete, and stopped in the middle with older versions, failures, dead chunks and
    /// what was read of a large object.
    private func makeStores() async throws -> [Data] {
        var stores: [Data] = []
        for isStopped in [false, true] {
            let path = directory.file("base-\(isStopped)")
            let store = try ChunkStore.open(at: path, settings: testSettings)
            var older = objects
            for position in stride(from: 0, to: 12, by: 2) {
                older[position] = TestObject(key: older[position].key, text: Array("older".utf8), chunkByteCount: 3)
            }
            try await index(older, into: store, batchByteCount: 8_000)
            if isStopped {
                let run = try await store.begin(name: "stopped", version: "1", sources: [testSource])
                let source = run.sources[0].source
                _ = try await store.record(objects.map(\.listed), of: source, in: run.id)
                _ = try await store.completeListing(of: source, in: run.id)
                let pending = try await store.pending(of: source, in: run.id, after: 0, limit: 10)
                var worker = try TestWorker(store)
                try worker.write(objects[0], as: pending[0].id)
                try worker.seal()
                try store.settle(ObjectOutcome(object: pending[1].id, cause: .failed(reason: "timeout")))
                let progress = try ProgressTests.write(objects[4], as: pending[2].id, chunkCount: 1, into: store)
                try store.mark(progress)
                try await store.finish(run.id, outcome: .stopped)
            } else {
                try await index(objects, into: store, batchByteCount: 8_000)
            }
            try store.close()
            #expect(try await ChunkStore.open(reading: path).verify().isSound)
            stores.append(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        return stores
    }

    @Test(arguments: 0..<16)
    func `a flip in the text that a file of SQLite begins with is told as damage, and repaired`(
        place: Int
    ) async throws {
        let path = directory.file("flipped")
        var bytes = try await makeStores()[0]
        bytes[place] ^= 1 << UInt8(place % 8)
        try bytes.write(to: URL(fileURLWithPath: path))
        await expectStoreError(.corrupt) { _ = try ChunkStore.open(reading: path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        if place % 2 == 0 {
            let report = try ChunkStore.repair(at: path)
            #expect(report?.hasDropped == false && report?.problems.count == 1, "\(String(describing: report))")
        }
        // A run does it by itself.
        let store = try ChunkStore.open(at: path, settings: testSettings)
        #expect((store.repaired == nil) == (place % 2 == 0))
        #expect(try await store.verify().isSound)
        let restored = try await store.digest()
        #expect(try await restored == digest)
        try store.close()
        #expect(try ChunkStore.repair(at: path) == nil)
    }

    private static let changes = [
        "UPDATE object SET state = 'unchanged' WHERE id % 3 = ?1 % 3",
        "UPDATE object SET state = 'skipped' WHERE id = ?1",
        "UPDATE object SET key = CAST('other' AS BLOB) WHERE id = ?1", "UPDATE object SET source = 99 WHERE id = ?1",
        "UPDATE object SET size = size + 1", "UPDATE object SET etag = content_etag", "UPDATE object SET run = 1",
        "UPDATE object SET content_etag = NULL WHERE id = ?1", "UPDATE object SET token_count = 0 WHERE id = ?1",
        "UPDATE object SET content_byte_count = 3 WHERE id = ?1", "DELETE FROM object WHERE id = ?1",
        "DELETE FROM object WHERE id > ?1", "DELETE FROM object", "DELETE FROM span WHERE object = ?1",
        "DELETE FROM span WHERE batch = ?1", "UPDATE span SET batch = 1", "UPDATE span SET first_entry = 0",
        "DELETE FROM batch WHERE id = ?1", "DELETE FROM batch",
        "UPDATE batch SET payload = zeroblob(500) WHERE id = ?1",
        "UPDATE batch SET entry_count = 1", "UPDATE batch SET id = id + 100",
        "DELETE FROM setting WHERE name = 'strategy'",
        "UPDATE setting SET value = '7'", "DELETE FROM setting", "DELETE FROM run", "DELETE FROM run WHERE id = 2",
        "UPDATE run SET outcome = 'stopped'", "UPDATE run SET settings = NULL", "UPDATE run SET settings_sha256 = 'x'",
        "DELETE FROM source", "UPDATE source SET name = 'other'", "DELETE FROM run_source",
        "UPDATE run_source SET is_listing_complete = 1, last_listed_key = x'FF'", "DELETE FROM sqlite_sequence",
        "UPDATE batch SET id = 9223372036854775807 WHERE id = ?1", "DELETE FROM progress", "DELETE FROM progress_span",
        "UPDATE progress SET byte_offset = 7", "UPDATE progress_span SET batch = 1",
        "DELETE FROM object WHERE state = 'pending'",
    ]

    /// Damages the file at `path`; tells how.
    private func damage(_ path: String, seed: Int, using generator: inout SeededGenerator) throws -> String {
        let pageByteCount = StoreLimits.pageByteCount
        func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
        if seed % 2 == 0 {
            let change = Self.changes[seed / 2 % Self.changes.count]
            let id = below(12) + 1
            var configuration = Configuration()
            configuration.foreignKeysEnabled = false
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.write { db in
                try db.execute(sql: change.replacingOccurrences(of: "?1", with: "\(id)"))
            }
            try queue.close()
            return "\(change), \(id)"
        }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let page = below(bytes.count / pageByteCount)
        var what: String
        switch seed / 2 % 5 {
        case 0:
            what = "flips"
            for _ in 0..<4 {
                let place = max(100, below(bytes.count))
                bytes[place] ^= 1 << UInt8(below(8))
                what += " \(place)"
            }
        case 1:
            what = "bytes at the front of page \(page)"
            for _ in 0..<4 {
                bytes[max(100, page * pageByteCount + below(100))] = UInt8(below(256))
            }
        case 2:
            what = "page \(max(page, 1)) of zeros"
            let start = max(page, 1) * pageByteCount
            bytes.replaceSubrange(start..<start + pageByteCount, with: Data(count: pageByteCount))
        case 3:
            let count = max(200, below(bytes.count))
            what = "cut off at \(count)"
            bytes = bytes.prefix(count)
        default:
            what = "flips at the end of page \(page)"
            for _ in 0..<4 {
                let place = (page + 1) * pageByteCount - 1 - below(600)
                bytes[max(100, place)] ^= 1 << UInt8(below(8))
            }
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        return what
    }

    @Test func `a damaged store is repaired, and the next run brings back what was lost`() async throws {
        let (stores, digest) = (try await makeStores(), try await digest)
        var repairedCount = 0
        for seed in 0..<110 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let path = directory.file("damaged-\(seed)")
            try stores[seed / 2 % 2].write(to: URL(fileURLWithPath: path))
            let what = try damage(path, seed: seed, using: &generator)
            do {
                // For every third, the run alone must find it.
                if seed % 3 != 0 {
                    if try ChunkStore.repair(at: path) != nil { repairedCount += 1 }
                    let report = try await ChunkStore.open(reading: path).verify()
                    #expect(report.isSound, "seed \(seed), \(what): \(report.problems)")
                }
                let store = try ChunkStore.open(at: path, settings: testSettings)
                if store.repaired != nil { repairedCount += 1 }
                try await index(objects, into: store)
                let report = try await store.verify()
                #expect(report.isSound, "seed \(seed), \(what): \(report.problems)")
                #expect(try await store.digest() == digest, "seed \(seed), \(what)")
                try store.close()
                #expect(
                    try !FileManager.default.contentsOfDirectory(atPath: directory.path).contains {
                        $0.hasSuffix("-new")
                    })
            } catch { Issue.record("seed \(seed), \(what): \(error)") }
            unlink(path)
        }
        #expect(repairedCount > 70)
    }

    @Test(arguments: ["checksum", "skipped_etag", "payload_byte_count", "first_entry"])
    func `a store whose tables have lost a column gets it back`(column: String) async throws {
        let path = directory.file()
        let store = try ChunkStore.open(at: path, settings: testSettings)
        try await index(objects, into: store)
        let digest = try await store.digest()
        try store.close()
        // As a flipped bit in the text of a table's definition does it.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let place = try #require(
            bytes.firstRange(of: Data(" \(column) ".utf8)) ?? bytes.firstRange(of: Data(column.utf8)))
        bytes[place.upperBound - 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        // Some can't even be opened.
        let report = try? await ChunkStore.open(reading: path).verify()
        #expect(report?.isSound != true)
        #expect(try ChunkStore.repair(at: path)?.hasDropped == false)
        #expect(try await ChunkStore.open(reading: path).digest() == digest)
        let repaired = try ChunkStore.open(at: path, settings: testSettings)
        try await index(objects, into: repaired)
        #expect(try await repaired.verify().isSound)
        #expect(try await repaired.digest() == digest)
    }

    @Test func `only what was damaged is read again`() async throws {
        let path = directory.file()
        let store = try ChunkStore.open(at: path, settings: testSettings)
        try await index(objects, into: store, batchByteCount: 8_000)
        try store.close()
        let queue = try DatabaseQueue(path: path)
        let hit = try await queue.write { db in
            try db.execute(sql: "UPDATE batch SET payload = zeroblob(500) WHERE id = 3")
            return try Int.fetchOne(db, sql: "SELECT count(DISTINCT object) FROM span WHERE batch = 3")!
        }
        try queue.close()
        let report = try #require(try ChunkStore.repair(at: path))
        #expect(report.droppedBatchCount == 1 && report.requeuedObjectCount == hit && report.droppedRowCount == 0)
        #expect(report.problems.count == hit + 1 && report.objectCount == objects.count && !report.hasLostSettings)
        #expect(try ChunkStore.repair(at: path) == nil)
        let repaired = try ChunkStore.open(at: path, settings: testSettings)
        #expect(repaired.repaired == nil)
        let totals = try await index(objects, into: repaired)
        #expect(totals.states.mapValues(\.objects) == [.indexed: hit, .unchanged: objects.count - hit])
    }

    @Test func `objects whose rows were damaged are counted among those to be read again`() async throws {
        let path = directory.file()
        try (try await makeStores()[0]).write(to: URL(fileURLWithPath: path))
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "UPDATE object SET size = size + 1 WHERE id <= 10") }
        try queue.close()
        let report = try #require(try ChunkStore.repair(at: path))
        #expect(report.droppedObjectCount == 10 && report.droppedRowCount == 10, "\(report)")
        let store = try ChunkStore.open(at: path, settings: testSettings)
        let totals = try await index(objects, into: store)
        #expect(totals.states.mapValues(\.objects) == [.indexed: 10, .unchanged: objects.count - 10])
    }

    @Test func `a row that a run meets and that is damaged is listed as new`() async throws {
        // Larger than what is verified when it is opened.
        let path = directory.file()
        var generator = SeededGenerator(seed: 52)
        let large = TestObject(
            key: Array("large".utf8), text: generator.noise(byteCount: StoreLimits.checkedFileByteCount),
            chunkByteCount: 1 << 20)
        let store = try ChunkStore.open(at: path, settings: testSettings)
        try await index(objects + [large], into: store)
        let digest = try await store.digest()
        try store.close()
        let queue = try DatabaseQueue(path: path)
        try await queue.write {
            try $0.execute(sql: "UPDATE object SET state = 'skipped', content_size = 3 WHERE id = 5")
        }
        try queue.close()
        let damaged = try ChunkStore.open(at: path, settings: testSettings)
        #expect(damaged.repaired == nil)
        let totals = try await index(objects + [large], into: damaged)
        #expect(totals.states.mapValues(\.objects) == [.indexed: 1, .unchanged: objects.count])
        #expect(try await damaged.verify().isSound)
        #expect(try await damaged.digest() == digest)
    }

    @Test func `a store that is in use is not repaired, compacted or made to forget`() async throws {
        let path = directory.file()
        let store = try ChunkStore.open(at: path, settings: testSettings)
        try await index(objects, into: store)
        await expectStoreError(.inUse) { _ = try ChunkStore.repair(at: path) }
        await expectStoreError(.inUse) { _ = try ChunkStore.compact(at: path) }
        try store.close()
        var reading = try ChunkStore.open(reading: path).objects().makeAsyncIterator()
        _ = try await reading.next()
        await expectStoreError(.inUse) { _ = try ChunkStore.compact(at: path) }
        #expect(try await reading.next() != nil)
        await expectStoreError(.cannotOpen) { _ = try ChunkStore.compact(at: directory.file("none")) }
        await expectStoreError(.invalidArgument) { _ = try ChunkStore.forget(ForgetFilter(), at: path) }
    }

    @Test func `what is no store is not repaired`() async throws {
        let notes = directory.file("notes.txt")
        try Data("not a store".utf8).write(to: URL(fileURLWithPath: notes))
        await expectStoreError(.notAStore) { _ = try ChunkStore.repair(at: notes) }
        #expect(try String(contentsOfFile: notes, encoding: .utf8) == "not a store")
    }

    @Test func `a store of version 1 is read as it is, and brought to version 2 by a writer`() async throws {
        let path = directory.file()
        let store = try ChunkStore.open(at: path, settings: testSettings)
        try await index(Array(objects[..<20]), into: store)
        let digest = try await store.digest()
        try store.close()
        func downgrade() throws {
            let queue = try DatabaseQueue(path: path)
            try queue.write { db in
                try db.execute(sql: "DROP TABLE progress_span; DROP TABLE progress")
                try db.execute(sql: "ALTER TABLE run DROP COLUMN settings")
                for column in ["listed_count", "stored_count", "kept"] {
                    try db.execute(sql: "ALTER TABLE run_source DROP COLUMN \(column)")
                }
                for table in Schema.Table.allCases where table.columnsOfVersion1 != nil {
                    try db.execute(sql: "ALTER TABLE \(table.rawValue) DROP COLUMN checksum")
                }
                try db.execute(sql: "PRAGMA user_version = 1")
            }
            try queue.close()
        }
        try downgrade()
        let reader = try ChunkStore.open(reading: path)
        #expect(try await reader.digest() == digest)
        #expect(try await reader.verify().isSound)
        #expect(try await reader.stats().contentObjectCount == 20)

        let writer = try ChunkStore.open(at: path, settings: testSettings)
        let report = try await writer.verify()
        #expect(report.isSound, "\(report.problems)")
        #expect(try await writer.digest() == digest)
        let totals = try await index(objects, into: writer)
        #expect(totals.states.mapValues(\.objects) == [.indexed: 4, .unchanged: 20])
        #expect(try await writer.verify().isSound)
        let full = try await writer.digest()
        try writer.close()

        // Damage is found where version 1 shows it, and compacting brings it to version 2 as well.
        try downgrade()
        _ = try ChunkStore.compact(at: path)
        #expect(try await ChunkStore.open(reading: path).verify().isSound)
        try downgrade()
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "UPDATE batch SET payload = x'00'") }
        try queue.close()
        let repaired = try ChunkStore.open(at: path, settings: testSettings)
        #expect(repaired.repaired?.requeuedObjectCount == 24)
        try await index(objects, into: repaired)
        #expect(try await repaired.digest() == full)
    }
}
