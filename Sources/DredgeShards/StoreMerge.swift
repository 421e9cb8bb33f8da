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

    /// Merges what `catalog` says into `store`: the shards of the job and of those that it goes on from. What the store
    /// holds of the job's sources beside them goes as after a listing: by each source's `removal`.
    /// - Returns: removals that are withheld because they may be a mistake.
    public func merge(_ catalog: Catalog, into store: ChunkStore) async throws -> [WithheldRemovals] {
        let reader = try await CatalogReader(job, scratch: scratch)
        let run = try await store.begin(
            name: "merge-\(job.file.id)", version: Version.current, sources: reader.records(of: sources, engine),
            resumesOwnOnly: true)
        do {
            var merging = Merging(
                store: store, run: run.id,
                listings: Dictionary(
                    uniqueKeysWithValues: zip(sources, run.sources).map { ($0.name, $1.source) }))
            try await reader.forEachObject(isVerified: true) { object in
                try Task.checkCancellation()
                try await merging.add(object)
            }
            try await merging.finish()
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
    /// Read, and not recorded yet.
    private var page: [CatalogReader.Object] = []
    /// Objects whose last chunks are in the batch in hand.
    private var complete: [IndexedObject] = []
    /// Objects that are not listed any more and stay, for which that is still to be written down.
    private var unlisted: [Unlisted] = []

    private struct Unlisted {
        var source: SourceID
        var key: [UInt8]
        var reason: String
    }

    private static let pageObjectCount = 1_000

    init(store: ChunkStore, run: RunID, listings: [String: SourceID]) {
        self.store = store
        self.run = run
        self.listings = listings
        batch = store.makeBatch()
    }

    mutating func add(_ object: CatalogReader.Object) async throws {
        page.append(object)
        if page.count == Self.pageObjectCount { try await addPage() }
    }

    private mutating func addPage() async throws {
        for (source, objects) in Dictionary(grouping: page.map(\.object), by: \.source) {
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
        for part in page {
            let object = part.object
            if object.content != nil, let reason = object.reason, let source = listings[object.source] {
                if RemovalDecision.isKept(object.state.rawValue, reason) {
                    unlisted.append(Unlisted(source: source, key: object.key, reason: reason))
                }
            }
            // Not there: it was merged before.
            guard let pending = waiting.removeValue(forKey: Name(source: object.source, key: object.key)) else {
                continue
            }
            guard let content = object.content else {
                try settle(pending, as: object)
                continue
            }
            var indexed = IndexedObject(
                id: pending.id, spans: [], eTag: content.eTag, size: content.size, versionID: content.versionID,
                chunkCount: object.chunkCount, tokenCount: object.tokenCount, documentByteCount: content.byteCount,
                attemptCount: max(1, object.attemptCount))
            while let chunk = try await part.nextChunk() { try await append(chunk, of: pending.id, to: &indexed.spans) }
            complete.append(indexed)
        }
        page = []
        if unlisted.count > Self.pageObjectCount { try await seal() }
    }

    private mutating func append(
        _ chunk: StoredChunk, of object: ObjectID, to spans: inout [ChunkSpan]
    ) async throws {
        if !batch.hasRoom(for: chunk.byteLength) {
            try await seal()
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

    private mutating func seal() async throws(StoreError) {
        try batch.seal()
        for object in complete { try store.finish(object) }
        complete = []
        for (source, objects) in Dictionary(grouping: unlisted, by: \.source) {
            for (reason, objects) in Dictionary(grouping: objects, by: \.reason) {
                try await store.keepUnlisted(objects.map(\.key), of: source, in: run, reason: reason)
            }
        }
        unlisted = []
    }

    mutating func finish() async throws {
        try await addPage()
        try await seal()
    }
}

extension ListingEntry {
    /// As the listing showed it: what the listing alone decided is decided so again, but where something is stored.
    fileprivate init(_ object: StoredObject) {
        let isSkipped = object.state == .skipped && object.content == nil
        let reason = isSkipped ? object.reason.map(SkipReason.init) : nil
        let isOfListing = reason.map(SkipReason.ofListing.contains) ?? false
        self.init(
            key: object.key, size: object.size, eTag: object.eTag, lastModified: object.lastModified,
            storageClass: object.storageClass, skipReason: isOfListing ? reason : nil)
    }
}
