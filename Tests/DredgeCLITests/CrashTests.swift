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
@Suite(.timeLimit(.minutes(5))) struct CrashTests {
    /// Small objects that share batches, and some of many parts that have their own.
    private static let objects: [(key: String, body: [UInt8])] = {
        var text = SampleText(seed: 31)
        let small = (100..<340).map { ("small/\($0).txt", text.lines(byteCount: 500 + 37 * ($0 - 100))) }
        let large = (1...3).map { ("large/\($0).txt", text.lines(byteCount: 700_000 + $0)) }
        return small + large
    }()

    private static func scenario(delaySeconds: Double?) -> ScriptedS3Server.Scenario {
        var scenario = ScriptedS3Server.Scenario(objects: objects.map { .init($0.key, body: $0.body) })
        scenario.pageSize = 50
        scenario.faults = delaySeconds.map { [.delay(on: .get, seconds: $0).times(-1)] } ?? []
        return scenario
    }

    /// The kills come later and later, so that at last a run completes, however slow the machine is. The server's delays alone make
    /// an undisturbed run of three seconds, so that some of them come in its middle, however fast it is.
    @Test func `I4: a run that is killed at random moments until it completes ends as an undisturbed one`() async throws
    {
        let seed =
            ProcessInfo.processInfo.environment["DREDGE_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0...999_999)
        print("CrashTests: DREDGE_TEST_SEED=\(seed)")
        var generator = SplitMix64(seed: seed)
        let server = try await ScriptedS3Server(Self.scenario(delaySeconds: nil))
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        try directory.write(
            "c.yaml",
            """
            store: killed.chunks
            limits: {part: 64KiB, memory: 64MiB, requests: 8}
            sources: [{bucket: bucket, endpoint_url: "\(server.endpointURL)", region: us-east-1, auth: anonymous}]
            """)
        let undisturbed = StoreFile("undisturbed.chunks", in: directory)
        let whole = try DredgeBinary.run(
            ["run", "c.yaml", "--store", undisturbed.path, "--json"], directory: directory.url)
        try #require(whole.status == 0, "\(whole)")
        #expect(try JSONLine.object(whole.output).objectCount("indexed") == Self.objects.count)

        try server.play(Self.scenario(delaySeconds: 0.1))
        let store = StoreFile("killed.chunks", in: directory)
        let bodies = Dictionary(uniqueKeysWithValues: Self.objects)
        let requestCountBefore = try server.requests().count
        var kills: [Kill] = []
        var last: DredgeBinary.Outcome?
        while last == nil {
            try #require(kills.count < 100, "seed \(seed)")
            let run = try DredgeBinary.start(["run", "c.yaml", "--json"], directory: directory.url)
            let milliseconds = Int.random(in: 0..<(1_500 + 300 * kills.count), using: &generator)
            pause(milliseconds: milliseconds)
            run.send(SIGKILL)
            let outcome = try run.wait()
            guard outcome.status == -SIGKILL else {
                last = outcome
                break
            }
            var kill = Kill(requestCount: try server.requests().count, finished: [])
            // Before its first request a run has made the store; a kill may come before that.
            if kill.requestCount > requestCountBefore {
                try store.verified()
                kill.finished = try store.keys("indexed")
                for (key, text) in try store.texts() { #expect(text == bodies[key], "\(key), seed \(seed)") }
            }
            kills.append(kill)
        }
        let outcome = try #require(last)
        #expect(outcome.status == 0, "seed \(seed): \(outcome)")
        let report = try JSONLine.object(outcome.output)
        #expect(report["is_resumed"] as? Bool == true)
        #expect(
            report.objectCount("listed") == Self.objects.count && report.objectCount("indexed") == Self.objects.count)
        #expect(kills.contains { !$0.finished.isEmpty && $0.finished.count < Self.objects.count }, "seed \(seed)")
        #expect(try store.digest() == undisturbed.digest(), "seed \(seed)")
        #expect(try store.texts() == bodies)
        try store.verified()

        // What was finished at a kill is not read again behind it.
        let gets = try server.requests().map { $0.action == .get ? String(decoding: $0.key, as: UTF8.self) : nil }
        for kill in kills {
            let again = Set(gets[kill.requestCount...].compactMap(\.self)).intersection(kill.finished)
            #expect(again.isEmpty, "seed \(seed)")
        }
        print("CrashTests: finished objects at the kills: \(kills.map(\.finished.count))")
    }

    /// Keeps its thread: a task that sleeps may get none for long when its time has come, while other tests wait for their programs.
    private func pause(milliseconds: Int) { usleep(UInt32(milliseconds) * 1_000) }

    private struct Kill {
        /// What the server had been asked until then.
        var requestCount: Int
        /// The keys of the objects that the store held then.
        var finished: Set<String>
    }
}
