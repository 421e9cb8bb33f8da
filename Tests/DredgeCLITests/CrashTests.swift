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

/// `kill -9`, on the real binary.
@Suite(.timeLimit(.minutes(30))) struct CrashTests {
    private typealias Bodies = [String: [UInt8]]

    /// Small objects that share batches, and some of many parts that have their own.
    private static let bodies: Bodies = {
        var text = SampleText(seed: 31)
        let small = (100..<340).map { ("small/\($0).txt", text.lines(byteCount: 500 + 37 * ($0 - 100))) }
        let large = (1...3).map { ("large/\($0).txt", text.lines(byteCount: 700_000 + $0)) }
        return Dictionary(uniqueKeysWithValues: small + large)
    }()

    /// What was there before: a third of it has changed since, some of it is gone, some of it is new.
    private static let olderBodies: Bodies = {
        var older = bodies
        for number in stride(from: 100, to: 340, by: 3) {
            older["small/\(number).txt"]?.append(contentsOf: "older".utf8)
        }
        for number in 1...2 { older["large/\(number).txt"]?.append(contentsOf: "older".utf8) }
        for number in 101..<111 { older["small/gone \(number).txt"] = Array("no longer there\n".utf8) }
        for number in stride(from: 301, to: 340, by: 3) { older["small/\(number).txt"] = nil }
        return older
    }()

    private static func scenario(_ bodies: Bodies, delaySeconds: Double? = nil) -> ScriptedS3Server.Scenario {
        var scenario = ScriptedS3Server.Scenario(objects: bodies.map { .init($0.key, body: $0.value) })
        scenario.pageSize = 50
        scenario.faults = delaySeconds.map { [.delay(on: .get, seconds: $0).times(-1)] } ?? []
        return scenario
    }

    /// The first kill comes in the middle of a run. The others come later and later, so that at last a run completes,
    /// however slow the machine is; the server's delays keep them from being few where it is fast.
    @Test(
        "I4: a run that is killed at random moments until it completes ends as an undisturbed one",
        arguments: [(isIncremental: false, delaySeconds: 0.09), (isIncremental: true, delaySeconds: 0.2)])
    func aKilledRunEndsAsAnUndisturbedOne(isIncremental: Bool, delaySeconds: Double) async throws {
        let given = ProcessInfo.processInfo.environment["DREDGE_TEST_SEED"].flatMap(UInt64.init)
        let seed = given ?? .random(in: 0...999_999)
        print("CrashTests: DREDGE_TEST_SEED=\(seed)")
        var generator = SeededGenerator(seed: seed)
        let server = try await ScriptedS3Server(Self.scenario(Self.bodies))
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        try directory.write(
            "c.yaml",
            """
            store: killed.chunks
            limits: {part: 64KiB, memory: 64MiB, requests: 8}
            sources: [{bucket: bucket, endpoint_url: "\(server.endpointURL)", region: us-east-1, auth: anonymous}]
            """)
        let store = StoreFile("killed.chunks", in: directory),
            undisturbed = StoreFile("undisturbed.chunks", in: directory)
        let whole = try await DredgeBinary.run(
            ["run", "c.yaml", "--store", undisturbed.path], directory: directory.url)
        try #require(whole.status == 0, "\(whole)")
        if isIncremental {
            try server.play(Self.scenario(Self.olderBodies))
            let before = try await DredgeBinary.run(["run", "c.yaml"], directory: directory.url)
            try #require(before.status == 0, "\(before)")
        }

        let (kills, last) = try await runAndKill(
            server, store, in: directory, delaySeconds: delaySeconds, using: &generator)
        #expect(last.status == 0, "seed \(seed): \(last)")
        let report = try JSONLine.object(last.output)
        // A kill may come between the end of a run's work and the end of its process: then nothing is left to resume.
        let wasComplete = kills.last?.stored.count == Self.bodies.count
        #expect(report["is_resumed"] as? Bool == true || wasComplete)
        #expect(report.objectCount("listed") == Self.bodies.count)
        let isDone = ["indexed", "unchanged"].compactMap(report.objectCount)
        #expect(isDone.reduce(0, +) == Self.bodies.count && ((isDone[1] > 0) == isIncremental || wasComplete))
        #expect(try await store.digest() == undisturbed.digest(), "seed \(seed)")
        #expect(try await store.texts() == Self.bodies)
        try await store.verified()

        // What was stored at a kill is not read again behind it.
        let gets = try server.requests().map { $0.action == .get ? String(decoding: $0.key, as: UTF8.self) : nil }
        for kill in kills {
            let again = Set(gets[kill.requestCount...].compactMap(\.self)).intersection(kill.stored)
            #expect(again.isEmpty, "seed \(seed)")
        }
        print("CrashTests: objects in the store at the kills: \(kills.map(\.stored.count))")
    }

    /// A run that was killed.
    private struct Kill {
        /// What the server had been asked until then.
        var requestCount: Int
        /// The keys of the objects that the store held then as they are now.
        var stored: Set<String>
    }

    /// Starts run after run, and kills each; looks at what it leaves. Returns when one has ended by itself.
    private func runAndKill(
        _ server: ScriptedS3Server, _ store: StoreFile, in directory: TemporaryDirectory, delaySeconds: Double,
        using generator: inout SeededGenerator
    ) async throws -> ([Kill], DredgeBinary.Outcome) {
        var kills = [try await killInItsMiddle(server, store, in: directory, delaySeconds: delaySeconds)]
        try server.play(Self.scenario(Self.bodies, delaySeconds: delaySeconds))
        while true {
            try #require(kills.count < 100)
            let run = try DredgeBinary.start(["run", "c.yaml", "--json"], directory: directory.url)
            let milliseconds = Int.random(in: 0..<(1_500 + 300 * kills.count), using: &generator)
            // A thread's clock, not a task's, which may get its turn much later than it asked for.
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { run.send(SIGKILL) }
            let outcome = await run.wait()
            guard outcome.status == -SIGKILL else { return (kills, outcome) }
            try await store.verified()
            let kill = Kill(requestCount: try server.requests().count, stored: try await storedKeys(store))
            kills.append(kill)
        }
    }

    /// Kills a run that can't end, because one object is never answered, when the store holds something that it
    /// brought.
    private func killInItsMiddle(
        _ server: ScriptedS3Server, _ store: StoreFile, in directory: TemporaryDirectory, delaySeconds: Double
    ) async throws -> Kill {
        var scenario = Self.scenario(Self.bodies, delaySeconds: delaySeconds)
        scenario.faults.insert(.hang(on: .get).forKey("large/1.txt").times(-1), at: 0)
        try server.play(scenario)
        let before = store.exists ? try await storedKeys(store) : []
        let requestCount = try server.requests().count
        let run = try DredgeBinary.start(["run", "c.yaml", "--json"], directory: directory.url)
        // Before its first request a run has made the store.
        while true {
            let isUnderWay = try server.requests().count > requestCount
            if isUnderWay, try await storedKeys(store).count > before.count { break }
            try #require(run.isRunning)
            try await Task.sleep(for: .milliseconds(50))
        }
        run.send(SIGKILL)
        #expect(await run.wait().status == -SIGKILL)
        try await store.verified()
        let stored = try await storedKeys(store)
        #expect(stored.isSuperset(of: before) && stored.count < Self.bodies.count)
        return Kill(requestCount: try server.requests().count, stored: stored)
    }

    /// The keys of the objects that are stored as they are now. Every other one must be stored whole as it was before.
    private func storedKeys(_ store: StoreFile) async throws -> Set<String> {
        let texts = try await store.texts()
        let keys = texts.filter { $0.value == Self.bodies[$0.key] }.map(\.key)
        for (key, text) in texts where text != Self.bodies[key] {
            #expect(text == Self.olderBodies[key], "\(key) is neither the old version nor the new one")
        }
        return Set(keys)
    }
}
