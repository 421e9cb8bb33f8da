import Foundation

/// The Python that has what the servers need (`Scripts/requirements.txt`).
public enum Python {
    /// `$DREDGE_PYTHON_BIN/python3`, else the package's own virtual environment, else the one in PATH.
    public static var interpreter: String { pinnedInterpreter ?? "python3" }

    /// The interpreter whose packages have the versions of `Scripts/requirements.txt`, for what depends on them. Throws
    /// how to get it.
    public static func pinned() throws -> String {
        guard let pinnedInterpreter else {
            throw ServerProblem(
                description: """
                    This test needs the Python packages of Scripts/requirements.txt in just those versions, and there \
                    is neither .build/venv nor $DREDGE_PYTHON_BIN. Run Scripts/install test first.
                    """)
        }
        return pinnedInterpreter
    }

    private static var pinnedInterpreter: String? {
        let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["DREDGE_PYTHON_BIN"].map { URL(fileURLWithPath: $0) }
        let directories = [named, packageRoot.appending(path: ".build/venv/bin")].compactMap { $0 }
        return directories.map { $0.appending(path: "python3").path }.first(where: FileManager.default.isExecutableFile)
    }

    /// Runs a script of `Scripts/` to its end, and returns what it printed. Throws what it complained of when it
    /// failed.
    static func run(_ script: String, arguments: [String], input: Data) async throws -> Data {
        let outcome = try await Program.run(interpreter, [TestScripts.path(script)] + arguments, input: input)
        guard outcome.status == 0 else { throw ServerProblem(description: "\(script) failed:\n\(outcome.error)") }
        return Data(outcome.output.utf8)
    }
}
