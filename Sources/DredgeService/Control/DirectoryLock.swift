internal import Foundation

/// A data directory that another server has.
public struct DirectoryInUse: Error, CustomStringConvertible {
    /// Which, and what to do.
    public var description: String
}

/// A data directory that can't be used.
public struct DataDirectoryProblem: Error, CustomStringConvertible {
    /// Which, and why.
    public var description: String

    init(_ directory: URL, _ problem: String) {
        description = "The data directory \(directory.path) can't be used: \(problem)."
    }
}

/// Keeps a data directory for one server: a second one would fail the jobs of the first. The system gives it back
/// however the process ends.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Throws `DirectoryInUse` where another server has it.
    init(directory: URL) throws {
        let path = directory.appending(path: "lock").path
        descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DataDirectoryProblem(directory, "nothing can be written there (\(String(cString: strerror(errno))))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Foundation.close(descriptor)
            throw DirectoryInUse(
                description: "Another server has \(directory.path). End it, or give another directory (--data).")
        }
    }

    deinit {
        // A program that is just being started may have a copy of the descriptor yet, until it executes.
        flock(descriptor, LOCK_UN)
        Foundation.close(descriptor)
    }
}
