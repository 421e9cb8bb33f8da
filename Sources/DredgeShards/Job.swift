import DredgeBase
import Foundation

/// A job that was planned.
public struct Job: Sendable {
    /// `job.json`.
    public let file: JobFile
    let index: ShardIndex
    let storage: any JobStorage

    /// Where the job's files are, with a slash at its end.
    public var url: String { storage.url }

    /// Reads a job's files. Throws where there is no job, or they are not as they were written.
    package init(_ storage: any JobStorage) async throws(JobError) {
        self.storage = storage
        guard let file = try await storage.read(JobNames.job, byteCountMax: ShardLimits.fileByteCountMax) else {
            throw JobError(
                code: .usage, place: storage.url, message: "There is no \(JobNames.job).",
                advice: "Give the URL that `dredge plan --results` has printed.")
        }
        self.file = try JobText.value(JobFile.self, file.bytes, place: storage.url + JobNames.job)
        guard (try? self.file.contentID) == self.file.id else {
            throw Self.changed(storage.url + JobNames.job)
        }
        guard let index = try await storage.read(JobNames.index, byteCountMax: ShardLimits.fileByteCountMax),
            SHA256.hex(index.bytes) == self.file.indexDigest
        else { throw Self.changed(storage.url + JobNames.index) }
        self.index = try JobText.value(ShardIndex.self, index.bytes, place: storage.url + JobNames.index)
        guard self.index.shards.count == self.file.shardCount else { throw Self.changed(storage.url + JobNames.index) }
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
