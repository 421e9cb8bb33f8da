import Foundation
import TestServers
import Testing

/// Answers that moto does not give: buckets elsewhere, keys that are out of date.
@Suite(.timeLimit(.minutes(30))) struct ServiceAnswerTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let accessKeyID = "AKIDOLDOLDOLDOLDOLD1"
    private static let keys = ["AWS_ACCESS_KEY_ID": accessKeyID, "AWS_SECRET_ACCESS_KEY": "notCheckedHere"]

    private static func scenario() -> ScriptedS3Server.Scenario {
        .init(objects: (1...3).map { .init("\($0).txt", body: Array("text \($0)\n".utf8)) })
    }

    private func run(
        _ server: ScriptedS3Server, auth: String = "ambient", more: String = ""
    ) async throws -> DredgeBinary.Outcome {
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources:
              - name: contracts
                bucket: bucket
                region: us-west-2
                endpoint_url: "\(server.endpointURL)"
                sts_endpoint_url: "\(server.endpointURL)"
                auth: \(auth)
            \(more)
            """)
        return try await DredgeBinary.run(["run", "c.yaml"], environment: Self.keys, directory: directory.url)
    }

    private func expectRefusal(_ outcome: DredgeBinary.Outcome, _ parts: [String]) throws {
        #expect(outcome.status == 3, "\(outcome)")
        Refusal.expect(parts, inOrderIn: try Refusal.paragraph(outcome))
    }

    @Test(arguments: [ScriptedS3Server.RegionAnswer.header, .body, .malformed, .silent])
    func `a wrong region is corrected`(answer: ScriptedS3Server.RegionAnswer) async throws {
        var scenario = Self.scenario()
        scenario.region = "eu-west-1"
        scenario.regionAnswer = answer
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let outcome = try await run(server)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try await StoreFile("s.chunks", in: directory).texts().count == 3)
    }

    @Test func `a wrong region that the service does not correct ends the run`() async throws {
        var scenario = Self.scenario()
        scenario.faults = [
            .error(on: .list, 301, "PermanentRedirect", message: "The bucket is elsewhere").times(-1),
            .error(on: .headBucket, 301, nil).times(-1),
        ]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        try await expectRefusal(
            run(server),
            [
                "dredge: source \"contracts\": could not list s3://bucket/: ",
                "(code PermanentRedirect, HTTP 301, request SCRIPTED0001)",
                "Set the source's region to that of the bucket",
                "us-west-2 was tried last",
            ])
    }

    @Test func `expired base keys end the run that reads with them`() async throws {
        var scenario = Self.scenario()
        scenario.expiredAccessKeyIDs = [Self.accessKeyID]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        try await expectRefusal(
            run(server),
            [
                "source \"contracts\": could not list s3://bucket/: ",
                "(code ExpiredToken, HTTP 400, request SCRIPTED0001)",
                "sign in again",
            ])
    }

    @Test func `expired base keys end the run that assumes a role with them`() async throws {
        var scenario = Self.scenario()
        scenario.expiredAccessKeyIDs = [Self.accessKeyID]
        scenario.session = .init(accessKeyID: "ASIANEVERGIVEN", secretAccessKey: "s", sessionToken: "t")
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let role = MotoScenario.roleARN("reader")
        try await expectRefusal(
            run(server, auth: "{assume_role: [{role_arn: \"\(role)\"}]}"),
            ["source \"contracts\": could not assume role \(role): ", "code ExpiredToken, HTTP 403", "base"])
        #expect(try server.requests().allSatisfy { $0.action == .assumeRole })
    }

    private static let role = MotoScenario.roleARN("reader")
    private static let assumed = "{assume_role: [{role_arn: \"\(role)\", external_id: abc}]}"

    @Test func `a session that can't be narrowed is warned of without being asked, and the run goes on`() async throws {
        var scenario = Self.scenario()
        scenario.sts = .init(sessionSeconds: 900)
        scenario.faults = [.error(on: .assumeRole, 400, "PackedPolicyTooLarge")]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let outcome = try await run(server, auth: Self.assumed)
        #expect(outcome.status == 0, "\(outcome)")
        let warning = try #require(outcome.error.split(separator: "\n").first { $0.contains("Z warning ") })
        Refusal.expect(
            ["the session of \(Self.role) is not narrowed", "PackedPolicyTooLarge", "source=contracts"],
            inOrderIn: String(warning))
    }

    @Test func `a revoked role ends the run with status 3, and the next run goes on when it is back`() async throws {
        var scenario = ScriptedS3Server.Scenario(
            objects: (10..<70).map { .init("\($0).txt", body: Array("text \($0)\n".utf8)) })
        scenario.sts = .init(sessionSeconds: 2, externalID: "abc")
        scenario.faults = [
            .error(on: .assumeRole, 403, "AccessDenied", message: "not authorized").times(-1, afterSkipping: 1),
            // The session is over when these answers come.
            .outlast(on: .get).times(-1, afterSkipping: 5),
        ]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        try await expectRefusal(
            run(server, auth: Self.assumed, more: "limits: {requests: 8}"),
            [
                "source \"contracts\": could not assume role \(Self.role): ", "code AccessDenied, HTTP 403",
                "external ID",
            ])
        let readBefore = try server.requests().count { $0.action == .get }
        #expect(readBefore < 60)
        scenario.faults = []
        try server.play(scenario)
        #expect(try await run(server, auth: Self.assumed).status == 0)
        #expect(try await StoreFile("s.chunks", in: directory).texts().count == 60)
        #expect(try server.requests().count { $0.action == .get } == 60, "what was read before is not read again")
    }
}
