public import Foundation
import Synchronization

/// A Ceph node in memory with its S3 and STS gateway (see `Scripts/ceph-gateway.sh`): an S3 server that we did not
/// write, which checks every signature. Start it through `shared()`: it takes some 15 s and 1.2 GB, so the tests of a
/// process share one.
public final class CephGateway: Sendable {
    /// An S3 user.
    public struct User: Sendable {
        /// Its `uid`.
        public let name: String
        /// Its only pair of keys.
        public let accessKeyID: String
        /// What it signs with.
        public let secretAccessKey: String
    }

    /// `http://127.0.0.1:PORT`, for S3 and for STS.
    public let endpointURL: String
    /// The tenant that all users, roles and buckets are of. Where AWS writes an account number, this gateway writes the
    /// tenant's name.
    public static let account = "123456789012"
    private let process: ServerProcess
    private let configuration: URL

    /// The gateway of this process, started by the first who asks, ended with the process.
    public static func shared() async throws -> CephGateway {
        try await starting.value
    }

    private static let starting = Task {
        let gateway = try await CephGateway()
        running.withLock { $0 = gateway }
        // The supervisor would end it, too, only later.
        atexit { CephGateway.running.withLock { $0 }?.process.stop() }
        return gateway
    }
    private static let running = Mutex<CephGateway?>(nil)

    private init() async throws {
        let gatewayPort = try LoopbackPort.free()
        let monitorPort = try LoopbackPort.free()
        endpointURL = "http://127.0.0.1:\(gatewayPort)"
        process = try ServerProcess(TestScripts.path("ceph-gateway.sh")) { directory in
            [directory.appending(path: "ceph").path, "\(monitorPort)", "\(gatewayPort)"]
        }
        configuration = process.directory.appending(path: "ceph/ceph.conf")
        let deadline = ContinuousClock.now + .seconds(900)
        while !process.log.split(separator: "\n").contains("ready") {
            guard process.isRunning, .now < deadline else {
                throw ServerProblem(
                    description: """
                        Ceph's gateway did not start. It is needed for these tests; install it with
                        apt-get install --no-install-recommends ceph-mon ceph-osd ceph-mgr radosgw ceph-common curl
                        \(process.log.suffix(4_000))
                        """)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// A new user, with a new pair of keys.
    public func makeUser(_ name: String) async throws -> User {
        let unique = "\(name)-\(UUID().uuidString.prefix(8).lowercased())"
        let user = User(
            name: unique, accessKeyID: String(UUID().uuidString.filter { $0 != "-" }.prefix(20)),
            secretAccessKey: UUID().uuidString)
        try await administer([
            "user", "create", "--tenant", Self.account, "--uid", user.name, "--display-name", user.name, "--access-key",
            user.accessKeyID,
            "--secret-key", user.secretAccessKey,
        ])
        return user
    }

    /// A role that `user` may assume, with one policy. Both documents may hold no spaces: this gateway refuses them.
    /// - Returns: the role's ARN.
    public func makeRole(_ name: String, trusting user: User, policy: String) async throws -> String {
        let unique = "\(name)-\(UUID().uuidString.prefix(8).lowercased())"
        let trust = """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow",\
            "Principal":{"AWS":["arn:aws:iam::\(Self.account):user/\(user.name)"]},"Action":["sts:AssumeRole"]}]}
            """
        try await administer([
            "role", "create", "--tenant", Self.account, "--role-name", unique, "--path", "/",
            "--assume-role-policy-doc", trust,
        ])
        try await administer([
            "role-policy", "put", "--tenant", Self.account, "--role-name", unique, "--policy-name", "policy",
            "--policy-doc", policy,
        ])
        return "arn:aws:iam::\(Self.account):role/\(unique)"
    }

    /// The keys of a bucket as the gateway stores them, told without S3's protocol.
    public func storedKeys(bucket: String) async throws -> Set<[UInt8]> {
        struct Entry: Decodable { var name: String }
        let answer = try await administer([
            "bucket", "list", "--bucket", "\(Self.account)/\(bucket)", "--max-entries", "100000",
        ])
        return Set(
            try JSONDecoder().decode([Entry].self, from: answer).map { entry in
                // The index marks its own entries with an underscore, and doubles one that a key begins with.
                Array((entry.name.hasPrefix("__") ? entry.name.dropFirst() : entry.name[...]).utf8)
            })
    }

    /// Runs radosgw-admin.
    @discardableResult
    public func administer(_ arguments: [String]) async throws -> Data {
        let outcome = try await Program.run("radosgw-admin", ["-c", configuration.path] + arguments)
        guard outcome.status == 0 else {
            throw ServerProblem(description: "radosgw-admin \(arguments.prefix(2)) failed: \(outcome.error)")
        }
        return Data(outcome.output.utf8)
    }
}
