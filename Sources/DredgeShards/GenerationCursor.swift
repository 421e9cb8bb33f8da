import DredgeBase
import DredgeLedger
import DredgeS3
import DredgeStore
import Foundation

/// One shard's store by a copy on this machine, which goes with this. Whoever has an object of it can read its chunks.
final class ShardPart {
    let store: ChunkStore
    private let path: String
    private let folder: PassingFolder
    private let order: SourceOrder
    private var objects: StoredObjects.AsyncIterator
    private var chunks: StoredChunks.AsyncIterator
    /// The chunk that was read ahead.
    private var waiting: StoredChunk?

    /// Copies the store of a shard.
    /// - Parameter selection: the objects that are wanted.
    init(
        _ generation: Generation, _ shard: Catalog.Shard, _ selection: CatalogReader.Selection, _ order: SourceOrder,
        in folder: PassingFolder
    ) async throws {
        self.folder = folder
        path = folder.url.appending(path: "\(generation.job.file.id)-\(shard.shard).chunks").path
        self.order = order
        let name = JobNames.store(shard.shard, shard.resultDigest)
        let path = path
        do {
            try await generation.job.storage.download(name, to: path)
            store = try ChunkStore.open(reading: path, settings: generation.catalog.settings)
        } catch {
            Self.remove(path)
            throw CatalogReader.named(error, path, generation.job, shard)
        }
        objects = store.objects(prefix: selection.prefix, bucket: selection.bucket, source: selection.source)
            .makeAsyncIterator()
        chunks = store.chunks().makeAsyncIterator()
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    func nextObject() async throws(StoreError) -> StoredObject? { try await objects.next() }

    /// The next chunk of the object that stands here; nil: it has no more. Objects must be asked for in order.
    func nextChunk(of place: RowPlace) async throws(StoreError) -> StoredChunk? {
        while true {
            if waiting == nil { waiting = try await chunks.next() }
            guard let chunk = waiting, let at = order.place(chunk.source, chunk.key), at <= place else { return nil }
            waiting = nil
            if at == place { return chunk }
        }
    }
}

/// The objects of one job in order: those of its shards' stores, and what its planner has settled.
final class GenerationCursor {
    /// What the job says of an object: one of the two.
    struct Head {
        var place: RowPlace
        var object: StoredObject?
        var settled: ObjectRow?
        /// Of the object.
        var part: ShardPart?
    }
    /// Where it stands; nil: at the end.
    private(set) var head: Head?

    private let generation: Generation
    private let selection: CatalogReader.Selection
    private let order: SourceOrder
    private let folder: PassingFolder
    private let isVerified: Bool
    /// Shards that are still to come, the first one last.
    private var shards: [Catalog.Shard]
    private var part: ShardPart?
    private var object: StoredObject?
    private let rows: RowFileReader?
    private var row: ObjectRow?

    init(
        _ generation: Generation, _ selection: CatalogReader.Selection, _ order: SourceOrder, isVerified: Bool,
        in folder: PassingFolder
    ) async throws {
        self.isVerified = isVerified
        self.generation = generation
        self.selection = selection
        self.order = order
        self.folder = folder
        shards = generation.shards(that: selection).reversed()
        rows = try await generation.job.settledRows(in: folder.url)
        try nextRow()
        try await nextObject()
        try choose()
    }

    /// Goes to the next object.
    func advance() async throws {
        if head?.settled != nil { try nextRow() } else { try await nextObject() }
        try choose()
    }

    private func choose() throws(JobError) {
        let objectPlace = try object.map { (object) throws(JobError) in try place(object.source, object.key) }
        let rowPlace = try row.map { (row) throws(JobError) in try place(row.source, row.object.key.bytes) }
        if let rowPlace, objectPlace.map({ rowPlace < $0 }) ?? true {
            head = Head(place: rowPlace, settled: row)
        } else {
            head = objectPlace.map { Head(place: $0, object: object, part: part) }
        }
    }

    private func place(_ source: String, _ key: [UInt8]) throws(JobError) -> RowPlace {
        guard let place = order.place(source, key) else { throw Job.changed(generation.job.url) }
        return place
    }

    private func nextRow() throws(JobError) {
        repeat { row = try rows?.next() } while row.map { !selection.has($0) } ?? false
    }

    private func nextObject() async throws {
        object = try await part?.nextObject()
        while object == nil, let shard = shards.popLast() {
            part = nil
            part = try await ShardPart(generation, shard, selection, order, in: folder)
            if isVerified, let store = part?.store { try await generation.verify(store, of: shard) }
            object = try await part?.nextObject()
        }
    }
}

extension Generation {
    /// What a shard's store should hold.
    func content(of shard: Catalog.Shard) async throws(JobError) -> ContentDigest {
        guard let done = try await job.done(shard.shard), done.resultDigest == shard.resultDigest else {
            throw Job.changed(job.url + JobNames.done(shard.shard))
        }
        return done.content
    }

    /// Throws where a shard's store does not hold what its worker has handed in.
    fileprivate func verify(_ store: ChunkStore, of shard: Catalog.Shard) async throws {
        guard try await store.contentDigest() == content(of: shard) else {
            throw JobError(
                code: .badFile, place: job.url,
                message: "The store of shard \(shard.shard) is not what its worker handed in.",
                advice: "Somebody has changed the job's files: plan the job anew.")
        }
    }

    /// The shards that may have what is selected.
    func shards(that selection: CatalogReader.Selection) -> [Catalog.Shard] {
        let firsts = catalog.shards.map { job.index.shards[$0.shard].first }
        let buckets = Dictionary(job.file.sources.map { ($0.name, $0.bucket) }) { first, _ in first }
        return catalog.shards.enumerated().filter { place, _ in
            let (begin, end) = (firsts[place], place + 1 < firsts.count ? firsts[place + 1] : nil)
            let bucket = buckets[begin.source]
            if let end, buckets[end.source] == bucket {
                if let wanted = selection.bucket, wanted != bucket { return false }
                return selection.mayBeFrom(begin.keyBytes, to: end.keyBytes)
            }
            // It may end in another bucket than it begins in.
            return true
        }.map(\.element)
    }
}
