import Foundation
import TestServers
import Testing

/// What `--json` prints, against `Examples/json/outcome.schema.json` by another implementation of JSON Schema.
@Suite struct OutcomeLineTests {
    private let server: ScriptedS3Server
    private let directory: TemporaryDirectory

    init() async throws {
        server = try await ScriptedS3Server(.init())
        directory = try TemporaryDirectory()
        try directory.write("c.yaml", config())
    }

    private func config(_ more: String = "") -> String {
        """
        store: s.chunks
        sources:
          - {name: docs, bucket: bucket, endpoint_url: "\(server.endpointURL)", auth: anonymous\(more)}
        """
    }

    private func play(_ keys: [String], faults: [ScriptedS3Server.Fault] = []) throws {
        try server.play(.init(objects: keys.map { .init($0, body: Array("text of \($0)\n".utf8)) }, faults: faults))
    }

    /// The last line of a command's output.
    private func line(_ arguments: String..., status: Int32 = 0) async throws -> String {
        let outcome = try await DredgeBinary.run(arguments + ["--json"], environment: [:], directory: directory.url)
        #expect(outcome.status == status, "\(arguments): \(outcome)")
        let line = String(outcome.output.split(separator: "\n").last ?? "")
        let told = try JSONLine.object(line)
        #expect(told["exit_code"] as? Int == Int(status), "\(arguments): \(line)")
        return line
    }

    /// What is wrong with each line, one a line; empty: it has the shape.
    private func complaints(_ lines: [String]) async throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let schema = root.appending(path: "Examples/json/outcome.schema.json").path
        let script = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            for line in sys.stdin:
                print("; ".join(error.message[:300] for error in validator.iter_errors(json.loads(line))))
            """
        let outcome = try await Program.run(
            try Python.pinned(), ["-c", script, schema], input: Data((lines.joined(separator: "\n") + "\n").utf8))
        #expect(outcome.status == 0, "\(outcome)")
        return outcome.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test func `every command's outcome has one shape`() async throws {
        defer { server.stop() }
        try play(["a.txt", "b.txt", "c.txt"])
        var lines = [
            try await line("run", "c.yaml", "--dry-run"), try await line("check", "c.yaml"),
            try await line("run", "c.yaml"), try await line("store", "stats", "s.chunks"),
            try await line("store", "verify", "s.chunks"), try await line("store", "compact", "s.chunks"),
            try await line("store", "repair", "s.chunks"),
            try await line("store", "search", "s.chunks", "text", status: 3),
            try await line("store", "search", "s.chunks", "--build"),
            try await line("store", "search", "s.chunks", "text"),
            try await line("store", "search", "s.chunks", "text", "--build"),
            try await line("store", "search", "s.chunks", "nowhere", status: 1),
            try await line("store", "forget", "s.chunks", "--prefix", "c"),
            try await line("plan", "c.yaml", "--core-speed", "100"),
        ]
        lines.append(try await line("plan", "c.yaml", "--results", "results", "--shards", "2"))
        let job = try #require(try JSONLine.object(lines[lines.count - 1])["job"] as? String)
        lines += [
            try await line("merge", "--job", job, status: 3),
            try await line("status", "--job", job, "--exit-code", status: 2),
            try await line("worker", "--job", job, "--shard-index", "0"),
        ]
        _ = try await DredgeBinary.run(
            ["worker", "--job", job, "--shard-index", "any"], environment: [:], directory: directory.url)
        lines += [try await line("merge", "--job", job), try await line("store", "stats", job)]
        // What goes wrong.
        try play(["a.txt", "b.txt"], faults: [.error(on: .get, 403, "AccessDenied").times(-1)])
        try directory.write("other.yaml", config(", prefix: a").replacingOccurrences(of: "s.chunks", with: "o.chunks"))
        try directory.write("bad.yaml", "a: 1\n")
        try directory.write("settings.yaml", config() + "\nchunking: {max_tokens: 100}\n")
        lines += [
            try await line("run", "other.yaml", status: 3), try await line("check", "other.yaml", status: 3),
            try await line("run", "bad.yaml", status: 1), try await line("run", status: 1),
            try await line("run", "c.yaml", "--nonsense", status: 1),
            try await line("run", "settings.yaml", status: 1),
            try await line("store", "verify", "bad.yaml", status: 3),
            try await line("store", "ls", "nowhere", status: 3),
            try await line("policy", "lint", "bad.yaml", status: 3),
            try await line("run", "c.yaml", "--store", "nowhere/s.chunks", status: 3),
        ]
        for (line, complaint) in zip(lines, try await complaints(lines)) {
            #expect(complaint.isEmpty, "\(complaint): \(line)")
        }
        // The schema refuses something.
        let run = lines[2]
        let wrong = [
            run.replacingOccurrences(of: #""exit_code":0"#, with: #""exit_code":2"#),
            run.replacingOccurrences(of: #""outcome":"complete""#, with: #""outcome":"good""#),
            run.replacingOccurrences(of: #""sources":"#, with: #""source":"#),
            lines[lines.count - 1].replacingOccurrences(of: #""error":"#, with: #""errors":"#),
            lines[9].replacingOccurrences(of: #""hit_count":"#, with: #""hits":"#),
        ]
        for (line, complaint) in zip(wrong, try await complaints(wrong)) { #expect(!complaint.isEmpty, "\(line)") }
    }

    @Test func `a report tells of each source, its states, its removed keys and its times`() async throws {
        defer { server.stop() }
        try play(["a.txt", "b.txt", "c.txt"])
        try directory.write("c.yaml", config(#", exclude: ["c*"]"#))
        let first = try JSONLine.object(try await line("run", "c.yaml"))
        let source = try #require((first["sources"] as? [[String: Any]])?.first)
        let states = try #require(source["states"] as? [String: [String: Int]])
        #expect(states["indexed"]?["objects"] == 2 && states["skipped"]?["objects"] == 1)
        #expect((source["listed"] as? [String: Int])?["objects"] == 3)
        #expect(source["session_names"] as? [String] == [] && source["name"] as? String == "docs")
        let (began, ended) = (first["began_at"] as? String, first["ended_at"] as? String)
        #expect(try #require(began) <= #require(ended))

        try play(["a.txt", "c.txt"])
        let second = try JSONLine.object(try await line("run", "c.yaml"))
        let after = try #require((second["sources"] as? [[String: Any]])?.first)
        #expect(after["removed_count"] as? Int == 1 && after["removed_keys"] as? [String] == ["b.txt"], "\(after)")
    }

    @Test func `a mistake in the config is told with its place`() async throws {
        defer { server.stop() }
        try directory.write("bad.yaml", config(", prefixes: a"))
        let told = try JSONLine.object(try await line("check", "bad.yaml", status: 1))
        let error = try #require(told["error"] as? [String: Any])
        let problem = try #require((error["problems"] as? [[String: Any]])?.first)
        #expect(error["code"] as? String == "config" && problem["line"] as? Int == 3, "\(error)")
        #expect(problem["key_path"] as? String == "sources[0].prefixes", "\(problem)")
    }

    @Test func `a run of nothing is complete, unless that counts as incomplete`() async throws {
        defer { server.stop() }
        try play([])
        _ = try await line("run", "c.yaml")
        let told = try JSONLine.object(try await line("run", "c.yaml", "--fail-on-empty", status: 2))
        #expect(told["outcome"] as? String == "incomplete")
        try play(["a.txt"])
        _ = try await line("run", "c.yaml", "--fail-on-empty")
        // Unchanged objects are something.
        _ = try await line("run", "c.yaml", "--fail-on-empty")
        try directory.write("c.yaml", config(#", include: ["x*"]"#).replacingOccurrences(of: "s.", with: "t."))
        _ = try await line("run", "c.yaml", "--fail-on-empty", status: 2)
    }
}
