import DredgeBase
import DredgeLedger
import Foundation
import GRDB
import TestServers
import Testing

@testable import DredgeStore

@Suite struct VerifyTests {
    private let directory = TemporaryDirectory()

    /// A store of three objects and several batches.
    private func makeStore(seed: UInt64 = 31, count: Int = 3) async throws -> String {
        var generator = SeededGenerator(seed: seed)
        let objects = TestObject.random(count, byteCountMax: 30_000, using: &generator)
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index(objects, into: store, batchByteCount: 8_000)
        try store.close()
        return directory.file()
    }

    private func verify(_ path: String) async throws -> VerifyReport {
        try await ChunkStore.open(reading: path).verify()
    }

    private func change(_ path: String, _ body: (Database) throws -> Void) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write(body)
        try queue.close()
    }

    /// Damage that SQL can do, and what `verify` is to say of it.
    static let damages: [(String, String)] = [
        ("UPDATE batch SET raw_byte_count = raw_byte_count + 1 WHERE id = 2", "bytes, not"),
        ("UPDATE batch SET entry_count = entry_count + 1 WHERE id = 2", "entries, not"),
        ("UPDATE batch SET payload_byte_count = 1 WHERE id = 2", "its payload has"),
        ("UPDATE batch SET codec = 'zstd' WHERE id = 2", "its codec is zstd"),
        ("UPDATE batch SET payload = x'' WHERE id = 2", "the payload has only 0 bytes"),
        ("UPDATE batch SET payload = substr(payload, 1, 20) WHERE id = 2", "the directory ends behind the payload"),
        ("UPDATE batch SET payload = substr(payload, 1, length(payload) - 9) WHERE id = 2", "cut off"),
        (
            "UPDATE batch SET payload = CAST(payload || x'00' AS BLOB) WHERE id = 2",
            "does not end where the payload does"
        ),
        ("UPDATE batch SET payload = (SELECT payload FROM batch WHERE id = 1) WHERE id = 2", "its payload has"),
        ("DELETE FROM batch WHERE id = 2", "refer to missing rows of batch"),
        ("DELETE FROM span WHERE batch = 2", "its chunks"),
        ("DELETE FROM object WHERE id = 2", "refer to missing rows of object"),
        ("UPDATE span SET first_entry = first_entry + 1 WHERE batch = 2", "entries that batch"),
        ("UPDATE span SET first_entry = 9223372036854775807 WHERE batch = 2", "entries that batch"),
        ("UPDATE span SET chunk_count = -5 WHERE batch = 2", "its chunks go from"),
        ("UPDATE span SET first_ordinal = 9223372036854775807 WHERE batch = 2", "its chunks go from"),
        ("UPDATE span SET chunk_count = chunk_count + 1 WHERE batch = 1", "entries that batch"),
        ("UPDATE object SET token_count = token_count - 1 WHERE id = 1", "tokens, not"),
        ("UPDATE object SET chunk_count = -1 WHERE id = 1", "chunks, not -1"),
        ("UPDATE object SET content_byte_count = content_byte_count + 1 WHERE id = 1", "its chunks end at byte"),
        ("UPDATE object SET content_byte_count = 100 WHERE id = 1", "ends behind the document's 100 bytes"),
        ("UPDATE object SET content_etag = NULL WHERE id = 1", "no version that they are of"),
        ("UPDATE setting SET value = 'other'", "settings: they are not those"),
        ("UPDATE setting SET value = 'other'", "table setting is not as it was written"),
        ("UPDATE object SET state = 'unchanged' WHERE id = 1", "table object is not as it was written"),
        ("UPDATE object SET state = 'skipped', reason = 'binary' WHERE id = 1", "table object is not as it was"),
        ("UPDATE object SET size = size + 1 WHERE id = 1", "table object is not as it was written"),
        ("UPDATE object SET key = CAST('other' AS BLOB) WHERE id = 1", "table object is not as it was written"),
        ("UPDATE object SET content_etag = 'other' WHERE id = 1", "table object is not as it was written"),
        ("UPDATE object SET attempt_count = 7 WHERE id = 1", "table object is not as it was written"),
        ("UPDATE source SET bucket = 'other'", "table source is not as it was written"),
        ("UPDATE run SET totals = NULL", "table run is not as it was written"),
        ("UPDATE run_source SET last_listed_key = NULL", "table run_source is not as it was written"),
        (
            "UPDATE span SET chunk_count = chunk_count WHERE batch = 2; UPDATE span SET checksum = 0",
            "table span is not"
        ),
        ("DELETE FROM span WHERE object = 3; DELETE FROM object WHERE id = 3", "2 of the 3 objects that it listed"),
    ]

    @Test(arguments: damages)
    func `planted damage is found`(sql: String, expected: String) async throws {
        let path = try await makeStore()
        #expect(try await verify(path).isSound)
        try change(path) { try $0.execute(sql: sql) }
        let report = try await verify(path)
        #expect(!report.isSound)
        #expect(report.problems.contains { "\($0)".contains(expected) }, "\(sql): \(report.problems)")
    }

    @Test func `I3: a gap and an overlap between chunks are found, an overlap only where settings have none`()
        async throws
    {
        for (settings, offsets, isSound) in [
            (testSettings, [0, 4, 8], true), (testSettings, [0, 3, 8], false), (testSettings, [0, 5, 8], false),
            (["chunking.overlap_tokens": "8"], [0, 2, 8], false), (["chunking.overlap_tokens": "8"], [0, 3, 7], false),
        ] {
            let path = directory.file("\(UUID())")
            let store = try ChunkStore.open(at: path, settings: settings)
            let run = try await store.begin(name: "r", version: "1", sources: [testSource])
            let object = TestObject("k", "abcdefghijkl", chunkByteCount: 4)
            _ = try await store.record([object.listed], of: run.sources[0].source, in: run.id)
            let builder = try store.makeBuilder()
            let span = ChunkSpan(batch: builder.id, firstEntry: 0, firstOrdinal: 0, chunkCount: 3)
            for (ordinal, offset) in offsets.enumerated() {
                object.text[offset..<offset + 4].withUnsafeBytes {
                    builder.append(
                        object: ObjectID(rawValue: 1), ordinal: ordinal, byteOffset: UInt64(offset), tokenCount: 1,
                        text: $0)
                }
            }
            try builder.seal()
            try store.finish(
                IndexedObject(
                    id: ObjectID(rawValue: 1), spans: [span], eTag: object.eTag, size: 12, chunkCount: 3, tokenCount: 3,
                    documentByteCount: 12))
            try await store.finish(run.id, outcome: .complete)
            let report = try await store.verify()
            #expect(report.isSound == isSound, "\(settings) \(offsets): \(report.problems)")
        }
        // Two that overlap and cover.
        let path = directory.file("overlap")
        let store = try ChunkStore.open(at: path, settings: ["chunking.overlap_tokens": "8"])
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        let object = TestObject("k", "abcdefgh")
        _ = try await store.record([object.listed], of: run.sources[0].source, in: run.id)
        let builder = try store.makeBuilder()
        let span = ChunkSpan(batch: builder.id, firstEntry: 0, firstOrdinal: 0, chunkCount: 2)
        for (ordinal, range) in [0..<5, 3..<8].enumerated() {
            object.text[range].withUnsafeBytes {
                builder.append(
                    object: ObjectID(rawValue: 1), ordinal: ordinal, byteOffset: UInt64(range.lowerBound),
                    tokenCount: 1,
                    text: $0)
            }
        }
        try builder.seal()
        try store.finish(
            IndexedObject(
                id: ObjectID(rawValue: 1), spans: [span], eTag: ETag("e"), size: 8, chunkCount: 2, tokenCount: 2,
                documentByteCount: 8))
        try await store.finish(run.id, outcome: .complete)
        #expect(try await store.verify().isSound)
    }

    @Test func `every flipped bit of a payload is found`() async throws {
        let path = try await makeStore()
        var generator = SeededGenerator(seed: 32)
        let payload = try #require(
            try await DatabaseQueue(path: path).read {
                try Data.fetchOne($0, sql: "SELECT payload FROM batch WHERE id = 2")
            })
        var bits = Set((0..<400).map { _ in Int.random(in: 0..<payload.count * 8, using: &generator) })
        // All of the headers of both frames and of the checksums.
        bits.formUnion(0..<20 * 8)
        bits.formUnion(payload.count * 8 - 64..<payload.count * 8)
        for bit in bits.sorted() {
            var damaged = payload
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: BatchDamage.self, "bit \(bit)") { try ContentReader.inflate(Array(damaged)) }
        }
    }

    @Test func `a payload of anything is damage, not a crash`() throws {
        var generator = SeededGenerator(seed: 33)
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...300, using: &generator)
            var bytes = generator.noise(byteCount: count)
            // Past the first checks, for some: a skippable frame that fits, with the right checksum.
            if count > 60, Bool.random(using: &generator) {
                let body = Int.random(in: 1...30, using: &generator)
                withUnsafeBytes(of: BatchFormat.skippableMagic.littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
                withUnsafeBytes(of: UInt32(8 + body).littleEndian) { bytes.replaceSubrange(4..<8, with: $0) }
                if Bool.random(using: &generator) {
                    for index in 16..<16 + body { bytes[index] &= 0x7F }
                    bytes[16] = UInt8(body / 5)
                }
                let checksum = Array(bytes[16..<16 + body]).withUnsafeBytes { SHA256.digest($0) }
                bytes.replaceSubrange(8..<16, with: checksum[0..<8])
            }
            #expect(throws: BatchDamage.self) { try ContentReader.inflate(bytes) }
        }
    }

    @Test func `damage that a read meets is told once, with what to do`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        var generator = SeededGenerator(seed: 35)
        try await index(
            (0..<4).map {
                TestObject(
                    key: Array("k\($0)".utf8), text: generator.noise(byteCount: 100_000), chunkByteCount: 9_000)
            }, into: store, batchByteCount: 150_000)
        try store.close()
        let intact = try Data(contentsOf: URL(fileURLWithPath: directory.file()))
        let copy = directory.file("damaged")
        var tellings: [String] = []
        for page in 1..<intact.count / StoreLimits.pageByteCount {
            // Of an overflow page, the number of the next one: such a one is not there.
            var damaged = intact
            let place = page * StoreLimits.pageByteCount
            damaged.replaceSubrange(place..<place + 4, with: [0x7F, 0xFF, 0xFF, 0xFF])
            try damaged.write(to: URL(fileURLWithPath: copy))
            do {
                _ = try await ChunkStore.open(reading: copy).digest()
            } catch {
                tellings.append(error.description)
            }
        }
        #expect(tellings.contains { $0.contains("malformed") }, "\(tellings)")
        for telling in tellings {
            #expect(telling.ranges(of: copy).count == 1 && telling.ranges(of: "store repair").count == 1, "\(telling)")
        }
    }

    @Test func `a file with random bytes in it is read without a crash`() async throws {
        let path = try await makeStore(count: 20)
        let intact = try Data(contentsOf: URL(fileURLWithPath: path))
        var generator = SeededGenerator(seed: 34)
        var foundCount = 0
        for round in 0..<60 {
            var damaged = intact
            // Behind the header, whose damage is another kind of refusal; often in a b-tree page's own header and
            // cells.
            for _ in 0..<8 {
                let page = Int.random(in: 0..<damaged.count / StoreLimits.pageByteCount, using: &generator)
                let offset = Int.random(in: 0..<(round % 2 == 0 ? 200 : StoreLimits.pageByteCount), using: &generator)
                damaged[max(100, page * StoreLimits.pageByteCount + offset)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            let copy = directory.file("damaged-\(round)")
            try damaged.write(to: URL(fileURLWithPath: copy))
            do {
                let store = try ChunkStore.open(reading: copy)
                let report = try await store.verify()
                if !report.isSound { foundCount += 1 }
                _ = try? await store.digest()
                _ = try? await store.stats()
                try? await store.exportLines { _ in }
            } catch { foundCount += 1 }
        }
        #expect(foundCount > 30)
    }
}
