package import DredgeLedger
internal import Foundation
internal import Synchronization

/// The right to write to a store: an advisory lock (flock(2)) on `PATH-lock`, which the kernel takes back when the
/// process ends in whatever way. A file of its own, because closing any descriptor of the database would drop SQLite's
/// own POSIX locks on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
package final class StoreLock: Sendable {
    private let descriptor: Int32
    private let path: String
    private let storePath: String
    private let file = Mutex<FileLock?>(nil)

    /// Takes the lock or throws `inUse`; never waits. `storePath` is the file's one name, as `StorePath` gives it.
    /// Throws `cannotOpen` where something else has the lock's name, which is left as it is.
    package init(storePath: String) throws(StoreError) {
        let path = storePath + "-lock"
        while true {
            // Who may write to the directory may have put a link there, to a file that we would empty.
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
            guard descriptor >= 0 else {
                let error = errno
                if error == ELOOP || error == EISDIR { throw StoreLock.notALock(storePath) }
                throw StoreLock.cannotCreate(storePath, error)
            }
            if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                let error = errno
                let holder = StoreLock.holder(descriptor)
                close(descriptor)
                if error == EINTR { continue }
                guard error == EWOULDBLOCK else { throw StoreLock.cannotCreate(storePath, error) }
                throw StoreError(
                    code: .inUse, path: storePath, message: "\(storePath) is being written to by \(holder).",
                    advice: "Wait until it has finished, then try again. A run can also have a store of its own.")
            }
            // The holder before us may have removed the file between our open and our lock: then somebody else may lock
            // a new one.
            var mine = stat()
            var named = stat()
            if fstat(descriptor, &mine) == 0, lstat(path, &named) == 0, mine.st_ino == named.st_ino,
                mine.st_dev == named.st_dev
            {
                guard StoreLock.isLock(descriptor, mine) else {
                    close(descriptor)
                    throw StoreLock.notALock(storePath)
                }
                let text = Array("\(getpid())\n".utf8)
                _ = ftruncate(descriptor, 0)
                _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
                self.descriptor = descriptor
                self.path = path
                self.storePath = storePath
                try lockFile()
                return
            }
            close(descriptor)
        }
    }

    /// Locks the file that is at the path now, beside the path: for one that was not there, or was replaced.
    func lockFile() throws(StoreError) {
        file.withLock { $0 = nil }
        let lock = try FileLock(storePath)
        file.withLock { $0 = lock }
    }

    deinit {
        // Removed while it is still locked: the check above makes that safe.
        unlink(path)
        close(descriptor)
    }

    /// What the file says: the number of the process that holds or held the lock, and nothing else. nil: it is longer.
    private static func content(_ descriptor: Int32) -> [UInt8]? {
        var text = [UInt8](repeating: 0, count: 21)
        let count = text.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count < text.count ? Array(text.prefix(max(0, count))) : nil
    }

    /// Whether the file is one that we made: only such a one is written to and removed.
    private static func isLock(_ descriptor: Int32, _ info: stat) -> Bool {
        guard info.st_mode & S_IFMT == S_IFREG, info.st_nlink == 1, let text = content(descriptor) else { return false }
        return text.allSatisfy { $0 == UInt8(ascii: "\n") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func notALock(_ storePath: String) -> StoreError {
        StoreError(
            code: .cannotOpen, path: storePath,
            message: "\(storePath)-lock is not the lock of a store: it is a link or has other content.",
            advice: "Move it away, or name another path for the store. It was left as it is.")
    }

    /// "process 123", as the lock's holder wrote it; only for the message.
    private static func holder(_ descriptor: Int32) -> String {
        let digits = (content(descriptor) ?? []).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty else { return "another process" }
        let id = String(decoding: digits, as: UTF8.self)
        return id == "\(getpid())" ? "this process already" : "process \(id)"
    }

    /// The errors of creating a file beside the store, which creating the store itself would meet as well.
    static func cannotCreate(_ storePath: String, _ error: Int32) -> StoreError {
        let directory = (storePath as NSString).deletingLastPathComponent
        let place = directory.isEmpty ? "the current directory" : directory
        switch error {
        case ENOENT, ENOTDIR:
            return StoreError(
                code: .cannotOpen, path: storePath,
                message: "\(storePath) cannot be created: there is no directory \(place).",
                advice: "Create the directory, or name another path.")
        case EACCES, EPERM, EROFS:
            return StoreError(
                code: .readOnly, path: storePath,
                message: "\(storePath) cannot be written to: \(place) may not be written to by this user.",
                advice: "Give this user write permission to the directory, or name another path.")
        case ENOSPC, EDQUOT:
            return .diskFull(path: storePath, byteCount: nil)
        default:
            return StoreError(
                code: .cannotOpen, path: storePath,
                message: "\(storePath) cannot be created: \(String(cString: strerror(error))).",
                advice: "Name another path.")
        }
    }
}
