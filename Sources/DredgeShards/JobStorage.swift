package import Foundation

/// Where a job's files are: a prefix of a bucket, or a directory.
///
/// Nothing is overwritten but claims: a file is created once, and whoever comes second is told so. What a call has done
/// is seen by every call after it, of any machine.
package protocol JobStorage: Sendable {
    /// How people name it, with a slash at its end.
    var url: String { get }
    /// A file as a whole; nil: it is not there. Throws where it has more bytes than `byteCountMax`.
    func read(_ name: String, byteCountMax: Int) async throws(JobError) -> StoredFile?
    /// Makes a file; false: it is there already, and stays as it is. Where the answer got lost and the call was made
    /// again, false may be told of a file that this call made: compare its content.
    func create(_ name: String, _ bytes: [UInt8]) async throws(JobError) -> Bool
    /// Replaces the file that had this tag; false: it has another one by now, or is gone.
    func replace(_ name: String, _ bytes: [UInt8], ifTag tag: String) async throws(JobError) -> Bool
    /// Makes a file from one of this machine; false as with `create`.
    func upload(_ path: String, to name: String) async throws(JobError) -> Bool
    /// Makes a file of this machine from one of the job's, in the place of what is at `path`: to be read, not written.
    func download(_ name: String, to path: String) async throws(JobError)
    /// The names of the files in a folder, without the folder, in ascending order.
    func names(in folder: String) async throws(JobError) -> [String]
    /// What time it is, by a clock that all machines share as far as there is one.
    func now() async throws(JobError) -> Date
    /// Gives up what it holds. Nothing can be asked of it afterwards.
    func close() async
}

extension JobStorage {
    package func close() async {}
}

/// A file as it was read.
package struct StoredFile: Sendable {
    /// All of it.
    package var bytes: [UInt8]
    /// Tells this content from what is written in its place.
    package var tag: String

    /// Both.
    package init(bytes: [UInt8], tag: String) {
        self.bytes = bytes
        self.tag = tag
    }
}

/// The part of a storage below a folder.
package struct StorageFolder: JobStorage {
    private let base: any JobStorage
    private let folder: String

    /// - Parameter folder: without a slash at its end.
    package init(_ folder: String, of base: any JobStorage) {
        self.base = base
        self.folder = folder
    }

    package var url: String { "\(base.url)\(folder)/" }
    package func read(_ name: String, byteCountMax: Int) async throws(JobError) -> StoredFile? {
        try await base.read("\(folder)/\(name)", byteCountMax: byteCountMax)
    }
    package func create(_ name: String, _ bytes: [UInt8]) async throws(JobError) -> Bool {
        try await base.create("\(folder)/\(name)", bytes)
    }
    package func replace(_ name: String, _ bytes: [UInt8], ifTag tag: String) async throws(JobError) -> Bool {
        try await base.replace("\(folder)/\(name)", bytes, ifTag: tag)
    }
    package func upload(_ path: String, to name: String) async throws(JobError) -> Bool {
        try await base.upload(path, to: "\(folder)/\(name)")
    }
    package func download(_ name: String, to path: String) async throws(JobError) {
        try await base.download("\(folder)/\(name)", to: path)
    }
    package func names(in name: String) async throws(JobError) -> [String] {
        try await base.names(in: "\(folder)/\(name)")
    }
    package func now() async throws(JobError) -> Date { try await base.now() }
}
