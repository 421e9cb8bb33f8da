import Dredge
import DredgeBase
public import DredgeLedger
import DredgeS3
public import DredgeStore
public import Foundation

/// What the shards of a job, and of the jobs that it goes on from, hold together: what one machine's store would, in
/// the same order.
public struct CatalogReader: Sendable {
    /// What the job and those before it come to.
    public let catalog: Catalog
    private let history: [Generation]
    private let order: SourceOrder
    private let scratch: URL

    /// Which objects are wanted.
    public struct Selection: Sendable {
        /// Their keys begin with this.
        public var prefix: [UInt8] = []
        /// nil: of any bucket.
        public var bucket: String?
        /// nil: of any source.
        public var source: String?
        /// nil: in any state.
        public var state: ObjectState?
        /// Only those whose content the job of this ID or one behind it has stored.
        public var since: String?

        /// All, unless said otherwise.
        public init(
            prefix: [UInt8] = [], bucket: String? = nil, source: String? = nil, state: ObjectState? = nil,
            since: String? = nil
        ) {
            self.prefix = prefix
            self.bucket = bucket
            self.source = source
            self.state = state
            self.since = since
        }

        /// Of rows, whose bucket is that of their source.
        func has(_ row: ObjectRow) -> Bool {
            (source == nil || source == row.source) && row.object.key.bytes.starts(with: prefix)
        }

        /// Whether one of these keys may be wanted: from `begin` up to `end`, which another source may have, too.
        func mayBeFrom(_ begin: [UInt8], to end: [UInt8]) -> Bool {
            !end.lexicographicallyPrecedes(prefix)
                && (begin.starts(with: prefix) || begin.lexicographicallyPrecedes(prefix))
        }
    }

    /// Reads the catalogs of a job and of those that it goes on from. Throws where the job is not merged yet.
    /// - Parameter scratch: a folder of this machine, where one shard's store of each job is at a time.
    public init(_ job: Job, scratch: URL) async throws(JobError) {
        history = try await job.history()
        catalog = history[history.count - 1].catalog
        order = SourceOrder(job.file.sources)
        self.scratch = scratch
    }

    /// The job's sources, as a store is to know them: where documents stay that a source's filters leave out, it has
    /// the filters that it had before.
    func records(of sources: [Source], _ engine: Engine) -> [SourceRecord] {
        zip(engine.records(of: sources), engine.jobNames(of: sources)).map { record, name in
            var record = record
            if let filters = history.otherFilters(of: name) { record.filters = filters }
            return record
        }
    }

    /// Whether one of the job's sources has this name.
    public func hasSource(_ name: String) -> Bool { order.source(named: name) != nil }

    /// Whether the job is, or goes on from, the job of this ID.
    public func hasJob(_ id: String) -> Bool { history.contains { $0.job.file.id == id } }

    private func makeFolder() throws(JobError) -> PassingFolder {
        try PassingFolder("dredge-\(catalog.job)-read", in: scratch)
    }

    // MARK: Objects

    /// An object, with what is stored of it.
    public final class Object {
        /// As a store has it.
        public let object: StoredObject
        fileprivate let place: RowPlace
        /// Where its content is.
        private let part: ShardPart?

        fileprivate init(_ object: StoredObject, _ place: RowPlace, _ part: ShardPart?) {
            self.object = object
            self.place = place
            self.part = part
        }

        /// The next chunk; nil: there are no more. Of several objects, the chunks must be read in their order.
        public func nextChunk() async throws(StoreError) -> StoredChunk? {
            var chunk = try await part?.nextChunk(of: place)
            // The shard's store does not know what later jobs have listed.
            chunk?.lastModified = object.contentLastModified
            return chunk
        }
    }

    /// The objects that are wanted, in the order in which a store has its objects.
    public final class Objects {
        private let selection: Selection
        /// Newest first.
        private let cursors: [GenerationCursor]

        fileprivate init(_ selection: Selection, _ cursors: [GenerationCursor]) {
            self.selection = selection
            self.cursors = cursors
        }

        /// The next object; nil: there are no more.
        public func next() async throws -> Object? {
            while let place = cursors.lazy.compactMap({ $0.head?.place }).min() {
                var merged = MergedObject()
                for cursor in cursors where cursor.head?.place == place {
                    if let head = cursor.head { merged.add(older: head) }
                    try await cursor.advance()
                }
                guard let object = merged.object, selection.state == nil || selection.state == object.state,
                    selection.since == nil || object.content != nil
                else { continue }
                return Object(object, place, merged.part)
            }
            return nil
        }
    }

    /// Begins to read the objects that are wanted.
    /// - Parameter isVerified: whether each shard's store is held against what its worker has handed in, first. Costs
    ///   reading it once more.
    public func objects(_ selection: Selection = Selection(), isVerified: Bool = false) async throws -> Objects {
        let folder = try makeFolder()
        var cursors: [GenerationCursor] = []
        // What an older job has of an object does not matter where its content is to be of a newer one.
        let wanted = history.drop { selection.since != nil && $0.job.file.id != selection.since }
        for generation in wanted.reversed() {
            cursors.append(
                try await GenerationCursor(generation, selection, order, isVerified: isVerified, in: folder))
        }
        return Objects(selection, cursors)
    }

    /// Calls `body` with each object that is wanted.
    public func forEachObject(
        _ selection: Selection = Selection(), isVerified: Bool = false, _ body: (Object) async throws -> Void
    ) async throws {
        let objects = try await objects(selection, isVerified: isVerified)
        while let object = try await objects.next() { try await body(object) }
    }

    // MARK: Stores

    /// Calls `body` with each shard's store, of all jobs, and the digest that its content should have. A store is there
    /// during the call.
    /// - Parameter onDamage: gets what is wrong with a store that can't be read, and those behind it are read all the
    ///   same.
    package func forEachStore(
        onDamage: (String) -> Void, _ body: (ChunkStore, ContentDigest) async throws -> Void
    ) async throws {
        let folder = try makeFolder()
        for generation in history {
            for shard in generation.catalog.shards {
                do {
                    let part = try await ShardPart(generation, shard, Selection(), order, in: folder)
                    let content = try await generation.content(of: shard)
                    do { try await body(part.store, content) } catch {
                        throw Self.named(error, part.store.path, generation.job, shard)
                    }
                } catch let error as JobError {
                    onDamage("shard \(shard.shard): \(error)")
                } catch let error as StoreError {
                    onDamage("shard \(shard.shard): \(error)")
                }
            }
        }
    }

    /// The error of a copy on this machine, with the name of the job's file: that is what people know.
    static func named(_ error: any Error, _ path: String, _ job: Job, _ shard: Catalog.Shard) -> any Error {
        guard var error = error as? StoreError else { return error }
        let name = job.url + JobNames.store(shard.shard, shard.resultDigest)
        error.message = error.message.replacing(path, with: name)
        // What else can be wrong, as a full disk, is none of the job's.
        if [.corrupt, .notAStore].contains(error.code) {
            error.advice =
                "Remove \(job.url)\(JobNames.done(shard.shard)) and that file, start a worker for shard "
                + "\(shard.shard), and look at the job again."
        }
        return error
    }

    // MARK: Rows

    /// What the rows of all jobs come to. Costs the rows, not the stores.
    package func rowSums() async throws -> RowSums {
        let folder = try makeFolder()
        let rows = try await HistoryRows(history, order: order, in: folder.url)
        var sums = RowSums()
        while let (_, row) = try await rows.next() {
            if let result = row.result { sums.add(result, byteCount: row.object.size) }
        }
        return sums
    }

    /// The digest with ETags and version IDs taken in.
    package func versionsDigest() async throws -> String {
        let folder = try makeFolder()
        let rows = try await HistoryRows(history, order: order, in: folder.url)
        var sum = ContentDigest()
        try await forEachObject { object in
            guard let (place, row) = try await rows.next(), place == object.place else {
                throw Job.changed(history[history.count - 1].job.url)
            }
            guard let digest = row.result?.digest, let content = object.object.content else { return }
            sum.insert(ContentDigest.versioned(digest, eTag: content.eTag, versionID: content.versionID))
        }
        return sum.text(settings: catalog.settings)
    }
}

/// What jobs say of one object, the newest first: the newest says how it stands, and the newest that has content, or
/// has said that there is none, what is stored.
private struct MergedObject {
    private var shown: StoredObject?
    /// How it stands, where a planner says so.
    private var settled: ObjectRow?
    private var isRemoved = false
    /// Whether an older job has no say any more.
    private var isDecided = false
    /// Where its content is.
    private(set) var part: ShardPart?

    mutating func add(older head: GenerationCursor.Head) {
        guard !isDecided else { return }
        if let row = head.settled {
            let isGone = row.result?.state == ObjectRow.Result.removed
            if isGone, shown == nil, settled == nil { isRemoved = true }
            if isGone { isDecided = true } else if settled == nil, shown == nil { settled = row }
            return
        }
        guard let object = head.object else { return }
        if shown == nil { shown = object } else { shown?.take(contentOf: object) }
        if object.content != nil { part = head.part }
        isDecided = object.content != nil || !ObjectRow.Result.keepsContent(object.state, object.reason ?? "")
    }

    /// nil: it is gone.
    var object: StoredObject? {
        guard !isRemoved, var object = shown else { return nil }
        if let settled, let result = settled.result {
            object.state = ObjectState(rawValue: result.state) ?? object.state
            object.reason = result.reason.isEmpty ? nil : result.reason
            object.size = settled.object.size
            if !settled.object.eTag.isEmpty { object.eTag = settled.object.eTag }
            object.lastModified = settled.object.lastModified
            object.storageClass = settled.object.storageClass
        }
        return object
    }
}

extension StoredObject {
    fileprivate mutating func take(contentOf older: StoredObject) {
        content = older.content
        chunkCount = older.chunkCount
        tokenCount = older.tokenCount
    }
}
