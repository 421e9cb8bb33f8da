import DredgeLedger
import DredgeStore
import DredgeText
import Foundation
import Logging
import TestServers
import Testing

@testable import Dredge

/// What is kept of an object of several parts whose read ends early.
@Suite struct LargeObjectTests {
    /// Objects of five parts; each part is marked.
    private static let limits = {
        var limits = FaultTests.smallParts()
        limits.markedByteCount = 1
        limits.outagePatience = .zero
        return limits
    }()
    private static let body = {
        var maker = TextMaker(seed: 20_261_128)
        return maker.text(byteCount: 300_000)
    }()
    /// In the `Range` of whichever part is the last.
    private static let lastRange = "-299999"

    private static func server(_ faults: [ScriptedS3Server.Fault]) async throws -> ScriptedS3Server {
        try await ScriptedS3Server(.init(objects: [.init("large.txt", body: body)], faults: faults))
    }

    /// Where the reads of `requests` began.
    private static func starts(_ requests: [ScriptedS3Server.LoggedRequest]) -> [Int] {
        let ranges = requests.compactMap { $0.action == .get ? $0.headers["range"] : nil }
        return ranges.compactMap { range in Int(range.dropFirst("bytes=".count).prefix { $0 != "-" }) }
    }

    @Test func `a second visit goes on where the first one ended`() async throws {
        // The attempts of one visit fail.
        let server = try await Self.server([
            .error(on: .get, 500, "InternalError").when("range", has: Self.lastRange).times(3)
        ])
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Workbench.source(at: server)], limits: Self.limits)
        #expect(report.indexed.objects == 1 && !report.isIncomplete)
        let starts = Self.starts(try server.requests())
        #expect(starts.count { $0 == 0 } == 1, "\(starts)")
        #expect(starts.last! > 60_000)
        #expect(try await bench.text(of: "large.txt") == Self.body)
        #expect(try await ChunkStore.open(reading: bench.path("store")).verify().isSound)
    }

    @Test func `the next run goes on where the last one failed, or ended`() async throws {
        for fault in [
            ScriptedS3Server.Fault.error(on: .get, 403, "AccessDenied"), .error(on: .get, 500, "InternalError"),
        ] {
            let server = try await Self.server([fault.when("range", has: Self.lastRange).times(-1)])
            defer { server.stop() }
            let bench = try Workbench()
            let failed = try await bench.run([Workbench.source(at: server)], limits: Self.limits)
            #expect(failed.failed.objects == 1)
            let store = try ChunkStore.open(reading: bench.path("store"))
            #expect(try await store.verify().isSound)
            let stats = try await store.stats()
            #expect(stats.chunkCount == 0 && stats.progressChunkCount > 0 && stats.deadChunkCount == 0)
            let count = try server.requests().count
            try server.play(.init(objects: [.init("large.txt", body: Self.body)]))
            let report = try await bench.run([Workbench.source(at: server)], limits: Self.limits)
            #expect(report.indexed.objects == 1 && report.listed.bytes == 300_000)
            let starts = Self.starts(Array(try server.requests().dropFirst(count)))
            #expect(starts.allSatisfy { $0 > 60_000 }, "\(starts)")
            #expect(starts.first == starts.min(), "what is read ahead of a gap is lost where the read ends: \(starts)")
            #expect(try await bench.text(of: "large.txt") == Self.body)

            // Nothing tells it from one that was read at once.
            try await bench.run([Workbench.source(at: server)], into: "other", limits: Self.limits)
            #expect(try await bench.digest() == bench.digest("other"))
        }
    }

    @Test func `what was read of a version that is gone is deleted at once, and never mixed`() async throws {
        var maker = TextMaker(seed: 7)
        let new = maker.text(byteCount: 310_000)
        let server = try await Self.server([
            .replace(on: .get, .init("large.txt", body: new)).when("range", has: Self.lastRange)
        ])
        defer { server.stop() }
        let store = MemoryStore(settings: IndexSettings().named, seed: 1)
        var limits = Self.limits
        limits.requestCount = 1
        let engine = try Engine(limits: limits, base: Workbench.anyKeys, environment: [:])
        let report = try await engine.run([Workbench.source(at: server)], into: store).report()
        await engine.shutDown()
        #expect(report.indexed.objects == 1)
        let content = try #require(store.content["scripted"]?[Array("large.txt".utf8)])
        #expect(content.chunks.flatMap(\.text) == new)
        #expect(store.chunkCount == content.chunks.count)
    }

    @Test func `an object without an ETag is whole, though nothing of it can be marked`() async throws {
        var object = ScriptedS3Server.Object("large.txt", body: Self.body)
        object.eTag = ""
        let fault = ScriptedS3Server.Fault.error(on: .get, 500, "InternalError").when("range", has: Self.lastRange)
        for faults in [[], [fault.times(3)]] {
            let server = try await ScriptedS3Server(.init(objects: [object], faults: faults))
            defer { server.stop() }
            let bench = try Workbench()
            let report = try await bench.run([Workbench.source(at: server)], limits: Self.limits)
            #expect(report.indexed.objects == 1)
            #expect(try await bench.text(of: "large.txt") == Self.body)
            #expect(try await ChunkStore.open(reading: bench.path("store")).verify().isSound)
        }
    }

    @Test func `a listing that shows another version begins anew`() async throws {
        let server = try await Self.server([
            .error(on: .get, 403, "AccessDenied").when("range", has: Self.lastRange).times(-1)
        ])
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([Workbench.source(at: server)], limits: Self.limits)
        var maker = TextMaker(seed: 8)
        let new = maker.text(byteCount: 300_000)
        try server.play(.init(objects: [.init("large.txt", body: new)]))
        let report = try await bench.run([Workbench.source(at: server)], limits: Self.limits)
        #expect(report.indexed.objects == 1)
        #expect(try await bench.text(of: "large.txt") == new)
    }

    @Test func `a stop keeps what was read`() async throws {
        let server = try await Self.server([.hang(on: .get).when("range", has: Self.lastRange)])
        defer { server.stop() }
        let bench = try Workbench()
        let store = try ChunkStore.open(at: bench.path("store"), settings: IndexSettings())
        let engine = try Engine(limits: Self.limits, base: Workbench.anyKeys, environment: [:])
        let run = engine.run([Workbench.source(at: server)], into: store)
        while try !server.requests().contains(where: { $0.fault == "hang" }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        run.stop()
        #expect(try await run.report().outcome == .stopped)
        await engine.shutDown()
        try store.close()
        let count = try server.requests().count
        try await bench.run([Workbench.source(at: server)], limits: Self.limits)
        #expect(try await bench.text(of: "large.txt") == Self.body)
        // What had not arrived when it was stopped is read anew.
        let starts = Self.starts(Array(try server.requests().dropFirst(count)))
        #expect(!starts.isEmpty)
    }
}
