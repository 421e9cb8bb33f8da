import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The built `dredge`, run as its user runs it.
struct DredgeBinary {
    struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    /// It stands beside the test bundle.
    static let url: URL = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
        let directory =
            bundle?.deletingLastPathComponent() ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        return directory.appending(path: "dredge")
    }()

    /// Runs it to its end with an environment that has nothing of this machine's AWS settings.
    static func run(
        _ arguments: [String], input: Data? = nil, environment: [String: String] = [:], directory: URL? = nil
    ) throws -> Outcome {
        try start(arguments, input: input, environment: environment, directory: directory).wait()
    }

    /// Starts it like that.
    static func start(
        _ arguments: [String], input: Data? = nil, environment: [String: String] = [:], directory: URL? = nil
    ) throws -> RunningDredge {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"].merging(environment)
        { $1 }
        if let directory { process.currentDirectoryURL = directory }
        // Files instead of pipes: nobody has to drain them while the process runs.
        let files = try TemporaryDirectory()
        let outputFile = try files.handle("output"), errorFile = try files.handle("error")
        process.standardOutput = outputFile
        process.standardError = errorFile
        if let input {
            try input.write(to: files.url.appending(path: "input"))
            process.standardInput = try FileHandle(forReadingFrom: files.url.appending(path: "input"))
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
        return RunningDredge(process: process, files: files)
    }
}

/// A `dredge` that has been started.
///
/// `@unchecked`: Foundation's `Process` has its own lock, and is configured before it comes here.
final class RunningDredge: @unchecked Sendable {
    private let process: Process
    private let files: TemporaryDirectory

    init(process: Process, files: TemporaryDirectory) {
        self.process = process
        self.files = files
    }

    var processIdentifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    /// Sends a signal; one that comes too late is lost.
    func send(_ signal: Int32) {
        if process.isRunning { kill(process.processIdentifier, signal) }
    }

    /// Waits for its end.
    func wait() throws -> DredgeBinary.Outcome {
        process.waitUntilExit()
        return DredgeBinary.Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: try files.text("output"), error: try files.text("error"))
    }

    /// A test that fails leaves nothing running.
    deinit { send(SIGKILL) }
}

/// A directory that goes with its last user.
final class TemporaryDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "dredge-cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func handle(_ name: String) throws -> FileHandle {
        try Data().write(to: url.appending(path: name))
        return try FileHandle(forWritingTo: url.appending(path: name))
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self)
    }

    /// Returns the file's path.
    @discardableResult
    func write(_ name: String, _ bytes: Data) throws -> String {
        try bytes.write(to: url.appending(path: name))
        return url.appending(path: name).path
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, Data(text.utf8)) }

    deinit { try? FileManager.default.removeItem(at: url) }
}
