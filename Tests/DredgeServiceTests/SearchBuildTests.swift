import DredgeBase
import DredgeStore
import Foundation
import GRDB
import TestServers
import Synchronization
import Testing

@testable import DredgeService

@Suite struct SearchBuildTests {
    /// Texts of some words each, so that a segment is written behind almost every one, some in the midst of one.
    private static func texts(_ count: Int) -> [String: String] {
        var generator = SeededGenerator(seed: 7)
        var texts: [String: String] = [:]
        for index in 0..<count { texts["\(index).txt"] = SearchTests.text(120, &generator) + "common only\(index)\n" }
        return texts
    }

    /// Begins to make the search anew, and ends with the error of `onFlush`.
    private func build(_ bench: SearchBench, onFlush: @escaping @Sendable (Int) async throws -> Void) async throws {
        let (stores, id) = (bench.service.collections.stores, try await bench.collectionID)
        try await stores.read(id) { reader in
            try await stores.search.write(id) { catalog in
                var update = SearchUpdate(reader, catalog, stores.search, id, metadata: [:], onFlush: onFlush)
                try await update.run(endedRun: nil)
            }
        }
    }

    @Test(arguments: [1, 2, 5])
    func goesOnAfterItWasInterruptedOrKilled(flushCount: Int) async throws {
        let bench = try await SearchBench(Self.texts(12), postingCountMax: 40)
        try await bench.index()
        var generator = SeededGenerator(seed: 3)
        let path = try await bench.searchPath
        let copy = bench.directory.appending(path: "copy")
        for isKilled in [false, true] {
            try await bench.restart { SearchCatalog.unlink(path) }
            let left = Mutex(flushCount)
            await #expect(throws: CancellationError.self) {
                try await build(bench) { _ in
                    let isLast = left.withLock { left in
                        left -= 1
                        return left == 0
                    }
                    guard isLast else { return }
                    try FileManager.default.copyItem(at: URL(filePath: path).deletingLastPathComponent(), to: copy)
                    throw CancellationError()
                }
            }
            if isKilled {
                // What the disk had then, and a segment that was not finished.
                try await bench.restart {
                    SearchCatalog.unlink(path)
                    for name in try FileManager.default.contentsOfDirectory(atPath: copy.path)
                    where name.contains(".search") {
                        try FileManager.default.copyItem(
                            at: copy.appending(path: name),
                            to: URL(filePath: path).deletingLastPathComponent().appending(path: name))
                    }
                    try Data("half".utf8).write(to: URL(filePath: path + "-1000"))
                }
            }
            try FileManager.default.removeItem(at: copy)
            #expect(try await bench.found("common", ["top_k": 100]).count == 12)
            #expect(!FileManager.default.fileExists(atPath: path + "-1000"))
            try await bench.compare(seed: 3, &generator, queryCount: 6)
            try await bench.service.search.indexes.settle(bench.collectionID)
            #expect(try await bench.segmentCount() < ServiceLimits.searchMergeCount * 2)
            try await bench.compare(seed: 3, &generator, queryCount: 6)
        }
        await bench.close()
    }

    @Test func oneThatIsStoppedEndsSoonAndGoesOnWithTheNextStart() async throws {
        let bench = try await SearchBench(Self.texts(6), postingCountMax: 40)
        try await bench.index()
        let path = try await bench.searchPath
        try await bench.restart { SearchCatalog.unlink(path) }
        let indexes = bench.service.search.indexes
        await #expect(throws: CancellationError.self) { try await build(bench) { _ in indexes.interrupt() } }
        await #expect(throws: ServiceError.self) { try await bench.ask("common") }
        try await bench.restart()
        #expect(try await bench.found("common").count == 6)
        await bench.close()
    }

    @Test func mergingThatIsInterruptedLeavesTheSegmentsAsTheyWere() async throws {
        let bench = try await SearchBench(Self.texts(12), postingCountMax: 40)
        try await bench.index()
        let path = try await bench.searchPath
        try await bench.restart { SearchCatalog.unlink(path) }
        try await build(bench) { _ in }
        let catalog = try SearchCatalog(path: path)
        var left = 2
        #expect(throws: CancellationError.self) {
            try SearchMerging.step(catalog) {
                left -= 1
                if left == 0 { throw CancellationError() }
            } then: {
            }
        }
        let known = try await catalog.queue.read { try $0.segments() }
        #expect(known.count > ServiceLimits.searchMergeCount)
        #expect(
            Set(SearchCatalog.segmentNames(path)) == Set(known.map { SearchCatalog.segmentPath(path, $0.id) }))
        try catalog.queue.close()
        #expect(try await bench.found("common", ["top_k": 100]).count == 12)
        await bench.close()
    }

    @Test func aDeletionInterruptsWhoBuilds() async throws {
        let bench = try await SearchBench(Self.texts(6), postingCountMax: 40)
        try await bench.index()
        let path = try await bench.searchPath
        try await bench.restart { SearchCatalog.unlink(path) }
        let (gate, files, id) = (Gate(), bench.files, try await bench.collectionID)
        let builder = Task {
            try await files.exclusively(id) {
                gate.open()
                while true {
                    try files.check(id)
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
        }
        await gate.wait()
        try await bench.service.collections.delete("docs", for: bench.caller)
        await #expect(throws: CancellationError.self) { try await builder.value }
        #expect(SearchCatalog.segmentNames(path) == [] && !FileManager.default.fileExists(atPath: path))
        await bench.close()
    }
}

@Suite struct SearchWaitTests {
    @Test func aQueryWaitsForABuildOnlySoLongAndOneThatLeavesEndsNoOther() async throws {
        let bench = try await SearchBench(["a.txt": "apple\n"])
        try await bench.index()
        try await bench.restart()
        let (held, free, files, id) = (Gate(), Gate(), bench.files, try await bench.collectionID)
        let holder = Task {
            try await files.exclusively(id) {
                held.open()
                await free.wait()
            }
        }
        await held.wait()
        files.settings.withLock { $0.waitSeconds = 0.01 }
        let error = await #expect(throws: ServiceError.self) { try await bench.ask("apple") }
        guard case .refused(let refusal) = error else { return }
        #expect(refusal.kind == .unavailable && refusal.code == "search_not_ready")
        files.settings.withLock { $0.waitSeconds = 600 }
        let (service, caller) = (bench.service, bench.caller)
        let waiting = (0..<2).map { _ in
            Task { try await service.search.query("docs", ["query": "apple"], for: caller) }
        }
        waiting[0].cancel()
        await #expect(throws: CancellationError.self) { try await waiting[0].value }
        free.open()
        #expect(try await waiting[1].value["total_results"] == 1)
        try await holder.value
        await bench.close()
    }

    @Test func aQueryFindsTheOldStateWhileTheSearchIsWrittenOrMerged() async throws {
        let bench = try await SearchBench(["a.txt": "apple\n"])
        try await bench.index()
        let (held, free, files, id) = (Gate(), Gate(), bench.files, try await bench.collectionID)
        let holder = Task {
            try await files.exclusively(id) {
                files.uses.update { $0.merging = id }
                held.open()
                await free.wait()
                files.uses.update { $0.merging = nil }
            }
        }
        await held.wait()
        files.settings.withLock { $0.waitSeconds = 0 }
        #expect(try await bench.found("apple") == ["a.txt"])
        free.open()
        try await holder.value
        await bench.close()
    }

    @Test func aQueryAfterAJobFindsWhatItStoredHoweverManyQueriesThereAreMeanwhile() async throws {
        let bench = try await SearchBench(["a.txt": "apple\n"])
        try await bench.index()
        let (service, caller) = (bench.service, bench.caller)
        let others = (0..<4).map { _ in
            Task {
                while !Task.isCancelled {
                    let answer = try await service.search.query("docs", ["query": "apple"], for: caller)
                    #expect(answer["total_results"] != 0)
                }
            }
        }
        for round in 0..<8 {
            bench.objects["\(round).txt"] = "round\(round)\n"
            try await bench.index()
            #expect(try await bench.found("round\(round)") == ["\(round).txt"])
            if round % 3 == 2 {
                try await service.documents.delete("docs", bench.documentID("\(round).txt"), for: caller)
                #expect(try await bench.found("round\(round)") == [])
            }
        }
        for other in others { other.cancel() }
        for other in others { _ = await other.result }
        await bench.close()
    }

    @Test func openingToReadMakesNoFile() async throws {
        let bench = try await SearchBench()
        let path = bench.directory.appending(path: "none.search").path
        #expect(throws: (any Error).self) { try SearchCatalog(reading: path) }
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try await bench.found("apple") == [])
        #expect(try await !FileManager.default.fileExists(atPath: bench.searchPath))
        await bench.close()
    }
}

/// Lets tasks go on when it is opened.
private final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    init() { (stream, end) = AsyncStream.makeStream() }

    func open() { end.finish() }

    func wait() async { for await _ in stream {} }
}
