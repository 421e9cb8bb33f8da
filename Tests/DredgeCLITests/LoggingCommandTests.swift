import Foundation
import TestServers
import Testing

/// What a run logs on standard error.
@Suite(.timeLimit(.minutes(30))) struct LoggingCommandTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let keys = ["AWS_ACCESS_KEY_ID": "AKIDBASE", "AWS_SECRET_ACCESS_KEY": "notCheckedHere"]
    private static let role = MotoScenario.roleARN("reader")

    private func server(
        _ faults: [ScriptedS3Server.Fault] = [], _ change: (inout ScriptedS3Server.Scenario) -> Void = { _ in }
    ) async throws -> ScriptedS3Server {
        var scenario = ScriptedS3Server.Scenario(
            objects: (0..<200).map { .init("\($0).txt", body: Array("text \($0)\n".utf8)) }, faults: faults)
        change(&scenario)
        return try await ScriptedS3Server(scenario)
    }

    private func run(
        _ server: ScriptedS3Server, _ flags: [String], auth: String = "ambient"
    ) async throws -> DredgeBinary.Outcome {
        try writeConfig(server, auth: auth)
        return try await DredgeBinary.run(
            ["run", "c.yaml", "--no-progress"] + flags, environment: Self.keys, directory: directory.url)
    }

    private func writeConfig(_ server: ScriptedS3Server, auth: String) throws {
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
    }

    /// The events of a log of JSON: every line that the log wrote, and no other.
    private func events(_ outcome: DredgeBinary.Outcome) throws -> [[String: any Sendable]] {
        try outcome.error.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(object as? [String: any Sendable], "\(line)")
        }
    }

    @Test func `a run that goes well logs nothing unless it is asked to`() async throws {
        let server = try await server()
        defer { server.stop() }
        let outcome = try await run(server, [])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.error.hasPrefix("Complete: run "))
    }

    @Test(arguments: [["-v"], ["--verbose"], ["--log-level", "info"]])
    func `at level info a run tells its phases and its role, and nothing of single objects`(flags: [String])
        async throws
    {
        let server = try await server { $0.sts = .init(sessionSeconds: 900) }
        defer { server.stop() }
        let outcome = try await run(server, flags, auth: "{assume_role: [{role_arn: \"\(Self.role)\"}]}")
        #expect(outcome.status == 0, "\(outcome)")
        let lines = outcome.error.split(separator: "\n").prefix { !$0.hasPrefix("Complete") }
            .filter { !$0.contains(" info To read: 200 objects") }.map(String.init)
        for line in lines {
            #expect(line.prefixMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info [a-z]/) != nil, "\(line)")
        }
        let messages = lines.map { String($0.dropFirst("2025-01-31T12:34:56.789Z info ".count)) }
        let expected = [
            "run begun ", "source opened bucket=bucket endpoint=", "role assumed expires=20", "listing complete run=",
            "reading complete run=", "store committed run=", "run ended bytes=",
        ]
        #expect(messages.count == expected.count, "\(messages)")
        for (message, start) in zip(messages, expected) { #expect(message.hasPrefix(start), "\(messages)") }
        #expect(messages[0].hasSuffix(" sources=contracts"), "\(messages[0])")
        #expect(messages[2].contains(" role=\(Self.role) ") && messages[2].contains(" session=dredge-"))
        #expect(messages.dropFirst().prefix(3).allSatisfy { $0.contains(" source=contracts") })
        #expect(messages[6].contains(" outcome=complete ") && messages[6].contains(" indexed=200 "))
    }

    @Test func `in JSON at level debug each retry tells what S3 answered, and standard error is nothing but JSON`()
        async throws
    {
        let server = try await server([
            .error(on: .get, 503, "SlowDown", message: "Please \"reduce\"").forKey("7.txt"),
            .error(on: .list, 500, "InternalError"),
        ])
        defer { server.stop() }
        let outcome = try await run(server, ["--log-level", "debug", "--log-format", "json", "--json"])
        #expect(outcome.status == 0, "\(outcome)")
        let events = try events(outcome)
        for event in events {
            #expect((event["time"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
            #expect(["info", "debug"].contains(event["level"] as? String))
        }
        let throttle = try #require(events.first { $0["message"] as? String == "throttled, trying again" })
        #expect(throttle["level"] as? String == "debug")
        #expect(throttle["source"] as? String == "contracts")
        #expect(throttle["operation"] as? String == "GetObject")
        #expect(throttle["key"] as? String == "7.txt")
        #expect(throttle["code"] as? String == "SlowDown")
        #expect(throttle["status"] as? Int == 503)
        #expect(throttle["request"] as? String == "SCRIPTED0001")
        #expect(throttle["attempt"] as? Int == 1)
        #expect(throttle["reason"] as? String == "Please \"reduce\"")
        let failure = try #require(events.first { $0["message"] as? String == "request failed, trying again" })
        #expect(failure["operation"] as? String == "ListObjectsV2")
        #expect(failure["code"] as? String == "InternalError")
        #expect(failure["key"] == nil)
        let begin = try #require(events.first)
        #expect(begin["message"] as? String == "run begun")
        #expect(begin["sources"] as? [String] == ["contracts"])
        #expect(begin["resumed"] as? Bool == false)
    }

    @Test func `retries are not told at level info`() async throws {
        let server = try await server([.error(on: .get, 503, "SlowDown").forKey("7.txt")])
        defer { server.stop() }
        let outcome = try await run(server, ["-v"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(!outcome.error.contains("SlowDown"))
    }

    @Test func `a region that was found out, and a session that was renewed, are told at level info`() async throws {
        let server = try await server([.error(on: .get, 400, "ExpiredToken").forKey("7.txt")]) {
            $0.region = "eu-west-1"
            $0.sts = .init(sessionSeconds: 900)
        }
        defer { server.stop() }
        let outcome = try await run(
            server, ["-v", "--log-format", "json", "--json"], auth: "{assume_role: [{role_arn: \"\(Self.role)\"}]}")
        #expect(outcome.status == 0, "\(outcome)")
        let events = try events(outcome)
        let move = events.filter { $0["message"] as? String == "the bucket is in another region" }
        #expect(move.count == 1)
        #expect(move.first?["from"] as? String == "us-west-2")
        #expect(move.first?["region"] as? String == "eu-west-1")
        let sessions = events.compactMap { $0["message"] as? String }.filter {
            $0.contains("session") || $0.contains("role")
        }
        #expect(sessions == ["role assumed", "session renewed"])
    }

    @Test func `a check logs what it tries again, and the roles that it assumes`() async throws {
        let server = try await server([.error(on: .list, 503, "SlowDown")]) { $0.sts = .init(sessionSeconds: 900) }
        defer { server.stop() }
        try writeConfig(server, auth: "{assume_role: [{role_arn: \"\(Self.role)\"}]}")
        let outcome = try await DredgeBinary.run(
            ["check", "c.yaml", "--json", "--log-level", "debug", "--log-format", "json"], environment: Self.keys,
            directory: directory.url)
        let events = try events(outcome)
        let throttle = events.first { $0["message"] as? String == "throttled, trying again" }
        #expect(throttle?["operation"] as? String == "ListObjectsV2" && throttle?["source"] as? String == "contracts")
        #expect(events.contains { $0["message"] as? String == "role assumed" && $0["role"] as? String == Self.role })
    }

    @Test func `quiet says nothing of a run that is complete, and what failed of one that is not`() async throws {
        let server = try await server()
        defer { server.stop() }
        let complete = try await run(server, ["-q"])
        #expect(complete.status == 0)
        #expect(complete.error.isEmpty && complete.output.isEmpty, "\(complete)")
        try FileManager.default.removeItem(at: directory.url.appending(path: "s.chunks"))
        try server.play(
            .init(
                objects: [.init("a.txt", body: Array("a".utf8)), .init("b.txt", body: Array("b".utf8))],
                faults: [.error(on: .get, 403, "AccessDenied").forKey("b.txt").times(-1)]))
        let incomplete = try await run(server, ["--quiet"])
        #expect(incomplete.status == 2)
        #expect(incomplete.error.hasPrefix("Complete, with failed objects: run "), "\(incomplete)")
        #expect(incomplete.error.contains("\n  contracts: b.txt: "))
        #expect(!incomplete.error.contains("indexed"))
    }

    @Test(arguments: [
        ["-q", "-v"], ["-q", "--log-level", "info"], ["-v", "--log-level", "debug"], ["--log-level", "loud"],
    ])
    func `levels that contradict each other, and unknown ones, are refused`(flags: [String]) async throws {
        for command in [["run", "c.yaml"], ["worker", "--job", "x"]] {
            let outcome = try await DredgeBinary.run(command + flags, directory: directory.url)
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.error.contains("--log-level") && outcome.error.contains("Usage: dredge \(command[0])"))
        }
    }
}
