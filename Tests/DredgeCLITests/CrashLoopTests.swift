import DredgeLedger
import DredgeStore
import Foundation
import TestServers
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `kill -9` again and again, on the real binary, while the bucket changes between the runs.
@Suite(.timeLimit(.minutes(30))) struct CrashLoopTests {
    /// In all; `DREDGE_CRASH_KILLS` sets another number.
    private static let killCount =
        ProcessInfo.processInfo.environment["DREDGE_CRASH_KILLS"].flatMap(Int.init) ?? 200
    /// Stores side by side.
    private static let laneCount = 8

    @Test func `I4: a store outlives 200 kills of its runs, and ends as one that was never disturbed`() async throws {
        let given = ProcessInfo.processInfo.environment["DREDGE_TEST_SEED"].flatMap(UInt64.init)
        let seed = given ?? .random(in: 0...999_999)
        print("CrashLoopTests: DREDGE_TEST_SEED=\(seed)")
        let tallies = try await withThrowingTaskGroup(of: Tally.self) { group in
            for lane in 0..<Self.laneCount {
                group.addTask {
                    var loop = try await CrashLoop(seed: seed &* 31 &+ UInt64(lane))
                    defer { loop.server.stop() }
                    return try await loop.run(killCount: Self.killCount / Self.laneCount)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for tally in tallies {
            #expect(tally.problems.isEmpty, "seed \(seed)")
            print("CrashLoopTests: \(tally)")
        }
        #expect(tallies.map(\.partCount).reduce(0, +) > 0, "seed \(seed): no kill left a part of the bucket")
    }

    /// What came of it.
    fileprivate struct Tally: CustomStringConvertible {
        var killCount = 0
        var completedCount = 0
        var changeCount = 0
        /// Objects that the store held as the bucket did, at each kill.
        var storedCounts: [Int] = []
        var problems: [String] = []
        /// Kills that left some objects, and not all.
        var partCount = 0

        var description: String {
            "\(killCount) kills, \(completedCount) that came too late, \(changeCount) changes of the bucket; objects "
                + "stored at the kills: \(storedCounts)"
        }
    }
}

/// A bucket, a store, and what the store may hold.
private struct CrashLoop {
    let server: ScriptedS3Server
    private let directory: TemporaryDirectory
    private let store: StoreFile
    private var generator: SeededGenerator
    private var text: SampleText
    /// What the bucket has.
    private var bucket: [String: [UInt8]] = [:]
    /// What it has had, of each key.
    private var past: [String: Set<[UInt8]>] = [:]
    private var tally = CrashLoopTests.Tally()
    /// The latest moment of a kill. Follows how long runs take: most are killed when they have brought something, and
    /// some are not killed.
    private var millisecondsMax = 2_000.0

    private static let smallCount = 60
    private static let largeCount = 3

    init(seed: UInt64) async throws {
        generator = SeededGenerator(seed: seed)
        text = SampleText(seed: seed)
        directory = try TemporaryDirectory()
        store = StoreFile("killed.chunks", in: directory)
        server = try await ScriptedS3Server(.init())
        try directory.write(
            "c.yaml",
            """
            store: killed.chunks
            limits: {part: 64KiB, memory: 64MiB, requests: 8}
            sources:
              - {bucket: bucket, endpoint_url: "\(server.endpointURL)", region: us-east-1, auth: anonymous, \
            deletion_limits: {count: 1000}}
            """)
        for number in 0..<Self.smallCount { put("small/\(number).txt") }
        for number in 0..<Self.largeCount { put("large/\(number).txt") }
        try play()
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    // MARK: The bucket

    private mutating func put(_ key: String) {
        // Large ones have several parts, small ones share batches.
        let byteCount = key.hasPrefix("large") ? 150_000 + below(150_000) : 1 + below(6_000)
        let body = text.lines(byteCount: byteCount)
        bucket[key] = body
        past[key, default: []].insert(body)
    }

    /// Objects are put, written again and deleted.
    private mutating func changeBucket() throws {
        tally.changeCount += 1
        for _ in 0...below(8) {
            let isLarge = below(8) == 0
            let key = isLarge ? "large/\(below(Self.largeCount)).txt" : "small/\(below(Self.smallCount * 5 / 4)).txt"
            if below(3) == 0 { bucket[key] = nil } else { put(key) }
        }
        try play()
    }

    private func play() throws {
        var scenario = ScriptedS3Server.Scenario(
            objects: bucket.sorted { $0.key < $1.key }.map { .init($0.key, body: $0.value) })
        scenario.pageSize = 20
        // A run has to take longer than the second after which it commits.
        scenario.faults = [.delay(on: .get, seconds: 0.12).times(-1)]
        try server.play(scenario)
    }

    // MARK: The loop

    mutating func run(killCount: Int) async throws -> CrashLoopTests.Tally {
        while tally.killCount < killCount, tally.problems.isEmpty {
            if below(3) == 0 { try changeBucket() }
            let compacts = store.exists && below(10) == 0
            let program = try DredgeBinary.start(
                compacts ? ["store", "compact", store.path] : ["run", "c.yaml", "--json", "--no-progress"],
                directory: directory.url)
            let milliseconds = compacts ? below(150) : below(Int(millisecondsMax))
            // A thread's clock, not a task's, which may get its turn much later than it asked for.
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { program.send(SIGKILL) }
            let outcome = await program.wait()
            if outcome.status == -SIGKILL {
                tally.killCount += 1
            } else if outcome.status == 0 {
                tally.completedCount += 1
                if !compacts { millisecondsMax *= 0.8 }
            } else if !store.exists {
                tally.problems.append("\(outcome)")
            }
            try await look(after: outcome)
        }
        try await end()
        return tally
    }

    /// nil: it was killed before its first transaction, and the next run makes it.
    private func openStore() throws(StoreError) -> ChunkStore? {
        do {
            return try ChunkStore.open(reading: store.path)
        } catch {
            guard error.code == .notAStore else { throw error }
            return nil
        }
    }

    /// The store is sound, and each object in it is one that the bucket has had.
    private mutating func look(after outcome: DredgeBinary.Outcome) async throws {
        guard store.exists, let opened = try openStore() else { return }
        let report = try await opened.verify()
        if !report.isSound { tally.problems.append("not sound: \(report.problems)") }
        var texts: [String: [UInt8]] = [:]
        for try await chunk in opened.chunks() {
            texts[String(decoding: chunk.key, as: UTF8.self), default: []] += chunk.text
        }
        for (key, text) in texts where past[key]?.contains(text) != true {
            tally.problems.append("\(key) is no version that the bucket had, after \(outcome)")
        }
        guard outcome.status == -SIGKILL else { return }
        let storedCount = texts.count { bucket[$0.key] == $0.value }
        if storedCount <= tally.storedCounts.last ?? 0 { millisecondsMax = min(1.25 * millisecondsMax, 20_000) }
        if (1..<bucket.count).contains(storedCount) { tally.partCount += 1 }
        tally.storedCounts.append(storedCount)
    }

    /// The next two runs, the first of which may go on with one that was killed, bring everything.
    private mutating func end() async throws {
        for _ in 0..<2 {
            let outcome = try await DredgeBinary.run(
                ["run", "c.yaml", "--json", "--no-progress"], directory: directory.url)
            try #require(outcome.status == 0, "\(outcome)")
        }
        #expect(try await store.texts() == bucket)
        try await store.verified()
        let fresh = StoreFile("fresh.chunks", in: directory)
        let outcome = try await DredgeBinary.run(["run", "c.yaml", "--store", fresh.path], directory: directory.url)
        try #require(outcome.status == 0, "\(outcome)")
        #expect(try await store.digest() == fresh.digest())
    }
}
