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

/// Ctrl-C in the middle of a run, and the run that goes on.
@Suite(.timeLimit(.minutes(30))) struct ResumeTests {
    @Test(arguments: [SIGINT, SIGTERM])
    func `a stopped run tells what is left, and the same command goes on from there`(signal: Int32) async throws {
        var text = SampleText(seed: 51)
        let bodies = Dictionary(
            uniqueKeysWithValues: (10..<50).map { ("\($0).txt", text.lines(byteCount: 100 * $0)) } + [
                ("large.txt", text.lines(byteCount: 400_000))
            ])
        var scenario = ScriptedS3Server.Scenario(
            objects: bodies.sorted { $0.key < $1.key }.map { .init($0.key, body: $0.value) })
        // Whatever order the requests come in, one of each kind is never answered.
        scenario.faults = [
            .hang(on: .get).forKey("30.txt").times(-1),
            .hang(on: .get).forKey("large.txt").times(-1, afterSkipping: 3),
        ]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            limits: {part: 64KiB, memory: 64MiB, requests: 8}
            sources: [{bucket: bucket, endpoint_url: "\(server.endpointURL)", region: us-east-1, auth: anonymous}]
            """)
        let store = StoreFile("s.chunks", in: directory)
        let run = try DredgeBinary.start(["run", "c.yaml", "--json", "--no-progress"], directory: directory.url)
        while try server.requests().count(where: { $0.fault == "hang" }) < 2 {
            try #require(run.isRunning)
            try await Task.sleep(for: .milliseconds(20))
        }
        run.send(signal)
        let stopped = await run.wait()
        #expect(stopped.status == 4, "\(stopped)")
        #expect(stopped.error == "dredge: stopping; press Ctrl-C again to end at once\n")
        let report = try JSONLine.object(stopped.output)
        #expect(report["outcome"] as? String == "stopped")
        let indexed = try #require(report.objectCount("indexed")), pending = try #require(report.objectCount("pending"))
        #expect(indexed + pending == bodies.count && pending >= 2)
        try await store.verified()
        let finished = try await store.keys("indexed")
        #expect(finished.count == indexed)
        #expect(!finished.contains("30.txt") && !finished.contains("large.txt"))

        scenario.faults = []
        try server.play(scenario)
        let requestCount = try server.requests().count
        let resumed = try await DredgeBinary.run(
            ["run", "c.yaml", "--json", "--no-progress"], directory: directory.url)
        #expect(resumed.status == 0, "\(resumed)")
        let whole = try JSONLine.object(resumed.output)
        #expect(whole["is_resumed"] as? Bool == true && whole["id"] as? String == report["id"] as? String)
        #expect(whole.objectCount("indexed") == bodies.count)
        #expect(try await store.texts() == bodies)
        let again = try server.requests()[requestCount...].filter { $0.action == .get }
        #expect(finished.isDisjoint(with: again.map { String(decoding: $0.key, as: UTF8.self) }))

        let undisturbed = StoreFile("undisturbed.chunks", in: directory)
        let other = try await DredgeBinary.run(
            ["run", "c.yaml", "--store", undisturbed.path], directory: directory.url)
        #expect(other.status == 0, "\(other)")
        #expect(try await store.digest() == undisturbed.digest())
    }
}
