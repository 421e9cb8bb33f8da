import DredgeBase
import DredgeS3
import Foundation

/// A job that was planned.
public struct Job: Sendable {
    /// `job.json`.
    public let file: JobFile
    let index: ShardIndex
    let storage: any JobStorage
    /// Where the jobs are that it goes on from; nil: it was opened by its own folder.
    private let results: (any JobStorage)?

    /// Where the job's files are, with a slash at its end.
    public var url: String { storage.url }

    /// Reads the files of a job in a place of jobs. Throws as the other one.
    package init(_ id: String, in results: any JobStorage) async throws(JobError) {
        try await self.init(StorageFolder(JobNames.folder(id), of: results), in: results)
    }

    /// Reads a job's files, for who does its shards. Throws where there is no job, or they are not as they were
    /// written.
    package init(_ storage: any JobStorage) async throws(JobError) { try await self.init(storage, in: nil) }

    private init(_ storage: any JobStorage, in results: (any JobStorage)?) async throws(JobError) {
        self.storage = storage
        self.results = results
        guard let file = try await storage.read(JobNames.job, byteCountMax: ShardLimits.fileByteCountMax) else {
            throw JobError(
                code: .usage, place: storage.url, message: "There is no \(JobNames.job).",
                advice:
                    "Give the URL that `dredge plan --results` has printed; a place of jobs can be read when one of "
                    + "them is merged.")
        }
        self.file = try JobText.value(JobFile.self, file.bytes, place: storage.url + JobNames.job)
        guard (try? self.file.contentID) == self.file.id, self.file.isPossible else {
            throw Self.changed(storage.url + JobNames.job)
        }
        guard let index = try await storage.read(JobNames.index, byteCountMax: ShardLimits.fileByteCountMax),
            SHA256.hex(index.bytes) == self.file.indexDigest
        else { throw Self.changed(storage.url + JobNames.index) }
        self.index = try JobText.value(ShardIndex.self, index.bytes, place: storage.url + JobNames.index)
        guard self.index.shards.count == self.file.shardCount else { throw Self.changed(storage.url + JobNames.index) }
    }

    /// Where the jobs are that it goes on from.
    func earlier() throws(JobError) -> any JobStorage {
        guard let results else {
            throw JobError(
                code: .usage, place: url, message: "It goes on from other jobs, which are looked for beside it.",
                advice: "Give the URL that `dredge plan` has printed, in a folder with those jobs.")
        }
        return results
    }

    /// Objects of a source that tell whether anything of it can be read: the first ones of some shards, whose numbers
    /// are spread over the keys.
    func witnesses(of source: String) -> [ObjectKey] {
        index.shards.lazy.map(\.first).filter { $0.source == source }
            .prefix(ShardLimits.witnessCountMax).map { ObjectKey($0.keyBytes) }
    }

    static func changed(_ place: String) -> JobError {
        JobError(
            code: .badFile, place: place, message: "It is missing, or not as the planner wrote it.",
            advice: "Plan the job anew.")
    }

    /// What was done of a shard; nil: nothing.
    func done(_ shard: Int) async throws(JobError) -> DoneFile? {
        let name = JobNames.done(shard)
        guard let file = try await storage.read(name, byteCountMax: ShardLimits.noteByteCountMax) else { return nil }
        let done = try JobText.value(DoneFile.self, file.bytes, place: storage.url + name)
        guard done.shard == shard, done.isPossible, done.manifestDigest == index.shards[shard].manifestDigest else {
            throw JobError(
                code: .badFile, place: storage.url + name, message: "It is damaged, or of another shard or manifest.",
                advice: "Somebody has changed the job's files: plan the job anew.")
        }
        return done
    }
}
