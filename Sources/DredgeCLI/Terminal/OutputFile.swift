import DredgeConfig
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that the user names. It is written under another name beside it, and gets its own name when it is complete.
/// A pipe or device that is there already is written to directly. Only its owner may read the file, as with a store.
final class OutputFile: Sendable {
    private let path: String
    /// The name until it is complete; nil: it is written to directly.
    private let partialPath: String?
    private let descriptor: Mutex<Int32>

    init(_ path: String) throws {
        self.path = path
        var status = stat()
        let isOther = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        partialPath = isOther ? nil : "\(path).partial-\(getpid())"
        let descriptor =
            isOther
            ? open(path, O_WRONLY | O_CLOEXEC)
            : open(partialPath ?? path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
        self.descriptor = Mutex(descriptor)
    }

    func write(_ bytes: [UInt8]) throws {
        let result = descriptor.withLock { DescriptorWriter.write(bytes, to: $0) }
        if result != 0 { throw Self.failure(path, result) }
    }

    /// Closes it and gives it its name.
    func finish() throws {
        let result = closeOnce()
        if result != 0 { throw Self.failure(path, result) }
        if let partialPath, rename(partialPath, path) != 0 { throw Self.failure(path, errno) }
    }

    /// Closes it and takes away what was written.
    func discard() {
        _ = closeOnce()
        if let partialPath { unlink(partialPath) }
    }

    private func closeOnce() -> Int32 {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return 0 }
            defer { descriptor = -1 }
            return close(descriptor) == 0 ? 0 : errno
        }
    }

    private static func failure(_ path: String, _ errorNumber: Int32) -> CommandFailure {
        CommandFailure(
            .fatal, "dredge: \(Quoting.escaped(path)) cannot be written: \(String(cString: strerror(errorNumber)))")
    }
}
