import Foundation

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
        process.waitUntilExit()
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: try files.text("output"), error: try files.text("error"))
    }
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
