import Foundation

/// A receiver of webhooks that answers as the path asks it to, and checks signatures with the published verifier of
/// Standard Webhooks: see `Scripts/webhook_receiver.py`.
public final class WebhookReceiver: Sendable {
    /// One request as it came in.
    public struct Request: Decodable, Sendable {
        /// The path.
        public var path: String
        /// By their names in lower case.
        public var headers: [String: String]
        /// The body.
        public var body: String
        /// For each secret that was given to `know`, whether the request is signed with it.
        public var verified: [Bool]
    }

    /// On 127.0.0.1.
    public let port: Int
    private let process: ServerProcess

    /// Starts it and waits until it listens.
    public init() async throws {
        process = try ServerProcess(try Python.pinned()) { directory in
            [TestScripts.path("webhook_receiver.py"), directory.path]
        }
        let portFile = process.directory.appending(path: "port")
        try await process.waitUntil("it has a port") { FileManager.default.fileExists(atPath: portFile.path) }
        guard let port = try Int(String(contentsOf: portFile, encoding: .utf8)) else {
            throw ServerProblem(description: "the receiver named no port")
        }
        self.port = port
    }

    deinit { process.stop() }

    /// The URL of a path that begins without a slash.
    public func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

    /// The secrets by which it checks requests from now on.
    public func know(_ secrets: [String]) throws {
        try Data(secrets.joined(separator: "\n").utf8).write(
            to: process.directory.appending(path: "secrets"), options: .atomic)
    }

    /// All requests so far, in the order they came.
    public func requests() throws -> [Request] {
        let log = (try? Data(contentsOf: process.directory.appending(path: "requests.jsonl"))) ?? Data()
        return try log.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Request.self, from: $0) }
    }
}
