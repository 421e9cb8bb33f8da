@testable import Dredge
import Foundation
import Testing
import TestServers

/// What a run makes of what earlier runs met.
@Suite struct RecoveryTests {
    static let line = Array("a line of text\n".utf8)

    @Test func aSourceThatStaysBrokenDoesNotKeepTheOthersFromBeingListedAnew() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: [.init("a.txt", body: Self.line)])
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        var broken = Workbench.source(at: server)
        broken.name = "broken"
        broken.bucket = "no-such-bucket"
        let sources = [broken, Workbench.source(at: server)]
        await #expect(throws: RunError.self) { try await bench.run(sources) }
        scenario.objects.append(.init("b.txt", body: Self.line))
        try server.play(scenario)
        await #expect(throws: RunError.self) { try await bench.run(sources) }
        #expect(try await bench.text(of: "b.txt") == Self.line)
    }

    @Test func refusedKeysThatComeFirstDoNotHideTheReadableOnes() async throws {
        let refused = (0..<100).map { "a-private/\($0).txt" }
        let readable = (0..<20).map { "public/\($0).txt" }
        let server = try await ScriptedS3Server(
            .init(
                objects: (refused + readable).map { .init($0, body: Self.line) },
                faults: refused.map { .error(on: .get, 403, "AccessDenied").forKey($0).times(-1) }))
        defer { server.stop() }
        let report = try await Workbench().run([Workbench.source(at: server)])
        #expect(report.indexed.objects == 20)
        #expect(report.failed.objects == 100)
    }

    @Test func `bad objects fail alone, however many they are, and keep nothing else from being read`() async throws {
        let bad = (0..<60).map { "bad/\($0).txt" }
        let good = (0..<100).map { $0 < 50 ? "a/\($0).txt" : "c/\($0).txt" }
        var scenario = ScriptedS3Server.Scenario(
            objects: (bad + good).map { .init($0, body: Self.line) },
            faults: bad.map { .error(on: .get, 500, "InternalError").forKey($0).times(-1) })
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        for number in 0..<3 {
            let report = try await bench.run([Workbench.source(at: server)])
            #expect(report.outcome == .complete && report.failed.objects == 60)
            #expect(report.indexed.objects + report.unchanged.objects == 100 + number)
            scenario.objects.append(.init("new/\(number).txt", body: Self.line))
            try server.play(scenario)
        }
    }

    @Test func `a source whose objects all fail leaves memory and requests to the others`() async throws {
        let body = [UInt8](repeating: UInt8(ascii: "\n"), count: 1 << 20)
        let failing = try await ScriptedS3Server(
            .init(
                objects: (0..<100).map { .init("\($0).txt", body: body) },
                faults: [.error(on: .get, 503, "SlowDown").times(-1)]))
        let well = try await ScriptedS3Server(.init(objects: (0..<10).map { .init("\($0).txt", body: body) }))
        defer {
            failing.stop()
            well.stop()
        }
        var sources = [Workbench.source(at: failing), Workbench.source(at: well)]
        sources[0].name = "failing"
        var limits = Limits.default
        limits.memoryByteCount = 64 << 20
        let store = MemoryStore(settings: IndexSettings().named, seed: 1)
        let engine = try Engine(limits: limits, base: Workbench.anyKeys, environment: [:])
        let run = engine.run(sources, into: store)
        while (store.content["scripted"]?.count ?? 0) < 10 { try await Task.sleep(for: .milliseconds(20)) }
        run.stop()
        #expect(try await run.report().outcome == .stopped)
        await engine.shutDown()
    }

    @Test func aBinaryObjectThatWasReadShowsThatTheSourceIsNotRefused() async throws {
        let server = try await ScriptedS3Server(
            .init(
                objects: [.init("a.bin", body: [1, 0, 2]), .init("b.txt", body: Self.line)],
                faults: [.error(on: .get, 403, "AccessDenied").forKey("b.txt").times(-1)]))
        defer { server.stop() }
        let report = try await Workbench().run([Workbench.source(at: server)])
        #expect(report.failed.objects == 1)
        #expect(report.skipped.objects == 1)
    }

    @Test func anObjectThatWasArchivedIsReadOnceItIsRestored() async throws {
        var scenario = ScriptedS3Server.Scenario(
            objects: [.init("a.txt", body: Self.line), .init("b.txt", body: Self.line)],
            faults: [.error(on: .get, 403, "InvalidObjectState").forKey("a.txt").times(-1)])
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let first = try await bench.run([Workbench.source(at: server)])
        #expect(first.skippedReasons == ["archived": 1])
        scenario.faults = []
        try server.play(scenario)
        let second = try await bench.run([Workbench.source(at: server)])
        #expect(second.indexed.objects == 1)
    }

    @Test func anObjectThatWasBinaryForAMomentIsReadWhenItIsTextAgain() async throws {
        let text = ScriptedS3Server.Object("a.txt", body: Self.line)
        var scenario = ScriptedS3Server.Scenario(
            objects: [text], faults: [.replace(on: .get, .init("a.txt", body: [65, 0, 66]))])
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let first = try await bench.run([Workbench.source(at: server)])
        #expect(first.skippedReasons == ["binary": 1])
        scenario.faults = []
        try server.play(scenario)
        let second = try await bench.run([Workbench.source(at: server)])
        #expect(second.indexed.objects == 1)
    }

    @Test func twoPrefixesOfABucketStandSideBySide() async throws {
        let server = try await ScriptedS3Server(
            .init(objects: [.init("a/1.txt", body: Self.line), .init("b/1.txt", body: Self.line)]))
        defer { server.stop() }
        let bench = try Workbench()
        for prefix in ["a/", "b/"] {
            let source = Source(
                bucket: "bucket", prefix: prefix, region: "us-east-1", endpointURL: server.endpointURL, auth: .ambient)
            let report = try await bench.run([source])
            #expect(report.indexed.objects == 1)
            #expect(report.removedCount == 0)
        }
        #expect(try await bench.text(of: "a/1.txt") == Self.line)
    }

    @Test func withoutAnETagNothingCountsAsUnchanged() async throws {
        func listing(_ size: Int) -> ScriptedS3Server.Fault {
            .raw(
                on: .list,
                """
                <ListBucketResult><IsTruncated>false</IsTruncated>\
                <Contents><Key>k.txt</Key><Size>\(size)</Size></Contents></ListBucketResult>
                """
            ).times(-1)
        }
        let (first, second) = (Array("first version\n".utf8), Array("other version\n".utf8))
        var scenario = ScriptedS3Server.Scenario(objects: [.init("k.txt", body: first)], faults: [listing(first.count)])
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([Workbench.source(at: server)])
        scenario.objects = [.init("k.txt", body: second)]
        try server.play(scenario)
        try await bench.run([Workbench.source(at: server)])
        #expect(try await bench.text(of: "k.txt") == second)
    }

    @Test("I7: an entry of the listing that can't be right fails alone, and is named")
    func oddEntriesOfAListingFailAlone() async throws {
        func entry(_ key: String, _ size: String, _ eTag: String) -> String {
            "<Contents><Key>\(key)</Key><Size>\(size)</Size><ETag>\(eTag)</ETag></Contents>"
        }
        let listing =
            "<ListBucketResult><IsTruncated>false</IsTruncated>" + entry("a.txt", "-5", "e")
            + entry("b.txt", "18446744073709551615", "e") + entry("c.txt", "\(Self.line.count)", "e&#10;e")
            + entry("d.txt", "\(Self.line.count)", "") + "</ListBucketResult>"
        let server = try await ScriptedS3Server(
            .init(
                objects: ["a.txt", "b.txt", "c.txt", "d.txt"].map { .init($0, body: Self.line) },
                faults: [.raw(on: .list, listing).times(-1)]))
        defer { server.stop() }
        let report = try await Workbench().run([Workbench.source(at: server)])
        #expect(report.outcome == .complete && report.isIncomplete)
        #expect(report.indexed.objects == 1 && report.failed.objects == 3 && report.listed.objects == 4)
        #expect(report.failedReasons == ["listedSize": 2, "listedETag": 1])
        #expect(report.failures.map(\.key) == ["a.txt", "b.txt", "c.txt"])
        #expect(report.failures[1].reason.contains("18446744073709551615"))
    }

    @Test func attemptsAreCounted() async throws {
        let server = try await ScriptedS3Server(
            .init(
                objects: [.init("a.txt", body: Self.line)],
                faults: [.error(on: .get, 503, "SlowDown").times(2)]))
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([Workbench.source(at: server)])
        var attempts: [Int] = []
        for try await object in try ChunkStore.open(reading: bench.path("store")).objects() {
            attempts.append(object.attemptCount)
        }
        #expect(attempts == [3])
    }
}
