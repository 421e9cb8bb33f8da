import DredgeBase
public import DredgeLedger
import DredgeStore
import Foundation

/// What all workers of a job have made: a pure function of what they have handed in.
public struct Catalog: Codable, Sendable, Hashable {
    /// A shard's part of it.
    public struct Shard: Codable, Sendable, Hashable {
        /// The shard.
        public var shard: Int
        /// Names its store and its result.
        public var resultDigest: String
    }

    /// Version of the job's files.
    public var formatVersion = JobFile.currentVersion
    /// The job's name.
    public var job: String
    /// The jobs that it goes on from, the oldest first.
    public var since: [String]
    /// What the content is a function of.
    public var settings: [String: String]
    /// The digest of the content: that of a store which one machine had made of the same objects.
    public var digest: String
    /// The objects of this job and of those before it.
    public var total: RowSums
    /// What is in no shard.
    public var leftOut: JobFile.LeftOut
    /// What became of documents that are not listed any more, by source.
    public var removals: [String: RemovalOutcome]
    /// The job's own, in order of bucket, key and source.
    public var shards: [Shard]

    /// Objects that the stores should hold and do not.
    public var isIncomplete: Bool {
        !leftOut.failed.isEmpty || !leftOut.distrusted.isEmpty
            || ["failed", "changed"].contains { total.states[$0, default: 0] > 0 }
            || removals.values.contains { $0.withheldReason != nil }
    }

    /// Of what was done of all shards.
    /// - Parameter before: what the job goes on from; nil: nothing.
    init(_ job: Job, done: [DoneFile], before: RowSums?) throws(JobError) {
        self.job = job.file.id
        since = job.file.since?.jobs ?? []
        settings = job.file.settings
        leftOut = job.file.leftOut
        removals = job.file.since?.removals ?? [:]
        var (made, replaced) = (before ?? RowSums(), RowSums())
        if let settled = job.file.since?.settled {
            made += settled.made
            replaced += settled.replaced
        }
        for done in done {
            made += done.made
            if let part = done.replaced { replaced += part }
        }
        guard let total = made.subtracting(replaced) else { throw Job.changed(job.url + JobNames.done) }
        self.total = total
        digest = total.content.text(settings: settings)
        shards = done.sorted { job.index.shards[$0.shard].position < job.index.shards[$1.shard].position }
            .map { Shard(shard: $0.shard, resultDigest: $0.resultDigest) }
    }
}

extension Job {
    /// Makes the catalog of a job whose shards are all done, or returns the one that was made before. Throws a
    /// `JobError` with the shards that are missing.
    public func merge() async throws(JobError) -> Catalog {
        let done = try await doneFiles()
        let missing = Set(index.shards.indices).subtracting(done.map(\.shard)).sorted()
        guard missing.isEmpty else {
            let named = missing.prefix(20).map(String.init).joined(separator: ", ")
            throw JobError(
                code: .shardsMissing, place: url,
                message: "\(missing.count) of \(index.shards.count) shards are not done: \(named)"
                    + (missing.count > 20 ? ", …" : "") + ".",
                advice: "Start workers for them, then merge again.")
        }
        let catalog = try Catalog(self, done: done, before: try await before()?.total)
        let bytes = try JobText.encoded(catalog)
        if try await storage.create(JobNames.catalog, bytes) { return catalog }
        let there = try await storage.read(JobNames.catalog, byteCountMax: ShardLimits.fileByteCountMax)
        guard let there, there.bytes == bytes else {
            if there == nil {
                throw JobError(
                    code: .storage, place: url + JobNames.catalog, message: "It can't be made, and it is not there.",
                    advice: "Try again.", mayPass: true)
            }
            throw JobError(
                code: .badFile, place: url + JobNames.catalog,
                message: "There is another catalog than what the workers have handed in comes to.",
                advice: "Somebody has changed the job's files: plan the job anew.")
        }
        return catalog
    }

    /// The catalog that the job goes on from; nil: it reads all.
    private func before() async throws(JobError) -> Catalog? {
        guard let since = file.since, let last = since.jobs.last else { return nil }
        let before = try await earlierJob(last).generation()
        guard before.catalogDigest == since.catalogDigest else {
            throw Self.changed(before.job.url + JobNames.catalog)
        }
        return before.catalog
    }

    /// What was done of the shards that are done.
    func doneFiles() async throws(JobError) -> [DoneFile] {
        let shards = try await storage.names(in: JobNames.done).compactMap(JobNames.shard)
            .filter(index.shards.indices.contains)
        do {
            return try await withThrowingTaskGroup(of: DoneFile?.self) { group in
                var files: [DoneFile] = []
                var rest = shards[...]
                func next() {
                    if let shard = rest.popFirst() { group.addTask { try await self.done(shard) } }
                }
                for _ in 0..<ShardLimits.readCountInFlight { next() }
                while let file = try await group.next() {
                    if let file { files.append(file) }
                    next()
                }
                return files
            }
        } catch let error as JobError {
            throw error
        } catch {
            throw JobError(
                code: .cancelled, place: url, message: "The task was cancelled.", advice: "Nothing is wrong.")
        }
    }
}
