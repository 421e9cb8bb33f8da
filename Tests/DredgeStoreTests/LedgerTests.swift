import DredgeBase
import DredgeLedger
import Foundation
import Testing

@testable import DredgeStore

@Suite struct LedgerTests {
    private let directory = TemporaryDirectory()

    private func open() throws -> ChunkStore { try ChunkStore.open(at: directory.file(), settings: testSettings) }

    private func keys(_ objects: [PendingObject]) -> [String] {
        objects.map { String(decoding: $0.key, as: UTF8.self) }
    }

    // MARK: One run at a time

    @Test(arguments: [RunOutcome.complete, .stopped, .fatal])
    func `a second run is refused until the first one is finished`(outcome: RunOutcome) async throws {
        let store = try open()
        let first = try await store.begin(name: "first", version: "1", sources: [testSource])
        for _ in 0..<2 {
            let error = await expectStoreError(.inUse) {
                _ = try await store.begin(name: "second", version: "1", sources: [testSource])
            }
            #expect(error?.message.contains(store.path) == true)
        }
        // A wrong argument, and the end of another run, change nothing of that.
        await expectStoreError(.invalidArgument) {
            _ = try await store.begin(name: "second", version: "1", sources: [testSource, testSource])
        }
        try await store.finish(RunID(rawValue: first.id.rawValue + 1), outcome: .complete)
        await expectStoreError(.inUse) {
            _ = try await store.begin(name: "second", version: "1", sources: [testSource])
        }
        try await store.finish(first.id, outcome: outcome)
        let second = try await store.begin(name: "second", version: "1", sources: [testSource])
        #expect(second.isResumed == (outcome != .complete))
        #expect(try await store.stats().runs.count == (outcome == .complete ? 2 : 1))
    }

    @Test func `of runs that begin at the same time one goes on`() async throws {
        let store = try open()
        let codes = await withTaskGroup(of: StoreError.Code?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do throws(StoreError) {
                        _ = try await store.begin(name: "r", version: "1", sources: [testSource])
                        return nil
                    } catch { return error.code }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count == 1 && codes.filter { $0 == .inUse }.count == 7)
        #expect(try await store.stats().runs.count == 1)
    }

    @Test func `a run can't begin in a closed store, whether one was under way or not`() async throws {
        let store = try open()
        _ = try await store.begin(name: "r", version: "1", sources: [testSource])
        try store.close()
        await expectStoreError(.closed) { _ = try await store.begin(name: "r", version: "1", sources: [testSource]) }
        let other = try open()
        try other.close()
        await expectStoreError(.closed) { _ = try await other.begin(name: "r", version: "1", sources: [testSource]) }
    }

    @Test func `a store that was opened for reading has no runs to begin or finish`() async throws {
        try open().close()
        let reader = try ChunkStore.open(reading: directory.file())
        await expectStoreError(.readOnly) { _ = try await reader.begin(name: "r", version: "1", sources: [testSource]) }
        await expectStoreError(.readOnly) { try await reader.finish(RunID(rawValue: 1), outcome: .complete) }
        await expectStoreError(.readOnly) { try await reader.flush() }
    }

    // MARK: Pending objects

    @Test func `what waits of one source is not shown for another`() async throws {
        let store = try open()
        let other = SourceRecord(name: "mail", bucket: "acme", prefix: "", endpointURL: nil)
        let run = try await store.begin(name: "r", version: "1", sources: [testSource, other])
        let (docs, mail) = (run.sources[0].source, run.sources[1].source)
        // Pages of both, in turn, with a key that both have.
        for page in 0..<3 {
            for source in [docs, mail] {
                let name = source == docs ? "d" : "m"
                let entries = ["\(page)/\(name)", "\(page)/\(name)2", "\(page)/shared"].map {
                    TestObject($0, $0).listed
                }
                let count = try await store.record(entries, of: source, in: run.id)
                #expect(count.pendingCount == 3)
            }
        }
        func all(of source: SourceID, limit: Int) async throws -> [PendingObject] {
            var objects: [PendingObject] = []
            while true {
                let page = try await store.pending(
                    of: source, in: run.id, after: objects.last?.position ?? 0, limit: limit)
                #expect(page.count <= limit)
                if page.isEmpty { return objects }
                objects += page
            }
        }
        let ofDocs = try await all(of: docs, limit: 2)
        let ofMail = try await all(of: mail, limit: 4)
        #expect(keys(ofDocs) == (0..<3).flatMap { ["\($0)/d", "\($0)/d2", "\($0)/shared"] })
        #expect(keys(ofMail) == (0..<3).flatMap { ["\($0)/m", "\($0)/m2", "\($0)/shared"] })
        #expect(Set(ofDocs.map(\.id)).isDisjoint(with: ofMail.map(\.id)))
        #expect((ofDocs + ofMail).map(\.position).sorted() == Array(1...18))

        // What becomes of an object of one source is seen there, and only there.
        try store.settle(ObjectOutcome(object: ofDocs[2].id, cause: .vanished))
        try await store.flush()
        #expect(try await all(of: docs, limit: 100).map(\.id) == ofDocs.filter { $0.key != ofDocs[2].key }.map(\.id))
        #expect(try await all(of: mail, limit: 100).map(\.id) == ofMail.map(\.id))
        #expect(try await store.pending(of: mail, in: RunID(rawValue: 99), after: 0, limit: 10).isEmpty)
    }

    @Test func `a source has content once an object of it is stored`() async throws {
        let store = try open()
        let other = SourceRecord(name: "mail", bucket: "acme", prefix: "", endpointURL: nil)
        let run = try await store.begin(name: "r", version: "1", sources: [testSource, other])
        let (docs, mail) = (run.sources[0].source, run.sources[1].source)
        let object = TestObject("k", "text")
        for source in [docs, mail] { _ = try await store.record([object.listed], of: source, in: run.id) }
        #expect(try await store.storedKey(of: docs) == nil)
        let pending = try await store.pending(of: docs, in: run.id, after: 0, limit: 1)
        var worker = try TestWorker(store)
        try worker.write(object, as: pending[0].id)
        try worker.seal()
        try await store.flush()
        #expect(try await store.storedKey(of: docs) != nil)
        #expect(try await store.storedKey(of: mail) == nil)
    }

    // MARK: Listings

    @Test func `an archived object keeps what is stored of it, and is unchanged where that is its version`()
        async throws
    {
        let store = try open()
        let objects = ["a", "b"].map { TestObject($0, "text of \($0)") }
        try await index(objects, into: store)
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        var listed = [objects[0].listed, TestObject("b", "another text").listed, TestObject("c", "text").listed]
        for index in listed.indices { listed[index].skipReason = .archived }
        let count = try await store.record(listed, of: run.sources[0].source, in: run.id)
        #expect(count == ListingCount(objectCount: 3))
        _ = try await store.completeListing(of: run.sources[0].source, in: run.id)
        try await store.finish(run.id, outcome: .complete)
        var rows: [StoredObject] = []
        for try await object in store.objects() { rows.append(object) }
        #expect(rows.map(\.state) == [.unchanged, .skipped, .skipped])
        #expect(rows.map(\.reason) == [nil, "archived", "archived"])
        #expect(rows.map { $0.content?.eTag } == [objects[0].eTag, objects[1].eTag, nil])
        #expect(rows.map(\.isStale) == [false, true, false])
    }

    @Test func `an archived object that was found so by its fetch is tried again by the next run`() async throws {
        let store = try open()
        try await index([TestObject("a", "older text")], into: store)
        let object = TestObject("a", "text")
        for _ in 0..<2 {
            let run = try await store.begin(name: "r", version: "1", sources: [testSource])
            _ = try await store.record([object.listed], of: run.sources[0].source, in: run.id)
            let pending = try await store.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 10)
            try #require(pending.count == 1)
            try store.settle(ObjectOutcome(object: pending[0].id, cause: .skipped(.archived, readETag: nil)))
            try await store.finish(run.id, outcome: .complete)
            #expect(try await store.totals(of: run.id).skippedReasons == ["archived": 1])
            #expect(try await store.stats().contentObjectCount == 1)
        }
    }

    @Test func `a listing that leaves out the quotes of ETags shows the same versions`() async throws {
        let object = TestObject("a", "text")
        let store = try open()
        try await index([object], into: store)
        for text in [object.eTag.value, "\"\(object.eTag.value)\""] {
            var listed = object.listed
            listed.eTag = ETag(text)
            let run = try await store.begin(name: "r", version: "1", sources: [testSource])
            let count = try await store.record([listed], of: run.sources[0].source, in: run.id)
            #expect(count.pendingCount == 0)
            try await store.finish(run.id, outcome: .complete)
        }
        // The file has them with quotes.
        let texts = try await store.requireWriter().read { connection in
            try query(connection.db, "SELECT etag, content_etag FROM object") { [$0.text(0), $0.text(1)] }
        }
        #expect(texts == [Array(repeating: "\"\(object.eTag.value)\"", count: 2)])
    }

    @Test func `an object that has no row is an error`() async throws {
        let store = try open()
        _ = try await store.begin(name: "r", version: "1", sources: [testSource])
        try store.settle(ObjectOutcome(object: ObjectID(rawValue: 5), cause: .changed))
        await expectStoreError(.noSuchObject) { try await store.flush() }
    }
}
