public import Dredge
import DredgeAWS
public import DredgeService
import DredgeStore
public import Foundation
import Logging
public import TestServers

/// A data directory for services that are started one after the other, and a bucket for them. Gone with its last user.
public final class ServiceBench: Sendable {
    /// Of the service.
    public let directory: URL
    /// Plays S3 and STS.
    public let server: ScriptedS3Server

    /// The scripted server's keys mean nothing to it.
    public static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    /// What signs the assumption of roles.
    public static let base = BaseCredentials.fixed(
        Credentials(accessKeyID: "AKIABASEEXAMPLE", secretAccessKey: "base/\(secret)"))

    /// A bench with this bucket.
    public init(_ scenario: ScriptedS3Server.Scenario) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "dredge-service-\(UUID().uuidString)")
        server = try await ScriptedS3Server(scenario)
    }

    /// A bench with a bucket of small texts: `10.txt` and so on.
    public convenience init(count: Int = 4, faults: [ScriptedS3Server.Fault] = []) async throws {
        try await self.init(Self.scenario(Self.keys(count), faults: faults))
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(at: directory)
    }

    /// `10.txt`, `11.txt`, ….
    public static func keys(_ count: Int) -> [String] { (10..<10 + count).map { "\($0).txt" } }

    /// What an object holds: bytes that are found again in a file unless they were compressed away.
    public static func text(of key: String) -> String { "the text of \(key), which is one line\n" }

    /// A bucket `bucket` of small texts.
    public static func scenario(
        _ keys: [String], faults: [ScriptedS3Server.Fault] = []
    ) -> ScriptedS3Server.Scenario {
        ScriptedS3Server.Scenario(
            objects: keys.map { .init($0, body: Array(text(of: $0).utf8)) }, faults: faults)
    }

    /// Starts a service on the directory.
    public func start(
        _ configuration: ServiceConfiguration = ServiceConfiguration(), base: BaseCredentials = base,
        endpointURL: String? = nil, limits: Limits = .default
    ) async throws -> IndexService {
        let endpoint = endpointURL ?? server.endpointURL
        let engine = try Engine(
            limits: limits, base: base, environment: ["AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1"])
        do {
            return try await IndexService(
                directory: directory, engine: engine, configuration: configuration,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        } catch {
            await engine.shutDown()
            throw error
        }
    }

    /// A request's body: the bucket, keys, and what `more` says.
    public static func body(_ more: [String: JSON] = [:]) -> JSON {
        .object(
            [
                "bucket_name": "bucket", "processing_type": "basic", "bucket_region": "us-east-1",
                "aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": .string(secret),
            ].merging(more) { $1 })
    }

    /// The same with a role in place of keys.
    public static func body(role: String, externalID: String, _ more: [String: JSON] = [:]) -> JSON {
        .object(
            [
                "bucket_name": "bucket", "processing_type": "basic", "bucket_region": "us-east-1",
                "auth": ["type": "assume_role", "role_arn": .string(role), "external_id": .string(externalID)],
            ].merging(more) { $1 })
    }

    /// Waits until the server has let so many requests hang.
    public func waitForHang(count: Int = 1) async throws {
        while try server.requests().filter({ $0.fault == "hang" }).count < count {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The digest of the chunks of a collection.
    public func digest(ofCollection id: String) async throws -> String {
        try await ChunkStore.open(
            reading: directory.appending(path: "collections/\(id).chunks").path
        ).digest()
    }

    /// Every byte of every file of the data directory, one after the other.
    public func everything() throws -> Data {
        var bytes = Data()
        let files = FileManager.default.enumerator(at: directory, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            bytes += (try? Data(contentsOf: file)) ?? Data()
            bytes += Data(file.lastPathComponent.utf8) + [0]
        }
        return bytes
    }

    /// Whether a file of the data directory has these bytes.
    public func contains(_ text: String) throws -> Bool { try everything().range(of: Data(text.utf8)) != nil }
}

extension IndexService {
    /// A new key's caller.
    public func caller(
        _ organization: String = "Acme", _ environment: APIEnvironment = .development
    ) async throws -> Caller {
        let key = try await keys.create(organization: organization, environment: environment)
        guard let caller = try await keys.caller(withKey: key.key) else {
            throw ServerProblem(description: "a new key is not valid")
        }
        return caller
    }

    /// The job as the API shows it.
    public func job(_ id: String, for caller: Caller) async throws -> JSON {
        try await jobs.show(id, filesLimit: 500, filesCursor: nil, for: caller)
    }

    /// Waits for the job's end, and returns the job.
    public func end(of id: String, for caller: Caller) async throws -> JSON {
        while true {
            let job = try await job(id, for: caller)
            if job["completed_at"] != .null { return job }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Indexes the bucket, and waits for the end.
    public func index(
        _ kind: IndexRequest.Kind = .bucket, _ body: JSON = ServiceBench.body(), into collection: String = "c",
        for caller: Caller
    ) async throws -> JSON {
        let id = try await jobs.submit(kind, body, into: collection, idempotencyKey: nil, for: caller)
        return try await end(of: id, for: caller)
    }

    /// Keys of the documents that a collection has, in order.
    public func documentNames(of collection: String = "c", for caller: Caller) async throws -> [String] {
        let list = try await documents.list(collection, limit: 1_000, offset: 0, for: caller)
        guard case .array(let documents)? = list["documents"] else { return [] }
        return documents.compactMap { $0["uri"]?.stringValue?.replacing("s3://bucket/", with: "") }.sorted()
    }
}

extension JSON {
    /// The items of an array.
    public var items: [JSON] { if case .array(let items) = self { items } else { [] } }
    /// The number, where it is whole.
    public var intValue: Int? { if case .integer(let number) = self { number } else { nil } }
    /// A member of a member, and so on.
    public func at(_ path: String...) -> JSON? { path.reduce(self as JSON?) { $0?[$1] } }
}
