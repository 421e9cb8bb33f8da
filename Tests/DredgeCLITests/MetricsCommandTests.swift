import Foundation
import TestServers
import Testing

@testable import DredgeCLI

/// The numbers of a run that a program can watch.
@Suite(.timeLimit(.minutes(30))) struct MetricsCommandTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let keys = ["AWS_ACCESS_KEY_ID": "AKIDBASE", "AWS_SECRET_ACCESS_KEY": "notCheckedHere"]

    /// Nine objects of which one does not come, and one is throttled at first.
    private static var scenario: ScriptedS3Server.Scenario {
        var scenario = ScriptedS3Server.Scenario(
            objects: (1...9).map { .init("\($0).txt", body: Array("text \($0)\n".utf8)) },
            faults: [
                .hang(on: .get).forKey("9.txt").times(-1), .error(on: .get, 503, "SlowDown").forKey("1.txt").times(1),
            ])
        scenario.sts = .init(sessionSeconds: 900)
        return scenario
    }

    private func writeConfig(_ server: ScriptedS3Server) throws {
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources:
              - name: contracts
                bucket: bucket
                endpoint_url: "\(server.endpointURL)"
                sts_endpoint_url: "\(server.endpointURL)"
                auth: {assume_role: [{role_arn: "\(MotoScenario.roleARN("reader"))"}]}
            """)
    }

    private func start(_ flags: [String]) throws -> Program {
        try DredgeBinary.start(
            ["run", "c.yaml", "--no-progress"] + flags, environment: Self.keys, directory: directory.url)
    }

    /// What comes for `request`, in which `\r\n` ends lines, as an HTTP/1.1 message; nil: nobody listens.
    private func answer(_ request: String, port: Int) async throws -> String? {
        let outcome = try await Program.run(
            "/bin/bash",
            ["-c", "exec 3<>/dev/tcp/127.0.0.1/$0 || exit 9; printf \"$1\" >&3; cat <&3", "\(port)", request])
        return outcome.status == 9 || outcome.output.isEmpty ? nil : outcome.output
    }

    private func scrape(port: Int) async throws -> Exposition? {
        guard let answer = try await answer("GET /metrics HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n", port: port) else {
            return nil
        }
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
        let head = parts[0].components(separatedBy: "\r\n")
        #expect(head[0] == "HTTP/1.1 200 OK")
        #expect(head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
        #expect(head.contains("Content-Length: \(parts[1].utf8.count)"))
        return try Exposition(parts[1])
    }

    @Test func `a scrape tells where a run stands, and the file how it ended`() async throws {
        let server = try await ScriptedS3Server(Self.scenario)
        defer { server.stop() }
        try writeConfig(server)
        let port = try LoopbackPort.free()
        let run = try start(["--metrics-listen", "127.0.0.1:\(port)", "--metrics-file", "run.prom"])
        var metrics: Exposition?
        while metrics?["dredge_objects", ["state": "indexed"]] != 8 || metrics?["dredge_requests_in_flight"] != 1 {
            try #require(run.isRunning)
            try await Task.sleep(for: .milliseconds(100))
            metrics = try await scrape(port: port)
        }
        let seen = try #require(metrics)
        #expect(seen["dredge_run_active"] == 1)
        #expect(seen["dredge_run_end_time_seconds"] == 0)
        #expect(seen["dredge_objects", ["state": "pending"]] == 1)
        #expect(seen["dredge_objects", ["state": "failed"]] == 0)
        #expect(seen["dredge_sources", ["state": "open"]] == 1)
        #expect(seen["dredge_listing_complete"] == 1)
        #expect(seen["dredge_planned_bytes"] == 63)
        #expect(seen["dredge_done_bytes"] == 56)
        #expect(seen["dredge_fetched_bytes_total"] == 56)
        #expect(seen["dredge_chunks_total"] == 8)
        #expect(try #require(seen["dredge_tokens_total"]) > 8)
        #expect(seen["dredge_requests_total", ["result": "answered"]] == 8)
        #expect(seen["dredge_requests_total", ["result": "throttled"]] == 1)
        #expect(try #require(seen["dredge_retries_total"]) >= 1)
        #expect(try #require(seen["dredge_memory_reserved_bytes"]) > 0)
        #expect((1...900).contains(try #require(seen["dredge_session_seconds_left"])))
        let info = try #require(seen.samples.first { $0.name == "dredge_run_info" })
        #expect(info.labels["run"]?.isEmpty == false && info.value == 1)

        run.send(SIGTERM)
        let outcome = await run.wait()
        #expect(outcome.status == 4, "\(outcome)")
        let end = try Exposition(directory.text("run.prom"))
        #expect(end["dredge_run_active"] == 0)
        #expect(end["dredge_run_outcome", ["outcome": "stopped"]] == 1)
        #expect(end["dredge_run_outcome", ["outcome": "complete"]] == 0)
        #expect(try #require(end["dredge_run_end_time_seconds"]) > 1_700_000_000)
        for name in ["dredge_requests_in_flight", "dredge_requests_waiting", "dredge_parts_waiting"] {
            #expect(end[name] == 0, "\(name)")
        }
        for name in ["dredge_memory_reserved_bytes", "dredge_session_seconds_left", "dredge_sources_waited_for"] {
            #expect(end[name] == 0, "\(name)")
        }
        #expect(end["dredge_objects", ["state": "indexed"]] == 8)
        #expect(end.samples.map(\.name) == seen.samples.map(\.name))
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.url.path)
        #expect(!names.contains { $0.contains("partial") }, "\(names)")
        #expect(try await answer("GET /metrics HTTP/1.1\\r\\n\\r\\n", port: port) == nil)
    }

    @Test func `only GET of the metrics is answered, and a client that says nothing keeps no run from its end`()
        async throws
    {
        let server = try await ScriptedS3Server(Self.scenario)
        defer { server.stop() }
        try writeConfig(server)
        let port = try LoopbackPort.free()
        let run = try start(["--metrics-listen", "127.0.0.1:\(port)"])
        while try await scrape(port: port) == nil {
            try #require(run.isRunning)
            try await Task.sleep(for: .milliseconds(100))
        }
        let requests = [
            ("POST /metrics HTTP/1.1\\r\\n\\r\\n", "HTTP/1.1 405 "), ("GET / HTTP/1.1\\r\\n\\r\\n", "HTTP/1.1 404 "),
            ("GET /metrics?a=b HTTP/1.0\\r\\n\\r\\n", "HTTP/1.1 200 "), ("\\r\\n\\r\\n", "HTTP/1.1 400 "),
            ("GET /metrics\\r\\n\\r\\n", "HTTP/1.1 400 "),
            ("GET /metrics HTTP/1.1\\r\\nX: " + String(repeating: "x", count: 9_000), "HTTP/1.1 400 "),
        ]
        for (request, start) in requests {
            #expect(try await answer(request, port: port)?.hasPrefix(start) == true, "\(request.prefix(40))")
        }
        let silent = try Program("/bin/bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/$0; echo in; cat <&3", "\(port)"])
        while silent.output.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
        run.send(SIGTERM)
        #expect(await run.wait().status == 4)
        #expect(await silent.wait().output == "in\n")
    }

    @Test func `a run that is complete says so in the file, also when it is quick`() async throws {
        var scenario = Self.scenario
        scenario.faults = []
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        try writeConfig(server)
        let outcome = await (try start(["--metrics-file", "run.prom"])).wait()
        #expect(outcome.status == 0, "\(outcome)")
        let end = try Exposition(directory.text("run.prom"))
        #expect(end["dredge_run_outcome", ["outcome": "complete"]] == 1)
        #expect(end["dredge_objects", ["state": "indexed"]] == 9)
        let attributes = try FileManager.default.attributesOfItem(
            atPath: directory.url.appending(path: "run.prom").path)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
    }

    @Test(
        arguments: [
            (["--metrics-listen", "localhost:9464"], 1), (["--metrics-listen", "127.0.0.1"], 1),
            (["--metrics-listen", "127.0.0.1:99999"], 1), (["--metrics-listen", "::1:9464"], 1),
            (["--metrics-listen", "192.0.2.1:0"], 3), (["--metrics-file", "no/such/folder/run.prom"], 3),
            (["--metrics-file", "c.yaml"], 3), (["--metrics-file", "/dev/zero"], 3),
        ] as [([String], Int32)])
    func `an address or file that can't be had is told before anything is read`(
        flags: [String], status: Int32
    ) async throws {
        let server = try await ScriptedS3Server(Self.scenario)
        defer { server.stop() }
        try writeConfig(server)
        let outcome = await (try start(flags)).wait()
        #expect(outcome.status == status, "\(outcome)")
        #expect(outcome.error.hasPrefix("dredge: \(flags[0])"), "\(outcome)")
        #expect(try server.requests().isEmpty)
    }
}

/// Prometheus's text format, version 0.0.4, read strictly
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
struct Exposition {
    struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }
    struct Malformed: Error { var line: String }

    private(set) var samples: [Sample] = []
    private var types: [String: String] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(line: "the last one has no end") }
        var helped: String?
        var current: String?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if let match = line.wholeMatch(of: /# HELP ([a-z_]+) (\S.*)/) {
                helped = String(match.1)
            } else if let match = line.wholeMatch(of: /# TYPE ([a-z_]+) (gauge|counter)/) {
                // Each name once, right behind its help.
                let (name, type) = (String(match.1), String(match.2))
                guard name == helped, types[name] == nil else { throw Malformed(line: line) }
                guard (type == "counter") == name.hasSuffix("_total") else { throw Malformed(line: line) }
                types[name] = type
                current = name
            } else {
                let sample = try Self.sample(line)
                guard sample.name == current, self[sample.name, sample.labels] == nil else {
                    throw Malformed(line: line)
                }
                samples.append(sample)
            }
        }
        guard Set(samples.map(\.name)) == Set(types.keys) else { throw Malformed(line: "a type without a sample") }
    }

    subscript(name: String, labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private static func sample(_ line: String) throws -> Sample {
        guard let match = line.wholeMatch(of: /([a-z_]+)(?:\{(.*)\})? (\S+)/), let value = Double(match.3), value >= 0
        else { throw Malformed(line: line) }
        var labels: [String: String] = [:]
        for pair in (match.2 ?? "").split(separator: ",") {
            guard let match = pair.wholeMatch(of: /([a-z_]+)="([^"\\\n]*)"/) else { throw Malformed(line: line) }
            guard labels.updateValue(String(match.2), forKey: String(match.1)) == nil else {
                throw Malformed(line: line)
            }
        }
        return Sample(name: String(match.1), labels: labels, value: value)
    }
}
