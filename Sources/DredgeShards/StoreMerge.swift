public import Dredge
import DredgeBase
import DredgeLedger
import DredgeStore
public import Foundation

/// Puts what the stores of a job's shards hold into one store, as if one machine had made it. What is killed goes on
/// where it was.
public struct StoreMerge: Sendable {
    private let job: Job
    private let sources: [Source]
    private let engine: Engine
    private let scratch: URL

    /// - Parameters:
    ///   - sources: of the job's config.
    ///   - scratch: a folder of this machine, where one shard's store is at a time.
    public init(_ job: Job, sources: [Source], engine: Engine, scratch: URL) {
        self.job = job
        self.sources = sources
        self.engine = engine
        self.scratch = scratch
    }

    /// Merges the shards of `catalog` into `store`, one after the other. What the store holds of the job's sources
    /// beside them goes as after a listing: by each source's `removal`.
    /// - Returns: removals that are withheld because they may be a mistake.
    public func merge(_ catalog: Catalog, into store: ChunkStore) async throws -> [WithheldRemovals] {
        let folder = try ScratchFolder.make("dredge-\(job.file.id)-merge-\(ScratchFolder.random())", in: scratch)
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = try await store.begin(
            name: "merge-\(job.file.id)", version: Version.current, sources: engine.records(of: sources),
            resumesOwnOnly: true)
        do {
            let path = folder.appending(path: "shard.chunks").path
            var merging = Merging(
                store: store, run: run.id,
                listings: Dictionary(
                    uniqueKeysWithValues: zip(sources, run.sources).map { ($0.name, $1.source) }))
            for shard in catalog.shards {
                try Task.checkCancellation()
                for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
                try await job.storage.download(JobNames.store(shard.shard, shard.resultDigest), to: path)
                let part = try ChunkStore.open(reading: path, settings: job.file.settings)
                try await verify(part, shard.shard)
                try await merging.add(part)
            }
            try merging.finish()
            var withheld: [WithheldRemovals] = []
            for (source, listing) in zip(sources, run.sources) {
                let outcome = try await store.completeListing(
                    of: listing.source, in: run.id,
                    isTrusted: !catalog.leftOut.distrusted.contains(source.name), rule: source.removal)
                if let removals = WithheldRemovals(source, outcome) { withheld.append(removals) }
            }
            let forgotten = try await store.totals(of: run.id).states[.pending]?.objects ?? 0
            guard forgotten == 0 else {
                throw JobError(
                    code: .badFile, place: job.url, message: "\(forgotten) objects of the shards were not merged.",
                    advice: "This is a fault of dredge: please report it. Merge into a new store.")
            }
            try await store.finish(run.id, outcome: .complete)
            return withheld
        } catch {
            try? await store.finish(run.id, outcome: error is CancellationError ? .stopped : .fatal)
            throw error
        }
    }
}

extension StoreMerge {
    /// Throws where a shard's store does not hold what its worker has handed in.
    private func verify(_ store: ChunkStore, _ shard: Int) async throws {
        let content = try await store.contentDigest()
        guard let done = try await job.done(shard), try done.content(job) == content else {
            throw JobError(
                code: .badFile, place: job.url,
                message: "The store of shard \(shard) is not what its worker handed in.",
                advice: "Somebody has changed the job's files: plan the job anew.")
        }
    }
}

/// Objects and chunks on their way into the store.
private struct Merging {
    private struct Name: Hashable {
        var source: String
        var key: [UInt8]
    }
    private let store: ChunkStore
    private let run: RunID
    private let listings: [String: SourceID]
    /// How far the queue of each source was read.
    private var positions: [String: Int64] = [:]
    /// What was read of the queues and is still to come. Beside a page, what a merge that was killed had recorded and
    /// not written: some pages.
    private var waiting: [Name: PendingObject] = [:]
    private let batch: any ChunkBatch
    /// Objects whose last chunks are in the batch in hand.
    private var complete: [IndexedObject] = []

    private static let pageObjectCount = 1_000

    init(store: ChunkStore, run: RunID, listings: [String: SourceID]) {
        self.store = store
        self.run = run
        self.listings = listings
        batch = store.makeBatch()
    }

    mutating func add(_ part: ChunkStore) async throws {
        var chunks = ChunkStream(part.chunks().makeAsyncIterator())
        var page: [StoredObject] = []
        for try await object in part.objects() {
            page.append(object)
            if page.count == Self.pageObjectCount {
                try await add(page, &chunks)
                page = []
            }
        }
        try await add(page, &chunks)
    }

    private mutating func add(_ page: [StoredObject], _ chunks: inout ChunkStream) async throws {
        for (source, objects) in Dictionary(grouping: page, by: \.source) {
            guard let listing = listings[source] else { continue }
            _ = try await store.record(objects.map(ListingEntry.init), of: listing, in: run, left: nil)
            var isAtEnd = false
            while !isAtEnd {
                let pending = try await store.pending(
                    of: listing, in: run, after: positions[source] ?? 0, limit: Self.pageObjectCount)
                for object in pending { waiting[Name(source: source, key: object.key)] = object }
                if let last = pending.last { positions[source] = last.position }
                isAtEnd = pending.count < Self.pageObjectCount
            }
        }
        for object in page {
            // Not there: it was merged before.
            let pending = waiting.removeValue(forKey: Name(source: object.source, key: object.key))
            guard let content = object.content else {
                if let pending { try settle(pending, as: object) }
                continue
            }
            var indexed = pending.map {
                IndexedObject(
                    id: $0.id, spans: [], eTag: content.eTag, size: content.size, versionID: content.versionID,
                    chunkCount: object.chunkCount, tokenCount: object.tokenCount,
                    documentByteCount: content.byteCount, attemptCount: max(1, object.attemptCount))
            }
            while let chunk = try await chunks.next(of: object) {
                if let id = indexed?.id { try await append(chunk, of: id, to: &indexed!.spans) }
            }
            if let indexed { complete.append(indexed) }
        }
    }

    private mutating func append(
        _ chunk: StoredChunk, of object: ObjectID, to spans: inout [ChunkSpan]
    ) async throws {
        if !batch.hasRoom(for: chunk.byteLength) {
            try seal()
            try await store.waitForRoom()
        }
        if spans.last?.batch == batch.id {
            spans[spans.count - 1].chunkCount += 1
        } else {
            spans.append(
                ChunkSpan(
                    batch: batch.id, firstEntry: batch.entryCount, firstOrdinal: chunk.ordinal, chunkCount: 1))
        }
        chunk.text.withUnsafeBytes {
            batch.append(
                object: object, ordinal: chunk.ordinal, byteOffset: chunk.byteOffset, tokenCount: chunk.tokenCount,
                text: $0)
        }
    }

    private func settle(_ pending: PendingObject, as object: StoredObject) throws(StoreError) {
        let reason = object.reason ?? ""
        let cause: ObjectOutcome.Cause
        switch object.state {
        case .skipped: cause = .skipped(SkipReason(rawValue: reason), readETag: object.eTag)
        case .changed: cause = .changed
        case .vanished: cause = .vanished
        case .failed, .pending, .indexed, .unchanged: cause = .failed(reason: reason)
        }
        try store.settle(
            ObjectOutcome(
                object: pending.id, cause: cause, attemptCount: max(1, object.attemptCount),
                requestID: object.requestID))
    }

    private mutating func seal() throws(StoreError) {
        try batch.seal()
        for object in complete { try store.finish(object) }
        complete = []
    }

    mutating func finish() throws(StoreError) { try seal() }
}

/// The chunks of a store in the order of its objects.
private struct ChunkStream {
    private var iterator: StoredChunks.AsyncIterator
    private var waiting: StoredChunk?

    init(_ iterator: StoredChunks.AsyncIterator) { self.iterator = iterator }

    /// The next chunk, if it is of `object`.
    mutating func next(of object: StoredObject) async throws(StoreError) -> StoredChunk? {
        if waiting == nil { waiting = try await iterator.next() }
        guard let chunk = waiting, chunk.key == object.key, chunk.source == object.source else { return nil }
        waiting = nil
        return chunk
    }
}

extension ListingEntry {
    /// As the listing showed it: what the listing alone decided is decided so again.
    fileprivate init(_ object: StoredObject) {
        let reason = object.state == .skipped ? object.reason.map(SkipReason.init) : nil
        let isOfListing = reason.map { [.filtered, .folderMarker, .empty, .archived].contains($0) } ?? false
        self.init(
            key: object.key, size: object.size, eTag: object.eTag, lastModified: object.lastModified,
            storageClass: object.storageClass, skipReason: isOfListing ? reason : nil)
    }
}
