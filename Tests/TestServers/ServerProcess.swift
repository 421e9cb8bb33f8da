public import Foundation

/// A server in a process of its own, on loopback, that ends with the test which started it, also when that one crashes
/// (see `Scripts/supervise.py`, which stands between the two and needs a `python3`).
///
/// `@unchecked`: Foundation's `Process` has its own lock; init alone configures it.
public final class ServerProcess: @unchecked Sendable {
    private let process = Process()
    /// Where the server keeps its files and its log. The supervisor removes it when it ends the server; what a server
    /// leaves that ends by itself is there until the test lets go of it.
    public let directory: URL

    /// Starts `executable` (a path, or a name to be found in PATH) in a new directory. `arguments` may use the
    /// directory.
    public init(_ executable: String, environment: [String: String] = [:], arguments: (URL) throws -> [String]) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let log = directory.appending(path: "server.log")
        try Data().write(to: log)
        let handle = try FileHandle(forWritingTo: log)
        defer { try? handle.close() }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            try ["python3", TestScripts.path("supervise.py"), executable] + arguments(directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = directory
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.start()
    }

    /// A server on a port that was free, once it listens there. Somebody else may take the port before the server
    /// does, or the machine may fail to start it: then it is started once more, on another port.
    public static func listening(
        attemptCount: Int = 3, _ start: (_ port: Int) throws -> ServerProcess
    ) async throws -> (process: ServerProcess, port: Int) {
        let port = try LoopbackPort.free()
        let process = try start(port)
        do {
            try await process.waitUntilListening(on: port)
            return (process, port)
        } catch let problem as ServerProblem where attemptCount > 1 {
            print("a server is started again, on another port: \(problem)")
            return try await listening(attemptCount: attemptCount - 1, start)
        }
    }

    /// Whether the server has not ended.
    public var isRunning: Bool { process.isRunning }
    /// The process that stands for the server: ending it ends the server.
    public var processIdentifier: Int32 { process.processIdentifier }

    /// What the server has printed so far.
    public var log: String {
        (try? String(contentsOf: directory.appending(path: "server.log"), encoding: .utf8)) ?? ""
    }

    /// Waits until something accepts connections on `port` of loopback.
    public func waitUntilListening(on port: Int) async throws {
        try await waitUntil("it listens on port \(port)") { LoopbackPort.isListening(port) }
    }

    /// Waits until `isReady` says yes. Throws when the server ends before that, or hangs for minutes, with the
    /// server's log.
    public func waitUntil(_ what: String, _ isReady: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(600)
        while try !isReady() {
            guard isRunning, .now < deadline else {
                throw ServerProblem(description: "the server did not get so far that \(what). Its log:\n\(log)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Has the server end and its directory go, and does not wait for it.
    public func stop() {
        if process.isRunning { process.terminate() }
    }

    deinit {
        guard !process.isRunning else { return stop() }
        try? FileManager.default.removeItem(at: directory)
    }
}

/// A server that does not do what a test needs.
public struct ServerProblem: Error, CustomStringConvertible {
    /// What, with the server's log where there is one.
    public var description: String

    /// A problem in words.
    public init(description: String) { self.description = description }
}

/// The scripts beside this file.
public enum TestScripts {
    /// The absolute path of a script in `Scripts/`.
    public static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Scripts").appending(path: name)
            .path
    }
}
