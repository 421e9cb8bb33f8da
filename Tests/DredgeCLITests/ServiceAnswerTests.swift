import Foundation
import TestServers
import Testing

/// Answers that moto does not give: buckets elsewhere, keys that are out of date.
@Suite(.timeLimit(.minutes(2))) struct ServiceAnswerTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let accessKeyID = "AKIDOLDOLDOLDOLDOLD1"
    private static let keys = ["AWS_ACCESS_KEY_ID": accessKeyID, "AWS_SECRET_ACCESS_KEY": "notCheckedHere"]

    private static func scenario() -> ScriptedS3Server.Scenario {
        .init(objects: (1...3).map { .init("\($0).txt", body: Array("text \($0)\n".utf8)) })
    }

    private func run(_ server: ScriptedS3Server, auth: String = "ambient") throws -> DredgeBinary.Outcome {
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
            """)
        return try DredgeBinary.run(["run", "c.yaml"], environment: Self.keys, directory: directory.url)
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
        let outcome = try run(server)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try StoreFile("s.chunks", in: directory).texts().count == 3)
    }

    @Test func `a wrong region that the service does not correct ends the run`() async throws {
        var scenario = Self.scenario()
        scenario.faults = [
            .error(on: .list, 301, "PermanentRedirect", message: "The bucket is elsewhere").times(-1),
            .error(on: .headBucket, 301, nil).times(-1),
        ]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        try expectRefusal(
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
        try expectRefusal(
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
        try expectRefusal(
            run(server, auth: "{assume_role: [{role_arn: \"\(role)\"}]}"),
            ["source \"contracts\": could not assume role \(role): ", "code ExpiredToken, HTTP 403", "base"])
        #expect(try server.requests().allSatisfy { $0.action == .assumeRole })
    }
}
