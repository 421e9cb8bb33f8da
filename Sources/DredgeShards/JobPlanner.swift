public import Dredge
import DredgeAWS
import DredgeBase
import DredgeLedger
import DredgeS3
import DredgeStore
package import Foundation

/// Makes a job of what sources list: `job.json`, and a manifest for each shard. The same listing gives the same files,
/// to the byte, so a second planner of it changes nothing.
public struct JobPlanner: Sendable {
    private let sources: [Source]
    private let settings: IndexSettings
    private let config: String
    private let results: any JobStorage
    private let scratch: URL
    private let onMissing: @Sendable (String) -> Void

    /// - Parameters:
    ///   - config: what workers read sources and settings from, as `JobFile.config`.
    ///   - results: where the job's folder is made.
    ///   - scratch: a folder of this machine, for the listing while it is sorted and for the manifests.
    ///   - onMissing: called with each object that a list of keys names and that is not there.
    package init(
        _ sources: [Source], settings: IndexSettings, config: String, results: any JobStorage, scratch: URL,
        onMissing: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.onMissing = onMissing
        self.sources = sources
        self.settings = settings
        self.config = config
        self.results = results
        self.scratch = scratch
    }

    /// What was planned.
    public struct Planned: Sendable {
        /// `job.json`.
        public var job: JobFile
        /// Where the job's files are, with a slash at its end.
        public var url: String
    }

    /// Lists the sources, or reads the inventories of their buckets, cuts shards and writes the job's files. Memory is
    /// `ShardLimits.sortByteCount` and some pages of the listings, whatever the buckets hold.
    ///
    /// Throws a `RunError` where a source can't be listed to its end, and a `JobError` for all else.
    public func plan(
        _ count: ShardCount, with engine: Engine, inventories: [Inventory] = [], keys: KeyList? = nil
    ) async throws -> Planned {
        // Before hours of listing: whether a job can be made there.
        _ = try await results.create(JobNames.results, Array("{\"format_version\":\(JobFile.currentVersion)}\n".utf8))
        let folder = try ScratchFolder.make("dredge-plan-\(ScratchFolder.random())", in: scratch)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (sort, leftOut) = try await list(engine, inventories, keys, in: folder)
        let pieces = try cut(sort, count, in: folder)
        let numbers = ShardCut.interleaved(pieces.count)
        var index = ShardIndex(shards: pieces.map(\.shard))
        for (piece, number) in numbers.enumerated() { index.shards[number] = pieces[piece].shard }
        let indexBytes = try JobText.bytes(index)
        var job = JobFile(
            dredgeVersion: Version.current, config: config, settings: settings.named,
            sources: sources.map(\.jobName), shardCount: pieces.count,
            objectCount: pieces.reduce(0) { $0 + $1.shard.objectCount },
            byteCount: pieces.reduce(0) { $0 + $1.shard.byteCount }, leftOut: leftOut,
            indexDigest: SHA256.hex(indexBytes))
        job.id = try job.contentID
        let storage = StorageFolder("job-\(job.id)", of: results)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, number) in numbers.enumerated() {
                if place >= ShardLimits.readCountInFlight { try await group.next() }
                // False: an earlier planner of the same job has made it.
                group.addTask { [path = pieces[place].path] in
                    _ = try await storage.upload(path, to: JobNames.manifest(number))
                }
            }
            try await group.waitForAll()
        }
        _ = try await storage.create(JobNames.index, indexBytes)
        // Last: where it is, the others are.
        _ = try await storage.create(JobNames.job, try JobText.bytes(job))
        return Planned(job: job, url: storage.url)
    }

    private func list(
        _ engine: Engine, _ inventories: [Inventory], _ keys: KeyList?, in folder: URL
    ) async throws -> (ObjectSort, JobFile.LeftOut) {
        let sort = ObjectSort(in: folder)
        var leftOut = JobFile.LeftOut()
        for (index, source) in sources.enumerated() {
            var failure: JobError?
            func add(_ objects: [ListedObject], _ entries: [ListingEntry]) {
                for (object, entry) in zip(objects, entries) where failure == nil {
                    if entry.skipReason == .filtered {
                        leftOut.filtered? += 1
                    } else if let reason = entry.failReason {
                        leftOut.failed[reason, default: 0] += 1
                    } else {
                        do throws(JobError) { try sort.add(object, of: index) } catch { failure = error }
                    }
                }
            }
            if let keys {
                for missing in try await engine.look(at: keys.keys(of: index), of: source, named: RunName.make(), add) {
                    leftOut.failed["no object of the key", default: 0] += 1
                    onMissing("s3://\(source.bucket)/\(missing)")
                }
                if let failure { throw failure }
                continue
            }
            let inventory = inventories.first { $0.bucket == source.bucket }
            let listed = try await engine.list(source, inventory: inventory, named: RunName.make(), add)
            if let failure { throw failure }
            if inventory == nil, listed.mayRepeat { leftOut.filtered = nil }
            // An inventory comes in no order that could be broken.
            if inventory == nil, !listed.isTrusted { leftOut.distrusted.append(source.name) }
        }
        return (sort, leftOut)
    }

    private struct Piece {
        var shard: ShardIndex.Shard
        var path: String
    }

    private func cut(_ sort: ObjectSort, _ count: ShardCount, in folder: URL) throws(JobError) -> [Piece] {
        var weight: UInt64 = 0
        try sort.forEach { _, object throws(JobError) in weight += ShardCut.weight(ofObjectOf: object.size) }
        var cut = ShardCut(weight: weight, count: try count.count(weight: weight))
        var pieces: [Piece] = []
        var writer: ManifestWriter?
        try sort.forEach { source, object throws(JobError) in
            let piece = cut.piece(ofObjectOf: object.size)
            if writer?.piece != piece {
                if let done = try writer?.finish() { pieces.append(done) }
                writer = nil
                writer = try ManifestWriter(
                    piece, at: pieces.count, beginning: (sources[source].name, object.key), in: folder)
            }
            try writer?.add(ObjectRow(source: sources[source].name, object: object))
        }
        if let done = try writer?.finish() { pieces.append(done) }
        return pieces
    }

    /// The manifest in hand.
    private final class ManifestWriter {
        let piece: Int
        private var rows: RowWriter?
        private var shard: ShardIndex.Shard
        private let path: String

        init(
            _ piece: Int, at position: Int, beginning first: (source: String, key: ObjectKey), in folder: URL
        ) throws(JobError) {
            self.piece = piece
            path = folder.appending(path: "manifest-\(position).csv.gz").path
            shard = ShardIndex.Shard(
                objectCount: 0, byteCount: 0, manifestDigest: "",
                first: .init(source: first.source, key: URIEncoding.path(first.key.bytes)), position: position)
            rows = try RowWriter(path, header: ObjectRow.manifestHeader)
        }

        func add(_ row: ObjectRow) throws(JobError) {
            shard.objectCount += 1
            shard.byteCount += row.object.size
            try rows?.write(row)
        }

        func finish() throws(JobError) -> Piece? {
            guard let rows = rows.take() else { return nil }
            shard.manifestDigest = try rows.finish()
            return Piece(shard: shard, path: path)
        }
    }
}

extension Source {
    /// What of it must be the same for planner and workers.
    var jobName: JobFile.SourceName { JobFile.SourceName(name: name, bucket: bucket, prefix: prefix) }
}
