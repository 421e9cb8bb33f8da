import Foundation

/// An S3-like server that fails as it is told: `Scripts/scripted_s3.py` describes what it can do.
///
/// Each test starts its own; it needs python3 and nothing else, and is up in a tenth of a second.
public final class ScriptedS3Server: Sendable {
    private let process: ServerProcess
    /// `http://127.0.0.1:PORT`
    public let endpointURL: String
    /// The same with a host name that a bucket can stand before: `http://localhost:PORT`.
    public let virtualHostEndpointURL: String

    /// Starts the server with `scenario`.
    public init(_ scenario: Scenario) async throws {
        process = try ServerProcess("python3") { directory in
            try Self.write(scenario, to: directory)
            return [TestScripts.path("scripted_s3.py"), directory.path]
        }
        let portFile = process.directory.appending(path: "port")
        try await process.waitUntil("it wrote its port") { FileManager.default.fileExists(atPath: portFile.path) }
        let port = try String(contentsOf: portFile, encoding: .utf8)
        endpointURL = "http://127.0.0.1:\(port)"
        virtualHostEndpointURL = "http://localhost:\(port)"
    }

    /// Replaces the scenario, counts of faults included. Holds for every request that is sent after this returns.
    public func play(_ scenario: Scenario) throws {
        try Self.write(scenario, to: process.directory)
    }

    /// All requests so far, in the order they came.
    public func requests() throws -> [LoggedRequest] {
        let log = try Data(contentsOf: process.directory.appending(path: "requests.jsonl"))
        return try log.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(LoggedRequest.self, from: $0)
        }
    }

    /// What the server complained about.
    public var log: String { process.log }

    /// Ends the server.
    public func stop() {
        process.stop()
    }

    private static func write(_ scenario: Scenario, to directory: URL) throws {
        try JSONEncoder().encode(scenario).write(to: directory.appending(path: "scenario.json"), options: .atomic)
    }
}

extension ScriptedS3Server {
    /// One request as it came in.
    public struct LoggedRequest: Decodable, Sendable {
        /// What it asks for.
        public var action: Action
        /// For example `GET`.
        public var method: String
        /// The request target, byte for byte.
        public var target: String
        /// Names in lower case.
        public var headers: [String: String]
        /// What was done instead of a right answer.
        public var fault: String?
        /// The body of an AssumeRole, `application/x-www-form-urlencoded`.
        public var form: String?
        /// Bytes of the body of a write.
        public var bodyByteCount: Int?
        /// When it came, by the service's clock, in seconds since 1970.
        public var time: Double
        /// The code that refused it for what signed it.
        public var refusal: String?
        /// When the session that signed it ends, or for an AssumeRole the one that it got, in seconds since 1970.
        public var expiration: Double?
        private var keyBase64: String

        /// The key, decoded from the target.
        public var key: [UInt8] { Array(Data(base64Encoded: keyBase64) ?? Data()) }
    }

    /// What a request asks for.
    public enum Action: String, Codable, Sendable {
        case list, get, head, headBucket, assumeRole, getCallerIdentity
        case put, createUpload, uploadPart, completeUpload, abortUpload
    }

    /// The world that the server plays.
    public struct Scenario: Encodable, Sendable {
        /// The only bucket there is.
        public var bucket = "bucket"
        /// What the paths of all requests begin with, for example `/base`.
        public var basePath: String?
        /// Keys of a page of a listing, at the most.
        public var pageSize = 1_000
        /// How a listing writes a space: `+` as AWS does, or `%20` as Ceph does.
        public var plusForSpace = true
        /// Requests that are signed for another region are answered with `regionAnswer`.
        public var region: String?
        /// How the service tells it.
        public var regionAnswer = RegionAnswer.header
        /// Requests signed with these get `ExpiredToken`.
        public var expiredAccessKeyIDs: [String] = []
        /// Requests that expect another owner of the bucket get `AccessDenied`.
        public var owner: String?
        /// Requests that don't agree to pay get `AccessDenied`.
        public var requesterPays = false
        /// What AssumeRole gives; nil: there is no STS here.
        public var session: Session?
        /// Who everybody is, for GetCallerIdentity; nil: nobody knows.
        public var callerARN: String?
        /// A session of its own for each AssumeRole; everything else must be signed with one that is not over. Instead
        /// of `session`.
        public var sts: STS?
        /// Seconds by which the service's clock is ahead.
        public var clockOffset = 0.0
        /// What lies in the bucket.
        public var objects: [Object]
        /// The first that fits a request and isn't used up is applied to it; the others don't count that request.
        public var faults: [Fault]

        /// A bucket that otherwise behaves.
        public init(objects: [Object] = [], faults: [Fault] = []) {
            self.objects = objects
            self.faults = faults
        }
    }

    /// Temporary credentials, good for an hour.
    public struct Session: Encodable, Sendable {
        private var accessKeyID: String
        private var secretAccessKey: String
        private var sessionToken: String

        /// A session of these.
        public init(accessKeyID: String, secretAccessKey: String, sessionToken: String) {
            self.accessKeyID = accessKeyID
            self.secretAccessKey = secretAccessKey
            self.sessionToken = sessionToken
        }
    }

    /// Gives sessions away.
    public struct STS: Encodable, Sendable {
        /// How long a session lasts; up to one second longer, since its end is a whole one.
        public var sessionSeconds: Double
        /// What AssumeRole must bring; `*`: any; nil: none.
        public var externalID: String?
        /// Whether AssumeRole is denied. Sessions that were given stand.
        public var isRevoked = false

        /// Sessions of some seconds.
        public init(sessionSeconds: Double, externalID: String? = nil) {
            self.sessionSeconds = sessionSeconds
            self.externalID = externalID
        }
    }

    /// How the service tells that a bucket is elsewhere.
    public enum RegionAnswer: String, Codable, Sendable {
        /// 301 with `x-amz-bucket-region`
        case header
        /// 301 with an `Endpoint` in its body
        case body
        /// 400 AuthorizationHeaderMalformed with a `Region` in its body
        case malformed
        /// 301 that says nothing; only HeadBucket does
        case silent
    }

    /// An object that the server holds.
    public struct Object: Codable, Sendable {
        private var key: String?
        private var keyBase64: String?
        private var text: String?
        private var bodyBase64: String?
        private var size: Int?
        private var seed: Int?
        private var file: String?
        /// With quotes. nil: the MD5 of the body.
        public var eTag: String?
        /// `GLACIER` and `DEEP_ARCHIVE` refuse a GET.
        public var storageClass: String?
        /// Told by `x-amz-version-id`.
        public var versionID: String?
        /// Told by `Content-Encoding`; the body is sent as it is.
        public var contentEncoding: String?

        /// An object with a key that is text.
        public init(_ key: String, body: [UInt8]) {
            self.init(Array(key.utf8), body: body)
        }

        /// An object with any key.
        public init(_ key: [UInt8], body: [UInt8]) {
            keyBase64 = Data(key).base64EncodedString()
            bodyBase64 = Data(body).base64EncodedString()
        }

        /// An object of the bytes of a file, which the server reads when the scenario begins.
        public init(_ key: String, file: String) {
            keyBase64 = Data(key.utf8).base64EncodedString()
            self.file = file
        }

        /// An object of pseudo-random bytes.
        public init(_ key: String, size: Int, seed: Int) {
            keyBase64 = Data(key.utf8).base64EncodedString()
            self.size = size
            self.seed = seed
        }
    }
}
