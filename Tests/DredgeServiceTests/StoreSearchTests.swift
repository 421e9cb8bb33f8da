import DredgeBase
import DredgeLedger
import DredgeStore
import Foundation
import GRDB
import Synchronization
import TestServers
import Testing

@testable import DredgeService

/// Searches of a store's file, of many segments. What they do for a user is in `DredgeCLITests`.
@Suite struct StoreSearchTests {
    private func search(_ bench: SearchBench, _ index: String? = nil) async throws -> StoreSearch {
        let path = bench.service.collections.stores.path(try await bench.collectionID)
        let search = try StoreSearch(store: path, index: index.map { bench.directory.appending(path: $0).path })
        search.files.settings.withLock { $0.postingCountMax = 60 }
        return search
    }

    private func keys(_ search: StoreSearch, _ text: String) async throws -> [String] {
        try await search.find(try WordQuery(text), limit: 1_000) { _ in true }.hits
            .map { String(decoding: $0.object.key, as: UTF8.self) }
    }

    private static func texts(_ count: Int) -> [String: String] {
        var generator = SeededGenerator(seed: 11)
        return Dictionary(
            uniqueKeysWithValues: (0..<count).map {
                ("\($0 + 100).txt", SearchTests.text(100, &generator) + "common only\($0)\n")
            })
    }

    /// Documents of an index; 0: there is none yet.
    private static func documentCount(_ index: String) -> Int {
        guard let catalog = try? SearchCatalog(reading: index) else { return 0 }
        return (try? catalog.queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM document") ?? 0 }) ?? 0
    }

    @Test func `a build that was stopped leaves what can be searched, and the next one goes on`() async throws {
        let bench = try await SearchBench(Self.texts(30))
        try await bench.index()
        let whole = try await search(bench, "whole")
        let first = try await whole.build()
        #expect(first.documentCount == 30 && first.changedDocumentCount == 30 && first.byteCount > 0)
        let all = try await keys(whole, "common")
        #expect(Set(all) == Set(bench.objects.keys))
        var counts: [Int] = []
        while true {
            let stopped = try await search(bench)
            let before = Self.documentCount(stopped.index)
            // Ends soon behind the first of its transactions, so that each build has something done.
            let watcher = Task {
                while !Task.isCancelled {
                    if Self.documentCount(stopped.index) > before { return stopped.stop() }
                    await Task.yield()
                }
            }
            do {
                _ = try await stopped.build()
                watcher.cancel()
                break
            } catch is CancellationError { watcher.cancel() }
            guard stopped.isThere else { continue }
            let found = try await stopped.find(try WordQuery("common"), limit: 1_000) { _ in true }
            #expect(found.hits.count + found.unsearchedCount == 30)
            counts.append(found.hits.count)
        }
        let resumed = try await search(bench)
        #expect(try await keys(resumed, "common") == all && counts == counts.sorted())
        let files = SearchCatalog.segmentNames(resumed.index)
        let rows = try await SearchCatalog(reading: resumed.index).queue.read { try $0.segments() }
        #expect(Set(files) == Set(rows.map { SearchCatalog.segmentPath(resumed.index, $0.id) }))
        await bench.close()
    }

    @Test func `whoever searches while builds add and merge finds what was there before or after`() async throws {
        let bench = try await SearchBench(Self.texts(12))
        try await bench.index()
        let searching = try await search(bench)
        _ = try await searching.build()
        for round in 0..<4 {
            for number in 0..<6 { bench.objects["new \(round) \(number).txt"] = "common fresh\(round)\n" }
            bench.objects["\(100 + round).txt"] = "common changed\(round)\n"
            try await bench.index()
            let builder = try await search(bench)
            let build = Task { try await builder.build() }
            for _ in 0..<20 {
                let found = try await keys(searching, "common")
                #expect(Set(found).isSubset(of: bench.objects.keys) && found.count >= 11 + 6 * round, "\(found)")
            }
            _ = try await build.value
            #expect(try await Set(keys(searching, "common")) == Set(bench.objects.keys))
        }
        await bench.close()
    }

    @Test func `a build that was killed amid a transaction leaves the index as it was before`() async throws {
        let bench = try await SearchBench(Self.texts(12))
        try await bench.index()
        let search = try await search(bench)
        _ = try await search.build()
        let all = try await keys(search, "common")
        let copy = try await self.search(bench, "copy")
        let catalog = try SearchCatalog(path: search.index)
        struct Killed: Error {}
        await #expect(throws: Killed.self) {
            try await catalog.queue.write { db in
                // Writes pages into the file before the transaction's end.
                try db.execute(sql: "PRAGMA cache_size = 5")
                for number in 0..<20_000 {
                    try db.execute(sql: "INSERT INTO removed VALUES (?, 1, 1)", arguments: [number])
                }
                try db.execute(sql: "DELETE FROM document")
                for path in [search.index, search.index + "-journal"] + SearchCatalog.segmentNames(search.index) {
                    try FileManager.default.copyItem(
                        atPath: path, toPath: copy.index + path.dropFirst(search.index.count))
                }
                throw Killed()
            }
        }
        #expect(FileManager.default.fileExists(atPath: copy.index + "-journal"))
        #expect(try await keys(copy, "common") == all)
        #expect(!FileManager.default.fileExists(atPath: copy.index + "-journal"))
        #expect(try await copy.build().changedDocumentCount == 0)
        await bench.close()
    }

    @Test func `a phrase behind many chunks that only have its words is found`() async throws {
        var texts: [String: String] = [:]
        // Shorter, so that they stand before it.
        for number in 1_000..<1_400 { texts["\(number).txt"] = "whale blue\n" }
        texts["9.txt"] = "a blue whale that is somewhat longer than the others are\n"
        let bench = try await SearchBench(texts)
        try await bench.index()
        let search = try await search(bench)
        _ = try await search.build()
        let found = try await search.find(try WordQuery("\"blue whale\""), limit: 1) { _ in true }
        #expect(found.hits.map(\.object.key) == [Array("9.txt".utf8)])
        // Equal ones are in the order of their keys, whatever was indexed first.
        let equal = try await search.find(try WordQuery("blue"), limit: 3) { _ in true }
        #expect(
            equal.hits.map { String(decoding: $0.object.key, as: UTF8.self) } == ["1000.txt", "1001.txt", "1002.txt"])
        await bench.close()
    }

    @Test func `damage is told by a search, and a build makes the index anew`() async throws {
        let bench = try await SearchBench(Self.texts(12))
        try await bench.index()
        let search = try await search(bench)
        _ = try await search.build()
        let all = try await keys(search, "common")
        let damages: [(String) throws -> Void] = [
            { try Data(contentsOf: URL(filePath: $0)).dropLast(5_000).write(to: URL(filePath: $0)) },
            { unlink(SearchCatalog.segmentNames($0)[0]) },
            { try Data().write(to: URL(filePath: SearchCatalog.segmentNames($0)[0])) },
            { try SearchCatalog(path: $0).queue.write { try $0.execute(sql: "PRAGMA user_version = 77") } },
        ]
        for (number, damage) in damages.enumerated() {
            try damage(search.index)
            let error = await #expect(throws: StoreError.self, "\(number)") { try await keys(search, "common") }
            #expect(error?.code == .corrupt && error?.advice.contains("--build") == true, "\(number): \(error as Any)")
            _ = try await self.search(bench).build()
            #expect(try await keys(search, "common") == all, "\(number)")
        }
        await bench.close()
    }
}
