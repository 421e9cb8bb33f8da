import DredgeBase
import DredgeLedger
import Foundation
import TestServers
import Testing

@testable import DredgeStore

/// What a server asks of a store that grows meanwhile, and what it takes back.
@Suite struct DocumentReaderTests {
    private let directory = TemporaryDirectory()

    /// Bytes that LZ4 leaves as they are, so that they can be looked for.
    private func object(_ key: String, _ seed: UInt64) -> TestObject {
        var generator = SeededGenerator(seed: seed)
        return TestObject(key: Array(key.utf8), text: generator.noise(byteCount: 3_000), chunkByteCount: 100)
    }

    private func keys(_ objects: [StoredObject]) -> [String] {
        objects.map { String(decoding: $0.key, as: UTF8.self) }
    }

    /// Indexes as a run of this name.
    private func index(_ objects: [TestObject], into store: ChunkStore, named name: String) async throws -> RunID {
        let run = try await store.begin(name: name, version: "1", sources: [testSource], resumesOwnOnly: true)
        let source = run.sources[0].source
        let objects = objects.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        _ = try await store.record(objects.map(\.listed), of: source, in: run.id)
        // As of a part of the bucket: nothing is removed.
        _ = try await store.completeListing(of: source, in: run.id, isTrusted: true, rule: RemovalRule(mode: .keep))
        var worker = try TestWorker(store)
        for pending in try await store.pending(of: source, in: run.id, after: 0, limit: .max) {
            let object = try #require(objects.first { $0.key == pending.key })
            try worker.write(object, as: pending.id)
        }
        try worker.seal()
        try await store.finish(run.id, outcome: .complete)
        return run.id
    }

    @Test func `there is no reader where there is no store`() async throws {
        await expectStoreError(.cannotOpen) { _ = try DocumentReader(path: directory.file()) }
        #expect(try DocumentReader.ifStored(path: directory.file()) == nil)
        #expect(!FileManager.default.fileExists(atPath: directory.file()))
        // As it is in the first moment of the first run.
        try Data().write(to: URL(filePath: directory.file()))
        #expect(try DocumentReader.ifStored(path: directory.file()) == nil)
        try Data("no database\n".utf8).write(to: URL(filePath: directory.file()))
        await expectStoreError(.notAStore) { _ = try DocumentReader.ifStored(path: directory.file()) }
    }

    @Test func `one reader sees each run as it is committed`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let reader = try DocumentReader(path: directory.file())
        #expect(try await reader.documentCount() == 0)
        #expect(try await reader.run(named: "one") == nil)
        let first = try await index([object("a", 1), object("b", 2)], into: store, named: "one")
        #expect(try await reader.documentCount() == 2)
        let second = try await index([object("b", 2), object("c", 3)], into: store, named: "two")
        #expect(try await reader.run(named: "one") == first)
        #expect(try await reader.run(named: "two") == second)
        #expect(keys(try await reader.documents(limit: 10, offset: 0)) == ["a", "b", "c"])
        #expect(keys(try await reader.documents(limit: 1, offset: 1)) == ["b"])
        #expect(keys(try await reader.documents(limit: 1, offset: 3)) == [])
        // Listed last by the second run, and stored by the first.
        #expect(keys(try await reader.files(ofRunNamed: "two", after: nil, limit: 10)?.files ?? []) == ["b", "c"])
        #expect(keys(try await reader.documents(of: second, after: nil, limit: 10)) == ["c"])
        #expect(keys(try await reader.documents(of: first, after: nil, limit: 10)) == ["a", "b"])
        let page = try await reader.documents(of: first, after: nil, limit: 1)
        #expect(keys(try await reader.documents(of: first, after: page[0].id, limit: 5)) == ["b"])
        #expect(try await reader.object(page[0].id) == page[0])
        #expect(try await reader.object(ObjectID(rawValue: 99)) == nil)
    }

    @Test func `any range of a document's chunks is read, across batches`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let whole = object("a", 1)
        // Batches of ten chunks.
        try await DredgeStoreTests.index([object("0", 3), whole, object("b", 2)], into: store, batchByteCount: 1_000)
        let reader = try DocumentReader(path: directory.file())
        let document = try #require(try await reader.documents(limit: 1, offset: 1).first)
        #expect(document.chunkCount == 30 && document.key == whole.key)
        for (first, limit) in [(0, 30), (0, 1), (9, 2), (10, 10), (5, 20), (29, 5), (30, 5), (0, 0), (3, 1_000)] {
            let chunks = try await reader.chunks(of: document, from: first, limit: limit)
            let expected = Array(first..<max(first, min(30, first + limit)))
            #expect(chunks.map(\.ordinal) == expected, "\(first) \(limit)")
            #expect(chunks.flatMap(\.text) == Array(whole.text[first * 100..<first * 100 + expected.count * 100]))
        }
        // A hundred bytes each; the first one comes whatever it has.
        for (byteCount, count) in [(0, 1), (199, 1), (200, 2), (1_250, 12), (9_999, 25)] {
            let chunks = try await reader.chunks(of: document, from: 5, limit: 30, byteCountMax: byteCount)
            #expect(chunks.map(\.ordinal) == Array(5..<5 + count), "\(byteCount)")
        }
    }

    @Test func `only a run's own name goes on with it where that is asked for`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let first = try await store.begin(name: "one", version: "1", sources: [testSource], resumesOwnOnly: true)
        try await store.finish(first.id, outcome: .stopped)
        let own = try await store.begin(name: "one", version: "1", sources: [testSource], resumesOwnOnly: true)
        #expect(own.isResumed && own.id == first.id)
        try await store.finish(own.id, outcome: .stopped)
        let other = try await store.begin(name: "two", version: "1", sources: [testSource], resumesOwnOnly: true)
        #expect(!other.isResumed && other.id != first.id && other.name == "two")
        try await store.finish(other.id, outcome: .stopped)
        // Behind another run there is nothing to go on with.
        let late = try await store.begin(name: "one", version: "1", sources: [testSource], resumesOwnOnly: true)
        #expect(!late.isResumed && late.id != first.id)
        try await store.finish(late.id, outcome: .stopped)
        let any = try await store.begin(name: "x", version: "1", sources: [testSource])
        #expect(any.isResumed && any.id == late.id && any.name == "one")
    }

    @Test func `what one run stored is forgotten, with every byte, and what others stored stays`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let objects = [object("kept 1", 1), object("gone 1", 2), object("kept 2", 3), object("gone 2", 4)]
        _ = try await index([objects[0]], into: store, named: "one")
        // It lists all of the first again, and stores the rest.
        let second = try await index([objects[1], objects[3], objects[0]], into: store, named: "two")
        _ = try await index([objects[2]], into: store, named: "three")
        try store.close()
        let report = try ChunkStore.forget(ForgetFilter(run: second), at: directory.file())
        #expect(report.forgottenObjectCount == 2 && report.objectCount == 2)
        let nothing = try ChunkStore.forget(ForgetFilter(run: RunID(rawValue: 99)), at: directory.file())
        #expect(nothing.forgottenObjectCount == 0)
        let bytes = try Data(contentsOf: URL(filePath: directory.file()))
        for (index, object) in objects.enumerated() {
            #expect((bytes.range(of: Data(object.text[1_010..<1_090])) != nil) == (index % 2 == 0))
            #expect((bytes.range(of: Data(object.key)) != nil) == (index % 2 == 0))
        }
        let reader = try DocumentReader(path: directory.file())
        #expect(keys(try await reader.documents(limit: 10, offset: 0)) == ["kept 1", "kept 2"])
        #expect(try await ChunkStore.open(reading: directory.file()).verify().isSound)
        // Their content is new to the next run.
        let again = try ChunkStore.open(at: directory.file(), settings: testSettings)
        _ = try await index(objects, into: again, named: "four")
        #expect(try await DocumentReader(path: directory.file()).documentCount() == 4)
    }
}
