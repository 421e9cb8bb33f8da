import Foundation
import TestServers
import Testing

/// `dredge init`: from flags, and by asking on a terminal.
@Suite struct InitCommandTests {
    private let directory: TemporaryDirectory
    private static let role = "arn:aws:iam::123456789012:role/DredgeRead"

    init() throws { directory = try TemporaryDirectory() }

    private func dredge(_ arguments: [String], status: Int32 = 0) async throws -> DredgeBinary.Outcome {
        let outcome = try await DredgeBinary.run(arguments, environment: [:], directory: directory.url)
        #expect(outcome.status == status, "\(arguments): \(outcome)")
        return outcome
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOf: directory.url.appending(path: name), encoding: .utf8)
    }

    @Test func `what flags say stands in the config, which can be used`() async throws {
        let made = try await dredge([
            "init", "c.yaml", "--bucket", "s3://acme-contracts/2025/${x}/", "--role-arn", Self.role, "--external-id",
            "cap_org_0123", "--duration", "45m", "--region", "eu-central-1", "--include", "*.txt", "--profile", "main",
        ])
        #expect(made.error.contains("dredge check c.yaml"))
        let text = try text("c.yaml")
        for line in [
            "store: \"./acme-contracts.chunks\"", "prefix: \"2025/$${x}/\"", "role_arn: \"\(Self.role)\"",
            "external_id: \"cap_org_0123\"", "duration: 45m", "include: [\"*.txt\"]",
            "credentials: {profile: \"main\"}",
        ] { #expect(text.contains(line), "\(line): \(text)") }
        let checked = try await dredge(["check", "c.yaml", "--offline"])
        #expect(checked.output.contains("s3://acme-contracts/2025/${x}/"), "\(checked)")
        let again = try await dredge(["init", "c.yaml", "--bucket", "s3://other-bucket/"], status: 1)
        #expect(again.error.contains("is there already"), "\(again)")
        #expect(try self.text("c.yaml") == text)
    }

    @Test func `access points, long prefixes, names and standard output make a config that can be used`() async throws {
        let point = "arn:aws:s3:eu-central-1:123456789012:accesspoint/contracts"
        let cases: [(flags: [String], line: String)] = [
            (["--bucket", "s3://\(point)/2025/"], "bucket_arn: \"\(point)\""),
            (["--bucket", "s3://acme-contracts/\(String(repeating: "a", count: 200))/"], "name: \"acme-contracts\""),
            (["--bucket", "s3://acme-contracts/2025/", "--name", "acme"], "name: \"acme\""),
        ]
        for (number, (flags, line)) in cases.enumerated() {
            let made = try await dredge(["init", "-"] + flags)
            #expect(made.output.contains("    \(line)\n") || made.output.contains("  - \(line)\n"), "\(made)")
            #expect(made.error.isEmpty)
            try directory.write("\(number).yaml", made.output)
            _ = try await dredge(["check", "\(number).yaml", "--offline"])
        }
        #expect(!FileManager.default.fileExists(atPath: directory.url.appending(path: "-").path))
    }

    @Test func `what is wrong is told, and nothing is written`() async throws {
        let none = try await dredge(["init", "c.yaml"], status: 1)
        #expect(none.error.contains("--bucket is missing"), "\(none)")
        for flags in [["--bucket", "acme"], ["--bucket", "s3://acme-contracts/", "--include", "["]] {
            _ = try await dredge(["init", "c.yaml"] + flags, status: 1)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path).isEmpty)
    }

    /// A terminal: Python's `pty`, which answers each question that it sees.
    @Test func `what flags don't say is asked on a terminal`() async throws {
        let script = """
            import os, pty, sys
            answers = [("bucket", "s3://acme-contracts/2025/"), ("role:", "rol"), ("none of", ""), ("ARN", "nonsense"),
                       ("ARN", "\(Self.role)"), ("external ID", "cap_org_0123")]
            pid, terminal = pty.fork()
            if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
            seen = ""
            while True:
                try: data = os.read(terminal, 4096)
                except OSError: break
                if not data: break
                seen += data.decode()
                if answers and answers[0][0] in seen and seen.endswith(": "):
                    os.write(terminal, (answers.pop(0)[1] + "\\n").encode())
                    seen = ""
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or len(answers))
            """
        let outcome = try await Program.run(
            Python.interpreter, ["-c", script, DredgeBinary.url.path, "init", "asked.yaml"], environment: [:],
            directory: directory.url)
        #expect(outcome.status == 0, "\(outcome)")
        let text = try text("asked.yaml")
        #expect(text.contains("role_arn: \"\(Self.role)\"") && text.contains("prefix: \"2025/\""), "\(text)")
        #expect(text.contains("external_id: \"cap_org_0123\""), "\(text)")
        _ = try await dredge(["check", "asked.yaml", "--offline"])
    }
}
