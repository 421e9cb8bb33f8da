#if Server
    import DredgeService
    import Foundation
    import ServiceBench
    import TestServers
    import Testing

    /// The console in a browser, as a person uses it.
    @Suite(.timeLimit(.minutes(30)), .serialized) struct ConsoleWalkTests {
        private static let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Scripts/console_walk.py").path

        /// What the browser's script takes.
        private struct Walk: Encodable {
            var console: String
            var key: String
            var wrongKey: String
            var moto: String
            var scenario = TestScripts.path("moto_scenario.py")
            var account = MotoScenario.account
            var bucket: String
            var javascript: Bool
            /// Where pictures of all pages are put, if anywhere.
            var screenshots = ProcessInfo.processInfo.environment["DREDGE_SCREENSHOTS"] ?? ""
        }

        private static var objects: [MotoScenario.Object] {
            let text = Data(String(repeating: "It was signed in Bremen.\n", count: 100).utf8)
            return (10..<40).map { .init("2025/contract-\($0).txt", text) } + [
                .init("2025/termination.txt", Data("Either party may end it with thirty days notice.\n".utf8)),
                .init("<script>x</script>.txt", Data("A name that is markup.\n".utf8)), .init("empty.txt", Data()),
                .init("2025/archived.txt", Data("x".utf8), storageClass: "GLACIER"),
            ]
        }

        @Test(arguments: [true, false])
        func `from an empty server to a search result, in Chromium`(javascript: Bool) async throws {
            let moto = try await MotoServer()
            defer { moto.stop() }
            let bucket = "acme-contracts"
            let outcome = try await moto.apply(
                MotoScenario(
                    users: [.init("vendor", policy: MotoScenario.allow(["sts:AssumeRole"], on: ["*"]))],
                    buckets: [.init(bucket, objects: Self.objects)]))
            let vendor = try #require(outcome.accessKeys["vendor"])
            let data = FileManager.default.temporaryDirectory.appending(path: "dredge-console-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: data) }
            let made = try await Program.run(
                ServeTests.dredge, ["keys", "create", "--data", data.path, "--organization", "Acme & Söhne", "--json"])
            let key = try #require(try JSON(parsing: Data(made.output.utf8))["key"]?.stringValue, "\(made)")
            let port = try LoopbackPort.free()
            let server = try Program(
                ServeTests.dredge,
                [
                    "serve", "--data", data.path, "--listen", "127.0.0.1:\(port)", "--principal-arn",
                    MotoScenario.userARN("vendor"),
                ],
                environment: [
                    "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8",
                    "AWS_ENDPOINT_URL": moto.endpointURL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": vendor.id,
                    "AWS_SECRET_ACCESS_KEY": vendor.secret,
                ])
            while !LoopbackPort.isListening(port) {
                try #require(server.isRunning)
                try await Task.sleep(for: .milliseconds(20))
            }
            let walk = Walk(
                console: "http://127.0.0.1:\(port)", key: key, wrongKey: key + "0", moto: moto.endpointURL,
                bucket: bucket, javascript: javascript)
            let result = try await Program.run(Python.pinned(), [Self.script], input: JSONEncoder().encode(walk))
            #expect(
                result.status == 0,
                "Chromium and its driver are installed by Scripts/install test.\n\(result.error)\n\(result.output)")
            server.send(15)
            let log = await server.wait()
            #expect(log.status == 0)
            #expect(!log.error.contains(key) && !log.output.contains(key), "no key in the log")
        }
    }
#endif
