import Foundation
import TestServers
import Testing

/// `plan`, `worker` and `merge` with exactly what `dredge policy job` prints, judged by moto. It knows the resources of
/// a policy and the prefixes of listings, but neither session policies nor KMS; what policies say of these is tested
/// where they are made (`AccessPoliciesTests`).
@Suite(.timeLimit(.minutes(30)), .serialized) struct JobPolicyTests {
    private static let externalID = "acme-0123456789abcdef"
    private static let results = "acme-results"
    private let server: MotoServer
    private let directory: TemporaryDirectory

    init() async throws {
        directory = try TemporaryDirectory()
        server = try await MotoServer()
        // One source behind a role, one that the machine reads itself.
        try directory.write(
            "c.yaml",
            """
            sources:
              - name: contracts
                bucket: acme-contracts
                endpoint_url: "\(server.endpointURL)"
                sts_endpoint_url: "\(server.endpointURL)"
                auth:
                  assume_role:
                    - {role_arn: "\(MotoScenario.roleARN("customer"))", external_id: \(Self.externalID)}
              - name: own
                bucket: own-documents
                prefix: 2025/
                endpoint_url: "\(server.endpointURL)"
                auth: ambient
            """)
    }

    /// What `dredge policy job` prints, in which `dredge policy lint` finds no problem.
    private func policy(_ arguments: [String]) async throws -> String {
        let printed = try await DredgeBinary.run(["policy", "job"] + arguments, directory: directory.url)
        #expect(printed.status == 0, "\(printed.error)")
        let checked = try await DredgeBinary.run(["policy", "lint", "--writer", "-"], input: Data(printed.output.utf8))
        #expect(checked.status == 0, "\(checked)")
        return printed.output
    }

    /// The policy, and it without each of its statements.
    private func variants(_ policy: String) throws -> [(without: String?, policy: String)] {
        var document = try #require(try JSONSerialization.jsonObject(with: Data(policy.utf8)) as? [String: Any])
        let statements = try #require(document["Statement"] as? [[String: Any]])
        return try [(nil, policy)]
            + statements.indices.map { index in
                var less = statements
                less.remove(at: index)
                document["Statement"] = less
                let text = String(decoding: try JSONSerialization.data(withJSONObject: document), as: UTF8.self)
                return (statements[index]["Sid"] as? String, text)
            }
    }

    private func users(_ users: [MotoScenario.User], trusted: [String], roles: [MotoScenario.Role] = []) async throws
        -> [String: MotoScenario.AccessKey]
    {
        let trust = MotoScenario.trust(trusted.map(MotoScenario.userARN), externalID: Self.externalID)
        return try await server.apply(
            MotoScenario(
                users: users,
                roles: roles + [.init("customer", trust: trust, policy: MotoScenario.read(bucket: "acme-contracts"))])
        ).accessKeys
    }

    private func makeBuckets() async throws {
        var text = SampleText(seed: 17)
        func objects(_ prefix: String) -> [MotoScenario.Object] {
            (10..<22).map { .init("\(prefix)\($0).txt", Data(text.lines(byteCount: 900))) }
        }
        _ = try await server.apply(
            MotoScenario(buckets: [
                .init("acme-contracts", objects: objects("")),
                .init("own-documents", objects: objects("2025/") + objects("2024/")),
                .init(Self.results, objects: [.init("elsewhere/a", Data("x".utf8))]),
            ]))
    }

    private func dredge(
        _ arguments: [String], as key: MotoScenario.AccessKey?, _ flags: [String] = []
    ) async throws -> DredgeBinary.Outcome {
        let key = try #require(key)
        return try await DredgeBinary.run(
            arguments + ["--results-endpoint-url", server.endpointURL] + flags,
            environment: [
                "AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret,
                "AWS_ENDPOINT_URL_STS": server.endpointURL,
            ], directory: directory.url)
    }

    private func plan(shards: Int, as key: MotoScenario.AccessKey?, _ flags: [String] = []) async throws -> String? {
        let place = ["--results", "s3://\(Self.results)/dredge", "--shards", String(shards)]
        let planned = try await dredge(["plan", "c.yaml"] + place, as: key, flags)
        return isAllowed(planned) ? planned.output.trimmingCharacters(in: .newlines) : nil
    }

    /// A failure of any other kind would prove nothing.
    private func isAllowed(_ outcome: DredgeBinary.Outcome) -> Bool {
        if outcome.status == 0 { return true }
        // The answer to a HEAD has no code.
        let isRefused = ["AccessDenied", "HTTP 403", "access_denied"].contains { outcome.error.contains($0) }
        #expect(isRefused && !outcome.error.contains("Signature"), "\(outcome)")
        return false
    }

    /// Whether all of a job is done by who has these keys, up to its catalog.
    private func isDone(
        shards: Int, planner: MotoScenario.AccessKey?, worker: MotoScenario.AccessKey?, _ flags: [String] = []
    ) async throws -> Bool {
        guard let job = try await plan(shards: shards, as: planner, flags) else { return false }
        for arguments in [["--shard-index", "0"], ["--shard-index", "any"]] {
            let worked = try await dredge(["worker", "--job", job, "--no-progress"] + arguments, as: worker, flags)
            guard isAllowed(worked) else { return false }
        }
        let merged = try await dredge(["merge", "--job", job], as: planner, flags)
        guard isAllowed(merged) else { return false }
        #expect(try await dredge(["status", "--job", job], as: planner, flags).output.contains("Merged."))
        return true
    }

    @Test func `with what is printed a job is done, and each statement is needed`() async throws {
        defer { server.stop() }
        let place = ["c.yaml", "--results", "s3://\(Self.results)/dredge/"]
        let planners = try variants(try await policy(place + ["--role", "planner"]))
        let workers = try variants(try await policy(place + ["--role", "worker"]))
        #expect(planners.count == 6 && workers.count == 6)
        try await makeBuckets()
        let users =
            planners.enumerated().map { MotoScenario.User("planner-\($0)", policy: $1.policy) }
            + workers.enumerated().map { MotoScenario.User("worker-\($0)", policy: $1.policy) }
        let keys = try await self.users(users, trusted: users.map(\.name))
        // Another number of shards makes another job.
        for (number, variant) in planners.enumerated() {
            let isDone = try await isDone(
                shards: 2 + number, planner: keys["planner-\(number)"], worker: keys["worker-0"])
            #expect(isDone == (variant.without == nil), "planner without \(variant.without ?? "nothing")")
        }
        for (number, variant) in workers.enumerated().dropFirst() {
            let isDone = try await isDone(
                shards: 12 + number, planner: keys["planner-0"], worker: keys["worker-\(number)"])
            #expect(!isDone, "worker without \(variant.without ?? "nothing")")
        }
    }

    @Test func `a worker of one job can't write elsewhere, list sources or delete, and a planner can't delete`()
        async throws
    {
        defer { server.stop() }
        try await makeBuckets()
        let place = ["c.yaml", "--results", "s3://\(Self.results)/dredge/"]
        let names = ["planner", "worker", "worker-of-one"]
        var keys = try await users(
            [
                .init("planner", policy: try await policy(place + ["--role", "planner"])),
                .init("worker", policy: try await policy(place + ["--role", "worker"])),
            ], trusted: names)
        let job = try #require(try await plan(shards: 2, as: keys["planner"]))
        let other = try #require(try await plan(shards: 3, as: keys["planner"]))
        keys.merge(
            try await users(
                [.init("worker-of-one", policy: try await policy(["c.yaml", "--role", "worker", "--job", job]))],
                trusted: names)
        ) { $1 }
        let worked = try await dredge(
            ["worker", "--job", job, "--shard-index", "any", "--no-progress"], as: keys["worker-of-one"])
        #expect(worked.status == 0, "\(worked)")
        let (folder, otherFolder) = (
            job.dropFirst("s3://\(Self.results)/".count), other.dropFirst("s3://\(Self.results)/".count)
        )

        let attempts: [(operation: String, key: String)] = [
            ("put", "\(folder)out/00000/x"), ("start upload", "\(folder)out/00000/y"), ("get", "\(folder)job.json"),
            ("put", "\(otherFolder)out/00000/x"), ("get", "\(otherFolder)job.json"),
            ("overwrite", "\(folder)job.json"), ("overwrite", "\(folder)manifests/00000.csv.gz"),
            ("put", "\(folder)catalog.json"), ("put", "dredge/x"), ("overwrite", "dredge/dredge-results.json"),
            ("put", "elsewhere/b"), ("overwrite", "elsewhere/a"), ("get", "elsewhere/a"),
            ("delete", "\(folder)done/00000.json"), ("delete", "\(folder)job.json"), ("delete", "elsewhere/a"),
        ]
        func allowed(_ user: String) async throws -> [Bool] {
            try await PolicyTools.attempts(
                attempts, bucket: Self.results, as: try #require(keys[user]), on: server)
        }
        let refused = Array(repeating: false, count: 11)
        #expect(try await allowed("worker-of-one") == [true, true, true, false, false] + refused)
        for user in ["worker-of-one", "worker"] {
            let listings = try await PolicyTools.attempts(
                [
                    ("list", "\(folder)done/"), ("list", "\(otherFolder)done/"), ("list", "dredge/"), ("list", ""),
                    // Neither is there.
                    ("get", "\(folder)done/00099.json"), ("get", "\(otherFolder)done/00099.json"),
                ], bucket: Self.results, as: try #require(keys[user]), on: server)
            let others = user == "worker"
            #expect(listings == [true, others, false, false, true, others], "\(user)")
        }
        // (Its own first object is there now.)
        let all = try await PolicyTools.attempts(
            Array(attempts.dropFirst()), bucket: Self.results, as: try #require(keys["worker"]), on: server)
        #expect(all == [true, true, true, true] + refused)
        for user in names {
            let isWorker = user != "planner"
            let sources = try await PolicyTools.attempts(
                [
                    ("list", "2025/"), ("get", "2025/10.txt"), ("list", ""), ("list", "2024/"), ("get", "2024/10.txt"),
                    ("get", "2025/missing.txt"), ("delete", "2025/10.txt"),
                ], bucket: "own-documents", as: try #require(keys[user]), on: server)
            #expect(sources == [!isWorker, isWorker] + Array(repeating: false, count: 5), "\(user)")
        }
        let planner = try await PolicyTools.attempts(
            [
                ("put", "\(folder)catalog.json"), ("put", "elsewhere/b"), ("get", "elsewhere/a"),
                ("delete", "\(folder)job.json"),
            ], bucket: Self.results, as: try #require(keys["planner"]), on: server)
        #expect(planner == [true, false, false, false])
    }

    @Test func `with a role for the job's files the machines may do nothing but assume it`() async throws {
        defer { server.stop() }
        try await makeBuckets()
        let role = MotoScenario.roleARN("results")
        let place = ["--results", "s3://\(Self.results)/dredge/", "--results-role", role]
        let planner = try await policy(["c.yaml"] + place + ["--role", "planner"])
        let worker = try await policy(["c.yaml"] + place + ["--role", "worker"])
        #expect(!planner.contains(Self.results) && !worker.contains(Self.results))
        let names = ["planner", "worker", "stranger"]
        let trust = MotoScenario.trust(names.map(MotoScenario.userARN), externalID: Self.externalID)
        let keys = try await users(
            [
                .init("planner", policy: planner), .init("worker", policy: worker),
                .init("stranger", policy: MotoScenario.allow(["s3:GetObject"], on: ["*"])),
            ], trusted: names,
            roles: [.init("results", trust: trust, policy: try await policy(place + ["--role", "results"]))])
        let flags = ["--results-role", role, "--results-external-id", Self.externalID]
        #expect(try await isDone(shards: 2, planner: keys["planner"], worker: keys["worker"], flags))
        #expect(try await plan(shards: 3, as: keys["stranger"], flags) == nil)
        let own = try await PolicyTools.attempts(
            [("put", "dredge/x"), ("get", "dredge/dredge-results.json"), ("list", "dredge/")], bucket: Self.results,
            as: try #require(keys["worker"]), on: server)
        #expect(own == [false, false, false])
    }
}
