import Foundation
import Testing

@testable import DredgeStore

@Suite struct RunTests {
    private let directory = TemporaryDirectory()

    @Test func `totals of all states add up to the listing`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let state = try store.beginRun(id: "r1", version: "1", sources: [testSource])
        let source = state.sources[0].source
        #expect(!state.isResumed && state.id == "r1" && state.sources[0].lastListedKey == nil)
        var records = (0..<10).map { TestObject("k\($0)", "text of \($0)").listed }
        records[0].skipReason = "filtered"
        records[1].skipReason = "empty"
        let first = try await store.recordListing(run: state.run, source: source, objects: Array(records[0..<5]))
        #expect(first == ListingCount(pendingCount: 3, pendingByteCount: records[2].size * 3))
        try await store.recordListing(run: state.run, source: source, objects: Array(records[5...]))
        // A page that is recorded twice, as after a crash, changes nothing.
        let again = try await store.recordListing(run: state.run, source: source, objects: Array(records[5...]))
        #expect(again.pendingCount == 5)
        #expect(try await store.completeListing(run: state.run, source: source) == 0)

        let pending = try await store.pending(run: state.run, after: -1, limit: 100)
        #expect(pending.map { String(decoding: $0.key, as: UTF8.self) } == (2..<10).map { "k\($0)" })
        #expect(pending.map(\.position) == pending.map(\.position).sorted())
        #expect(pending[0].position == 3, "positions count from 1, so that 0 is before all")
        let page = try await store.pending(run: state.run, after: pending[2].position, limit: 2)
        #expect(page.map(\.object) == [pending[3].object, pending[4].object])

        var worker = TestWorker(store)
        try worker.write(TestObject("k2", "text of 2"), as: pending[0].object)
        try worker.seal()
        try store.write(
            ObjectOutcome(object: pending[1].object, state: .failed(reason: "accessDenied"), requestID: "R1"))
        try store.write(ObjectOutcome(object: pending[2].object, state: .vanished))
        try await store.enqueue(ObjectOutcome(object: pending[3].object, state: .changed))
        try await store.enqueue(
            ObjectOutcome(
                object: pending[4].object, state: .skipped(reason: "binary", readETag: pending[4].eTag)))
        try await store.finishRun(run: state.run, outcome: .stopped)
        let totals = try await store.totals(run: state.run)
        #expect(
            totals.states.mapValues(\.objects) == [
                "skipped": 3, "indexed": 1, "failed": 1, "vanished": 1, "changed": 1, "pending": 3,
            ])
        #expect(totals.states.values.map(\.bytes).reduce(0, +) == records.map(\.size).reduce(0, +))
        #expect(totals.skippedReasons == ["filtered": 1, "empty": 1, "binary": 1])
        #expect(totals.failedReasons == ["accessDenied": 1])
        #expect(totals.chunkCount == 1 && totals.tokenCount == TestObject.tokenCount(9))
    }

    @Test func `a run that did not finish is gone on with`() async throws {
        let objects = (0..<6).map { TestObject("k\($0)", "text of \($0)") }
        do {
            let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
            let state = try store.beginRun(id: "first", version: "1", sources: [testSource])
            try await store.recordListing(
                run: state.run, source: state.sources[0].source, objects: objects[0..<4].map(\.listed))
            let pending = try await store.pending(run: state.run, after: -1, limit: 10)
            var worker = TestWorker(store)
            try worker.write(objects[0], as: pending[0].object)
            try worker.seal()
            try store.write(ObjectOutcome(object: pending[1].object, state: .failed(reason: "timeout")))
            try store.close()
        }
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let state = try store.beginRun(id: "second", version: "1", sources: [testSource])
        #expect(state.isResumed && state.id == "first")
        #expect(state.sources[0].lastListedKey == Array("k3".utf8) && !state.sources[0].isListingComplete)
        let source = state.sources[0].source
        try await store.recordListing(run: state.run, source: source, objects: objects[4...].map(\.listed))
        _ = try await store.completeListing(run: state.run, source: source)
        // The one that failed is pending again, at its old place; the one that was indexed is not.
        let pending = try await store.pending(run: state.run, after: -1, limit: 10)
        #expect(pending.map(\.key) == objects[1...].map(\.key))
        try await store.finishRun(run: state.run, outcome: .complete)
        let next = try store.beginRun(id: "third", version: "1", sources: [testSource])
        #expect(!next.isResumed && next.id == "third")
    }

    @Test func `another list of sources or other filters begin a new run`() throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        var other = testSource
        other.prefix = "2025/"
        #expect(try !store.beginRun(id: "a", version: "1", sources: [testSource]).isResumed)
        #expect(try !store.beginRun(id: "b", version: "1", sources: [testSource, other]).isResumed)
        #expect(try store.beginRun(id: "c", version: "1", sources: [testSource, other]).isResumed)
        other.filters = "include=*.txt"
        #expect(try !store.beginRun(id: "d", version: "1", sources: [testSource, other]).isResumed)
    }

    @Test func `objects with the ETag and size that are stored are unchanged, and only these`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        var objects = (0..<5).map { TestObject("k\($0)", "text of \($0)") }
        try await index(objects, into: store)
        objects[1] = TestObject("k1", "another text")
        objects.remove(at: 0)
        let totals = try await index(objects, into: store)
        #expect(totals.states.mapValues(\.objects) == ["unchanged": 3, "indexed": 1])
    }

    @Test func `an object found to be binary is not fetched again before it changes`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let object = TestObject("k", "\0\0\0")
        for round in 0..<3 {
            let state = try store.beginRun(id: "r\(round)", version: "1", sources: [testSource])
            var listed = object.listed
            if round == 2 { listed.eTag = "\"new\"" }
            try await store.recordListing(run: state.run, source: state.sources[0].source, objects: [listed])
            let pending = try await store.pending(run: state.run, after: -1, limit: 10)
            #expect(pending.count == (round == 1 ? 0 : 1))
            for object in pending {
                try store.write(
                    ObjectOutcome(object: object.object, state: .skipped(reason: "binary", readETag: object.eTag)))
            }
            try await store.finishRun(run: state.run, outcome: .complete)
            let totals = try await store.totals(run: state.run)
            #expect(totals.skippedReasons == ["binary": 1] && totals.states["skipped"]?.objects == 1)
        }
    }

    @Test func `totals of an earlier run are those that it ended with`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let objects = (0..<5).map { TestObject("k\($0)", "text of \($0)") }
        let first = try await index(objects, into: store)
        try await index(Array(objects[0..<2]), into: store)
        #expect(try await store.totals(run: 1) == first)
        #expect(try await store.totals(run: 2).states.mapValues(\.objects) == ["unchanged": 2])
    }

    @Test func `the same source twice is refused`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        await expectStoreError(.invalidArgument) {
            _ = try store.beginRun(id: "r", version: "1", sources: [testSource, testSource])
        }
        #expect(try !store.beginRun(id: "r", version: "1", sources: [testSource]).isResumed)
    }
}
