import DredgeBase
import DredgeLedger
import Foundation
import Testing

@testable import DredgeStore

@Suite struct KnownObjectTests {
    private let directory = TemporaryDirectory()

    private func source(_ prefix: String, name: String = "docs", bucket: String = "acme") -> SourceRecord {
        SourceRecord(name: name, bucket: bucket, prefix: prefix, endpointURL: nil)
    }

    /// A store in which each source has these objects.
    private func makeStore(_ contents: [(SourceRecord, [TestObject])]) async throws -> ChunkStore {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let run = try await store.begin(name: "r", version: "1", sources: contents.map(\.0))
        for (listing, (_, objects)) in zip(run.sources, contents) {
            let sorted = objects.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            _ = try await store.record(sorted.map(\.listed), of: listing.source, in: run.id)
            let pending = try await store.pending(of: listing.source, in: run.id, after: 0, limit: .max)
            var worker = try TestWorker(store)
            for (object, row) in zip(sorted, pending) { try worker.write(object, as: row.id) }
            try worker.seal()
        }
        try await store.finish(run.id, outcome: .complete)
        return store
    }

    /// All pages one after another.
    private func known(_ store: ChunkStore, _ source: SourceRecord, limit: Int) async throws -> [KnownObject] {
        var objects: [KnownObject] = []
        while true {
            let page = try await store.knownObjects(of: source, after: objects.last?.key, limit: limit)
            if page.isEmpty { return objects }
            objects += page
        }
    }

    private func expected(_ object: TestObject) -> KnownObject {
        KnownObject(key: object.key, content: .init(eTag: object.eTag, size: UInt64(object.text.count)))
    }

    @Test func `before any run nothing is known`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        #expect(try await store.knownObjects(of: testSource, after: nil, limit: 10).isEmpty)
        #expect(
            try await ChunkStore.open(reading: directory.file()).knownObjects(of: testSource, after: nil, limit: 10)
                .isEmpty)
    }

    @Test(arguments: [1, 2, 3, 6, 7, 100])
    func `objects of a source come in order of their keys' bytes, page by page`(limit: Int) async throws {
        let keys: [[UInt8]] = [[0x00], [0x00, 0x00], Array("a/1".utf8), Array("a0".utf8), Array("é".utf8), [0xFF]]
        let objects = keys.map { TestObject(key: $0, text: Array("text of ".utf8) + $0, chunkByteCount: 5) }
        let store = try await makeStore([
            (source(""), objects.reversed()), (source("", name: "mail"), [TestObject("a/2", "mail")]),
            (source("", bucket: "acme-2"), [TestObject("a/3", "another bucket")]),
        ])
        #expect(try await known(store, source(""), limit: limit) == objects.map(expected))
        let first = try await store.knownObjects(of: source(""), after: nil, limit: limit)
        #expect(first.count == min(limit, objects.count))
        // A store that is read gives the same.
        let reader = try ChunkStore.open(reading: directory.file())
        #expect(try await known(reader, source(""), limit: limit) == objects.map(expected))
        #expect(try await store.knownObjects(of: source("", name: "none"), after: nil, limit: 10).isEmpty)
    }

    @Test(arguments: [1, 2, 100])
    func `only keys under the prefix are known, also of a source that had another one`(limit: Int) async throws {
        let objects = ["a", "a/", "a/1", "a/\u{10FFFF}", "a0", "b"].map { TestObject($0, "text of \($0)") }
        let store = try await makeStore([(source(""), objects)])
        #expect(try await known(store, source("a/"), limit: limit) == objects[1...3].map(expected))
        #expect(try await known(store, source("a"), limit: limit) == objects[0...4].map(expected))
        #expect(try await known(store, source("c"), limit: limit).isEmpty)
        // Behind a key in front of the prefix is behind no key.
        let fromFirst = try await store.knownObjects(of: source("a/"), after: Array("A".utf8), limit: 100)
        #expect(fromFirst == objects[1...3].map(expected))
        #expect(try await store.knownObjects(of: source("a/"), after: Array("b".utf8), limit: 100).isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4, 100])
    func `objects of two sources of one name and bucket are merged by key`(limit: Int) async throws {
        let odd = ["a/1", "a/3", "a/5", "b/1"].map { TestObject($0, "odd \($0)") }
        let even = ["a/2", "a/4", "a/6"].map { TestObject($0, "even \($0)") }
        let store = try await makeStore([(source(""), odd), (source("a/"), even)])
        let sorted = (odd + even).sorted { $0.key.lexicographicallyPrecedes($1.key) }
        #expect(try await known(store, source(""), limit: limit) == sorted.map(expected))
        #expect(try await known(store, source("a/"), limit: limit) == sorted[0..<6].map(expected))
        #expect(
            try await store.knownObjects(of: source(""), after: sorted[1].key, limit: 2) == sorted[2..<4].map(expected))
    }

    @Test(arguments: [1, 2, 3, 100])
    func `a key that two sources have is there twice, whatever the page`(limit: Int) async throws {
        let whole = ["a/1", "a/2", "a/3"].map { TestObject($0, "whole \($0)") }
        let part = ["a/1", "a/3"].map { TestObject($0, "part \($0)") }
        let store = try await makeStore([(source("a/"), part), (source(""), whole)])
        // Equal keys are in order of the sources' prefixes.
        #expect(
            try await known(store, source(""), limit: limit)
                == [whole[0], part[0], whole[1], whole[2], part[1]].map(expected))
    }

    @Test func `what is known of an object is its stored version and the one that was read and skipped`() async throws {
        let objects = (0..<5).map { TestObject("k\($0)", "text of \($0)") }
        let store = try await makeStore([(source(""), Array(objects[0..<4]))])
        let run = try await store.begin(name: "r", version: "1", sources: [source("")])
        let newer = (0..<5).map { TestObject("k\($0)", "new text of \($0)") }
        var listed = newer.map(\.listed)
        listed[3].skipReason = .filtered
        _ = try await store.record(listed, of: run.sources[0].source, in: run.id)
        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 10)
        try store.settle(ObjectOutcome(object: pending[0].id, cause: .failed(reason: "accessDenied")))
        try store.settle(ObjectOutcome(object: pending[1].id, cause: .changed))
        try store.settle(
            ObjectOutcome(object: pending[2].id, cause: .skipped(.binary, readETag: pending[2].eTag)))
        // What is committed is seen.
        try await store.flush()
        let known = try await known(store, source(""), limit: 10)
        #expect(
            known == [
                expected(objects[0]), expected(objects[1]),
                KnownObject(
                    key: newer[2].key, skipped: .init(eTag: newer[2].eTag, size: listed[2].size), skipReason: "binary"),
                KnownObject(key: newer[3].key), KnownObject(key: newer[4].key),
            ])
        // It leads to the decisions that the ledger makes itself.
        var decided: [ObjectState] = []
        for (entry, known) in zip(newer.map(\.listed), known) {
            decided.append(ListingDecision(entry, known: known).state)
        }
        try await store.finish(run.id, outcome: .complete)
        let next = try await store.begin(name: "next", version: "1", sources: [source("")])
        _ = try await store.record(newer.map(\.listed), of: next.sources[0].source, in: next.id)
        try await store.finish(next.id, outcome: .complete)
        var states: [ObjectState] = []
        for try await object in store.objects() { states.append(object.state) }
        #expect(states == decided && states == [.pending, .pending, .skipped, .pending, .pending])
    }
}
