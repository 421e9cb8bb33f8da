import Dredge
import DredgeAWS
import DredgeBase
import DredgeStore
import Foundation
import Logging
import SimulatedWorld
import Synchronization
import TestServers
import Testing

@testable import DredgeShards

/// Whole jobs over buckets and a storage in memory: a seed decides which workers run when, at which of their calls they
/// are killed, which run twice, and which come when all is done.
@Suite struct SimulatedJobTests {
    static let settings = IndexSettings(chunking: .lines(maxTokens: 32, overlapTokens: 4))
    static let sources = [
        Source(name: "one", bucket: "one", auth: .anonymous, exclude: ["secret/**"]),
        Source(name: "two", bucket: "two", auth: .anonymous),
    ]
    static let buckets: [String: [FakeWorld.Object]] = {
        var maker = TextMaker(seed: 20_261_130)
        var one = (0..<9).map { FakeWorld.Object(key: "small/\($0).txt", body: maker.text(byteCount: 30 + $0 * 90)) }
        one.append(.init(key: "empty.txt", body: []))
        one.append(.init(key: "binary", body: [1, 0, 2]))
        one.append(.init(key: "secret/plan.txt", body: maker.text(byteCount: 50)))
        one.append(.init(key: "large.txt", body: maker.text(byteCount: 150_000)))
        let two = (0..<6).map { FakeWorld.Object(key: "\($0)", body: maker.text(byteCount: 700)) }
        return ["one": one, "two": two]
    }()

    /// More of them soak it: 2,000 take ten minutes.
    static let jobCount = ProcessInfo.processInfo.environment["DREDGE_SIMULATED_JOBS"].flatMap(UInt64.init) ?? 60

    /// An engine over the buckets.
    static func withEngine<Value>(
        seed: UInt64, over buckets: [String: [FakeWorld.Object]] = buckets, _ body: (Engine) async throws -> Value
    ) async throws -> Value {
        var limits = Limits()
        limits.partByteCount = Limits.partByteCountMin
        limits.memoryByteCount = 4 * limits.memoryByteCountMin(settings.chunking)
        limits.requestCount = 8
        limits.workerCount = 1
        let engine = Engine(
            limits: limits, base: .fixed(Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "example-example")),
            environment: [:], world: FakeWorld(buckets: buckets, seed: seed, faultPercentage: 0),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        do {
            let value = try await body(engine)
            await engine.shutDown()
            return value
        } catch {
            await engine.shutDown()
            throw error
        }
    }

    static func oneMachine(_ directory: TemporaryDirectory) async throws -> (path: String, digest: String) {
        let path = directory.file("one-machine.chunks")
        let store = try ChunkStore.open(at: path, settings: settings)
        try await withEngine(seed: 1) { _ = try await $0.run(sources, into: store).report() }
        let digest = try await store.digest()
        try store.close()
        return (path, digest)
    }

    /// Plans a job of so many shards.
    static func plan(
        _ storage: any JobStorage, shards: Int, with engine: Engine, in scratch: URL
    ) async throws -> JobPlanner.Planned {
        try await JobPlanner(
            sources, settings: settings, config: "the config", results: storage, scratch: scratch
        ).plan(.shards(shards), with: engine)
    }

    @Test func `whatever happens to its workers, a job comes to what one machine makes`() async throws {
        let directory = TemporaryDirectory()
        let expected = try await Self.oneMachine(directory)
        let tally = Tally()
        await withDiscardingTaskGroup { group in
            for _ in 0..<2 {
                group.addTask {
                    while let seed = tally.nextSeed(upTo: Self.jobCount) {
                        do {
                            try await Self.job(seed: seed, expected: expected, tally)
                        } catch {
                            Issue.record("seed \(seed): \(error)")
                        }
                    }
                }
            }
        }
        let counts = tally.counts
        let least = Int(Self.jobCount)
        #expect(counts.kills > least && counts.stops > least / 8 && counts.doubles > least / 2, "\(counts)")
    }

    /// What happened in all of them.
    final class Tally: Sendable {
        struct Counts {
            var seed: UInt64 = 0
            var kills = 0
            var stops = 0
            var doubles = 0
        }
        private let state = Mutex(Counts())
        var counts: Counts { state.withLock { $0 } }
        func count(_ field: WritableKeyPath<Counts, Int>) { state.withLock { $0[keyPath: field] += 1 } }
        func nextSeed(upTo last: UInt64) -> UInt64? {
            state.withLock { state in
                state.seed += 1
                return state.seed <= last ? state.seed : nil
            }
        }
    }

    private static func job(
        seed: UInt64, expected: (path: String, digest: String), _ tally: Tally
    ) async throws {
        var generator = SeededGenerator(seed: seed)
        let directory = TemporaryDirectory()
        let shared = MemoryStorage()
        try await withEngine(seed: generator.next()) { engine in
            let shardCount = 1 + generator.next(below: 6)
            var planned: JobPlanner.Planned?
            // Planners are killed and doubled, too.
            for attempt in 0..<4 where planned == nil || attempt == 1 {
                let storage = MemoryStorage.Client(
                    shared, seed: generator.next(), killedAt: attempt < 3 ? 1 + generator.next(below: 12) : nil,
                    lostPercentage: 10)
                let again = try? await plan(storage, shards: shardCount, with: engine, in: directory.url)
                if let planned, let again { #expect(again.job == planned.job, "seed \(seed)") }
                planned = planned ?? again
            }
            let job = try #require(planned).job
            @Sendable func client(_ seed: UInt64, killedAt: Int?) -> StorageFolder {
                StorageFolder(
                    "job-\(job.id)",
                    of: MemoryStorage.Client(shared, seed: seed, killedAt: killedAt, lostPercentage: 10))
            }
            func done() -> Set<Int> {
                Set(shared.names.filter { $0.contains("/done/") }.compactMap { Int($0.suffix(10).prefix(5)) })
            }
            var round = 0
            while done().count < job.shardCount {
                round += 1
                guard round < 60 else {
                    Issue.record("seed \(seed) comes to no end")
                    break
                }
                // Some at once, any of them, also those that are done.
                let isCalm = round > 20
                await withDiscardingTaskGroup { group in
                    for worker in 0..<(1 + generator.next(below: 3)) {
                        let shard = generator.next(below: job.shardCount)
                        if done().contains(shard) { tally.count(\.doubles) }
                        let killedAt = isCalm || generator.next(below: 4) == 0 ? nil : 1 + generator.next(below: 9)
                        let stopsAtOnce = !isCalm && generator.next(below: 6) == 0
                        let storage = client(generator.next(), killedAt: killedAt)
                        let scratch = directory.url.appending(path: "machine-\(worker)")
                        group.addTask {
                            do {
                                let outcome = try await ShardWorker(
                                    Job(storage), sources: sources, settings: settings, engine: engine,
                                    scratch: scratch
                                ) { run, _ in if stopsAtOnce { run.stop() } }.work(on: shard)
                                if case .stopped = outcome { tally.count(\.stops) }
                            } catch let error as JobError where error.message == "killed" {
                                tally.count(\.kills)
                            } catch {
                                Issue.record("seed \(seed), shard \(shard): \(error)")
                            }
                        }
                    }
                }
            }
            let before = shared.names
            let catalog = try await Job(client(generator.next(), killedAt: nil)).merge()
            #expect(catalog.digest == expected.digest, "seed \(seed)")
            // A worker that wakes up late changes nothing, and merging again neither.
            _ = try await ShardWorker(
                Job(client(generator.next(), killedAt: nil)), sources: sources, settings: settings, engine: engine,
                scratch: directory.url.appending(path: "late")
            ).work(on: generator.next(below: job.shardCount))
            #expect(try await Job(client(generator.next(), killedAt: nil)).merge() == catalog, "seed \(seed)")
            #expect(Set(shared.names) == Set(before + ["job-\(job.id)/catalog.json"]), "seed \(seed)")
            if seed % 10 == 0 {
                try await merge(client(generator.next(), killedAt: nil), catalog, engine, directory, expected, seed)
            }
        }
    }

    @Test func `workers without an index do all shards, also where some die, are slow, or have wrong clocks`()
        async throws
    {
        let directory = TemporaryDirectory()
        let expected = try await Self.oneMachine(directory)
        var kills = 0
        for seed in 1...max(10, Self.jobCount / 5) {
            kills += try await Self.jobWithoutIndex(seed: seed, expected: expected.digest)
        }
        #expect(kills > Int(Self.jobCount) / 5)
    }

    /// How many workers were killed.
    private static func jobWithoutIndex(seed: UInt64, expected: String) async throws -> Int {
        var generator = SeededGenerator(seed: seed)
        let directory = TemporaryDirectory()
        let shared = MemoryStorage()
        let kills = Tally()
        try await withEngine(seed: generator.next()) { engine in
            let planned = try await plan(
                MemoryStorage.Client(shared, seed: 0), shards: 2 + generator.next(below: 4), with: engine,
                in: directory.url)
            let client = { (seed: UInt64, killedAt: Int?, skew: Double) in
                StorageFolder(
                    "job-\(planned.job.id)",
                    of: MemoryStorage.Client(shared, seed: seed, killedAt: killedAt, lostPercentage: 10, skew: skew))
            }
            await withDiscardingTaskGroup { group in
                for worker in 0..<4 {
                    // The last one survives.
                    let storage = client(
                        generator.next(), worker == 3 ? nil : 3 + generator.next(below: 30),
                        Double(generator.next(below: 1_200)) - 600)
                    group.addTask {
                        do {
                            let isDone = try await ShardWorker(
                                Job(storage), sources: sources, settings: settings, engine: engine,
                                scratch: directory.url.appending(path: "machine-\(worker)")
                            ).workOnAll { duration in
                                shared.clock.withLock { $0 += Double(duration.components.seconds) }
                                await Task.yield()
                            } onShard: { _, _ in
                            }
                            #expect(isDone, "seed \(seed)")
                        } catch let error as JobError where error.message == "killed" {
                            kills.count(\.kills)
                        } catch {
                            Issue.record("seed \(seed), worker \(worker): \(error)")
                        }
                    }
                }
            }
            let job = try await Job(client(0, nil, 0))
            #expect(try await job.merge().digest == expected, "seed \(seed)")
            let status = try await job.status()
            #expect(status.isDone && status.isMerged && status.runningCount == 0 && status.failedCount == 0)
            #expect(status.doneObjectCount == planned.job.objectCount)
        }
        return kills.counts.kills
    }

    /// One store of all shards is what one machine makes, object by object, also where the merge is killed.
    private static func merge(
        _ storage: any JobStorage, _ catalog: Catalog, _ engine: Engine, _ directory: TemporaryDirectory,
        _ expected: (path: String, digest: String), _ seed: UInt64
    ) async throws {
        let path = directory.file("merged.chunks")
        let job = try await Job(storage)
        for attempt in 0..<4 {
            let store = try ChunkStore.open(at: path, settings: settings)
            let merge = StoreMerge(job, sources: sources, engine: engine, scratch: directory.url)
            if attempt < 3 {
                let task = Task { try await merge.merge(catalog, into: store) }
                // Somewhere in the middle, wherever that is.
                try await Task.sleep(for: .microseconds(seed * 7_919 % 15_000))
                task.cancel()
                _ = await task.result
            } else {
                _ = try await merge.merge(catalog, into: store)
            }
            try store.close()
        }
        let merged = try ChunkStore.open(reading: path)
        #expect(try await merged.digest() == expected.digest, "seed \(seed)")
        func objects(_ path: String) async throws -> [String] {
            var lines: [String] = []
            for try await object in try ChunkStore.open(reading: path).objects() where object.reason != "filtered" {
                lines.append(
                    "\(object.source) \(object.key) \(object.state) \(object.reason ?? "") \(object.chunkCount)")
            }
            return lines
        }
        #expect(try await objects(path) == objects(expected.path), "seed \(seed)")
    }
}
