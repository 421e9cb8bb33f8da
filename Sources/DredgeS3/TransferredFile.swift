#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a file of this machine can't be read or written.
struct FileProblem: Error {
    var message: String
    var advice: String
    /// Whether it is that somebody else writes to it.
    var isChange = false

    /// In the system's words.
    static func unreadable(_ path: String, _ errorNumber: Int32) -> FileProblem {
        FileProblem(
            message: "the file \(shown(path)) can't be read: \(String(cString: strerror(errorNumber)))",
            advice: "Check the path, and that this process may read the file.")
    }

    static func unwritable(_ path: String, _ errorNumber: Int32) -> FileProblem {
        FileProblem(
            message: "the file \(shown(path)) can't be written: \(String(cString: strerror(errorNumber)))",
            advice: "Check the path, that this process may write to its directory, and the room on the disk.")
    }

    static func changed(_ path: String) -> FileProblem {
        FileProblem(
            message: "the file \(shown(path)) was changed while it was uploaded",
            advice: "Upload it again when nobody writes to it.", isChange: true)
    }

    private static func shown(_ path: String) -> String { printable(path.utf8, scalarCountMax: 500) }
}

/// A file that is uploaded. Any number of tasks may read it at once.
final class UploadFile: Sendable {
    let byteCount: UInt64
    private let path: String
    private let descriptor: Int32
    private let modified: FileTime

    /// Opens a regular file.
    init(_ path: String) throws(FileProblem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path, errno) }
        self.path = path
        self.descriptor = descriptor
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let errorNumber = errno
            close(descriptor)
            throw .unreadable(path, errorNumber)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(path, status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        byteCount = UInt64(status.st_size)
        modified = FileTime(status)
    }

    deinit { close(descriptor) }

    /// The bytes of `range`, which must be within the file.
    func bytes(_ range: Range<UInt64>) throws(FileProblem) -> [UInt8] {
        var errorNumber: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { room, count in
            while count < range.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[count...])
                let read = pread(
                    descriptor, rest.baseAddress, range.count - count, off_t(range.lowerBound) + off_t(count))
                if read < 0, errno == EINTR { continue }
                if read < 0 { errorNumber = errno }
                guard read > 0 else { return }
                count += read
            }
        }
        guard errorNumber == 0 else { throw .unreadable(path, errorNumber) }
        guard bytes.count == range.count else { throw .changed(path) }
        return bytes
    }

    /// Throws where it is not as long, or was written to, since it was opened.
    func checkUnchanged() throws(FileProblem) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path, errno) }
        guard UInt64(status.st_size) == byteCount, FileTime(status) == modified else { throw .changed(path) }
    }
}

/// When a file was changed last.
private struct FileTime: Equatable, Sendable {
    private let seconds: Int
    private let nanoseconds: Int

    init(_ status: stat) {
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        seconds = Int(time.tv_sec)
        nanoseconds = Int(time.tv_nsec)
    }
}

/// A file that is downloaded. It has another name until it is complete. Any number of tasks may write to it at once.
final class DownloadFile: Sendable {
    private let path: String
    /// Until it is complete.
    private let partialPath: String
    private let descriptor: Int32

    /// Makes the file, under the other name.
    init(_ path: String) throws(FileProblem) {
        self.path = path
        partialPath = "\(path).partial-\(String(UInt64.random(in: .min ... .max), radix: 16))"
        descriptor = open(partialPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path, errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileProblem) {
        var count = 0
        while count < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[count...])
            let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(count))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .unwritable(path, errno) }
            count += written
        }
    }

    /// Waits until all is on the disk, and gives it its name.
    func finish() throws(FileProblem) {
        guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else { throw .unwritable(path, errno) }
    }

    /// Takes away what was written, unless it is complete.
    func discard() { unlink(partialPath) }
}
