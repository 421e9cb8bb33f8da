import DredgeBase
import DredgeLedger
import Foundation
import TestServers
import Testing

@testable import DredgeStore

@Suite struct ProgressTests {
    private let directory = TemporaryDirectory()
    private let object: TestObject = {
        var generator = SeededGenerator(seed: 71)
        return TestObject(key: Array("large".utf8), text: generator.text(byteCount: 90_000), chunkByteCount: 1_000)
    }()

    /// Writes the chunks `first ..< chunkCount` of an object into batches of ten of its own. What is known of it then.
    static func write(
        _ object: TestObject, as id: ObjectID, from first: Int = 0, chunkCount: Int, into store: ChunkStore
    ) throws -> ObjectProgress {
        let builder = try store.makeBuilder()
        let lengths = object.chunkByteCounts
        var progress = ObjectProgress(
            object: id, eTag: object.eTag, size: UInt64(object.text.count),
            byteOffset: UInt64(lengths[..<chunkCount].reduce(0, +)), chunkCount: chunkCount,
            tokenCount: lengths[..<chunkCount].map(TestObject.tokenCount).reduce(0, +), spans: [])
        var offset = lengths[..<first].reduce(0, +)
        for ordinal in first..<chunkCount {
            if ordinal % 10 == 0 { try builder.seal() }
            if progress.spans.last?.batch == builder.id {
                progress.spans[progress.spans.count - 1].chunkCount += 1
            } else {
                progress.spans.append(
                    ChunkSpan(batch: builder.id, firstEntry: 0, firstOrdinal: ordinal, chunkCount: 1))
            }
            object.text[offset..<offset + lengths[ordinal]].withUnsafeBytes {
                builder.append(
                    object: id, ordinal: ordinal, byteOffset: UInt64(offset),
                    tokenCount: TestObject.tokenCount(lengths[ordinal]), text: $0)
            }
            offset += lengths[ordinal]
        }
        try builder.seal()
        return progress
    }

    private func open() throws -> ChunkStore { try ChunkStore.open(at: directory.file(), settings: testSettings) }

    /// Begins a run, lists `entry`, and gives the object if it is pending.
    private func list(_ entry: ListingEntry, into store: ChunkStore) async throws -> (OpenRun, PendingObject?) {
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        _ = try await store.record([entry], of: run.sources[0].source, in: run.id)
        return (run, try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 1).first)
    }

    private func batchCount(_ store: ChunkStore) async throws -> Int {
        try await store.flush()
        return try await store.stats().batchCount
    }

    @Test func `what was read of a large object is found again, and nobody sees it before its end`() async throws {
        var store = try open()
        let (_, pending) = try await list(object.listed, into: store)
        let id = try #require(pending).id
        #expect(pending?.progress == nil)
        var marked = try Self.write(object, as: id, chunkCount: 30, into: store)
        try store.mark(marked)
        // The next mark needs only what is new.
        let more = try Self.write(object, as: id, from: 30, chunkCount: 50, into: store)
        try store.mark(more)
        marked.spans += more.spans
        (marked.chunkCount, marked.tokenCount, marked.byteOffset) = (50, more.tokenCount, more.byteOffset)
        try await store.flush()
        // As a kill leaves it.
        try store.close()

        for _ in 0..<3 {
            store = try open()
            #expect(store.repaired == nil)
            let (run, again) = try await list(object.listed, into: store)
            #expect(run.isResumed && again?.progress == marked)
            #expect(try await batchCount(store) == 5)
            var shown = 0
            for try await _ in store.chunks() { shown += 1 }
            #expect(shown == 0)
            let report = try await store.verify()
            #expect(report.isSound && report.objectCount == 0, "\(report.problems)")
            try store.close()
            _ = try ChunkStore.compact(at: directory.file())
        }

        store = try open()
        let (run, _) = try await list(object.listed, into: store)
        let rest = try Self.write(object, as: id, from: 50, chunkCount: 90, into: store)
        try store.finish(
            IndexedObject(
                id: id, spans: marked.spans + rest.spans, eTag: object.eTag, size: 90_000, chunkCount: 90,
                tokenCount: rest.tokenCount, documentByteCount: 90_000))
        _ = try await store.completeListing(of: run.sources[0].source, in: run.id)
        try await store.finish(run.id, outcome: .complete)
        #expect(try await store.verify().isSound)
        let other = try ChunkStore.open(at: directory.file("other"), settings: testSettings)
        try await index([object], into: other)
        #expect(try await store.digest() == other.digest())
        #expect(try await batchCount(store) == 9)
        let kept = try await store.requireWriter().read {
            try query($0.db, "SELECT object FROM progress") { $0.int(0) }
        }
        #expect(kept.isEmpty)
    }

    @Test(arguments: ["another version", "settled", "removed", "skipped", "finished in another way", "a gap"])
    func `what is kept goes at once when it is of no use`(end: String) async throws {
        let store = try open()
        let (run, pending) = try await list(object.listed, into: store)
        let id = try #require(pending).id
        var progress = try Self.write(object, as: id, chunkCount: 30, into: store)
        try store.mark(progress)
        #expect(try await batchCount(store) == 3)
        if end == "another version" || end == "removed" || end == "skipped" {
            try await store.finish(run.id, outcome: .complete)
            let next = try await store.begin(name: "r", version: "1", sources: [testSource])
            var entry = object.listed
            if end == "another version" { entry.eTag = ETag("new") }
            if end == "skipped" { entry.skipReason = .filtered }
            if end == "removed" { entry.key = Array("other".utf8) }
            _ = try await store.record([entry], of: next.sources[0].source, in: next.id)
            let again = try await store.pending(of: next.sources[0].source, in: next.id, after: 0, limit: 1)
            #expect(again.allSatisfy { $0.progress == nil })
            _ = try await store.completeListing(of: next.sources[0].source, in: next.id)
            if end == "removed" { try await store.finish(next.id, outcome: .complete) }
        } else if end == "settled" {
            try store.settle(ObjectOutcome(object: id, cause: .changed))
        } else if end == "a gap" {
            progress.spans = []
            progress.chunkCount = 40
            try store.mark(progress)
        } else {
            var worker = try TestWorker(store)
            try worker.write(object, as: id)
            try worker.seal()
            _ = try await store.completeListing(of: run.sources[0].source, in: run.id)
            try await store.finish(run.id, outcome: .complete)
        }
        #expect(try await batchCount(store) == (end == "finished in another way" ? 1 : 0))
        let report = try await store.verify()
        #expect(report.isSound, "\(report.problems)")
    }

    @Test func `batches that are discarded go at once, those that are in use stay`() async throws {
        let store = try open()
        let (_, pending) = try await list(object.listed, into: store)
        let id = try #require(pending).id
        let marked = try Self.write(object, as: id, chunkCount: 20, into: store)
        try store.mark(marked)
        let more = try Self.write(object, as: id, from: 20, chunkCount: 60, into: store)
        #expect(try await batchCount(store) == 6)
        try store.discard((marked.spans + more.spans).map(\.batch))
        #expect(try await batchCount(store) == 2)
        #expect(try await store.verify().isSound)
    }
}
