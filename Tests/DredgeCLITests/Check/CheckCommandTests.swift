import DredgeCheck
import Foundation
import TestServers
import Testing

/// The command itself: what it takes, what it prints where, how it ends.
@Suite(.timeLimit(.minutes(30))) struct CheckCommandTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func config(_ server: ScriptedS3Server, _ names: [String: String]) -> String {
        "sources:\n"
            + names.sorted { $0.key < $1.key }.map { name, bucket in
                """
                  - name: \(name)
                    bucket: \(bucket)
                    endpoint_url: "\(server.endpointURL)"
                    sts_endpoint_url: "\(server.endpointURL)"
                    auth: \(CheckSetup.role())

                """
            }.joined()
    }

    private func check(_ config: String, _ flags: [String] = [], environment: [String: String] = [:]) async throws
        -> DredgeBinary.Outcome
    {
        try directory.write("c.yaml", config)
        return try await DredgeBinary.run(
            ["check", "c.yaml"] + flags, environment: CheckSetup.environment.merging(environment) { $1 },
            directory: directory.url)
    }

    @Test func `all sources are checked whatever comes of the first`() async throws {
        let server = try await ScriptedS3Server(CheckSetup.sound())
        defer { server.stop() }
        let config = config(server, ["a-broken": "acme-contract", "b-sound": CheckSetup.bucket])
        let outcome = try await check(config)
        #expect(outcome.status == 3, "\(outcome)")
        Refusal.expect(
            [
                "Source \"a-broken\"", "Cause: There is no bucket of that name", "can't be read.", "Source \"b-sound\"",
                "Result: this source can be read.", "1 of 2 sources can't be read: \"a-broken\".",
            ], inOrderIn: outcome.output)

        let one = try await check(config, ["--source", "b-sound"])
        #expect(one.status == 0, "\(one)")
        #expect(!one.output.contains("a-broken"))
        let none = try await check(config, ["--source", "b-sund"])
        #expect(none.status == 1)
        #expect(
            none.error == "c.yaml: there is no source named \"b-sund\"; there are: \"a-broken\", \"b-sound\"\n")
    }

    @Test func `the JSON has a shape that programs can rely on`() async throws {
        let server = try await ScriptedS3Server(CheckSetup.sound([CheckSetup.refusal()]))
        defer { server.stop() }
        let outcome = try await check(config(server, ["contracts": CheckSetup.bucket]), ["--json"])
        #expect(outcome.status == 3)
        #expect(outcome.output.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
        let report = try JSONLine.object(outcome.output)
        #expect(report["format_version"] as? Int == 1)
        let source = try #require((report["sources"] as? [[String: Any]])?.first)
        #expect(source["source"] as? String == "contracts" && source["verdict"] as? String == "failed")
        let steps = try #require(source["steps"] as? [[String: Any]])
        #expect(
            steps.map { $0["kind"] as? String } == [
                "config", "baseCredentials", "hop", "bucket", "list", "read", "kms", "clock",
            ])
        let hop = steps[2]
        let answer = try #require(hop["answer"] as? [String: Any])
        #expect(answer["code"] as? String == "AccessDenied" && answer["status"] as? Int == 403)
        #expect(answer["request_id"] as? String == "SCRIPTED0001")
        let cause = try #require((hop["causes"] as? [[String: Any]])?.first)
        #expect(Set(cause.keys) == ["code", "is_certain", "summary", "evidence", "change"])
        #expect(cause["code"] as? String == "externalIDWrong" && cause["is_certain"] as? Bool == false)
        let change = try #require(cause["change"] as? [String: Any])
        #expect((change["who"] as? [String: Any])?["role"] as? String == "roleAccount")
        #expect((change["who"] as? [String: Any])?["account"] as? String == CheckSetup.customerAccount)
        let document = try #require((change["document"] as? [String: Any])?["json"] as? String)
        #expect(document.contains(CheckSetup.externalID) && document.contains(":user/dredge"))
    }

    @Test func `a terminal that has no UTF-8 gets marks in ASCII`() async throws {
        let server = try await ScriptedS3Server(CheckSetup.sound([CheckSetup.refusal()]))
        defer { server.stop() }
        let outcome = try await check(
            config(server, ["contracts": CheckSetup.bucket]), environment: ["LANG": "C", "LC_ALL": "", "LC_CTYPE": ""])
        #expect(outcome.output.contains("\n  ok Settings\n"))
        #expect(outcome.output.contains("\n  X  Role "))
        #expect(outcome.output.utf8.allSatisfy { $0 < 0x80 })
    }

    @Test func `a mistake in the config ends with status 1, and no store is needed`() async throws {
        let outcome = try await check("sources: [{bucket: abc}]")
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty && outcome.error.contains("auth is missing"))
        #expect(!outcome.error.contains("store"))
    }

    @Test func `Ctrl-C ends a check that waits`() async throws {
        let server = try await ScriptedS3Server(CheckSetup.sound([.hang(on: .list).times(-1)]))
        defer { server.stop() }
        try directory.write("c.yaml", config(server, ["contracts": CheckSetup.bucket]))
        let running = try DredgeBinary.start(
            ["check", "c.yaml"], environment: CheckSetup.environment, directory: directory.url)
        while try !server.requests().contains(where: { $0.action == .list }) {
            try #require(running.isRunning)
            try await Task.sleep(for: .milliseconds(20))
        }
        running.send(SIGINT)
        #expect(await running.wait().status != 0)
    }

    /// A refusal of everything is where most calls are tried.
    @Test func `nothing but harmless calls is sent, and each is named as a check's`() async throws {
        let server = try await ScriptedS3Server(CheckSetup.sound([CheckSetup.refusal()]))
        defer { server.stop() }
        _ = try await check(config(server, ["contracts": CheckSetup.bucket]))
        let requests = try server.requests()
        #expect(Set(requests.map(\.action)) == [.getCallerIdentity, .assumeRole])
        for request in requests where request.action == .assumeRole {
            #expect(request.form?.contains("RoleSessionName=dredge-check-") == true)
        }
        #expect(requests.count <= 10)
    }
}
