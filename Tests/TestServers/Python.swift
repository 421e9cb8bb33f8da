import Foundation

/// The Python that has what the servers need (`Scripts/requirements.txt`).
public enum Python {
    /// `$DREDGE_PYTHON_BIN/python3`, else the package's own virtual environment, else the one in PATH.
    public static var interpreter: String {
        let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["DREDGE_PYTHON_BIN"].map { URL(fileURLWithPath: $0) }
        let directories = [named, packageRoot.appending(path: ".build/venv/bin")].compactMap { $0 }
        return directories.map { $0.appending(path: "python3").path }.first(where: FileManager.default.isExecutableFile)
            ?? "python3"
    }

    /// Runs a script of `Scripts/` to its end, and returns what it printed. Throws what it complained of when it failed.
    static func run(_ script: String, arguments: [String], input: Data) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [interpreter, TestScripts.path(script)] + arguments
        // Files instead of pipes: nobody has to read and write at the same time.
        let directory = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let files = ["input", "output", "complaints"].map { directory.appending(path: $0) }
        try input.write(to: files[0])
        for file in files.dropFirst() { try Data().write(to: file) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ServerProblem(
                description: "\(script) failed:\n\(String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))")
        }
        return try Data(contentsOf: files[1])
    }
}
