import Dredge
import DredgeStore
import DredgeText
import Testing
import TestServers

/// I1: the same bytes and settings give the same chunks, for any part size, concurrency and restart point.
@Suite struct DeterminismTests {
    static func scenario() -> ScriptedS3Server.Scenario {
        var maker = TextMaker(seed: 7)
        var objects: [ScriptedS3Server.Object] = []
        for (index, size) in [1, 100, 65_535, 65_536, 65_537, 200_000, 1_000_000, 3_000_001].enumerated() {
            objects.append(.init("sizes/\(index)-\(size).txt", body: maker.text(byteCount: size)))
        }
        for index in 0..<60 { objects.append(.init("small/\(index).txt", body: maker.text(byteCount: 1 + index * 97))) }
        objects.append(.init("one-line.txt", body: [UInt8](repeating: UInt8(ascii: "z"), count: 700_000)))
        return .init(objects: objects)
    }

    @Test func partSizeAndConcurrencyChangeNothing() async throws {
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        let bench = try Workbench()
        let settings = IndexSettings(chunking: .lines(maxTokens: 200, overlapTokens: 20))
        try await bench.run([Workbench.source(at: server)], settings: settings)
        let undisturbed = try await bench.digest()
        for (index, (part, requests, workers)) in [
            (64 << 10, 1, 1), (64 << 10, 64, 3), (100_003, 7, 2), (1 << 20, 128, 4),
        ]
        .enumerated() {
            var limits = Limits()
            limits.partByteCount = part
            limits.requestCount = requests
            limits.workerCount = workers
            limits.memoryByteCount = 64 << 20
            let report = try await bench.run(
                [Workbench.source(at: server)], into: "store-\(index)", settings: settings, limits: limits)
            #expect(report.indexed.objects == 69)
            #expect(try await bench.digest("store-\(index)") == undisturbed, "parts of \(part), \(requests) requests")
        }
    }

    @Test func aSecondRunLeavesUnchangedObjectsAloneAndFollowsTheBucket() async throws {
        var scenario = Self.scenario()
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([Workbench.source(at: server)])
        let gets = try server.requests().filter { $0.action == .get }.count

        let again = try await bench.run([Workbench.source(at: server)])
        #expect(again.unchanged.objects == 69)
        #expect(again.indexed.objects == 0)
        #expect(try server.requests().filter { $0.action == .get }.count == gets, "nothing is fetched again")

        // One object changes, one goes, one comes.
        scenario.objects[0] = .init("sizes/0-1.txt", body: Array("new words\n".utf8))
        scenario.objects.removeLast()
        scenario.objects.append(.init("zz-new.txt", body: Array("hello\n".utf8)))
        try server.play(scenario)
        let third = try await bench.run([Workbench.source(at: server)])
        #expect(third.indexed.objects == 2)
        #expect(third.unchanged.objects == 67)
        #expect(third.removedCount == 1)

        try await bench.run([Workbench.source(at: server)], into: "fresh")
        #expect(
            try await bench.digest() == bench.digest("fresh"), "the store is a function of the objects and the settings"
        )
    }

    @Test func aStoppedRunGoesOnWhereItWas() async throws {
        var scenario = Self.scenario()
        scenario.pageSize = 10
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([Workbench.source(at: server)], into: "undisturbed")

        // A slow network, so that there is something to stop.
        scenario.faults = [.delay(on: .get, seconds: 0.02).times(-1)]
        try server.play(scenario)
        var limits = Limits()
        limits.requestCount = 4
        limits.partByteCount = 64 << 10
        limits.memoryByteCount = 24 << 20
        var runCount = 0
        var runIDs: Set<String> = []
        while true {
            runCount += 1
            let attempt = runCount
            try #require(runCount < 100)
            let store = try ChunkStore.open(at: bench.path("store"), settings: IndexSettings())
            let engine = try Engine(limits: limits, base: Workbench.anyKeys, environment: [:])
            let run = engine.run([Workbench.source(at: server)], into: store)
            let stopper = Task {
                // Longer each time, so that the largest object gets through whatever the machine is doing.
                try await Task.sleep(for: .milliseconds(100 * attempt))
                run.stop()
            }
            let report = try await run.report()
            stopper.cancel()
            await engine.shutDown()
            try store.close()
            runIDs.insert(report.id)
            #expect(report.isResumed == (runCount > 1))
            if report.outcome == .complete { break }
            #expect(report.outcome == .stopped)
        }
        #expect(runCount > 1, "the run was never stopped: make it slower")
        #expect(runIDs.count == 1, "it is one run")
        #expect(try await bench.digest() == bench.digest("undisturbed"))
    }
}
