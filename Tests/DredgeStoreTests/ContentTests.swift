import DredgeBase
import DredgeLedger
import Foundation
import TestServers
import Testing

@testable import DredgeStore

@Suite struct ContentTests {
    private let directory = TemporaryDirectory()

    /// Chunks as they were cut, by key.
    private func chunks(of object: TestObject) -> [[UInt8]] {
        var offset = 0
        return object.chunkByteCounts.map { length in
            defer { offset += length }
            return Array(object.text[offset..<offset + length])
        }
    }

    @Test(arguments: [1, 2, 3])
    func `chunks come back as they were written`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let objects = TestObject.random(60, byteCountMax: 60_000, using: &generator)
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index(objects, into: store, batchByteCount: 20_000, workerCount: 3)
        for object in objects {
            var ordinal = 0
            var offset = 0
            let expected = chunks(of: object)
            for try await chunk in store.chunks(of: object.key) {
                try #require(ordinal < expected.count)
                #expect(chunk.text == expected[ordinal] && chunk.ordinal == ordinal)
                #expect(chunk.byteOffset == UInt64(offset) && chunk.byteLength == chunk.text.count)
                #expect(chunk.tokenCount == TestObject.tokenCount(chunk.byteLength))
                #expect(chunk.key == object.key && chunk.bucket == "acme" && chunk.eTag == object.eTag)
                ordinal += 1
                offset += chunk.byteLength
            }
            #expect(ordinal == expected.count)
        }
        let report = try await store.verify()
        #expect(report.isSound, "\(report.problems)")
        #expect(report.objectCount == 60 && report.chunkCount == objects.map(\.chunkByteCounts.count).reduce(0, +))
        // I3: without overlap the chunks tile the document, so the raw bytes are the documents'.
        #expect(report.rawByteCount == UInt64(objects.map(\.text.count).reduce(0, +)))
    }

    @Test func `I1 and I4: the digest does not depend on packing, order, workers or a restart`() async throws {
        var generator = SeededGenerator(seed: 7)
        let objects = TestObject.random(80, byteCountMax: 20_000, using: &generator)
        var digests: Set<String> = []
        let plain = try ChunkStore.open(at: directory.file("plain"), settings: testSettings)
        try await index(objects, into: plain)
        digests.insert(try await plain.digest())

        let shuffled = try ChunkStore.open(at: directory.file("shuffled"), settings: testSettings)
        var orderGenerator = generator
        try await index(objects, into: shuffled, batchByteCount: 5_000, workerCount: 4) {
            $0.shuffled(using: &orderGenerator)
        }
        digests.insert(try await shuffled.digest())

        // In two runs: first half of the objects, some of them in an older version.
        let twice = try ChunkStore.open(at: directory.file("twice"), settings: testSettings)
        var older = Array(objects[0..<40])
        for position in 0..<10 {
            older[position] = TestObject(key: older[position].key, text: [1, 2, 3], chunkByteCount: 2)
        }
        try await index(older + [TestObject("zzz-deleted-later", "text")], into: twice, batchByteCount: 9_000)
        #expect(try await twice.digest() != digests.first)
        try await index(objects, into: twice, batchByteCount: 100_000)
        digests.insert(try await twice.digest())
        #expect(digests.count == 1)
        #expect(try await twice.verify().isSound)

        // One byte elsewhere, and it is another one; so are other settings.
        var other = objects
        other[5].text[0] ^= 1
        let changed = try ChunkStore.open(at: directory.file("changed"), settings: testSettings)
        try await index(other, into: changed)
        digests.insert(try await changed.digest())
        let settings = try ChunkStore.open(at: directory.file("settings"), settings: ["max_tokens": "256"])
        try await index(objects, into: settings)
        digests.insert(try await settings.digest())
        #expect(digests.count == 3)
    }

    @Test func `the digest is the documented one`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: ["tokenizer": "o200k_base"])
        var object = TestObject("k", "abcdefgh", chunkByteCount: 5)
        object.eTag = ETag("THE-ETAG")
        try await index([object], into: store)
        // By Python's hashlib, from the words of StoreFormat.md.
        #expect(try await store.digest() == "68d9a213a7b7f2d6a3da73983955718c6177aecf412db1e8729a2b61b08ee86c")
        #expect(
            try await store.digest(versions: true)
                == "2cd1a394a7c96d9802d0fa616b541a211891c94c1567bfc27e0249bb8f3270f6")
    }

    @Test func `the digests of parts add up to that of the whole`() async throws {
        let objects = (0..<7).map { TestObject("k\($0)", "text of \($0)") }
        var sum = ContentDigest()
        for (index, part) in [objects[..<0], objects[..<3], objects[3...]].enumerated() {
            let store = try ChunkStore.open(at: directory.file("\(index)"), settings: testSettings)
            try await DredgeStoreTests.index(Array(part), into: store)
            sum += try await store.contentDigest()
        }
        let whole = try ChunkStore.open(at: directory.file("whole"), settings: testSettings)
        try await index(objects.reversed(), into: whole)
        #expect(try await whole.digest() == sum.text(settings: testSettings))
        let first = try await whole.reduceObjects(into: [[UInt8]]()) { $0.append($2 ?? []) }[0]
        sum.remove(first)
        #expect(try await whole.digest() != sum.text(settings: testSettings))
        sum.insert(first)
        #expect(try await whole.contentDigest() == sum)
    }

    @Test func `the digest does not depend on ETags and sources' names, but on those with versions`() async throws {
        var digests: [[String]] = []
        for (eTag, source) in [("one", "docs"), ("two", "docs"), ("one", "a-mail")] {
            let store = try ChunkStore.open(at: directory.file("\(eTag)-\(source)"), settings: testSettings)
            var objects = (0..<6).map { TestObject("k\($0)", "text of \($0)") }
            for index in objects.indices { objects[index].eTag = ETag("\(eTag)-\(index)") }
            var (first, second) = (testSource, testSource)
            (first.prefix, second.prefix, second.name) = ("k", "", source)
            first.name = "mail"
            try await index(Array(objects[..<3]), into: store, source: first)
            try await index(Array(objects[3...]), into: store, source: second)
            digests.append([try await store.digest(), try await store.digest(versions: true)])
        }
        #expect(digests[0][0] == digests[1][0] && digests[0][1] != digests[1][1])
        #expect(digests[0] == digests[2])
    }

    @Test func `a chunk larger than a batch has a batch of its own`() async throws {
        var generator = SeededGenerator(seed: 3)
        let text = generator.text(byteCount: 3 << 20)
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index(
            [
                TestObject("a", "small"), TestObject(key: Array("b".utf8), text: text, chunkByteCount: text.count),
                TestObject("c", "s"),
            ],
            into: store)
        let stats = try await store.stats()
        #expect(stats.batchCount == 3)
        var read: [[UInt8]] = []
        for try await chunk in store.chunks() { read.append(chunk.text) }
        #expect(read.map(\.count) == [5, 3 << 20, 1] && read[1] == text)
    }

    @Test func `an object that fails keeps its older content and shows as stale`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index((0..<5).map { TestObject("k\($0)", "version 1 of \($0)") }, into: store)
        let run = try await store.begin(name: "second", version: "1", sources: [testSource])
        let objects = (0..<5).map { TestObject("k\($0)", "version 2 of \($0)") }
        var listed = objects.map(\.listed)
        listed[4].skipReason = .filtered
        _ = try await store.record(listed, of: run.sources[0].source, in: run.id)
        _ = try await store.completeListing(of: run.sources[0].source, in: run.id)
        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 10)
        try store.settle(
            ObjectOutcome(object: pending[0].id, cause: .failed(reason: "accessDenied"), attemptCount: 3))
        try store.settle(ObjectOutcome(object: pending[1].id, cause: .changed))
        try store.settle(ObjectOutcome(object: pending[2].id, cause: .vanished))
        try store.settle(
            ObjectOutcome(object: pending[3].id, cause: .skipped(.binary, readETag: pending[3].eTag)))
        try await store.finish(run.id, outcome: .stopped)

        var rows: [StoredObject] = []
        for try await object in store.objects() { rows.append(object) }
        #expect(rows.map(\.state) == [.failed, .changed, .vanished, .skipped, .skipped])
        #expect(rows.map(\.isStale) == [true, true, true, false, false])
        #expect(rows.map { $0.content != nil } == [true, true, true, false, false])
        #expect(rows[0].reason == "accessDenied" && rows[0].attemptCount == 3)
        var texts: [String] = []
        for try await chunk in store.chunks() { texts.append(String(decoding: chunk.text, as: UTF8.self)) }
        #expect(texts == (0..<3).flatMap { ["version 1 ", "of \($0)"] })
        let report = try await store.verify()
        #expect(report.isSound, "\(report.problems)")
        let stats = try await store.stats()
        #expect(stats.deadChunkCount == 4 && stats.deadByteCount == 2 * 14 && stats.staleObjectCount == 3)
    }

    @Test func `a batch of which more than half is dead is packed anew at the end of a run`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        var objects = (0..<9).map { TestObject("k\($0)", "version 1 of \($0)") }
        try await index(objects, into: store)
        let before = try await store.stats()
        for count in [4, 5] {
            for position in 0..<count {
                objects[position] = TestObject("k\(position)", "version \(count) of \(position)")
            }
            try await index(objects, into: store)
            let stats = try await store.stats()
            #expect(stats.batchCount == 2)
            #expect(stats.deadChunkCount == (count == 4 ? 8 : 0))
            let report = try await store.verify()
            #expect(report.isSound, "\(report.problems)")
            var read: [[UInt8]] = []
            for try await chunk in store.chunks() { read.append(chunk.text) }
            #expect(read == objects.flatMap { chunks(of: $0) })
        }
        #expect(before.batchCount == 1)
    }

    @Test func `sixty runs that rewrite two hundred objects and add one keep the file near its content`() async throws {
        var generator = SeededGenerator(seed: 60)
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        func object(_ key: String) -> TestObject {
            TestObject(key: Array(key.utf8), text: generator.noise(byteCount: 1_000), chunkByteCount: 500)
        }
        var added: [TestObject] = []
        for run in 0..<60 {
            added.append(object("added/\(run)"))
            try await index((0..<200).map { object("small/\($0)") } + added, into: store)
        }
        try store.close()
        let stats = try await ChunkStore.open(reading: directory.file()).stats()
        #expect(stats.contentByteCount == 260_000)
        #expect(stats.rawByteCount < 2 * stats.contentByteCount)
        #expect(stats.fileByteCount < 4 * stats.contentByteCount, "\(stats.fileByteCount) bytes")
    }

    @Test func `a batch goes with its last span`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        try await index([TestObject("a", "text"), TestObject("b", "text")], into: store)
        #expect(try await store.stats().batchCount == 1)
        try await index([TestObject("b", "text")], into: store)
        #expect(try await store.stats().batchCount == 1)
        try await index([], into: store)
        let stats = try await store.stats()
        #expect(stats.batchCount == 0 && stats.states.isEmpty && stats.runs.count == 3)
    }

    @Test func `objects of a source that was replaced go when the new one is listed`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let other = SourceRecord(name: "docs", bucket: "acme-2", prefix: "", endpointURL: nil)
        try await index([TestObject("a", "text")], into: store)
        // Another name is another source: both stay.
        try await index(
            [TestObject("a", "text")], into: store,
            source: SourceRecord(name: "mirror", bucket: "mirror", prefix: "", endpointURL: nil))
        let run = try await store.begin(name: "r", version: "1", sources: [other])
        #expect(try await store.stats().contentObjectCount == 2)
        #expect(try await store.completeListing(of: run.sources[0].source, in: run.id) == 1)
        var buckets: [String] = []
        for try await object in store.objects() { buckets.append(object.bucket) }
        #expect(buckets == ["mirror"])
    }

    @Test func `objects are read by prefix, state, bucket and source, in order of their key bytes`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let keys: [[UInt8]] = [
            [0xFF, 0xFF], [0xFF], Array("a/1".utf8), Array("a/2".utf8), Array("a0".utf8), Array("é".utf8), [0x00],
        ]
        try await index(keys.map { TestObject(key: $0, text: [65], chunkByteCount: 1) }, into: store)
        try await index(
            [TestObject("a/1", "x"), TestObject("a/15", "x")], into: store,
            source: SourceRecord(name: "again", bucket: "acme", prefix: "a/", endpointURL: nil))
        func read(_ objects: StoredObjects) async throws -> [[UInt8]] {
            var keys: [[UInt8]] = []
            for try await object in objects { keys.append(object.key) }
            return keys
        }
        let sorted = (keys + [Array("a/1".utf8), Array("a/15".utf8)]).sorted { $0.lexicographicallyPrecedes($1) }
        #expect(try await read(store.objects()) == sorted)
        #expect(
            try await read(store.objects(prefix: Array("a/".utf8), source: "docs")) == [
                Array("a/1".utf8), Array("a/2".utf8),
            ])
        #expect(try await read(store.objects(prefix: [0xFF])) == [[0xFF], [0xFF, 0xFF]])
        #expect(try await read(store.objects(state: .failed)).isEmpty)
        #expect(try await read(store.objects(bucket: "another")).isEmpty)
    }

    @Test func `a key that is not there is an error`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        await expectStoreError(.noSuchObject) { for try await _ in store.chunks(of: "nothing") {} }
    }

    @Test func `a reader keeps its view while the writer goes on`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        var generator = SeededGenerator(seed: 11)
        let objects = TestObject.random(30, byteCountMax: 20_000, using: &generator)
        try await index(objects, into: store, batchByteCount: 10_000)
        let reader = try ChunkStore.open(reading: directory.file())
        #expect(reader.settings == testSettings)
        var iterator = reader.chunks().makeAsyncIterator()
        var byteCount = try #require(try await iterator.next()).byteLength
        try await index([], into: store)
        while let chunk = try await iterator.next() { byteCount += chunk.byteLength }
        #expect(byteCount == objects.map(\.text.count).reduce(0, +))
        #expect(try await reader.stats().batchCount == 0)
        await expectStoreError(.readOnly) {
            try reader.settle(ObjectOutcome(object: ObjectID(rawValue: 1), cause: .vanished))
        }
    }

    @Test func `100,000 objects are listed page by page`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        for round in 0..<2 {
            let run = try await store.begin(name: "r\(round)", version: "1", sources: [testSource])
            for page in 0..<100 {
                let objects = (0..<1_000).map { index in
                    ListingEntry(
                        key: Array("prefix/\(1_000_000 + page * 1_000 + index).txt".utf8), size: 4_096,
                        eTag: ETag("d41d8cd98f00b204e9800998ecf8427e"), storageClass: "STANDARD")
                }
                _ = try await store.record(objects, of: run.sources[0].source, in: run.id)
            }
            #expect(try await store.completeListing(of: run.sources[0].source, in: run.id) == 0)
            let totals = try await store.totals(of: run.id)
            #expect(totals.states == [.pending: RunTotals.Count(objects: 100_000, bytes: 409_600_000)])
            let last = try await store.pending(
                of: run.sources[0].source, in: run.id, after: 99_990, limit: 100)
            #expect(last.count == 10 && last.last?.position == 100_000)
            try await store.finish(run.id, outcome: .complete)
        }
    }
}
