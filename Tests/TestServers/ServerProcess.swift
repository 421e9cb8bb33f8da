public import Foundation

/// A server in a process of its own, on loopback, that ends with the test which started it.
public final class ServerProcess: @unchecked Sendable {  // `process` is only touched by init, and by stop() behind its own state
    private let process = Process()
    /// Where the server keeps its files and its log; removed when it stops.
    public let directory: URL

    /// Starts `executable` in a new directory. `arguments` may use the directory.
    public init(_ executable: String, environment: [String: String] = [:], arguments: (URL) throws -> [String]) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let log = directory.appending(path: "server.log")
        FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = try arguments(directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = directory
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    public var isRunning: Bool { process.isRunning }
    public var processIdentifier: Int32 { process.processIdentifier }

    /// What the server has printed so far.
    public var log: String { (try? String(contentsOf: directory.appending(path: "server.log"), encoding: .utf8)) ?? "" }

    public func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    deinit { stop() }
}
