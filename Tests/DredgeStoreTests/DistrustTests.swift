import DredgeBase
import DredgeLedger
import Foundation
import GRDB
import TestServers
import Testing

@testable import DredgeStore

/// Damage that no run may believe, in stores that are verified when they are opened and in larger ones.
@Suite struct DistrustTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.file() }
    private let objects = (0..<20).map { TestObject("key/\($0 + 10)", "text \($0)") }

    private static let large: TestObject = {
        var generator = SeededGenerator(seed: 81)
        return TestObject(
            key: Array("zlarge".utf8), text: generator.noise(byteCount: StoreLimits.checkedFileByteCount),
            chunkByteCount: 1 << 20)
    }()

    private func open() throws -> ChunkStore { try ChunkStore.open(at: path, settings: testSettings) }

    private func source(_ filters: String?) -> SourceRecord {
        SourceRecord(name: "docs", bucket: "acme", prefix: "", endpointURL: nil, filters: filters)
    }

    private func damage(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }

    /// Begins a run, lists, and dies.
    private func list(_ listed: [TestObject], as source: SourceRecord = testSource) async throws -> OpenRun {
        let store = try open()
        let run = try await store.begin(name: "r", version: "1", sources: [source])
        _ = try await store.record(listed.map(\.listed), of: run.sources[0].source, in: run.id)
        try store.close()
        return run
    }

    private func digest(_ objects: [TestObject]) async throws -> String {
        let store = try ChunkStore.open(at: directory.file("undisturbed"), settings: testSettings)
        try await index(objects, into: store)
        return try await store.digest()
    }

    private func isSound() async throws -> Bool { try await ChunkStore.open(reading: path).verify().isSound }

    // MARK: Numbers

    @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
    func `objects of a run whose own rows are gone are listed and read again`(
        isLarge: Bool, isRepaired: Bool
    ) async throws {
        let rest = isLarge ? [Self.large] : []
        for _ in 0..<3 {
            let store = try open()
            try await index(objects + rest, into: store)
            try store.close()
        }
        try damage(
            """
            DELETE FROM run_source WHERE run = 3; DELETE FROM run WHERE id = 3;
            UPDATE sqlite_sequence SET seq = 2 WHERE name = 'run'
            """)
        #expect(try await !isSound())
        if isRepaired {
            #expect(try ChunkStore.repair(at: path) != nil)
            #expect(try await isSound())
        }
        let changed = (0..<5).map { TestObject("key/\($0 + 10)", "changed \($0)") }
        let bucket = changed + objects[8...] + [TestObject("new", "new")] + rest
        let store = try open()
        let totals = try await index(bucket, into: store)
        #expect(totals.states.mapValues(\.objects) == [.indexed: 6, .unchanged: 12 + rest.count])
        #expect(try await store.verify().isSound)
        let found = try await store.digest()
        #expect(try await found == digest(bucket))
    }

    @Test(arguments: [false, true])
    func `a wrong number of the last run does not bring back an earlier run`(isLarge: Bool) async throws {
        let rest = isLarge ? [Self.large] : []
        _ = try await list(Array(objects[..<5]), as: source("a"))
        for filters in ["b", "a"] {
            let store = try open()
            try await index(objects + rest, into: store, source: source(filters))
            try store.close()
        }
        try damage("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'run'")
        #expect(try await !isSound())
        let store = try open()
        let run = try await store.begin(name: "r", version: "1", sources: [source("a")])
        #expect(!run.isResumed && run.id == RunID(rawValue: 4))
        #expect(try await store.verify().isSound)
    }

    @Test(arguments: ["run", "object", "source"], ["9223372036854775807", "'x'"])
    func `numbers go on where the next one can't be told from the last`(table: String, last: String) async throws {
        for isLarge in [false, true] {
            let rest = isLarge ? [Self.large] : []
            let store = try open()
            try await index(objects + rest, into: store)
            try store.close()
            try damage("UPDATE sqlite_sequence SET seq = \(last) WHERE name = '\(table)'")
            #expect(try await !isSound())
            let again = try open()
            let other = SourceRecord(name: "other\(isLarge)", bucket: "acme", prefix: "", endpointURL: nil)
            try await index(objects, into: again, source: other)
            #expect(try await again.verify().isSound)
            try again.close()
        }
    }

    // MARK: Sources of runs

    @Test func `a store without the sources of its runs is damaged, and is repaired`() async throws {
        let store = try open()
        try await index(objects, into: store)
        try store.close()
        try damage("DELETE FROM run_source")
        #expect(try await !isSound())
        #expect(try ChunkStore.repair(at: path) != nil)
        #expect(try await isSound())
        let again = try open()
        #expect(try await index(objects, into: again).states.mapValues(\.objects) == [.unchanged: 20])
        #expect(try await again.verify().isSound)
    }

    @Test(arguments: [
        "UPDATE run SET outcome = 'stopped'", "UPDATE source SET prefix = 'p/'",
        "UPDATE run_source SET last_listed_key = x'FF'", "UPDATE setting SET value = '7' WHERE name = 'max_tokens'",
        "DELETE FROM setting WHERE name = 'strategy'", "DELETE FROM setting",
    ])
    func `a damaged row of runs, sources or settings is told as damage`(change: String) async throws {
        let store = try open()
        try await index(objects + [Self.large], into: store)
        try store.close()
        try damage(change)
        let error = await expectStoreError(.corrupt) {
            _ = try await open().begin(name: "r", version: "1", sources: [testSource])
        }
        #expect(error?.advice.contains("dredge store repair") == true)
        #expect(try ChunkStore.repair(at: path) != nil)
        let again = try open()
        try await index(objects + [Self.large], into: again)
        #expect(try await again.verify().isSound)
    }

    // MARK: Filters

    @Test func `other filters than those of runs that never completed remove nothing`() async throws {
        let first = try open()
        let run = try await first.begin(name: "r", version: "1", sources: [source("a")])
        _ = try await first.record(objects.map(\.listed), of: run.sources[0].source, in: run.id)
        var worker = try TestWorker(first)
        for (object, pending) in zip(
            objects, try await first.pending(of: run.sources[0].source, in: run.id, after: 0, limit: 10))
        {
            try worker.write(object, as: pending.id)
        }
        try worker.seal()
        try first.close()
        let store = try open()
        #expect(try await store.storedDocuments(of: source("b")).haveFiltersChanged)
        #expect(try await !store.storedDocuments(of: source("a")).haveFiltersChanged)
        for _ in 0..<2 {
            let next = try await store.begin(name: "r", version: "1", sources: [source("b")])
            #expect(!next.isResumed)
            _ = try await store.record(objects[5...].map(\.listed), of: next.sources[0].source, in: next.id)
            let outcome = try await store.completeListing(
                of: next.sources[0].source, in: next.id, isTrusted: true, rule: RemovalRule())
            #expect(outcome.removedCount == 0)
            try await store.finish(next.id, outcome: .complete)
            #expect(try await store.storedDocuments(of: source("b")).haveFiltersChanged)
        }
    }

    // MARK: Forgetting

    @Test func `what is forgotten while a run is unfinished is listed by its end`() async throws {
        let run = try await list(objects)
        _ = try ChunkStore.forget(ForgetFilter(key: objects[3].key), at: path)
        #expect(try await isSound())
        let store = try open()
        let resumed = try await store.begin(name: "r", version: "1", sources: [testSource])
        #expect(resumed.isResumed && resumed.id == run.id)
        #expect(resumed.sources[0].left == [KeyRange()] && !resumed.sources[0].isComplete)
        try store.close()
        let again = try open()
        #expect(try await index(objects, into: again).states.mapValues(\.objects) == [.indexed: 20])
        #expect(try await again.verify().isSound)
    }

    // MARK: Progress

    @Test(arguments: [
        "UPDATE batch SET payload = zeroblob(length(payload)) WHERE id = ?1",
        "DELETE FROM batch WHERE id = ?1", "DELETE FROM progress", "DELETE FROM progress_span WHERE batch = ?1",
        "UPDATE progress SET byte_offset = 7", "UPDATE progress_span SET first_entry = 1 WHERE batch = ?1",
    ])
    func `what was read of an object and is damaged is read again`(change: String) async throws {
        var generator = SeededGenerator(seed: 82)
        let document = TestObject(
            key: Array("document".utf8), text: generator.text(byteCount: 90_000), chunkByteCount: 1_000)
        let store = try open()
        try await index([Self.large], into: store)
        let run = try await store.begin(name: "r", version: "1", sources: [testSource])
        let source = run.sources[0].source
        _ = try await store.record([document.listed, Self.large.listed], of: source, in: run.id)
        let pending = try #require(try await store.pending(of: source, in: run.id, after: 0, limit: 1).first)
        let progress = try ProgressTests.write(document, as: pending.id, chunkCount: 50, into: store)
        try store.mark(progress)
        try await store.flush()
        try store.close()
        try damage(change.replacingOccurrences(of: "?1", with: "\(progress.spans[2].batch)"))
        let again = try open()
        let next = try await again.begin(name: "r", version: "1", sources: [testSource])
        #expect(next.isResumed)
        let found = try #require(try await again.pending(of: source, in: next.id, after: 0, limit: 1).first)
        #expect(found.progress == nil)
        let anew = try ProgressTests.write(document, as: found.id, chunkCount: 50, into: again)
        try again.mark(anew)
        try await again.flush()
        let report = try await again.verify()
        #expect(report.isSound, "\(report.problems)")
        #expect(try await again.pending(of: source, in: next.id, after: 0, limit: 1).first?.progress == anew)
    }
}
