import Foundation

/// The endpoints that give credentials to an instance, a container and a person: see `Scripts/metadata_server.py`.
public final class MetadataServer: Sendable {
    /// The port on 127.0.0.1.
    public let port: Int
    private let process: ServerProcess

    /// A request that came.
    public struct Request: Decodable, Sendable {
        /// `GET` or `PUT`.
        public var method: String
        /// With its query.
        public var path: String
        /// Names in lower case.
        public var headers: [String: String]
    }

    /// Starts it with a world (JSON) and waits until it listens.
    public init(world: String) async throws {
        process = try ServerProcess("python3") { directory in
            try world.write(to: directory.appending(path: "world.json"), atomically: true, encoding: .utf8)
            return [TestScripts.path("metadata_server.py"), directory.path]
        }
        let portFile = process.directory.appending(path: "port")
        try await process.waitUntil("it has a port") { FileManager.default.fileExists(atPath: portFile.path) }
        guard let port = try Int(String(contentsOf: portFile, encoding: .utf8)) else {
            throw ServerProblem(description: "the metadata server named no port")
        }
        self.port = port
    }

    /// `http://127.0.0.1:port`
    public var url: String { "http://127.0.0.1:\(port)" }

    /// The world from the next request on.
    public func set(_ world: String) throws {
        try world.write(to: process.directory.appending(path: "world.json"), atomically: true, encoding: .utf8)
    }

    /// What was asked so far, in order.
    public func requests() throws -> [Request] {
        let log = process.directory.appending(path: "requests.jsonl")
        guard let text = try? String(contentsOf: log, encoding: .utf8) else { return [] }
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
    }

    /// Ends the server.
    public func stop() { process.stop() }
}
