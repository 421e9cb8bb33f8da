import DredgeBase
import DredgeLedger
import Foundation
import Logging
import Synchronization
import SimulatedWorld
import TestServers
import Testing
import TestServers

@testable import Dredge

/// Whole runs over a world in memory: a seed decides order, faults, stops, and between which two calls of the store the
/// process dies.
@Suite struct SimulatedRunTests {
    static let settings = IndexSettings(chunking: .lines(maxTokens: 32, overlapTokens: 4))
    static let sources = [
        Source(name: "one", bucket: "one", auth: .anonymous), Source(name: "two", bucket: "two", auth: .anonymous),
    ]

    /// Small objects, some of several parts, some that are no text, some empty.
    static let buckets: [String: [FakeWorld.Object]] = {
        var maker = TextMaker(seed: 20_261_127)
        var one = (0..<14).map { FakeWorld.Object(key: "small/\($0).txt", body: maker.text(byteCount: 30 + $0 * 90)) }
        one.append(.init(key: "empty.txt", body: []))
        one.append(.init(key: "binary", body: [1, 0, 2]))
        one.append(.init(key: "large.txt", body: maker.text(byteCount: 150_000)))
        let two = (0..<9).map { FakeWorld.Object(key: "\($0)", body: maker.text(byteCount: 700)) }
        return ["one": one, "two": two]
    }()

    /// More of them to soak it.
    static let runCount = ProcessInfo.processInfo.environment["DREDGE_SIMULATED_RUNS"].flatMap(UInt64.init) ?? 1_000

    @Test func `a thousand disturbed runs end with the content of the undisturbed one`() async throws {
        let undisturbed = MemoryStore(settings: Self.settings.named, seed: 0)
        _ = try await Self.run(into: undisturbed, seed: 0, faultPercentage: 0)
        let expected = undisturbed.content
        #expect(expected["one"]?.count == 15 && expected["two"]?.count == 9)
        let callCount = undisturbed.callCount

        let tally = Tally()
        await withDiscardingTaskGroup { group in
            // Few, so that tests beside it get their turn.
            for _ in 0..<2 {
                group.addTask {
                    while let seed = tally.nextSeed(upTo: Self.runCount) {
                        do {
                            let content = try await Self.disturbed(seed: seed, callCount: callCount, tally)
                            #expect(content == expected, "seed \(seed)")
                        } catch {
                            Issue.record("seed \(seed): \(error)")
                        }
                    }
                }
            }
        }
        let counts = tally.counts
        // What disturbs must have disturbed.
        let least = Int(Self.runCount) / 10
        #expect(counts.stops > least && counts.crashes > 2 * least && counts.failures > least / 4, "\(counts)")
        #expect(counts.resumedReads > least / 4, "\(counts)")
    }

    @Test("I11: bytes that are changed on the way never get into the store")
    func damagedBytesAreNeverStored() async throws {
        let undisturbed = MemoryStore(settings: Self.settings.named, seed: 0)
        _ = try await Self.run(into: undisturbed, seed: 0, faultPercentage: 0)
        let tally = Tally()
        let seedCount = max(10, Self.runCount / 20)
        // Few seeds may have no damage that is seen.
        for seed in 1...max(seedCount, 200) where seed <= seedCount || tally.counts.mismatches == 0 {
            let content = try await Self.disturbed(
                seed: seed, callCount: undisturbed.callCount, damagePercentage: 10, tally)
            #expect(content == undisturbed.content, "seed \(seed)")
        }
        let mismatchCount = tally.counts.mismatches
        #expect(mismatchCount > 0, "\(tally.counts)")
    }

    /// What happened in all of them.
    final class Tally: Sendable {
        struct Counts {
            var seed: UInt64 = 0
            var stops = 0
            var crashes = 0
            var failures = 0
            /// Reads that went on where an earlier one had ended.
            var resumedReads = 0
            /// Objects that failed because their bytes were wrong twice.
            var mismatches = 0
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

    /// Runs until one is complete, each disturbed in another way; the content of the store then.
    static func disturbed(
        seed: UInt64, callCount: Int, damagePercentage: Int = 0, _ tally: Tally
    ) async throws -> [String: [[UInt8]: MemoryStore.Content]] {
        var generator = SeededGenerator(seed: seed)
        var store = MemoryStore(settings: settings.named, seed: generator.next())
        for attempt in 0..<40 {
            // The later attempts are calm, so that there is an end.
            let isCalm = attempt >= 6
            let crashesAt = isCalm || generator.next(below: 3) == 0 ? Int.max : generator.next(below: callCount)
            let stopsAt = isCalm || generator.next(below: 3) != 0 ? Int.max : generator.next(below: 40)
            store = store.reopened(seed: generator.next(), crashesAt: crashesAt)
            do {
                let report = try await run(
                    into: store, seed: generator.next(), faultPercentage: isCalm ? 0 : generator.next(below: 20),
                    damagePercentage: damagePercentage, stopsAt: stopsAt, tally)
                for _ in 0..<report.failedReasons["checksumMismatch", default: 0] { tally.count(\.mismatches) }
                if report.outcome == .stopped { tally.count(\.stops) }
                if report.outcome == .complete, !report.isIncomplete { return store.content }
            } catch let error as RunError {
                tally.count(error.code == .store ? \.crashes : \.failures)
            }
        }
        Issue.record("seed \(seed) comes to no end")
        return [:]
    }

    static func run(
        into store: MemoryStore, seed: UInt64, faultPercentage: Int, damagePercentage: Int = 0,
        stopsAt: Int = .max, _ tally: Tally = Tally()
    ) async throws -> RunReport {
        var limits = Limits()
        limits.partByteCount = Limits.partByteCountMin
        limits.markedByteCount = 40_000
        limits.memoryByteCount = limits.memoryByteCountMin(settings.chunking)
        limits.requestCount = 8
        limits.workerCount = 2
        let running = Mutex<Run?>(nil)
        var sources = sources
        for index in sources.indices { sources[index].verifiesChecksums = damagePercentage > 0 }
        let world = FakeWorld(
            buckets: buckets, seed: seed, faultPercentage: faultPercentage, damagePercentage: damagePercentage
        ) { number in
            if number >= stopsAt { running.withLock { $0 }?.stop() }
        }
        let engine = Engine(
            limits: limits, base: Workbench.anyKeys, environment: [:], world: world,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let run = engine.run(sources, into: store)
        running.withLock { $0 = run }
        let result: Result<RunReport, RunError>
        do throws(RunError) { result = .success(try await run.report()) } catch { result = .failure(error) }
        await engine.shutDown()
        for _ in 0..<world.resumedReadCount { tally.count(\.resumedReads) }
        return try result.get()
    }
}
