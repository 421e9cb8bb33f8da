import Foundation
import TestServers

/// The built `dredge`, run as its user runs it.
struct DredgeBinary {
    typealias Outcome = Program.Outcome

    /// It stands beside the test bundle.
    static let url: URL = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
        let directory =
            bundle?.deletingLastPathComponent() ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        return directory.appending(path: "dredge")
    }()

    /// Runs it to its end with an environment that has nothing of this machine's AWS settings.
    static func run(
        _ arguments: [String], input: Data = Data(), environment: [String: String] = [:], directory: URL? = nil
    ) async throws -> Outcome {
        try await Program.run(
            url.path, arguments, input: input, environment: plain.merging(environment) { $1 },
            directory: directory)
    }

    /// Starts it like that.
    static func start(
        _ arguments: [String], environment: [String: String] = [:], directory: URL? = nil
    ) throws -> Program {
        try Program(url.path, arguments, environment: plain.merging(environment) { $1 }, directory: directory)
    }

    private static let plain = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"]
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
