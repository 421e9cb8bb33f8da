import DredgeBase
import DredgeLedger
import Foundation
import Testing

@testable import DredgeStore

/// What a plan asks a store.
@Suite struct KnownObjectTests {
    private let directory = TemporaryDirectory()

    private func source(
        _ prefix: String, name: String = "docs", bucket: String = "acme", endpointURL: String? = nil
    ) -> SourceRecord {
        SourceRecord(name: name, bucket: bucket, prefix: prefix, endpointURL: endpointURL)
    }

    /// A store in which each source has these objects.
    private func makeStore(_ contents: [(SourceRecord, [TestObject])]) async throws -> ChunkStore {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        for (source, objects) in contents {
            let run = try await store.begin(name: "r", version: "1", sources: [source])
            let sorted = objects.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            _ = try await store.record(sorted.map(\.listed), of: run.sources[0].source, in: run.id)
            let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: .max)
            var worker = try TestWorker(store)
            for (object, row) in zip(sorted, pending) { try worker.write(object, as: row.id) }
            try worker.seal()
            try await store.finish(run.id, outcome: .complete)
        }
        return store
    }

    private func expected(_ object: TestObject) -> KnownObject {
        KnownObject(key: object.key, content: .init(eTag: object.eTag, size: UInt64(object.text.count)))
    }

    @Test func `before any run nothing is known`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        for store in [store, try ChunkStore.open(reading: directory.file())] {
            #expect(try await store.knownObjects(of: testSource, keys: [[1], [2]]) == [nil, nil])
            #expect(try await store.knownObjects(of: testSource, keys: []).isEmpty)
            #expect(try await store.storedDocuments(of: testSource) == StoredDocuments())
        }
    }

    @Test func `objects are found by their keys' bytes, in the order that is asked for`() async throws {
        let keys: [[UInt8]] = [
            [0x00], [0x00, 0x00], Array("a/1".utf8), Array("é".utf8), Array("e\u{301}".utf8), [0xFF],
        ]
        let objects = keys.map { TestObject(key: $0, text: Array("text of ".utf8) + $0, chunkByteCount: 5) }
        let store = try await makeStore([(source(""), objects)])
        let asked = keys.reversed() + [Array("a/2".utf8), keys[0]]
        let found = objects.reversed().map(expected) + [nil, expected(objects[0])]
        #expect(try await store.knownObjects(of: source(""), keys: asked) == found)
        // A store that is read gives the same.
        let reader = try ChunkStore.open(reading: directory.file())
        #expect(try await reader.knownObjects(of: source(""), keys: asked) == found)
    }

    @Test func `a source knows its own objects, and counts those of others with its name`() async throws {
        let others = [
            source("a/"), source("", bucket: "acme-2"), source("", endpointURL: "https://s3.example.com"),
        ]
        let object = TestObject("a/1", "text")
        let store = try await makeStore(
            [(source(""), [object, TestObject("b", "text")]), (source("", name: "mail"), [object])]
                + others.map { ($0, [object]) })
        for known in [source("")] + others {
            #expect(try await store.knownObjects(of: known, keys: [object.key]) == [expected(object)])
        }
        #expect(try await store.knownObjects(of: source("b/"), keys: [object.key]) == [nil])
        #expect(try await store.storedDocuments(of: source("")) == StoredDocuments(count: 2, replacedCount: 3))
        #expect(try await store.storedDocuments(of: source("a/")) == StoredDocuments(count: 1, replacedCount: 4))
        #expect(try await store.storedDocuments(of: source("b/")) == StoredDocuments(replacedCount: 5))
        #expect(try await store.storedDocuments(of: source("", name: "mail")) == StoredDocuments(count: 1))
        #expect(try await store.storedDocuments(of: source("", name: "none")) == StoredDocuments())
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
        let known = try await store.knownObjects(of: source(""), keys: newer.map(\.key))
        #expect(
            known == [
                expected(objects[0]), expected(objects[1]),
                KnownObject(
                    key: newer[2].key, skipped: .init(eTag: newer[2].eTag, size: listed[2].size), skipReason: "binary"),
                expected(objects[3]), KnownObject(key: newer[4].key),
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
