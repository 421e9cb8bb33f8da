import DredgeBase
import DredgeLedger
import Foundation
import Testing

@testable import DredgeStore

@Suite struct RunTests {
    private let directory = TemporaryDirectory()

    @Test func `totals of all states add up to the listing`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let run = try await store.begin(name: "r1", version: "1", sources: [testSource])
        let source = run.sources[0].source
        #expect(!run.isResumed && run.name == "r1" && run.sources[0].left == [KeyRange()])
        var records = (0..<10).map { TestObject("k\($0)", "text of \($0)").listed }
        records[0].skipReason = .filtered
        records[1].skipReason = .empty
        let first = try await store.record(Array(records[0..<5]), of: source, in: run.id)
        #expect(first == ListingCount(objectCount: 5, pendingCount: 3, pendingByteCount: records[2].size * 3))
        _ = try await store.record(Array(records[5...]), of: source, in: run.id)
        // A page that is recorded twice, as after a crash, changes nothing.
        let again = try await store.record(Array(records[5...]), of: source, in: run.id)
        #expect(again == ListingCount())
        #expect(try await store.completeListing(of: source, in: run.id) == 0)

        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 100)
        #expect(pending.map { String(decoding: $0.key, as: UTF8.self) } == (2..<10).map { "k\($0)" })
        #expect(pending.map(\.position) == pending.map(\.position).sorted())
        #expect(pending[0].position == 3, "positions count from 1, so that 0 is before all")
        let page = try await store.pending(of: source, in: run.id, after: pending[2].position, limit: 2)
        #expect(page.map(\.id) == [pending[3].id, pending[4].id])

        var worker = try TestWorker(store)
        try worker.write(TestObject("k2", "text of 2"), as: pending[0].id)
        try worker.seal()
        try store.settle(
            ObjectOutcome(object: pending[1].id, cause: .failed(reason: "accessDenied"), requestID: "R1"))
        try store.settle(ObjectOutcome(object: pending[2].id, cause: .vanished))
        try store.settle(ObjectOutcome(object: pending[3].id, cause: .changed))
        try store.settle(
            ObjectOutcome(
                object: pending[4].id, cause: .skipped(.binary, readETag: pending[4].eTag)))
        try await store.finish(run.id, outcome: .stopped)
        let totals = try await store.totals(of: run.id)
        #expect(
            totals.states.mapValues(\.objects) == [
                .skipped: 3, .indexed: 1, .failed: 1, .vanished: 1, .changed: 1, .pending: 3,
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
            let run = try await store.begin(name: "first", version: "1", sources: [testSource])
            _ = try await store.record(objects[0..<4].map(\.listed), of: run.sources[0].source, in: run.id)
            let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 10)
            var worker = try TestWorker(store)
            try worker.write(objects[0], as: pending[0].id)
            try worker.seal()
            try store.settle(ObjectOutcome(object: pending[1].id, cause: .failed(reason: "timeout")))
            try store.close()
        }
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let run = try await store.begin(name: "second", version: "1", sources: [testSource])
        #expect(run.isResumed && run.name == "first")
        #expect(run.sources[0].left == [KeyRange(after: Array("k3".utf8))] && !run.sources[0].isComplete)
        let source = run.sources[0].source
        _ = try await store.record(objects[4...].map(\.listed), of: source, in: run.id)
        _ = try await store.completeListing(of: source, in: run.id)
        // The one that failed is pending again, at its old place; the one that was indexed is not.
        let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 10)
        #expect(pending.map(\.key) == objects[1...].map(\.key))
        try await store.finish(run.id, outcome: .complete)
        let next = try await store.begin(name: "third", version: "1", sources: [testSource])
        #expect(!next.isResumed && next.name == "third")
    }

    @Test func `a run that an error ended goes on behind the last key, with what had failed`() async throws {
        let objects = (0..<6).map { TestObject("k\($0)", "text of \($0)") }
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let first = try await store.begin(name: "first", version: "1", sources: [testSource])
        let source = first.sources[0].source
        _ = try await store.record(objects[0..<4].map(\.listed), of: source, in: first.id)
        var pending = try await store.pending(of: source, in: first.id, after: 0, limit: 10)
        var worker = try TestWorker(store)
        try worker.write(objects[0], as: pending[0].id)
        try worker.seal()
        try store.settle(ObjectOutcome(object: pending[1].id, cause: .failed(reason: "timeout")))
        try store.settle(ObjectOutcome(object: pending[2].id, cause: .changed))
        try await store.finish(first.id, outcome: .fatal)

        let run = try await store.begin(name: "second", version: "1", sources: [testSource])
        #expect(run.isResumed && run.id == first.id && run.name == "first")
        #expect(run.sources[0].left == [KeyRange(after: Array("k3".utf8))] && !run.sources[0].isComplete)
        pending = try await store.pending(of: source, in: run.id, after: 0, limit: 10)
        #expect(pending.map(\.key) == objects[1..<4].map(\.key))
        #expect(try await store.totals(of: run.id).states.mapValues(\.objects) == [.indexed: 1, .pending: 3])
    }

    @Test func `a source that stays broken does not keep a finished one as it was`() async throws {
        let objects = (0..<3).map { TestObject("k\($0)", "text of \($0)") }
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let broken = SourceRecord(name: "broken", bucket: "gone", prefix: "", endpointURL: nil)
        for attempt in 0..<4 {
            let run = try await store.begin(name: "r", version: "1", sources: [testSource, broken])
            #expect(run.isResumed == (attempt > 0))
            #expect(run.sources[1].left == [KeyRange()] && !run.sources[1].isComplete)
            #expect(run.sources[0].left == [KeyRange()] && !run.sources[0].isComplete)
            let source = run.sources[0].source
            // One object is new each time, and one has gone in the end.
            let page = objects[(attempt == 3 ? 1 : 0)...min(attempt, 2)].map(\.listed)
            let count = try await store.record(page, of: source, in: run.id)
            #expect(count.pendingCount == (attempt < 3 ? 1 : 0))
            #expect(try await store.completeListing(of: source, in: run.id) == (attempt == 3 ? 1 : 0))
            let pending = try await store.pending(of: source, in: run.id, after: 0, limit: 10)
            var worker = try TestWorker(store)
            for row in pending { try worker.write(objects.first { $0.key == row.key }!, as: row.id) }
            try worker.seal()
            try await store.finish(run.id, outcome: .fatal)
            #expect(
                try await store.totals(of: run.id).states.values.map(\.objects).reduce(0, +) == [1, 2, 3, 2][attempt])
        }
        #expect(try await store.verify().isSound)
    }

    @Test func `another list of sources or other filters begin a new run`() async throws {
        /// Begins a run, as a process does that is killed then.
        func isResumed(_ sources: [SourceRecord]) async throws -> Bool {
            let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
            let run = try await store.begin(name: "r", version: "1", sources: sources)
            try store.close()
            return run.isResumed
        }
        var other = testSource
        other.prefix = "2025/"
        #expect(try await !isResumed([testSource]))
        #expect(try await !isResumed([testSource, other]))
        #expect(try await isResumed([testSource, other]))
        other.filters = "include=*.txt"
        #expect(try await !isResumed([testSource, other]))
    }

    @Test func `objects with the ETag and size that are stored are unchanged, and only these`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        var objects = (0..<5).map { TestObject("k\($0)", "text of \($0)") }
        try await index(objects, into: store)
        objects[1] = TestObject("k1", "another text")
        objects.remove(at: 0)
        let totals = try await index(objects, into: store)
        #expect(totals.states.mapValues(\.objects) == [.unchanged: 3, .indexed: 1])
    }

    @Test func `an object found to be binary is not fetched again before it changes`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let object = TestObject("k", "\0\0\0")
        for round in 0..<3 {
            let run = try await store.begin(name: "r\(round)", version: "1", sources: [testSource])
            var listed = object.listed
            if round == 2 { listed.eTag = ETag("new") }
            _ = try await store.record([listed], of: run.sources[0].source, in: run.id)
            let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 10)
            #expect(pending.count == (round == 1 ? 0 : 1))
            for object in pending {
                try store.settle(
                    ObjectOutcome(object: object.id, cause: .skipped(.binary, readETag: object.eTag)))
            }
            try await store.finish(run.id, outcome: .complete)
            let totals = try await store.totals(of: run.id)
            #expect(totals.skippedReasons == ["binary": 1] && totals.states[.skipped]?.objects == 1)
        }
    }

    @Test func `totals of an earlier run are those that it ended with`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        let objects = (0..<5).map { TestObject("k\($0)", "text of \($0)") }
        let first = try await index(objects, into: store)
        try await index(Array(objects[0..<2]), into: store)
        #expect(try await store.totals(of: RunID(rawValue: 1)) == first)
        #expect(try await store.totals(of: RunID(rawValue: 2)).states.mapValues(\.objects) == [.unchanged: 2])
    }

    @Test func `the same source twice is refused`() async throws {
        let store = try ChunkStore.open(at: directory.file(), settings: testSettings)
        await expectStoreError(.invalidArgument) {
            _ = try await store.begin(name: "r", version: "1", sources: [testSource, testSource])
        }
        #expect(try await !store.begin(name: "r", version: "1", sources: [testSource]).isResumed)
    }
}
