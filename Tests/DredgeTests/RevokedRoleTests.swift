import Dredge
import DredgeAWS
import Foundation
import TestServers
import Testing

/// A role that its owner takes away in the middle of a run.
@Suite(.timeLimit(.minutes(30))) struct RevokedRoleTests {
    private static let objects = (10..<70).map {
        ScriptedS3Server.Object("\($0).txt", body: Array("text number \($0)\n".utf8))
    }

    private func source(at server: ScriptedS3Server) -> Source {
        var source = Workbench.source(at: server)
        source.auth = .assumeRole([RoleHop(roleARN: "arn:aws:iam::123456789012:role/R", externalID: "id")])
        source.stsEndpointURL = server.endpointURL
        return source
    }

    @Test func `the run ends once its session is over, and a later one goes on from there`() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: Self.objects)
        scenario.sts = .init(sessionSeconds: 900)
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([source(at: server)], into: "undisturbed")

        scenario.sts = .init(sessionSeconds: 15)
        scenario.faults = [
            // Revoked as soon as the run has its session, which is over when these answers come.
            .error(on: .assumeRole, 403, "AccessDenied", message: "not authorized").times(-1, afterSkipping: 1),
            .outlast(on: .get).times(-1, afterSkipping: 20),
        ]
        try server.play(scenario)
        let requestCount = try server.requests().count
        var limits = Limits.default
        limits.requestCount = 8
        let error = await #expect(throws: RunError.self) {
            try await bench.run([source(at: server)], limits: limits)
        }
        #expect(error?.code == .accessDenied)
        #expect(error?.step.hasPrefix("assume role") == true)
        let report = try #require(error?.report)
        let answered = try server.requests()[requestCount...].filter { $0.action == .get && $0.refusal == nil }
        let keys = Set(answered.map(\.key))
        #expect(!keys.isEmpty)
        #expect(report.indexed.objects == keys.count, "what was under way when the role was revoked is finished")
        #expect(report.pending.objects > 0)
        #expect(report.failed.objects == 0)
        #expect(report.indexed.objects + report.pending.objects == 60)

        scenario.faults = []
        try server.play(scenario)
        let resumed = try await bench.run([source(at: server)])
        #expect(resumed.outcome == .complete)
        #expect(resumed.isResumed && resumed.indexed.objects == 60)
        let read = try server.requests()[requestCount...].filter { $0.action == .get && $0.refusal == nil }
        #expect(Set(read.map(\.key)).count == 60 && read.count == 60, "what was stored is not read again")
        #expect(try await bench.digest() == bench.digest("undisturbed"))
    }
}
