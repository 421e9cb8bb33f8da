import Dredge
import DredgeStore
import DredgeText
import Foundation
import Testing
import TestServers

/// What a service does to an indexer, and what becomes of the run.
@Suite struct FaultTests {
    static let lines = Array(String(repeating: "a line of text\n", count: 20_000).utf8)

    static func smallParts() -> Limits {
        var limits = Limits()
        limits.partByteCount = 64 << 10
        return limits
    }

    @Test("I7: one bad object never ends a run, and is never silent")
    func badObjectsAreNamedAndTheRunGoesOn() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: [
            .init("a-good.txt", body: Self.lines), .init("denied.txt", body: Self.lines),
            .init("gone.txt", body: Self.lines),
            .init("gone-large.txt", body: Self.lines), .init("broken.txt", body: Self.lines),
            .init("folder/", body: []), .init("empty.txt", body: []), .init("picture.png", body: [0x89, 0, 1, 2]),
            .init("z-good.txt", body: Self.lines),
        ])
        var cold = ScriptedS3Server.Object("cold.txt", body: Self.lines)
        cold.storageClass = "DEEP_ARCHIVE"
        scenario.objects.append(cold)
        scenario.faults = [
            .error(on: .get, 403, "AccessDenied", message: "Access Denied").forKey("denied.txt").times(-1),
            .error(on: .get, 404, "NoSuchKey", message: "gone").forKey("gone.txt").times(-1),
            .error(on: .get, 404, "NoSuchKey", message: "gone").forKey("gone-large.txt").times(-1, afterSkipping: 2),
            .error(on: .get, 400, "KMS.DisabledException", message: "the key is disabled").forKey("broken.txt").times(
                -1),
        ]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Workbench.source(at: server)], limits: Self.smallParts())
        #expect(report.outcome == .complete)
        #expect(report.isIncomplete)
        #expect(report.listed.objects == 10)
        #expect(report.indexed.objects == 2)
        #expect(report.failed.objects == 2)
        #expect(report.vanished.objects == 2)
        #expect(report.skipped.objects == 4)
        #expect(report.skippedReasons == ["folder marker": 1, "empty": 1, "binary": 1, "archived": 1])
        #expect(Set(report.failures.map(\.key)) == ["denied.txt", "broken.txt"])
        #expect(report.failures.allSatisfy { !$0.reason.isEmpty })
        let requests = try server.requests().filter { $0.action == .get }.map {
            String(decoding: $0.key, as: UTF8.self)
        }
        #expect(!requests.contains("cold.txt"), "an archived object is skipped without a request")
        #expect(!requests.contains("empty.txt"))

        // The next run tries the failed ones again, and they are well now.
        scenario.faults = []
        try server.play(scenario)
        let mended = try await bench.run([Workbench.source(at: server)], limits: Self.smallParts())
        #expect(mended.indexed.objects == 4)
        #expect(mended.unchanged.objects == 2)
        #expect(!mended.isIncomplete)
    }

    @Test("I5: an object that changes under the read is read again, whole")
    func aChangedObjectIsReadAgainAtItsNewVersion() async throws {
        var maker = TextMaker(seed: 3)
        let (old, new) = (maker.text(byteCount: 1_000_000), maker.text(byteCount: 900_000))
        let server = try await ScriptedS3Server(
            .init(
                objects: [.init("moving.txt", body: old)],
                faults: [.replace(on: .get, .init("moving.txt", body: new)).times(1, afterSkipping: 5)]))
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Workbench.source(at: server)], limits: Self.smallParts())
        #expect(report.indexed.objects == 1)
        #expect(try await bench.text(of: "moving.txt") == new)
    }

    @Test("I5: after three rereads the object is given up as changed, and no chunk of it is visible")
    func anObjectThatKeepsChangingIsGivenUp() async throws {
        let faults = (0..<40).map { version in
            ScriptedS3Server.Fault.replace(
                on: .get, .init("moving.txt", body: Array("version \(version)\n".utf8) + Self.lines)
            ).forKey("moving.txt").times(1, afterSkipping: 1 + version)
        }
        let server = try await ScriptedS3Server(
            .init(
                objects: [.init("moving.txt", body: Self.lines), .init("still.txt", body: Self.lines)], faults: faults))
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Workbench.source(at: server)], limits: Self.smallParts())
        #expect(report.changed.objects == 1)
        #expect(report.indexed.objects == 1)
        #expect(try await bench.text(of: "moving.txt").isEmpty)
    }

    @Test func brokenAnswersAndThrottlingChangeNothingInTheStore() async throws {
        var scenario = DeterminismTests.scenario()
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([Workbench.source(at: server)], into: "undisturbed", limits: Self.smallParts())
        scenario.faults = [
            .error(on: .get, 503, "SlowDown").times(10, afterSkipping: 3),
            .shortBody(on: .get, byteCount: 1_000).times(10, afterSkipping: 5),
            .reset(on: .get).times(5, afterSkipping: 9),
            .reset(on: .get, byteCount: 500).times(5, afterSkipping: 4),
            .error(on: .get, 500, "InternalError").times(5),
            .error(on: .list, 503, "SlowDown").times(2),
        ]
        try server.play(scenario)
        let report = try await bench.run([Workbench.source(at: server)], limits: Self.smallParts())
        #expect(report.indexed.objects == 69)
        #expect(try await bench.digest() == bench.digest("undisturbed"))
    }

    @Test func aSourceWhoseObjectsAreAllRefusedIsAFatalError() async throws {
        let server = try await ScriptedS3Server(
            .init(
                objects: (0..<10).map { .init("\($0).txt", body: Self.lines) },
                faults: [.error(on: .get, 403, "AccessDenied", message: "Access Denied").times(-1)]))
        defer { server.stop() }
        let bench = try Workbench()
        do {
            try await bench.run([Workbench.source(at: server)])
            Issue.record("the run should have failed")
        } catch let error as RunError {
            #expect(error.code == .accessDenied)
            #expect(error.source == "scripted")
            #expect(error.advice.contains("s3:GetObject"))
            #expect(error.report?.failed.objects == 10)
        }
    }

    @Test func oneSourceThatCannotBeReachedDoesNotKeepTheOthers() async throws {
        let server = try await ScriptedS3Server(.init(objects: [.init("a.txt", body: Self.lines)]))
        defer { server.stop() }
        let bench = try Workbench()
        var wrong = Workbench.source(at: server)
        wrong.name = "wrong"
        wrong.bucket = "no-such-bucket"
        do {
            try await bench.run([wrong, Workbench.source(at: server)])
            Issue.record("the run should have failed")
        } catch let error as RunError {
            #expect(error.source == "wrong")
            #expect(error.code == .noSuchBucket)
            #expect(error.report?.indexed.objects == 1)
        }
    }

    @Test func aListingThatBreaksOffIsGoneOnWithAndNothingIsTakenForDeleted() async throws {
        var scenario = DeterminismTests.scenario()
        scenario.pageSize = 10
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([Workbench.source(at: server)])
        let before = try await bench.digest()
        scenario.faults = [.error(on: .list, 403, "AccessDenied").times(-1, afterSkipping: 2)]
        try server.play(scenario)
        await #expect(throws: RunError.self) { try await bench.run([Workbench.source(at: server)]) }
        #expect(try await bench.digest() == before)
        scenario.faults = []
        try server.play(scenario)
        let report = try await bench.run([Workbench.source(at: server)])
        #expect(report.isResumed, "what an error ended is gone on with")
        #expect(report.unchanged.objects == 69)
        #expect(report.removedCount == 0)
    }

    @Test func theCountsOfEveryRunAddUpToTheListing() async throws {
        var scenario = DeterminismTests.scenario()
        scenario.faults = [.error(on: .get, 403, "AccessDenied").times(7, afterSkipping: 3)]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        var source = Workbench.source(at: server)
        source.exclude = ["small/1*"]
        let report = try await bench.run([source])
        let parts = [
            report.indexed, report.unchanged, report.skipped, report.failed, report.vanished, report.changed,
            report.pending,
        ]
        #expect(parts.map(\.objects).reduce(0, +) == 69)
        #expect(report.listed.objects == 69)
        #expect(report.skippedReasons == ["filtered": 11])
        #expect(report.listed.bytes == parts.map(\.bytes).reduce(0, +))
    }
}
