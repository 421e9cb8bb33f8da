import DredgeBase
import DredgeLedger
import DredgeStore
import Foundation

/// The place of the jobs of one config, and which of them has the latest catalog.
package struct JobResults: Sendable {
    let storage: any JobStorage

    /// - Parameter storage: of all jobs, each of which has a folder in it.
    package init(_ storage: any JobStorage) { self.storage = storage }

    /// `latest.json`.
    private struct Latest: Codable {
        var formatVersion = JobFile.currentVersion
        var job: String
    }

    /// The job with the latest catalog; nil: none was merged.
    package func latest() async throws(JobError) -> String? { try await note()?.job }

    private func note() async throws(JobError) -> (job: String, tag: String)? {
        guard let file = try await storage.read(JobNames.latest, byteCountMax: ShardLimits.noteByteCountMax) else {
            return nil
        }
        let place = storage.url + JobNames.latest
        let job = try JobText.value(Latest.self, file.bytes, place: place).job
        guard JobNames.job(JobNames.folder(job)) == job else { throw Job.changed(place) }
        return (job, file.tag)
    }

    /// Makes a merged job the one with the latest catalog, where it goes on from the one that is that now, or where
    /// there is none yet.
    /// - Parameter isForced: also where it does not go on from it.
    /// - Returns: the job with the latest catalog.
    package func advance(to job: JobFile, isForced: Bool) async throws(JobError) -> String {
        let bytes = try JobText.encoded(Latest(job: job.id))
        for _ in 0..<ShardLimits.latestAttemptCount {
            guard let now = try await note() else {
                _ = try await storage.create(JobNames.latest, bytes)
                continue
            }
            if now.job == job.id { return job.id }
            guard isForced || job.since?.jobs.contains(now.job) ?? false else { return now.job }
            // Its answer may have got lost: the next look tells.
            _ = try await storage.replace(JobNames.latest, bytes, ifTag: now.tag)
        }
        throw JobError(
            code: .storage, place: storage.url + JobNames.latest, message: "It could not be written.",
            advice: "The service may not know conditional writes as S3 has them. Readers that name the job read it.",
            mayPass: true)
    }

    /// The jobs that lead to this one, the oldest first, and itself, each with its catalog. Throws where one is not
    /// merged, or is another one than those after it went on from.
    package func history(of id: String) async throws(JobError) -> [Generation] {
        try await Job(id, in: storage).history()
    }
}

/// One of the jobs that follow one another, with its catalog.
package struct Generation: Sendable {
    /// The job.
    package var job: Job
    /// What it and those before it come to.
    package var catalog: Catalog
    /// SHA-256 of the catalog's file.
    package var catalogDigest: String
}

extension [Generation] {
    /// The filters of a source, which are others than it has now, at the last job that kept no document back because of
    /// them; where there is none, at any.
    func otherFilters(of source: JobFile.SourceName) -> String?? {
        let before = reversed().compactMap { generation -> (filters: String?, keeps: Bool)? in
            guard let same = generation.job.file.sources.first(where: { $0.isSame(as: source) }) else { return nil }
            let outcome = generation.catalog.removals[source.name] ?? RemovalOutcome()
            return (same.filters, outcome.withheldCount + outcome.markedCount > 0)
        }
        let last = before.first { !$0.keeps }
        return (last.map { [$0] } ?? before).first { $0.filters != source.filters }?.filters
    }
}

extension Job {
    /// The same of a job that was read.
    package func history() async throws(JobError) -> [Generation] {
        var history = [try await generation()]
        while let since = history.last?.job.file.since, let id = since.jobs.last {
            let before = try await earlierJob(id).generation()
            guard before.catalogDigest == since.catalogDigest,
                since.jobs.dropLast().elementsEqual(before.job.file.since?.jobs ?? [])
            else { throw Self.changed(before.job.url + JobNames.catalog) }
            history.append(before)
        }
        return history.reversed()
    }

    /// A job that this one goes on from.
    func earlierJob(_ id: String) async throws(JobError) -> Job {
        let place = try earlier()
        do throws(JobError) { return try await Job(id, in: place) } catch {
            guard error.code == .usage else { throw error }
            throw JobError(
                code: .badFile, place: url,
                message: "It goes on from \(place.url)\(JobNames.folder(id))/, which is not there.",
                advice: "Bring that folder back, or plan a job that reads all, and merge it with --make-latest.")
        }
    }

    /// The job with its catalog. Throws where it is not merged yet.
    func generation() async throws(JobError) -> Generation {
        let place = url + JobNames.catalog
        guard let bytes = try await storage.read(JobNames.catalog, byteCountMax: ShardLimits.fileByteCountMax)?.bytes
        else {
            throw JobError(
                code: .usage, place: url, message: "The job has no catalog yet.",
                advice: "Make it with `dredge merge --job \(url)` when all shards are done.")
        }
        let catalog = try JobText.value(Catalog.self, bytes, place: place)
        let order = index.shards.indices.sorted { index.shards[$0].position < index.shards[$1].position }
        guard catalog.job == file.id, catalog.shards.map(\.shard) == order, catalog.settings == file.settings,
            catalog.since == file.since?.jobs ?? [], catalog.removals == file.since?.removals ?? [:],
            catalog.leftOut == file.leftOut, catalog.digest == catalog.total.content.text(settings: catalog.settings)
        else { throw Self.changed(place) }
        return Generation(job: self, catalog: catalog, catalogDigest: SHA256.hex(bytes))
    }
}
