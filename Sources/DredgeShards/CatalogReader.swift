import DredgeBase
import DredgeLedger
public import DredgeStore
public import Foundation

/// The stores of a job's shards, one after the other, in order of source and key: together what one machine's store
/// would hold.
public struct CatalogReader: Sendable {
    /// What the job comes to.
    public let catalog: Catalog
    private let job: Job
    private let scratch: URL

    /// Reads the catalog of a job. Throws where it is not merged yet.
    /// - Parameter scratch: a folder of this machine, where one shard's store is at a time.
    public init(_ job: Job, scratch: URL) async throws(JobError) {
        guard let file = try await job.storage.read(JobNames.catalog, byteCountMax: ShardLimits.fileByteCountMax) else {
            throw JobError(
                code: .usage, place: job.url, message: "The job has no catalog yet.",
                advice: "Make it with `dredge merge --job \(job.url)` when all shards are done.")
        }
        catalog = try JobText.value(Catalog.self, file.bytes, place: job.url + JobNames.catalog)
        guard catalog.job == job.file.id,
            catalog.shards.map(\.shard).sorted().elementsEqual(job.index.shards.indices)
        else { throw Job.changed(job.url + JobNames.catalog) }
        self.job = job
        self.scratch = scratch
    }

    /// Whether one of the job's sources has this name.
    public func hasSource(_ name: String) -> Bool { job.file.sources.contains { $0.name == name } }

    /// Calls `body` with each shard's store, or with those that may have `key`. A store is there during the call.
    /// - Parameter onDamage: gets what is wrong with a store that can't be read, and those behind it are read all the
    ///   same; nil: it is thrown.
    public func forEachStore(
        mayHave key: [UInt8]? = nil, onDamage: ((String) -> Void)? = nil, _ body: (ChunkStore) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder.make("dredge-\(job.file.id)-read-\(ScratchFolder.random())", in: scratch)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (place, shard) in catalog.shards.enumerated() where key.map({ mayHave($0, place) }) ?? true {
            let path = folder.appending(path: "\(shard.shard).chunks").path
            let name = JobNames.store(shard.shard, shard.resultDigest)
            do {
                try await job.storage.download(name, to: path)
                try await body(try ChunkStore.open(reading: path, settings: catalog.settings))
            } catch let error as JobError where onDamage != nil {
                onDamage?("shard \(shard.shard): \(error)")
            } catch var error as StoreError where error.code != .noSuchObject {
                // People know the job's file, not its copy here.
                error.message = error.message.replacing(path, with: job.url + name)
                // What else can be wrong, as a full disk, is none of the job's.
                if [.corrupt, .notAStore].contains(error.code) {
                    error.advice =
                        "Remove \(job.url)\(JobNames.done(shard.shard)) and that file, start a worker for shard "
                        + "\(shard.shard), and look at the job again."
                }
                guard let onDamage else { throw error }
                onDamage("shard \(shard.shard): \(error)")
            }
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        }
    }

    /// Whether the shard at this place of the catalog may have the key, of any source.
    private func mayHave(_ key: [UInt8], _ place: Int) -> Bool {
        func first(_ place: Int) -> ShardIndex.FirstObject { job.index.shards[catalog.shards[place].shard].first }
        let begin = first(place)
        guard place + 1 < catalog.shards.count, case let end = first(place + 1), begin.source == end.source else {
            // It may end in another source than it begins with.
            return true
        }
        return !key.lexicographicallyPrecedes(begin.keyBytes) && key.lexicographicallyPrecedes(end.keyBytes)
    }
}
