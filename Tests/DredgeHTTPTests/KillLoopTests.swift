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

    /// The built `dredge serve`, killed again and again while clients submit jobs.
    @Suite(.timeLimit(.minutes(30))) struct KillLoopTests {
        private static let role = "arn:aws:iam::123456789012:role/Read"
        private static let keyCount = 30, jobCount = 12, killCount = 8

        /// A client that asks until it is answered, as one does that knows of idempotency keys.
        private struct Client: Sendable {
            var port: Int
            var key: String

            func call(_ method: String, _ path: String, _ body: JSON? = nil, once: String? = nil) async throws -> JSON {
                var arguments = [
                    "--silent", "--max-time", "20", "--request", method, "--header", "Authorization: Bearer \(key)",
                ]
                if let once { arguments += ["--header", "Idempotency-Key: \(once)"] }
                if body != nil { arguments += ["--data-binary", "@-", "--header", "Content-Type: application/json"] }
                while true {
                    let outcome = try await Program.run(
                        "curl", arguments + ["http://127.0.0.1:\(port)\(path)"], input: body?.data ?? Data())
                    if outcome.status == 0, let answer = try? JSON(parsing: Data(outcome.output.utf8)),
                        answer["error_code"] == nil || answer["job_id"] != nil
                    {
                        return answer
                    }
                    // Nobody listens, or the server stops or begins.
                    try await Task.sleep(for: .milliseconds(30))
                }
            }
        }

        /// Submits the job of this number in its time; its ID.
        private static func submit(_ number: Int, _ body: JSON, _ client: Client) async throws -> String {
            try await Task.sleep(for: .milliseconds(120 * number))
            let name = ["a", "b", "c"][number % 3]
            let answer = try await client.call(
                "POST", "/v2/collections/\(name)/index/s3", body, once: "job-\(number)")
            return answer["job_id"]?.stringValue ?? answer.text
        }

        @Test(arguments: [1, 2, 3] as [UInt64])
        func `no job that was accepted is lost or done twice, whenever the server is killed`(seed: UInt64) async throws
        {
            print("KillLoopTests: seed \(seed)")
            var scenario = ServiceBench.scenario(ServiceBench.keys(Self.keyCount))
            scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
            let bench = try await ServiceBench(scenario)
            let port = try LoopbackPort.free()
            let made = try await Program.run(
                ServeTests.dredge,
                ["keys", "create", "--data", bench.directory.path, "--organization", "Acme", "--json"])
            let key = try #require(try JSON(parsing: Data(made.output.utf8))["key"]?.stringValue)
            let client = Client(port: port, key: key)
            var program = try await ServeTests.serve(bench, port: port)
            let externalID = try #require(
                try await client.call("POST", "/v2/integrations/aws")["external_id"]?.stringValue)
            // So slow that most kills are in the midst of a job.
            scenario.sts = .init(sessionSeconds: 3_600, externalID: externalID)
            scenario.faults = [.delay(on: .get, seconds: 0.05).times(-1)]
            try bench.server.play(scenario)
            _ = try await client.call(
                "PUT", "/v2/integrations/aws/role",
                ["role_arn": .string(Self.role), "bucket_name": "bucket", "bucket_region": "us-east-1"])
            var collections: [String] = []
            for name in ["a", "b", "c", "alone"] {
                let answer = try await client.call("PUT", "/v2/collections/\(name)")
                collections.append(try #require(answer["collection_id"]?.stringValue))
            }
            let body = ServiceBench.body(role: Self.role, externalID: externalID, ["skip_existing": false])

            let clients = Task {
                try await withThrowingTaskGroup(of: String.self) { group in
                    for number in 0..<Self.jobCount {
                        group.addTask { try await Self.submit(number, body, client) }
                    }
                    return try await group.reduce(into: [String]()) { $0.append($1) }
                }
            }
            var random = SeededGenerator(seed: seed)
            for _ in 0..<Self.killCount {
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...500, using: &random)))
                program.send(SIGKILL)
                _ = await program.wait()
                program = try await ServeTests.serve(bench, port: port)
            }
            let ids = try await clients.value
            #expect(Set(ids).count == Self.jobCount, "an idempotency key is one job: \(ids)")
            for id in ids {
                var job: JSON
                repeat { job = try await client.call("GET", "/v2/jobs/\(id)") } while job["completed_at"] == .null
                #expect(job["status"] == "completed", "\(job.text)")
                #expect(job.at("result", "files_indexed")?.intValue == Self.keyCount, "\(job.text)")
            }
            #expect(try await client.call("GET", "/v2/jobs")["total_count"]?.intValue == Self.jobCount)
            let alone =
                try await client.call("POST", "/v2/collections/alone/index/s3", body)["job_id"]?.stringValue ?? ""
            while try await client.call("GET", "/v2/jobs/\(alone)")["completed_at"] == .null {}
            program.send(SIGTERM)
            #expect(await program.wait().status == 0)
            let undisturbed = try await bench.digest(ofCollection: collections[3])
            for collection in collections.prefix(3) {
                #expect(try await bench.digest(ofCollection: collection) == undisturbed)
            }
        }
    }
#endif
