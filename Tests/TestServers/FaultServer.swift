public import Foundation

/// A server that misbehaves as the path asks it to: see `Scripts/fault_server.py` for what it can do.
public final class FaultServer: Sendable {
    /// The port on 127.0.0.1.
    public let port: Int
    private let process: ServerProcess

    /// Starts it and waits until it listens.
    public init() async throws {
        process = try ServerProcess("python3") { directory in
            [TestScripts.path("fault_server.py"), directory.appending(path: "port").path]
        }
        let portFile = process.directory.appending(path: "port")
        try await process.waitUntil("it has a port") { FileManager.default.fileExists(atPath: portFile.path) }
        guard let port = try Int(String(contentsOf: portFile, encoding: .utf8)) else {
            throw ServerProblem(description: "the fault server named no port")
        }
        self.port = port
    }

    /// The URL of a fault; `path` begins without a slash.
    public func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

    /// The first `count` bytes of each of its bodies.
    public static func body(_ count: Int) -> Data { Data((0..<count).map { UInt8(($0 * 31 + 7) % 251) }) }

    /// Ends the server.
    public func stop() { process.stop() }
}
