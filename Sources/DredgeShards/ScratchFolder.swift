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
            throw JobError(
                code: .storage, place: folder.path, message: "Could not make it: \(error.localizedDescription)",
                advice: "Give another scratch directory.", mayPass: true)
        }
        return folder
    }

    /// Tells one folder from others.
    static func random() -> String { String(UInt64.random(in: .min ... .max), radix: 36) }
}
