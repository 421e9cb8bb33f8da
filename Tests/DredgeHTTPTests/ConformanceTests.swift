#if Server
    import DredgeHTTP
    import DredgeService
    import Foundation
    import Logging
    import ServiceBench
    import TestServers
    import Testing

    /// A program that knows nothing but the server's own document (schemathesis, of PyPI) sends what the document
    /// allows and what it forbids, and holds the answers against it.
    @Suite(.timeLimit(.minutes(30))) struct ConformanceTests {
        @Test func `the server answers as its document says, whatever comes`() async throws {
            let bench = try await ServiceBench(count: 2)
            let service = try await bench.start()
            let caller = try await service.caller()
            _ = try await service.collections.put("c", [:], for: caller)
            let job = try await service.index(for: caller)["job_id"]?.stringValue ?? ""
            let key = try await service.keys.create(organization: "Acme", environment: .development).key

            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            let serving = Task {
                try await APIServer(service).run(
                    .init(host: "127.0.0.1", port: 0),
                    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                ) { port.yield($0) }
            }
            let number = try #require(await ports.first { _ in true })

            let directory = FileManager.default.temporaryDirectory.appending(path: "conformance-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            let settings = directory.appending(path: "schemathesis.toml")
            try Data(Self.settings(key: key, job: job).utf8).write(to: settings)
            // It gives the document ten seconds, which is little on a machine that is busy with other tests.
            let document = directory.appending(path: "openapi.json")
            let base = "http://127.0.0.1:\(number)"
            let fetched = try await Program.run(
                "curl", ["-sS", "--fail", "--max-time", "600", "-o", document.path, "\(base)/openapi.json"])
            try #require(fetched.status == 0, "\(fetched)")
            let outcome = try await Program.run(
                Python.pinned(),
                [
                    "-m", "schemathesis.cli", "--config-file", settings.path, "run",
                    document.path, "--url", base, "--seed", "1",
                    "--max-examples", "8", "--request-timeout", "60", "--generation-database", "none",
                ], directory: directory)
            #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.error)")
            #expect(outcome.output.contains("Tested: "), "\(outcome.output)")
            serving.cancel()
            _ = await serving.result
            await service.shutDown()
        }

        /// What the document can't say is not asked: which fields go together, and that a model is missing (501). A
        /// stream of events ends with its job, not with its first event.
        private static func settings(key: String, job: String) -> String {
            """
            headers = { Authorization = "Bearer \(key)" }

            [checks]
            positive_data_acceptance.enabled = false
            not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]

            [[operations]]
            include-method = "GET"
            include-path-regex = "/v2/(collections|jobs)/.*"
            parameters = { "path.collection" = "c", "path.job" = "\(job)", "path.document" = "doc_1" }
            """
        }
    }
#endif
