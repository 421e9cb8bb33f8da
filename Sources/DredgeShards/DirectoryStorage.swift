import DredgeBase
package import Foundation

/// A job's files in a directory that all its machines see.
///
/// A file is made under a name of its own and then linked to the one that it is to have, which fails where that is
/// taken. So it is there as a whole or not at all, and of several who make it one succeeds, on local disks and on NFS.
package struct DirectoryStorage: JobStorage {
    private let path: String

    /// - Parameter path: of a directory, which is made where it is not there; workers may have another current one.
    package init(_ path: String) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    package var url: String { path + "/" }

    package func read(_ name: String, byteCountMax: Int) async throws(JobError) -> StoredFile? {
        let file = place(name)
        // What is no file, such as a pipe, must not be waited for.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure("read", file)
        }
        defer { Foundation.close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw failure("read", file) }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw JobError(
                code: .badFile, place: file, message: "It is no file.",
                advice: "It is none of a job's files: move it away, or give the job's own directory.")
        }
        guard info.st_size <= byteCountMax else {
            throw JobError(
                code: .badFile, place: file, message: "It has \(info.st_size) bytes, more than \(byteCountMax).",
                advice: "It is none of a job's files: give the job's own directory.")
        }
        var bytes = [UInt8](repeating: 0, count: Int(info.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + count, $0.count - count, count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure("read", file) }
            if got == 0 { break }
            count += got
        }
        bytes.removeLast(bytes.count - count)
        return StoredFile(bytes: bytes, tag: SHA256.hex(bytes))
    }

    package func create(_ name: String, _ bytes: [UInt8]) async throws(JobError) -> Bool {
        try make(name) { (temporary) throws(JobError) in try write(bytes, to: temporary) }
    }

    package func replace(_ name: String, _ bytes: [UInt8], ifTag tag: String) async throws(JobError) -> Bool {
        // Of all who replace files of the folder, one at a time.
        let lock = open(place(name) + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, Self.sharedMode)
        guard lock >= 0 else { throw failure("lock", place(name)) }
        defer { Foundation.close(lock) }
        while flock(lock, LOCK_EX) != 0 { guard errno == EINTR else { throw failure("lock", place(name)) } }
        guard let now = try await read(name, byteCountMax: ShardLimits.fileByteCountMax), now.tag == tag else {
            return false
        }
        let temporary = temporaryPath(of: name)
        defer { unlink(temporary) }
        try write(bytes, to: temporary)
        guard rename(temporary, place(name)) == 0 else { throw failure("replace", place(name)) }
        return true
    }

    package func upload(_ path: String, to name: String) async throws(JobError) -> Bool {
        try make(name) { (temporary) throws(JobError) in try copy(path, to: temporary, mode: Self.sharedMode) }
    }

    package func download(_ name: String, to path: String) async throws(JobError) {
        let temporary = "\(path).\(ScratchFolder.random()).tmp"
        defer { unlink(temporary) }
        try copy(place(name), to: temporary, mode: 0o600)
        guard rename(temporary, path) == 0 else { throw failure("write", path) }
    }

    package func names(in folder: String) async throws(JobError) -> [String] {
        let place = place(folder)
        guard let entries = opendir(place) else {
            if errno == ENOENT { return [] }
            throw failure("list", place)
        }
        defer { closedir(entries) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != "..", !name.hasSuffix(".tmp"), !name.hasSuffix(".lock") { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw failure("list", place) }
        return names.sorted()
    }

    /// That of this machine: machines that share a directory are expected to have one time.
    package func now() async throws(JobError) -> Date { Date() }

    private func place(_ name: String) -> String { "\(path)/\(name)" }

    private func temporaryPath(of name: String) -> String {
        "\(place(name)).\(ScratchFolder.random()).tmp"
    }

    private func make(_ name: String, _ body: (String) throws(JobError) -> Void) throws(JobError) -> Bool {
        let place = place(name)
        let folder = (place as NSString).deletingLastPathComponent
        try makeFolder(folder)
        // Also where the file is there: that this user can't write should not be found out later.
        guard access(folder, W_OK) == 0 else { throw failure("write to", folder) }
        if access(place, F_OK) == 0 { return false }
        let temporary = temporaryPath(of: name)
        defer { unlink(temporary) }
        try body(temporary)
        if link(temporary, place) == 0 { return true }
        guard errno == EEXIST else { throw failure("make", place) }
        return false
    }

    /// With those that it is in, as the user's umask has it: others of the group may work on the job, too.
    private func makeFolder(_ path: String) throws(JobError) {
        if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, path.count > 1 else { throw failure("make", path) }
        try makeFolder((path as NSString).deletingLastPathComponent)
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw failure("make the directory", path) }
    }

    /// Less what the user's umask takes away.
    private static let sharedMode: mode_t = 0o666

    private func write(_ bytes: [UInt8], to path: String) throws(JobError) {
        try newFile(path, mode: Self.sharedMode) { (descriptor) throws(JobError) in
            try bytes.withUnsafeBytes { bytes in
                Result { () throws(JobError) in try write(bytes, to: descriptor, path) }
            }.get()
        }
    }

    private func copy(_ source: String, to path: String, mode: mode_t) throws(JobError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw failure("read", source) }
        defer { Foundation.close(input) }
        try newFile(path, mode: mode) { (output) throws(JobError) in
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
            defer { room.deallocate() }
            while true {
                let count = Foundation.read(input, room.baseAddress, room.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure("read", source) }
                if count == 0 { return }
                try write(UnsafeRawBufferPointer(rebasing: room[..<count]), to: output, path)
            }
        }
    }

    private func newFile(
        _ path: String, mode: mode_t, _ body: (Int32) throws(JobError) -> Void
    ) throws(JobError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        defer { Foundation.close(descriptor) }
        try body(descriptor)
        guard fsync(descriptor) == 0 else { throw failure("write", path) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws(JobError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// As `errno` tells.
    private func failure(_ what: String, _ place: String) -> JobError {
        let number = errno
        let isRefused = [EACCES, EPERM, EROFS].contains(number)
        let isMissing = [ENOENT, ENOTDIR, EEXIST].contains(number)
        return JobError(
            code: .storage, place: place,
            message: "Could not \(what) it: \(String(cString: strerror(number))).",
            advice: isRefused
                ? "Let this user read and write the job's directory: all who work on a job need that."
                : isMissing
                    ? "Check the path: it is none of a job's, or somebody has removed files of the job."
                    : "Check the directory, and the space that is left.", mayPass: !isRefused && !isMissing)
    }
}
