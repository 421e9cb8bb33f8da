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
        /// Documents that are not listed any more, and stay until somebody confirms that they are to go.
        public var withheld: [WithheldRemovals]
    }

    /// Lists the sources, or reads the inventories of their buckets, cuts shards and writes the job's files. Memory is
    /// `ShardLimits.sortByteCount` and some pages of the listings, whatever the buckets hold.
    ///
    /// Throws a `RunError` where a source can't be listed to its end, and a `JobError` for all else.
    /// - Parameter since: the ID of a merged job in the same place: then only what is new or changed since becomes
    ///   shards, and what is not listed any more goes as each source's `removal` has it.
    public func plan(
        _ count: ShardCount, with engine: Engine, inventories: [Inventory] = [], keys: KeyList? = nil,
        since: String? = nil
    ) async throws -> Planned {
        // Before hours of listing: whether a job can be made there.
        _ = try await results.create(JobNames.results, Array("{\"format_version\":\(JobFile.currentVersion)}\n".utf8))
        guard sources.count <= ShardLimits.sourceCountMax else {
            throw JobError(
                code: .usage, place: "the config", message: "It has \(sources.count) sources.",
                advice: "A job has at most \(ShardLimits.sourceCountMax): make several.")
        }
        let names = engine.jobNames(of: sources)
        let history = try await history(of: since, names)
        let passing = try PassingFolder("dredge-plan", in: scratch)
        defer { withExtendedLifetime(passing) {} }
        let folder = passing.url
        let order = SourceOrder(names)
        let listing = try await list(engine, inventories, keys, order, in: folder)
        let sort = listing.sort
        let comparison = try await compare(listing, history, names, order, in: folder)
        let pieces = try cut(count, in: folder) { (body) throws(JobError) in
            if let comparison {
                return try comparison.forEachToRead { row throws(JobError) in try body(.compared(row)) }
            }
            let sorted = try sort.sorted()
            while let record = try sorted.next() {
                try body(.listed(record, names[order.source(of: record.source)].name))
            }
        }
        let numbers = ShardCut.interleaved(pieces.count)
        var index = ShardIndex(shards: pieces.map(\.shard))
        for (piece, number) in numbers.enumerated() { index.shards[number] = pieces[piece].shard }
        let indexBytes = try JobText.bytes(index)
        var job = JobFile(
            dredgeVersion: Version.current, config: config, settings: settings.named,
            sources: names, shardCount: pieces.count,
            objectCount: pieces.reduce(0) { $0 + $1.shard.objectCount },
            byteCount: pieces.reduce(0) { $0 + $1.shard.byteCount }, leftOut: listing.leftOut,
            indexDigest: SHA256.hex(indexBytes))
        let settled = folder.appending(path: "settled.csv.gz").path
        if let comparison, let last = history.last {
            job.since = JobFile.Since(
                jobs: history.map(\.job.file.id), catalogDigest: last.catalogDigest,
                unchangedCount: comparison.unchangedCount, settled: try comparison.settle(to: settled),
                removals: comparison.removals, storedSources: comparison.storedSources)
        }
        job.id = try job.contentID
        let storage = StorageFolder(JobNames.folder(job.id), of: results)
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
        if job.since != nil { _ = try await storage.upload(settled, to: JobNames.settled) }
        _ = try await storage.create(JobNames.index, indexBytes)
        // Last: where it is, the others are.
        _ = try await storage.create(JobNames.job, try JobText.bytes(job))
        let removals = job.since?.removals ?? [:]
        return Planned(
            job: job, url: storage.url,
            withheld: sources.compactMap { source in
                removals[source.name].flatMap { WithheldRemovals(source, $0) }
            })
    }

    /// The job to go on from, and those before it. Throws where this one can't go on from it.
    private func history(of id: String?, _ names: [JobFile.SourceName]) async throws(JobError) -> [Generation] {
        guard let id else { return [] }
        let history = try await JobResults(results).history(of: id)
        guard let last = history.last?.job.file else { return [] }
        func refusal(_ message: String) -> JobError {
            JobError(
                code: .usage, place: "\(results.url)\(JobNames.folder(id))/", message: message,
                advice: "Plan a job that reads all, without --since.")
        }
        guard last.settings == settings.named else {
            throw refusal("It has other settings of the index than the config: its chunks are others.")
        }
        for (place, source) in last.sources.enumerated()
        where !names.indices.contains(place) || !source.isSame(as: names[place]) {
            let now = names.indices.contains(place) ? "The config has \(names[place].shown)" : "The config has none"
            throw refusal(
                "Its source \(place + 1) is \(source.shown). \(now) there. Name, bucket, prefix and endpoint must stay "
                    + "the same, in the same order; new sources may stand behind them.")
        }
        guard history.count < ShardLimits.generationCountMax else {
            throw refusal(
                "\(history.count) jobs go on from one another already. The catalog of the new one becomes the latest "
                    + "with `dredge merge --make-latest`.")
        }
        return history
    }

    /// nil: there is nothing to compare with.
    private func compare(
        _ listing: Listing, _ history: [Generation], _ names: [JobFile.SourceName], _ order: SourceOrder,
        in folder: URL
    ) async throws -> JobComparison? {
        guard !history.isEmpty else { return nil }
        let candidates = names.enumerated().map { index, name in
            RemovalCandidates(
                isListingEmpty: listing.counts[index] == 0,
                haveFiltersChanged: history.otherFilters(of: name) != nil)
        }
        let comparison = try JobComparison(sources, order: order, candidates: candidates, in: folder)
        try await comparison.compare(
            listing.sort.sorted(), with: HistoryRows(history, order: order, in: folder), isTrusted: listing.isTrusted,
            begins: listing.begins)
        return comparison
    }

    /// What the sources have now.
    private struct Listing {
        var sort: ObjectSort
        var leftOut = JobFile.LeftOut()
        /// By source: entries, those that filters leave out included.
        var counts: [Int]
        /// By source: whether nothing can be missing in what was listed.
        var isTrusted: [Bool]
        /// By source: when the inventory was begun that stands for its listing; nil: it was listed now.
        var begins: [Date?]
    }

    private func list(
        _ engine: Engine, _ inventories: [Inventory], _ keys: KeyList?, _ order: SourceOrder, in folder: URL
    ) async throws -> Listing {
        let sort = ObjectSort(in: folder)
        var leftOut = JobFile.LeftOut()
        var (counts, isTrusted) = (sources.map { _ in 0 }, sources.map { _ in true })
        var begins = [Date?](repeating: nil, count: sources.count)
        for (index, source) in sources.enumerated() {
            var failure: JobError?
            func add(_ objects: [ListedObject], _ entries: [ListingEntry]) {
                counts[index] += entries.count
                // By their places, so that neither is copied.
                for place in objects.indices where failure == nil {
                    if entries[place].skipReason == .filtered {
                        leftOut.filtered? += 1
                    } else if let reason = entries[place].failReason {
                        leftOut.failed[reason, default: 0] += 1
                        // It may be one that an earlier job has read.
                        isTrusted[index] = false
                    } else {
                        do throws(JobError) { try sort.add(objects[place], of: order.code(of: index)) } catch {
                            failure = error
                        }
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
            if let inventory {
                begins[index] = inventory.created
                // Of what is missing nothing tells whether it came later.
                if inventory.created == nil { isTrusted[index] = false }
            }
            let listed = try await engine.list(source, inventory: inventory, named: RunName.make(), add)
            if let failure { throw failure }
            if inventory == nil, listed.mayRepeat { leftOut.filtered = nil }
            // An inventory comes in no order that could be broken.
            if inventory == nil, !listed.isTrusted {
                leftOut.distrusted.append(source.name)
                isTrusted[index] = false
            }
        }
        return Listing(sort: sort, leftOut: leftOut, counts: counts, isTrusted: isTrusted, begins: begins)
    }

    /// What is to be read.
    private enum Row {
        /// An object of a source as it was listed. Not as an `ObjectRow`: that is made of pieces of memory, which costs
        /// as much as all else here.
        case listed(SortRecord, String)
        /// With what earlier jobs have of it.
        case compared(ObjectRow)

        var size: UInt64 {
            switch self {
            case .listed(let record, _): record.size
            case .compared(let row): row.object.size
            }
        }

        /// Its source and key.
        var place: ShardIndex.FirstObject {
            switch self {
            case .listed(let record, let source): .init(source: source, key: URIEncoding.path(record.key))
            case .compared(let row): .init(source: row.source, key: URIEncoding.path(row.object.key.bytes))
            }
        }
    }

    private struct Piece {
        var shard: ShardIndex.Shard
        var path: String
    }

    /// - Parameter forEachRow: goes over what is to be read, in order.
    private func cut(
        _ count: ShardCount, in folder: URL,
        _ forEachRow: ((Row) throws(JobError) -> Void) throws(JobError) -> Void
    ) throws(JobError) -> [Piece] {
        var weight: UInt64 = 0
        try forEachRow { row throws(JobError) in weight += ShardCut.weight(ofObjectOf: row.size) }
        var cut = ShardCut(weight: weight, count: try count.count(weight: weight))
        var pieces: [Piece] = []
        var writer: ManifestWriter?
        try forEachRow { row throws(JobError) in
            let piece = cut.piece(ofObjectOf: row.size)
            if writer?.piece != piece {
                if let done = try writer?.finish() { pieces.append(done) }
                writer = nil
                writer = try ManifestWriter(piece, at: pieces.count, beginning: row, in: folder)
            }
            try writer?.add(row)
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
            _ piece: Int, at position: Int, beginning first: Row, in folder: URL
        ) throws(JobError) {
            self.piece = piece
            path = folder.appending(path: "manifest-\(position).csv.gz").path
            shard = ShardIndex.Shard(
                objectCount: 0, byteCount: 0, manifestDigest: "",
                first: first.place, position: position)
            rows = try RowWriter(path, .manifest)
        }

        func add(_ row: Row) throws(JobError) {
            shard.objectCount += 1
            shard.byteCount += row.size
            switch row {
            case .listed(let record, let source): try rows?.write(record, of: source)
            case .compared(let row): try rows?.write(row)
            }
        }

        func finish() throws(JobError) -> Piece? {
            guard let rows = rows.take() else { return nil }
            shard.manifestDigest = try rows.finish()
            return Piece(shard: shard, path: path)
        }
    }
}

extension JobFile.SourceName {
    /// For people.
    fileprivate var shown: String {
        "\"\(name)\", s3://\(bucket)/\(prefix)\(endpoint.map { " at \($0)" } ?? "")"
    }
}

extension Engine {
    /// What of sources must be the same for planner and workers.
    func jobNames(of sources: [Source]) -> [JobFile.SourceName] {
        zip(sources, records(of: sources)).map {
            JobFile.SourceName(
                name: $0.name, bucket: $0.bucket, prefix: $0.prefix, endpoint: $1.endpointURL, filters: $1.filters)
        }
    }
}
