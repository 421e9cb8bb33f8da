import DredgeStore
import Testing
import TestServers

@testable import Dredge

/// What looks like a bucket that was emptied, and is none.
@Suite struct RemovalTests {
    static let line = Array("a line of text\n".utf8)

    /// Objects with ETags that a test can write into a listing of its own.
    private static func objects(_ range: Range<Int>, prefix: String = "2025/") -> [ScriptedS3Server.Object] {
        range.map { index in
            var object = ScriptedS3Server.Object("\(prefix)\(1_000 + index).txt", body: line)
            object.eTag = "\"e\""
            return object
        }
    }

    private static func page(_ range: Range<Int>, token: String?) -> String {
        let entries = range.map {
            "<Contents><Key>2025/\(1_000 + $0).txt</Key><Size>\(line.count)</Size><ETag>&quot;e&quot;</ETag></Contents>"
        }
        let end = token.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
        let rest = end + entries.joined()
        return "<ListBucketResult><IsTruncated>\(token != nil)</IsTruncated>\(rest)</ListBucketResult>"
    }

    /// Runs a source into a store that holds the documents `2025/…`, after a plan that must say the same.
    private func run(
        _ source: Source, _ bench: Workbench, withholds count: Int, _ reason: WithheldReason
    ) async throws {
        let digest = try await bench.digest()
        let plan = try await bench.plan([source])
        let report = try await bench.run([source])
        #expect(report.outcome == .complete && report.isIncomplete)
        #expect(report.removedCount == 0 && report.withheldCount == count)
        #expect(report.withheld.map(\.reason) == [reason] && report.withheld.map(\.source) == ["scripted"])
        #expect(!report.withheld[0].message.isEmpty && report.withheld[0].advice.contains("--confirm-deletions"))
        #expect(plan.map(\.withheld) == report.withheld.map(Optional.some))
        #expect(try await bench.digest() == digest)
    }

    @Test("I10: objects that are listed, and gone when they are read, keep their documents until the next listing")
    func aServiceThatHasNoListedObjectRemovesNothing() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: Self.objects(0..<12))
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let source = Workbench.source(at: server, prefix: "2025/")
        try await bench.run([source])
        let digest = try await bench.digest()
        // Other versions are listed, and no object is there.
        for index in scenario.objects.indices { scenario.objects[index].eTag = "\"f\"" }
        scenario.faults = [.error(on: .get, 404, "NoSuchKey").times(-1)]
        try server.play(scenario)
        let report = try await bench.run([source])
        #expect(report.vanished.objects == 12 && report.removedCount == 0)
        #expect(try await bench.digest() == digest)
        // A listing that tells the same of all of them is one of the mistakes that are withheld.
        scenario.objects = []
        try server.play(scenario)
        try await run(source, bench, withholds: 12, .emptyListing)
    }

    @Test("I10: a mistyped prefix, a filter that matches nothing and an empty listing remove nothing")
    func mistakesRemoveNothing() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: Self.objects(0..<12))
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let right = Workbench.source(at: server, prefix: "2025/")
        try await bench.run([right])
        var mistyped = right
        mistyped.prefix = "2026/"
        for _ in 0..<2 { try await run(mistyped, bench, withholds: 12, .emptyListing) }
        var filtered = right
        filtered.include = ["/*.txt"]
        for _ in 0..<2 { try await run(filtered, bench, withholds: 12, .filtersChanged) }
        scenario.objects = []
        try server.play(scenario)
        for _ in 0..<2 { try await run(right, bench, withholds: 12, .emptyListing) }
        scenario.objects = Self.objects(0..<1)
        try server.play(scenario)
        try await run(right, bench, withholds: 11, .overLimits)

        scenario.objects = Self.objects(0..<12)
        try server.play(scenario)
        let again = try await bench.run([right])
        #expect(again.unchanged.objects == 12 && !again.isIncomplete, "nothing is read again")

        scenario.objects = []
        try server.play(scenario)
        var confirmed = right
        confirmed.removal.isConfirmed = true
        #expect(try await bench.plan([confirmed]).map(\.removedCount) == [12])
        let report = try await bench.run([confirmed])
        #expect(report.removedCount == 12 && !report.isIncomplete)
        var keys: [[UInt8]] = []
        for try await object in try ChunkStore.open(reading: bench.path("store")).objects() { keys.append(object.key) }
        #expect(keys.isEmpty)
    }

    @Test func anEndpointOfTheEnvironmentIsPartOfTheSource() async throws {
        let server = try await ScriptedS3Server(.init(objects: Self.objects(0..<5)))
        defer { server.stop() }
        let other = try await ScriptedS3Server(.init(objects: Self.objects(2..<4)))
        defer { other.stop() }
        let bench = try Workbench()
        var source = Workbench.source(at: server)
        source.endpointURL = nil
        let here = ["AWS_ENDPOINT_URL_S3": server.endpointURL], there = ["AWS_ENDPOINT_URL": other.endpointURL]
        #expect(try await bench.run([source], environment: here).indexed.objects == 5)
        let report = try await bench.run([source], environment: there)
        #expect(report.indexed.objects == 2 && report.removedCount == 0)
        #expect(report.withheldCount == 5 && report.withheld.map(\.reason) == [.sourceChanged])
        // Named in the source, it is the same endpoint.
        source.endpointURL = server.endpointURL + "/"
        #expect(try await bench.run([source]).unchanged.objects == 5)
    }

    @Test("I10: a page that the service repeats is read again; if it is repeated again, nothing is removed")
    func repeatedPages() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: Self.objects(0..<60))
        scenario.pageSize = 20
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let source = Workbench.source(at: server, prefix: "2025/")
        try await bench.run([source])
        let digest = try await bench.digest()
        // The first page instead of the second; the third follows it.
        let third = try #require(
            try server.requests().filter { $0.action == .list }.compactMap { request in
                request.target.split(separator: "&").first { $0.contains("continuation-token=") }?.split(separator: "=")
                    .dropFirst().joined(separator: "=")
            }.last)
        let token = third.replacing("%3D", with: "=").replacing("%2F", with: "/").replacing("%2B", with: "+")
        let repeated = ScriptedS3Server.Fault.raw(on: .list, Self.page(0..<20, token: token))
        scenario.faults = [repeated.when("target", has: "continuation-token").when("target", lacks: third)]
        try server.play(scenario)
        let mended = try await bench.run([source])
        #expect(mended.unchanged.objects == 60 && !mended.isIncomplete)

        var confirmed = source
        confirmed.removal.isConfirmed = true
        for _ in 0..<2 {
            scenario.faults = [
                repeated.when("target", has: "continuation-token").when("target", lacks: third).times(-1)
            ]
            try server.play(scenario)
            let plan = try await bench.plan([confirmed])
            let report = try await bench.run([confirmed])
            #expect(report.outcome == .complete && report.isIncomplete)
            #expect(report.listed.objects == 40 && report.unchanged.objects == 40)
            #expect(report.withheld.map(\.reason) == [.untrustedListing] && report.removedCount == 0)
            #expect(plan[0].listed == report.listed && plan[0].unchanged == report.unchanged)
            #expect(plan.map(\.withheld) == report.withheld.map(Optional.some) && plan[0].withheldCount == 20)
            #expect(try await bench.digest() == digest)
        }
        scenario.faults = []
        try server.play(scenario)
        #expect(try await !bench.run([source]).isIncomplete)
    }

    @Test func tokensThatGoInACircleEndTheSourceAndRemoveNothing() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: Self.objects(0..<30))
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let source = Workbench.source(at: server, prefix: "2025/")
        try await bench.run([source])
        let digest = try await bench.digest()
        scenario.faults = [
            .raw(on: .list, Self.page(10..<20, token: "b")).when("target", has: "continuation-token=a").times(-1),
            .raw(on: .list, Self.page(0..<10, token: "a")).times(-1),
        ]
        try server.play(scenario)
        let error = await #expect(throws: RunError.self) { try await bench.run([source]) }
        #expect(error?.code == .service && error?.message.contains("circle") == true)
        #expect(error?.report?.removedCount == 0)
        #expect(try await bench.digest() == digest)
    }
}
