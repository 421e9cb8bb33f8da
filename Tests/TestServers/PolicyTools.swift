import Foundation

/// Judges of policies that we did not write (see `Scripts/policy_tools.py`).
public enum PolicyTools {
    /// What cfn-lint says of each template; empty where it has nothing to say.
    public static func cloudFormationComplaints(_ templates: [String]) async throws -> [[String]] {
        try await run("cfn-lint", templates)
    }

    /// Resource type, argument and value of everything in each Terraform configuration, as python-hcl2 reads it.
    public static func terraformArguments(_ configurations: [String]) async throws -> [[[String]]] {
        try await run("hcl", configurations)
    }

    /// Makes a stack of each template in a moto server without authorization, each in an empty account, and returns
    /// what there is then, in JSON: `arn` and `trust` of a role, and inline policies by their names.
    public static func deploy(_ templates: [String], to server: MotoServer) async throws -> [String] {
        try await run("deploy", templates, arguments: [server.endpointURL])
    }

    /// Empties a moto server without authorization.
    public static func reset(_ server: MotoServer) async throws {
        let _: String? = try await run("reset", [String](), arguments: [server.endpointURL])
    }

    /// A request as a policy sees it.
    public struct Request: Encodable, Sendable {
        let action: String
        let resource: String
        let context: [String: String]

        /// A request to do something.
        public init(_ action: String, on resource: String, context: [String: String] = [:]) {
            self.action = action
            self.resource = resource
            self.context = context
        }

        /// As the script reads it.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode(action)
            try container.encode(resource)
            try container.encode(context)
        }
    }

    /// Whether each policy allows each of its requests, by moto's evaluator, which knows `StringEquals` only and lets
    /// every other operator pass.
    public static func decisions(_ questions: [(policy: String, requests: [Request])]) async throws -> [[Bool]] {
        struct Question: Encodable {
            let policy: String
            let requests: [Request]
            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                try container.encode(policy)
                try container.encode(requests)
            }
        }
        return try await run("evaluate", questions.map { Question(policy: $0.policy, requests: $0.requests) })
    }

    /// Makes a bucket of `owner` with these objects, and perhaps a policy.
    public static func makeBucket(
        _ bucket: String, objects: [String: String], policy: String? = nil, owner: CephGateway.User,
        in gateway: CephGateway
    ) async throws {
        struct Order: Encodable { let keys: [String], bucket: String, objects: [String: String], policy: String? }
        let _: String? = try await run(
            "bucket",
            Order(
                keys: [owner.accessKeyID, owner.secretAccessKey], bucket: bucket, objects: objects, policy: policy),
            arguments: [gateway.endpointURL])
    }

    /// Which operations of a writing service `user` is allowed in a session of `role`, by name.
    public static func write(
        as user: CephGateway.User, role: String, bucket: String, prefix: String, owner: CephGateway.User,
        in gateway: CephGateway
    ) async throws -> [String: Bool] {
        struct Order: Encodable {
            let keys: [String], owner_keys: [String], role: String, bucket: String, prefix: String
        }
        return try await run(
            "write",
            Order(
                keys: [user.accessKeyID, user.secretAccessKey],
                owner_keys: [owner.accessKeyID, owner.secretAccessKey], role: role, bucket: bucket, prefix: prefix),
            arguments: [gateway.endpointURL])
    }

    /// Which of these operations the holder of a key is allowed in a bucket of moto's, one after the other: `put`,
    /// `overwrite`, `start upload`, `get`, `delete` of a key, and `list` of a prefix. To be told that an object is
    /// missing counts as allowed.
    public static func attempts(
        _ attempts: [(operation: String, key: String)], bucket: String, as key: MotoScenario.AccessKey,
        on server: MotoServer
    ) async throws -> [Bool] {
        struct Order: Encodable { let keys: [String], bucket: String, attempts: [[String]] }
        return try await run(
            "attempt",
            Order(
                keys: [key.id, key.secret], bucket: bucket, attempts: attempts.map { [$0.operation, $0.key] }),
            arguments: [server.endpointURL])
    }

    private static func run<Answer: Decodable>(
        _ tool: String, _ input: some Encodable, arguments: [String] = []
    ) async throws -> Answer {
        let output = try await Python.run(
            "policy_tools.py", arguments: [tool] + arguments, input: JSONEncoder().encode(input))
        return try JSONDecoder().decode(Answer.self, from: output)
    }
}
