import Foundation

/// Folders of this machine for what is being made.
enum ScratchFolder {
    /// Makes a folder that only this user may read, or takes the one that is there.
    static func make(_ name: String, in scratch: URL) throws(JobError) -> URL {
        let folder = scratch.appending(path: name)
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw unusable(folder, error.localizedDescription)
        }
        return folder
    }

    /// Tells one folder from others.
    static func random() -> String { String(UInt64.random(in: .min ... .max), radix: 36) }

    fileprivate static func unusable(_ place: URL, _ why: String) -> JobError {
        JobError(
            code: .storage, place: place.path, message: "Could not make it: \(why)",
            advice: "Give another scratch directory.", mayPass: true)
    }
}

/// A folder of this machine that goes with this.
final class PassingFolder: Sendable {
    let url: URL

    /// Makes one whose name begins so.
    init(_ name: String, in scratch: URL) throws(JobError) {
        url = try ScratchFolder.make("\(name)-\(ScratchFolder.random())", in: scratch)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// Keeps other workers of this machine from a shard's folder, from before it is made until it is removed.
final class ScratchLock: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Takes the lock of a folder. nil: another worker has it.
    init?(_ name: String, in scratch: URL) throws(JobError) {
        _ = try ScratchFolder.make(".", in: scratch)
        path = scratch.appending(path: "\(name).lock").path
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw ScratchFolder.unusable(URL(fileURLWithPath: path), String(cString: strerror(errno)))
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                return nil
            }
            // Who had the lock removes the file at the end: then this is none that others see.
            var (mine, seen) = (stat(), stat())
            if fstat(descriptor, &mine) == 0, stat(path, &seen) == 0, mine.st_ino == seen.st_ino {
                self.descriptor = descriptor
                return
            }
            close(descriptor)
        }
    }

    deinit {
        unlink(path)
        close(descriptor)
    }
}
