import Dredge
import DredgeBase
import DredgeLedger
import DredgeStore
import Foundation
import SimulatedWorld
import Synchronization
import TestServers
import Testing

@testable import DredgeShards

/// Jobs that go on from one another, over buckets that change: each must come to what a store has that one machine
/// brings up to date as often.
@Suite struct SimulatedHistoryTests {
    /// More of them soak it.
    static let historyCount = max(10, SimulatedJobTests.jobCount / 6)

    @Test func `jobs that go on from one another come to what one machine's runs make`() async throws {
        let tally = Tally()
        await withDiscardingTaskGroup { group in
            for _ in 0..<2 {
                group.addTask {
                    while let seed = tally.nextSeed(upTo: Self.historyCount) {
                        do {
                            var history = SimulatedHistory(seed: seed)
                            tally.add(try await history.run())
                        } catch {
                            Issue.record("seed \(seed): \(error)")
                        }
                    }
                }
            }
        }
        let counts = tally.counts
        for name in ["unchanged", "removed", "withheld", "listed again", "kept", "kills"] {
            #expect(counts[name, default: 0] > 0, "\(counts)")
        }
    }
}

/// What happened in all of them.
private final class Tally: Sendable {
    private let state = Mutex<(seed: UInt64, counts: [String: Int])>((0, [:]))
    var counts: [String: Int] { state.withLock { $0.counts } }
    func add(_ counts: [String: Int]) { state.withLock { $0.counts.merge(counts, uniquingKeysWith: +) } }
    func nextSeed(upTo last: UInt64) -> UInt64? {
        state.withLock { state in
            state.seed += 1
            return state.seed <= last ? state.seed : nil
        }
    }
}

/// One history: what a seed makes of it.
private struct SimulatedHistory {
    private let seed: UInt64
    private var generator: SeededGenerator
    private let directory = TemporaryDirectory()
    private let storage = MemoryStorage()
    private var maker: TextMaker
    private var buckets = SimulatedJobTests.buckets
    private var sources = SimulatedJobTests.sources
    private var counts: [String: Int] = [:]

    init(seed: UInt64) {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        maker = TextMaker(seed: seed)
    }

    private var storePath: String { directory.file("one-machine.chunks") }

    /// How often what happened.
    mutating func run() async throws -> [String: Int] {
        var latest = try await job(since: nil)
        try await oneMachine()
        try await compare(latest)
        for _ in 0..<(2 + generator.next(below: 3)) {
            try change()
            latest = try await job(since: latest)
            try await oneMachine()
            try await compare(latest)
        }
        return counts
    }

    /// Adds, changes and removes some objects, or seems to remove all.
    private mutating func change() throws {
        for index in sources.indices { sources[index].removal.isConfirmed = generator.next(below: 3) == 0 }
        if generator.next(below: 6) == 0 { sources[0].exclude.append("small/\(generator.next(below: 9))*") }
        let hidden = buckets.removeValue(forKey: "hidden") ?? []
        if !hidden.isEmpty { return buckets["two"] = hidden }
        if generator.next(below: 4) == 0 {
            buckets["hidden"] = buckets["two"]
            return buckets["two"] = []
        }
        for name in ["one", "two"] {
            buckets[name]?.removeAll(where: \.isGone)
            for index in buckets[name, default: []].indices.reversed() {
                // Goes between the listing and the reading, changed before that or not.
                if generator.next(below: 12) == 0 { buckets[name]?[index].isGone = true }
                switch generator.next(below: 12) {
                case 0: buckets[name]?.remove(at: index)
                case 1: buckets[name]?[index].body = maker.text(byteCount: 1 + generator.next(below: 2_000))
                case 2: buckets[name]?[index].body = [[], [7, 0, 7], [0]][generator.next(below: 3)]
                default: break
                }
            }
            for _ in 0..<generator.next(below: 4) {
                let body = maker.text(byteCount: 1 + generator.next(below: 3_000))
                buckets[name]?.append(.init(key: "new/\(generator.next(below: 1_000_000)).txt", body: body))
            }
        }
    }

    private mutating func oneMachine() async throws {
        let store = try ChunkStore.open(at: storePath, settings: SimulatedJobTests.settings)
        let sources = sources
        try await SimulatedJobTests.withEngine(seed: generator.next(), over: buckets) {
            _ = try await $0.run(sources, into: store).report()
        }
        try store.close()
    }

    /// Plans, works and merges; the job's ID.
    private mutating func job(since: String?) async throws -> String {
        let buckets = buckets
        let (sources, settings, url) = (sources, SimulatedJobTests.settings, directory.url)
        let shardCount = 1 + generator.next(below: 4)
        let client = MemoryStorage.Client(storage, seed: generator.next(), lostPercentage: 10)
        let planned = try await SimulatedJobTests.withEngine(seed: generator.next(), over: buckets) { engine in
            try await JobPlanner(sources, settings: settings, config: "the config", results: client, scratch: url)
                .plan(.shards(shardCount), with: engine, since: since)
        }
        let job = planned.job
        counts["unchanged", default: 0] += job.since?.unchangedCount ?? 0
        for outcome in job.since?.removals.values.map(\.self) ?? [] {
            counts["removed", default: 0] += outcome.removedCount
            counts["withheld", default: 0] += outcome.withheldCount
        }
        counts["listed again", default: 0] += job.since?.settled.made.states["indexed"] ?? 0
        for shard in 0..<job.shardCount {
            for attempt in 0..<6 {
                let client = MemoryStorage.Client(
                    storage, seed: generator.next(), killedAt: attempt < 5 ? 3 + generator.next(below: 12) : nil,
                    lostPercentage: 10)
                do {
                    try await SimulatedJobTests.withEngine(seed: generator.next(), over: buckets) { engine in
                        _ = try await ShardWorker(
                            Job(StorageFolder("job-\(job.id)", of: client)), sources: sources, settings: settings,
                            engine: engine, scratch: url
                        ).work(on: shard)
                    }
                    break
                } catch let error as JobError where error.message == "killed" {
                    counts["kills", default: 0] += 1
                }
            }
        }
        let results = MemoryStorage.Client(storage, seed: generator.next(), lostPercentage: 20)
        let merged = try await Job(job.id, in: results)
        for done in try await merged.doneFiles() {
            counts["kept", default: 0] += done.kept?.content.objectCount ?? 0
        }
        let catalog = try await merged.merge()
        #expect(try await merged.merge() == catalog, "seed \(seed)")
        #expect(try await JobResults(results).advance(to: job, isForced: false) == job.id, "seed \(seed)")
        #expect(try await JobResults(results).latest() == job.id, "seed \(seed)")
        return job.id
    }

    /// Whether a job has what the store of one machine has.
    private mutating func compare(_ id: String) async throws {
        let job = try await Job(id, in: MemoryStorage.Client(storage, seed: generator.next()))
        let reader = try await CatalogReader(job, scratch: directory.url)
        let store = try ChunkStore.open(reading: storePath)
        #expect(try await reader.catalog.digest == store.digest(), "seed \(seed)")
        #expect(try await reader.versionsDigest() == store.digest(versions: true), "seed \(seed)")
        #expect(try await reader.rowSums() == reader.catalog.total, "seed \(seed)")
        // What a filter leaves out is not in a job, but as far as its removal is withheld.
        var filtered: Set<[UInt8]> = []
        func line(_ object: StoredObject) -> String {
            let state = object.state == .unchanged ? .indexed : object.state
            return "\(object.source) \(object.key) \(state) \(object.reason ?? "") \(object.chunkCount)"
        }
        var (expected, chunks): ([String], [StoredChunk]) = ([], [])
        for try await object in store.objects() {
            if object.reason == "filtered" {
                filtered.insert(object.key)
            } else {
                expected.append(line(object))
            }
        }
        for try await chunk in store.chunks() { chunks.append(chunk) }
        var (found, foundChunks): ([String], [StoredChunk]) = ([], [])
        try await reader.forEachObject(isVerified: true) { part in
            if !filtered.contains(part.object.key) { found.append(line(part.object)) }
            while let chunk = try await part.nextChunk() { foundChunks.append(chunk) }
        }
        #expect(found == expected, "seed \(seed)")
        #expect(foundChunks.map(\.key) == chunks.map(\.key), "seed \(seed)")
        // Not as a whole: that would print them.
        #expect((foundChunks == chunks) as Bool, "seed \(seed)")
        try await reader.forEachStore(onDamage: { Issue.record("seed \(seed): \($0)") }) { store, content in
            let digest = try await store.contentDigest()
            #expect(digest == content, "seed \(seed)")
        }
        // One key at a time, too.
        for chunk in chunks where generator.next(below: 60) == 0 {
            var texts: [[UInt8]] = []
            try await reader.forEachObject(.init(prefix: chunk.key)) { part in
                guard part.object.key == chunk.key, part.object.source == chunk.source else { return }
                while let chunk = try await part.nextChunk() { texts.append(chunk.text) }
            }
            #expect(texts.indices.contains(chunk.ordinal) && texts[chunk.ordinal] == chunk.text, "seed \(seed)")
        }
        try await merge(job, reader.catalog)
    }

    private mutating func merge(_ job: Job, _ catalog: Catalog) async throws {
        let path = directory.file("merged-\(catalog.job).chunks")
        let store = try ChunkStore.open(at: path, settings: SimulatedJobTests.settings)
        let (sources, url) = (sources, directory.url)
        try await SimulatedJobTests.withEngine(seed: 1) { engine in
            _ = try await StoreMerge(job, sources: sources, engine: engine, scratch: url).merge(catalog, into: store)
        }
        try store.close()
        #expect(try await ChunkStore.open(reading: path).digest() == catalog.digest, "seed \(seed)")
    }
}
