#if Server
    import DredgeService
    import Foundation
    import ServiceBench
    import TestServers
    import Testing

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// The built `dredge serve`, over the loopback.
    @Suite(.timeLimit(.minutes(30))) struct ServeTests {
        /// It stands beside the test bundle.
        static let dredge: String = {
            let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
            let directory =
                bundle?.deletingLastPathComponent()
                ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            return directory.appending(path: "dredge").path
        }()

        /// A server process, and the key of its client.
        private struct Server {
            var program: Program
            var port: Int
            var key: String

            func call(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> JSON {
                var arguments = [
                    "--silent", "--show-error", "--request", method, "--header", "Authorization: Bearer \(key)",
                ]
                if body != nil { arguments += ["--data-binary", "@-", "--header", "Content-Type: application/json"] }
                let outcome = try await Program.run(
                    "curl", arguments + ["http://127.0.0.1:\(port)\(path)"], input: body?.data ?? Data())
                try #require(outcome.status == 0, "\(outcome)")
                return try JSON(parsing: Data(outcome.output.utf8))
            }

            func end(of id: String) async throws -> JSON {
                while true {
                    let job = try await call("GET", "/v2/jobs/\(id)?files_limit=500")
                    if job["completed_at"] != .null { return job }
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        }

        private func start(_ bench: ServiceBench, key: String) async throws -> Server {
            let port = try LoopbackPort.free()
            return Server(program: try await Self.serve(bench, port: port), port: port, key: key)
        }

        /// A server of the bench's data and bucket, which listens.
        static func serve(_ bench: ServiceBench, port: Int) async throws -> Program {
            let program = try Program(
                dredge, ["serve", "--data", bench.directory.path, "--listen", "127.0.0.1:\(port)"],
                environment: [
                    "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8",
                    "AWS_ENDPOINT_URL": bench.server.endpointURL, "AWS_REGION": "us-east-1",
                    "AWS_ACCESS_KEY_ID": "AKIDBASE", "AWS_SECRET_ACCESS_KEY": "base/\(ServiceBench.secret)",
                ])
            while !LoopbackPort.isListening(port) {
                try #require(program.isRunning)
                try await Task.sleep(for: .milliseconds(20))
            }
            return program
        }

        private func makeKey(_ bench: ServiceBench) async throws -> String {
            let outcome = try await Program.run(
                Self.dredge, ["keys", "create", "--data", bench.directory.path, "--organization", "Acme", "--json"])
            try #require(outcome.status == 0, "\(outcome)")
            return try #require(try JSON(parsing: Data(outcome.output.utf8))["key"]?.stringValue)
        }

        private func scenario(_ faults: [ScriptedS3Server.Fault] = []) -> ScriptedS3Server.Scenario {
            var scenario = ServiceBench.scenario(ServiceBench.keys(60), faults: faults)
            scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
            return scenario
        }

        @Test func `a server that is killed in the midst of jobs goes on with them`() async throws {
            let role = "arn:aws:iam::123456789012:role/Read"
            let bench = try await ServiceBench(scenario())
            let key = try await makeKey(bench)
            var server = try await start(bench, key: key)
            let externalID = try #require(
                try await server.call("POST", "/v2/integrations/aws")["external_id"]?.stringValue)
            func play(_ faults: [ScriptedS3Server.Fault] = []) throws {
                var scenario = scenario(faults)
                scenario.sts = .init(sessionSeconds: 3_600, externalID: externalID)
                try bench.server.play(scenario)
            }
            try play()
            let verified = try await server.call(
                "PUT", "/v2/integrations/aws/role",
                ["role_arn": .string(role), "bucket_name": "bucket", "bucket_region": "us-east-1"])
            try #require(verified["status"] == "active", "\(verified.text)")
            let body = ServiceBench.body(role: role, externalID: externalID)
            var collections: [String] = []
            for name in ["whole", "killed"] {
                let made = try await server.call("PUT", "/v2/collections/\(name)")
                collections.append(try #require(made["collection_id"]?.stringValue))
            }
            func submit(_ name: String, _ body: JSON) async throws -> String {
                let answer = try await server.call("POST", "/v2/collections/\(name)/index/s3", body)
                return try #require(answer["job_id"]?.stringValue, "\(answer.text)")
            }
            let whole = try await submit("whole", body)
            #expect(try await server.end(of: whole)["status"] == "completed")

            try play([.hang(on: .get).forKey("49.txt").times(-1)])
            let killed = try await submit("killed", body)
            let withKeys = try await submit("killed", ServiceBench.body())
            try await bench.waitForHang()
            server.program.send(SIGKILL)
            #expect(await server.program.wait().status == -SIGKILL)
            #expect(try !bench.contains(ServiceBench.secret))

            try play()
            server = try await start(bench, key: key)
            let job = try await server.end(of: killed)
            #expect(job["status"] == "completed" && job.at("result", "files_indexed") == 60, "\(job.text)")
            let lost = try await server.end(of: withKeys)
            #expect(lost["status"] == "failed" && lost["error_code"] == "credentials_lost", "\(lost.text)")
            server.program.send(SIGTERM)
            let outcome = await server.program.wait()
            #expect(outcome.status == 0, "\(outcome)")
            let digests = [
                try await bench.digest(ofCollection: collections[0]),
                try await bench.digest(ofCollection: collections[1]),
            ]
            #expect(digests[0] == digests[1])
            for secret in [ServiceBench.secret, key] {
                #expect(try !bench.contains(secret))
                #expect(!outcome.error.contains(secret) && !outcome.output.contains(secret))
            }
        }

        @Test func `a server of a config shows its metrics to who asks from its machine, not to a proxy's client`()
            async throws
        {
            let bench = try await ServiceBench(count: 0)
            let port = try LoopbackPort.free()
            let config = bench.directory.appending(path: "server.yaml")
            try FileManager.default.createDirectory(at: bench.directory, withIntermediateDirectories: true)
            try Data("data: \(bench.directory.path)/data\nlisten: 127.0.0.1:\(port)\n".utf8).write(to: config)
            let program = try Program(
                Self.dredge, ["serve", config.path],
                environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"])
            while !LoopbackPort.isListening(port) {
                try #require(program.isRunning)
                try await Task.sleep(for: .milliseconds(20))
            }
            func status(_ arguments: [String]) async throws -> String {
                let call = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]
                return try await Program.run(
                    "curl", call + arguments + ["http://127.0.0.1:\(port)/metrics"]
                ).output
            }
            #expect(try await status([]) == "200")
            #expect(try await status(["--header", "X-Forwarded-For: 192.0.2.1"]) == "403")
            program.send(SIGTERM)
            let outcome = await program.wait()
            #expect(outcome.status == 0, "\(outcome)")
        }

        @Test func `a server that is asked to end in the midst of a job leaves it to the next one`() async throws {
            let bench = try await ServiceBench(
                ServiceBench.scenario(ServiceBench.keys(5), faults: [.hang(on: .get).forKey("12.txt").times(-1)]))
            let key = try await makeKey(bench)
            let server = try await start(bench, key: key)
            _ = try await server.call("PUT", "/v2/collections/c")
            let answer = try await server.call("POST", "/v2/collections/c/index/s3", ServiceBench.body())
            let id = try #require(answer["job_id"]?.stringValue)
            try await bench.waitForHang()
            // Who listens to the job's events does not keep the server.
            let listener = try Program(
                "curl",
                [
                    "--silent", "--no-buffer", "--header", "Authorization: Bearer \(key)",
                    "http://127.0.0.1:\(server.port)/v2/jobs/\(id)/events",
                ])
            while !listener.output.contains("event: progress") {
                try #require(listener.isRunning)
                try await Task.sleep(for: .milliseconds(20))
            }
            server.program.send(SIGTERM)
            let outcome = await server.program.wait()
            #expect(outcome.status == 0, "\(outcome)")
            _ = await listener.wait()
            let next = try await start(bench, key: key)
            #expect(try await next.end(of: id)["error_code"] == "credentials_lost")
            next.program.send(SIGTERM)
            #expect(await next.program.wait().status == 0)
        }

        @Test func `thousands of connections take no more than half of the descriptors`() async throws {
            let bench = try await ServiceBench(count: 0)
            let key = try await makeKey(bench)
            let port = try LoopbackPort.free()
            let program = try Program(
                "sh",
                [
                    "-c", "ulimit -n \"$0\" && exec \"$@\"", "\(ServiceLimits.descriptorCountMin)", Self.dredge,
                    "serve",
                    "--data", bench.directory.path, "--listen", "127.0.0.1:\(port)",
                ])
            while !LoopbackPort.isListening(port) {
                try #require(program.isRunning)
                try await Task.sleep(for: .milliseconds(20))
            }
            let outcome = try await Program.run(
                "sh",
                [
                    "-c", "ulimit -n 4000; exec python3 \"$@\"", "sh", ConnectionTests.script, "\(port)", key, "crowd",
                    "3000",
                ])
            #expect(outcome.output == "200\n", "\(outcome)")
            program.send(SIGTERM)
            let end = await program.wait()
            #expect(end.status == 0 && !end.error.contains("could not be accepted"), "\(end)")
        }

        @Test func `a second signal ends a server at once that still waits for a client`() async throws {
            let bench = try await ServiceBench(count: 0)
            let key = try await makeKey(bench)
            let server = try await start(bench, key: key)
            let holder = try Program("python3", [ConnectionTests.script, "\(server.port)", key, "hold"])
            while !holder.output.contains("held") {
                try #require(holder.isRunning)
                try await Task.sleep(for: .milliseconds(20))
            }
            server.program.send(SIGTERM)
            while LoopbackPort.isListening(server.port) { try await Task.sleep(for: .milliseconds(20)) }
            server.program.send(SIGTERM)
            #expect(await server.program.wait().status == 130)
            _ = await holder.wait()
        }

        @Test func `a server with a certificate is for those who trust its authority`() async throws {
            let bench = try await ServiceBench(count: 0)
            let authority = try await TestAuthority()
            let identity = try await authority.identity(for: "IP:127.0.0.1")
            let port = try LoopbackPort.free()
            func arguments(_ certificate: String, _ key: String) -> [String] {
                [
                    "serve", "--data", bench.directory.path, "--listen", "127.0.0.1:\(port)", "--tls-certificate",
                    certificate, "--tls-key", key,
                ]
            }
            let program = try Program(Self.dredge, arguments(identity.certificatePath, identity.keyPath))
            while !LoopbackPort.isListening(port) {
                try #require(program.isRunning)
                try await Task.sleep(for: .milliseconds(20))
            }
            func get(_ more: String...) async throws -> Program.Outcome {
                try await Program.run("curl", ["--silent"] + more)
            }
            let url = "https://127.0.0.1:\(port)/healthz"
            let trusted = try await get("--cacert", authority.certificatePath, url)
            #expect(trusted.status == 0 && trusted.output == "{\"status\":\"ok\"}", "\(trusted)")
            #expect(try await get(url).status == 60, "an unknown authority")
            #expect(try await get("http://127.0.0.1:\(port)/healthz").status != 0)
            #expect(try await get("--cacert", authority.certificatePath, "--tls-max", "1.1", url).status == 35)
            program.send(SIGTERM)
            #expect(await program.wait().status == 0)

            let otherAuthority = try await TestAuthority()
            let other = try await otherAuthority.identity(for: "IP:127.0.0.1")
            defer { withExtendedLifetime(otherAuthority) {} }
            for (certificate, key, problem) in [
                ("/nonexistent", identity.keyPath, "/nonexistent does not exist"),
                (identity.keyPath, identity.keyPath, "\(identity.keyPath) has no certificate"),
                (identity.certificatePath, identity.certificatePath, "\(identity.certificatePath) has no private key"),
                (identity.certificatePath, other.keyPath, "\(other.keyPath) is not the key of the certificate"),
            ] {
                let outcome = try await Program.run(Self.dredge, arguments(certificate, key))
                #expect(outcome.status == 3 && outcome.error.contains(problem), "\(outcome)")
                #expect(!outcome.error.contains("PRIVATE KEY-----"))
            }
        }
    }
#endif
