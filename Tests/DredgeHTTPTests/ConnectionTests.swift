#if Server
    import DredgeService
    import Foundation
    import Logging
    import NIOCore
    import ServiceBench
    import TestServers
    import Testing

    @testable import DredgeHTTP

    /// Connections over a socket: what clients do that are slow, broken or hostile.
    @Suite(.timeLimit(.minutes(10))) struct ConnectionTests {
        private func serve(
            _ change: (inout APIServer.Configuration) -> Void = { _ in },
            _ body: @Sendable (_ hostile: @Sendable ([String]) async throws -> JSON) async throws -> Void
        ) async throws {
            let bench = try await ServiceBench(count: 0)
            let service = try await bench.start()
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            var configuration = APIServer.Configuration(host: "127.0.0.1", port: 0)
            change(&configuration)
            let server = try await LiveServer(service, configuration)
            try await body { try await Self.hostile(server.port, key, $0) }
            try await server.stop()
            await service.shutDown()
        }

        /// What `Scripts/hostile.py` tells.
        private static func hostile(_ port: Int, _ key: String, _ arguments: [String]) async throws -> JSON {
            let outcome = try await Program.run("python3", [script, "\(port)", key] + arguments)
            try #require(outcome.status == 0, "\(outcome)")
            return try JSON(parsing: Data(outcome.output.utf8))
        }

        static let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Scripts/hostile.py").path

        @Test func `more connections than there may be wait, and are served when others are closed`() async throws {
            try await serve {
                $0.connectionCountMax = 8
            } _: { hostile in
                let answer = try await hostile(["crowd", "40"])
                #expect(answer == 200)
            }
        }

        @Test func `who dribbles a head or a body, or says nothing, is cut off`() async throws {
            try await serve {
                ($0.times.head, $0.times.body) = (.milliseconds(400), .milliseconds(400))
            } _: { hostile in
                let answers = try await hostile(["slow"])
                #expect(answers == ["head": "closed", "body": 408, "quiet": "", "answered": 1], "\(answers.text)")
            }
        }

        @Test func `what is no HTTP is answered and closed, and the server goes on`() async throws {
            try await serve { hostile in
                let answers = try await hostile(["malformed"])
                for name in ["nonsense", "chunk", "later chunk", "two lengths", "length and chunks"] {
                    #expect(answers[name] == 400, "\(name): \(answers.text)")
                }
                for name in ["field", "fields", "target"] {
                    #expect(answers[name] == 431, "\(name): \(answers.text)")
                }
                #expect(answers["alive"] == 200)
            }
        }

        @Test func `a client that asks before it sends a body is told`() async throws {
            try await serve { hostile in
                let answers = try await hostile(["expect"])
                #expect(answers == ["first": 100, "second": 201, "large": 413], "\(answers.text)")
            }
        }

        @Test func `a verification that nobody answers keeps no server`() async throws {
            var scenario = ServiceBench.scenario(ServiceBench.keys(1), faults: [.hang(on: .assumeRole).times(-1)])
            scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
            let bench = try await ServiceBench(scenario)
            let service = try await bench.start()
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            _ = try await service.integrations.mint(for: service.caller())
            var configuration = APIServer.Configuration(host: "127.0.0.1", port: 0)
            configuration.times.drain = .milliseconds(200)
            let server = try await LiveServer(service, configuration)
            let body: JSON = [
                "role_arn": "arn:aws:iam::123456789012:role/Read", "bucket_name": "bucket",
                "bucket_region": "us-east-1",
            ]
            let client = try Program(
                "curl",
                [
                    "--silent", "--request", "PUT", "--header", "Authorization: Bearer \(key)", "--data-binary", "@-",
                    "http://127.0.0.1:\(server.port)/v2/integrations/aws/role",
                ], input: body.data)
            try await bench.waitForHang()
            try await server.stop()
            #expect(await client.wait().status != 0)
            await service.shutDown()
        }

        @Test func `a request whose body does not end keeps no server`() async throws {
            let bench = try await ServiceBench(count: 0)
            let service = try await bench.start()
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            var configuration = APIServer.Configuration(host: "127.0.0.1", port: 0)
            configuration.times.drain = .milliseconds(200)
            let server = try await LiveServer(service, configuration)
            let holder = try Program("python3", [Self.script, "\(server.port)", key, "hold"])
            while !holder.output.contains("held") {
                try #require(holder.isRunning)
                try await Task.sleep(for: .milliseconds(20))
            }
            try await server.stop()
            #expect(await holder.wait().status == 0)
            await service.shutDown()
        }
    }

    /// An `APIServer` in this process, over a socket.
    struct LiveServer: Sendable {
        let port: Int
        private let serving: Task<Void, any Error>

        init(_ service: IndexService, _ configuration: APIServer.Configuration) async throws {
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            serving = Task {
                defer { port.finish() }
                try await APIServer(service).run(
                    configuration, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                ) { port.yield($0) }
            }
            guard let number = await ports.first(where: { _ in true }) else {
                try await serving.value
                throw ServerProblem(description: "the server ended")
            }
            self.port = number
        }

        /// Returns when it has ended.
        func stop() async throws {
            serving.cancel()
            try await serving.value
        }
    }
#endif
