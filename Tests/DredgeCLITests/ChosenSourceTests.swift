import Foundation
import TestServers
import Testing

/// One source of several, a bucket without a config, and settings without a request.
@Suite struct ChosenSourceTests {
    private let server: ScriptedS3Server
    private let directory: TemporaryDirectory

    init() async throws {
        server = try await ScriptedS3Server(.init(objects: [.init("a.txt", body: Array("a\n".utf8))]))
        directory = try TemporaryDirectory()
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources:
              - {name: open, bucket: bucket, endpoint_url: "\(server.endpointURL)", auth: anonymous}
              - name: keyed
                bucket: other
                auth: {access_key: {access_key_id: "${NO_SUCH_ID}", secret_access_key: "${NO_SUCH_SECRET}"}}
            """)
    }

    private func dredge(_ arguments: String..., status: Int32 = 0) async throws -> DredgeBinary.Outcome {
        let outcome = try await DredgeBinary.run(arguments, environment: [:], directory: directory.url)
        #expect(outcome.status == status, "\(arguments): \(outcome)")
        return outcome
    }

    @Test func `a source that is chosen needs only its own variables`() async throws {
        defer { server.stop() }
        let all = try await dredge("run", "c.yaml", "--no-progress", status: 1)
        #expect(all.error.contains("NO_SUCH_SECRET is not set"), "\(all)")
        _ = try await dredge("run", "c.yaml", "--source", "open", "--no-progress")
        _ = try await dredge("check", "c.yaml", "--source", "open")
        #expect(try await dredge("store", "ls", "s.chunks").output.contains("a.txt"))
        let keyed = try await dredge("run", "c.yaml", "--source", "keyed", status: 1)
        #expect(keyed.error.contains("NO_SUCH_SECRET is not set"), "\(keyed)")
        _ = try await dredge("store", "ls", "s.chunks", "--source", "open")
        let permissions = try await dredge("policy", "permissions", "c.yaml", "--source", "open")
        #expect(permissions.output.contains("arn:aws:s3:::bucket/*"), "\(permissions)")
        try directory.write("permissions.json", permissions.output)
        let lint = ["policy", "lint", "--config", "c.yaml", "--source", "open", "permissions.json"]
        let linted = try await DredgeBinary.run(lint, directory: directory.url)
        #expect(!(linted.error + linted.output).contains("NO_SUCH"), "\(linted)")
        let none = try await dredge("run", "c.yaml", "--source", "opn", status: 1)
        #expect(none.error == "c.yaml: there is no source named \"opn\"; there are: \"open\", \"keyed\"\n", "\(none)")
    }

    @Test func `an offline check asks nobody`() async throws {
        defer { server.stop() }
        let fine = try await dredge("check", "c.yaml", "--source", "open", "--offline")
        #expect(fine.output.hasPrefix("\"open\": s3://bucket/\n"), "\(fine)")
        let wrong = try await dredge("check", "c.yaml", "--offline", status: 1)
        #expect(wrong.error.contains("c.yaml:6:"), "\(wrong)")
        #expect(try server.requests().isEmpty)
    }

    @Test func `a check has colours on a terminal alone, unless it is told otherwise`() async throws {
        defer { server.stop() }
        let check = [DredgeBinary.url.path, "check", "c.yaml", "--source", "open"]
        let onTerminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        func output(_ flags: [String] = [], _ environment: [String: String] = [:], pty: Bool = true) async throws
            -> String
        {
            let plain = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm", "HOME": "/nonexistent"]
            let words = (pty ? ["python3", "-c", onTerminal] : []) + check + flags
            let outcome = try await Program.run(
                words[0], Array(words.dropFirst()), environment: plain.merging(environment) { $1 },
                directory: directory.url)
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.output.replacing("\r\n", with: "\n")
        }
        let plain = try await output(pty: false)
        #expect(!plain.contains("\u{1B}") && plain.contains("\n  ✓ "))
        let coloured = try await output()
        #expect(coloured.contains("\n  \u{1B}[32m✓\u{1B}[0m ") && coloured.contains("\u{1B}[32mResult:\u{1B}[0m "))
        #expect(try await output(["--color", "always"], ["NO_COLOR": "1"], pty: false).contains("\u{1B}[32m✓"))
        for (flags, environment) in [
            (["--color", "never"], [:]), ([], ["NO_COLOR": "1"]), ([], ["TERM": "dumb"]),
        ] as [([String], [String: String])] {
            #expect(!(try await output(flags, environment).contains("\u{1B}")), "\(flags) \(environment)")
        }
    }

    @Test func `a bucket is checked without a config`() async throws {
        defer { server.stop() }
        let url = server.endpointURL
        let fine = try await dredge("check", "s3://bucket/", "--endpoint-url", url, "--no-sign-request")
        #expect(fine.output.contains("a.txt can be read"), "\(fine)")
        let line = try await dredge("check", "s3://bucket/", "--endpoint-url", url, "--no-sign-request", "--json")
        #expect(try JSONLine.object(line.output)["outcome"] as? String == "complete")
        let both = try await dredge("check", "c.yaml", "--source", "open", "--no-sign-request", status: 1)
        #expect(both.error.contains("a config has its own"), "\(both)")
        let wrong = try await dredge("check", "s3://b/", "--no-sign-request", status: 1)
        #expect(wrong.error.contains("the bucket"), "\(wrong)")
    }
}
