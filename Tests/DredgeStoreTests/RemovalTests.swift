import DredgeBase
import DredgeLedger
import Foundation
import GRDB
import Testing

@testable import DredgeStore

/// What a complete listing does to the documents that it leaves over.
@Suite struct RemovalTests {
    private let directory = TemporaryDirectory()

    private func open() throws -> ChunkStore { try ChunkStore.open(at: directory.file(), settings: testSettings) }

    private func objects(_ range: Range<Int>) -> [TestObject] { range.map { TestObject("k\($0)", "text of \($0)") } }

    /// Lists `objects`, those of `filtered` as left out, and ends the run. Nothing is read.
    private func list(
        _ objects: [TestObject], filtered: Set<Int> = [], into store: ChunkStore, source: SourceRecord = testSource,
        isTrusted: Bool = true, rule: RemovalRule = RemovalRule(), outcome: RunOutcome = .complete
    ) async throws -> RemovalOutcome {
        let run = try await store.begin(name: "run", version: "test", sources: [source])
        let id = run.sources[0].source
        let page = objects.enumerated().map { index, object in
            var entry = object.listed
            if filtered.contains(index) { entry.skipReason = .filtered }
            return entry
        }
        if !run.sources[0].isComplete {
            _ = try await store.record(
                page, of: id, in: run.id, left: isTrusted ? [KeyRange(after: page.last?.key)] : nil)
        }
        var removals = try await store.completeListing(of: id, in: run.id, isTrusted: isTrusted, rule: rule)
        try await store.finish(run.id, outcome: outcome)
        #expect(removals.removedKeys?.count ?? 0 == min(20, removals.removedCount))
        removals.removedKeys = nil
        return removals
    }

    private func states(_ store: ChunkStore) async throws -> [String: Int] {
        var states: [String: Int] = [:]
        for try await object in store.objects() where object.content != nil {
            states["\(object.state.rawValue) \(object.reason ?? "")", default: 0] += 1
        }
        return states
    }

    private func withheld(_ count: Int, _ reason: WithheldReason) -> RemovalOutcome {
        RemovalOutcome(.withhold(reason), RemovalCandidates(missingCount: count))
    }

    private func removed(_ count: Int) -> RemovalOutcome {
        RemovalOutcome(.remove, RemovalCandidates(missingCount: count))
    }

    @Test func `many at once are withheld until somebody confirms, and show it`() async throws {
        let store = try open()
        try await index(objects(10..<60), into: store)
        let digest = try await store.digest()
        #expect(try await list(objects(10..<40), into: store) == withheld(20, .overLimits))
        #expect(try await states(store) == ["unchanged ": 30, "vanished removal withheld": 20])
        #expect(try await store.digest() == digest)
        // One that is listed again is as it was; for the others nothing has been confirmed, few as they are now.
        #expect(try await list(objects(10..<55), into: store) == withheld(5, .withheldBefore))
        #expect(try await states(store) == ["unchanged ": 45, "vanished removal withheld": 5])
        #expect(
            try await list(objects(10..<55), into: store, rule: RemovalRule(isConfirmed: true)) == removed(5))
        #expect(try await states(store) == ["unchanged ": 45])
        #expect(try await list(objects(10..<54), into: store) == removed(1))
        #expect(try await store.verify().isSound)
    }

    @Test func `what is listed again needs no confirmation any more`() async throws {
        let store = try open()
        try await index(objects(10..<60), into: store)
        #expect(try await list([], into: store) == withheld(50, .emptyListing))
        #expect(try await list(objects(10..<60), into: store) == removed(0))
        #expect(try await list(objects(10..<59), into: store) == removed(1))
    }

    @Test func `documents that are marked or kept stay for ever, and go by the rule when it changes`() async throws {
        let store = try open()
        try await index(objects(10..<30), into: store)
        let marked = try await list(objects(10..<15), into: store, rule: RemovalRule(mode: .mark))
        #expect(marked == RemovalOutcome(.mark, RemovalCandidates(missingCount: 15)))
        #expect(try await states(store) == ["unchanged ": 5, "vanished not listed": 15])
        #expect(try await list(objects(10..<13), into: store, rule: RemovalRule(mode: .keep)) == RemovalOutcome())
        #expect(try await states(store) == ["unchanged ": 5, "vanished not listed": 15])
        #expect(try await list(objects(10..<13), into: store) == withheld(17, .overLimits))
        #expect(try await list(objects(10..<13), into: store, rule: RemovalRule(isConfirmed: true)) == removed(17))
        #expect(try await store.verify().isSound)
    }

    @Test func `what other filters leave out keeps its content until the listing is complete and it is confirmed`()
        async throws
    {
        let store = try open()
        var source = testSource
        source.filters = "+*.txt"
        try await index(objects(10..<30), into: store, source: source)
        source.filters = "+*.json"
        let run = try await store.begin(name: "r", version: "1", sources: [source])
        var entry = objects(10..<11)[0].listed
        entry.skipReason = .filtered
        _ = try await store.record([entry], of: run.sources[0].source, in: run.id)
        try await store.finish(run.id, outcome: .fatal)
        #expect(try await store.stats().contentObjectCount == 20, "a run that fails removes nothing")

        for _ in 0..<2 {
            #expect(
                try await list(objects(10..<30), filtered: [0, 1], into: store, source: source)
                    == withheld(2, .filtersChanged))
        }
        #expect(try await states(store) == ["unchanged ": 18, "skipped filtered": 2])
        // With the filters of before, all is as it was.
        source.filters = "+*.txt"
        #expect(try await list(objects(10..<30), into: store, source: source) == removed(0))
        #expect(try await states(store) == ["unchanged ": 20])
        source.filters = "+*.json"
        #expect(
            try await list(
                objects(10..<30), filtered: [0, 1], into: store, source: source, rule: RemovalRule(isConfirmed: true))
                == removed(2))
        // Confirmed once, these filters are those that the next run goes by.
        #expect(try await list(objects(10..<30), filtered: [0, 1, 2], into: store, source: source) == removed(1))
        #expect(try await states(store) == ["unchanged ": 17])
        #expect(try await store.verify().isSound)
    }

    @Test(arguments: [
        SourceRecord(name: "docs", bucket: "acme", prefix: "2026/", endpointURL: nil),
        SourceRecord(name: "docs", bucket: "acme-2", prefix: "", endpointURL: nil),
        SourceRecord(name: "docs", bucket: "acme", prefix: "", endpointURL: "https://s3.example.com"),
    ])
    func `documents of another bucket, prefix or endpoint are withheld, be it one of them`(
        other: SourceRecord
    ) async throws {
        let store = try open()
        try await index([TestObject("2026/a", "text")], into: store)
        #expect(
            try await list([TestObject("2026/b", "text")], into: store, source: other) == withheld(1, .sourceChanged))
        // Back again: nothing was stored of the other one, so nothing is left over.
        #expect(try await list([TestObject("2026/a", "text")], into: store) == removed(0))
        #expect(try await states(store) == ["unchanged ": 1])
    }

    @Test func `after a listing that can't be trusted nothing happens, and a resumed run lists anew`() async throws {
        let store = try open()
        try await index(objects(10..<30), into: store)
        let rule = RemovalRule(isConfirmed: true)
        #expect(
            try await list(objects(10..<29), into: store, isTrusted: false, rule: rule, outcome: .stopped)
                == withheld(1, .untrustedListing))
        #expect(try await states(store) == ["unchanged ": 19, "indexed ": 1])
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        #expect(run.isResumed && !run.sources[0].isComplete && run.sources[0].left == [KeyRange()])
        // What it lists again is counted once.
        let count = try await store.record(objects(10..<30).map(\.listed), of: run.sources[0].source, in: run.id)
        #expect(count == ListingCount(objectCount: 1))
        #expect(try await store.completeListing(of: run.sources[0].source, in: run.id) == 0)
        #expect(try await store.totals(of: run.id).states.mapValues(\.objects) == [.unchanged: 20])
    }

    @Test func `a run that goes on behind a complete listing withholds the same or does as confirmed`() async throws {
        let store = try open()
        try await index(objects(10..<60), into: store)
        for _ in 0..<2 {
            #expect(
                try await list(objects(10..<30), into: store, outcome: .stopped) == withheld(30, .overLimits))
        }
        #expect(
            try await list([], into: store, rule: RemovalRule(isConfirmed: true), outcome: .stopped) == removed(30))
    }

    @Test func `objects of which nothing is stored are no documents`() async throws {
        let store = try open()
        #expect(try await list(objects(10..<60), into: store) == removed(0))
        #expect(try await list(objects(10..<11), into: store) == removed(0))
        #expect(try await store.stats().states.values.map(\.objects) == [1])
    }

    @Test func `entries that can't be used fail by themselves, and are not queued by a resumed run`() async throws {
        let store = try open()
        try await index(objects(10..<12), into: store)
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        var page = objects(10..<12).map(\.listed)
        page[1].failReason = "listedSize"
        #expect(
            try await store.record(page, of: run.sources[0].source, in: run.id) == ListingCount(objectCount: 2))
        try await store.finish(run.id, outcome: .stopped)
        #expect(try await states(store) == ["unchanged ": 1, "failed listedSize": 1])
        let next = try await store.begin(name: "r", version: "1", sources: [testSource])
        #expect(try await store.pending(of: next.sources[0].source, in: next.id, after: 0, limit: 10).isEmpty)
        #expect(try await store.totals(of: next.id).failedReasons == ["listedSize": 1])
    }
}
