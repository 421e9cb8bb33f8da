internal import DredgeLedger
internal import Foundation
internal import Synchronization

/// A lock on the store's file itself, whatever name leads to it: `PATH-lock` is another file where a bind mount gives
/// the store a second path, and when somebody deletes it.
///
/// On Linux flock(2) on the file, which local file systems keep apart from the fcntl locks that SQLite takes there
/// (flock(2), "Notes"), so that readers are not hindered. NFS and SMB make one of the other, and so does macOS: there
/// the lock of the path has to do. (macOS has no bind mounts.)
///
/// Closing any descriptor of the file would drop the locks that SQLite has in this process
/// (https://www.sqlite.org/howtocorrupt.html, section 2.2). So none is closed before the file is deleted: it is kept
/// for the next lock, one for each file that this process writes to.
final class FileLock: Sendable {
    private let identity: FileIdentity
    private let descriptor: Int32

    private static let idle = Mutex<[(identity: FileIdentity, descriptor: Int32)]>([])

    /// nil: there is no file, or no such lock on its file system. Throws `inUse`; never waits.
    init?(_ path: String) throws(StoreError) {
        #if os(Linux)
            FileLock.closeDeleted()
            guard let (identity, descriptor) = FileLock.descriptor(of: path) else { return nil }
            (self.identity, self.descriptor) = (identity, descriptor)
            guard FileLock.isLocal(descriptor) else { return nil }
            while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                if errno == EINTR { continue }
                guard errno == EWOULDBLOCK else { return nil }
                throw StoreError(
                    code: .inUse, path: path,
                    message: "\(path) is being written to under another name, or its lock was deleted.",
                    advice: "Wait until the other run has finished, or give this run a store of its own.")
            }
        #else
            return nil
        #endif
    }

    deinit {
        #if os(Linux)
            flock(descriptor, LOCK_UN)
            FileLock.idle.withLock { $0.append((identity, descriptor)) }
            FileLock.closeDeleted()
        #endif
    }

    #if os(Linux)
        private static func descriptor(of path: String) -> (FileIdentity, Int32)? {
            guard let identity = FileIdentity(path) else { return nil }
            let kept = idle.withLock { idle in
                idle.firstIndex { $0.identity == identity }.map { idle.remove(at: $0).descriptor }
            }
            if let kept { return (identity, kept) }
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            return descriptor < 0 ? nil : (identity, descriptor)
        }

        /// Nobody can open a deleted file again, so its locks are of no use any more.
        private static func closeDeleted() {
            idle.withLock { idle in
                idle.removeAll { _, descriptor in
                    var info = stat()
                    guard fstat(descriptor, &info) != 0 || info.st_nlink == 0 else { return false }
                    close(descriptor)
                    return true
                }
            }
        }

        /// By the file system of its device, as proc(5) describes `mountinfo`; what is not there is local.
        private static func isLocal(_ descriptor: Int32) -> Bool {
            var info = stat()
            guard fstat(descriptor, &info) == 0 else { return false }
            let device = UInt64(info.st_dev)
            // As gnu_dev_major(3) has them.
            let major = (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000
            let minor = device & 0xFF | (device >> 12) & 0xFFFF_FF00
            let mounts = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
            for line in mounts.split(separator: "\n") {
                let fields = line.split(separator: " ")
                guard fields.count > 3, fields[2] == "\(major):\(minor)", let dash = fields.firstIndex(of: "-"),
                    dash + 1 < fields.count
                else { continue }
                return !["nfs", "nfs4", "cifs", "smb3"].contains(fields[dash + 1])
            }
            return true
        }
    #endif
}
