internal import DredgeBase
internal import Foundation
internal import GRDB
internal import Synchronization

/// What tests set otherwise.
struct SearchSettings: Sendable {
    var postingCountMax = ServiceLimits.searchPostingCountMax
    var waitSeconds = ServiceLimits.searchWaitSeconds
}

/// The search's files of the collections: who writes to which, and those that are open to be searched.
final class SearchFiles: Sendable {
    /// Where a collection's catalog is.
    let path: @Sendable (_ collection: String) -> String
    struct Uses: Sendable {
        var writing: Set<String> = []
        /// Who waits for it to be left alone, so that whatever can be interrupted is.
        var claims: [String: Int] = [:]
        /// The collection whose segments are being merged.
        var merging: String?
        /// Collections whose search has what the chunk store has, as far as this process knows.
        var current: Set<String> = []
        /// Collections whose files turned out to be damaged.
        var damaged: Set<String> = []
        /// Collections where what a process that was killed left behind is gone.
        var swept: Set<String> = []
        var isStopping = false
    }
    let uses = Monitor(Uses(), order: .any)
    let settings = Mutex(SearchSettings())
    /// Who may have words in memory, for one segment.
    private let builds = Monitor(0)
    private struct Readers {
        var open: [String: (reader: SearchReader, lastUse: Int)] = [:]
        var useCount = 0
        /// How often a collection's files became others.
        var generations: [String: Int] = [:]
    }
    private let readers = Mutex(Readers())

    /// - Parameter path: where a collection's catalog is.
    init(path: @escaping @Sendable (_ collection: String) -> String) { self.path = path }

    /// - Parameter directory: of the collections' files.
    convenience init(directory: URL) { self.init { directory.appending(path: "\($0).search").path } }

    func exists(_ collection: String) -> Bool { FileManager.default.fileExists(atPath: path(collection)) }

    /// Whether the search has what the chunk store has, or there is nothing that it could have.
    func isCurrent(_ collection: String) -> Bool { uses.read { $0.current.contains(collection) } }

    func setCurrent(_ collection: String, _ isCurrent: Bool) {
        uses.update { uses in
            if isCurrent { uses.current.insert(collection) } else { uses.current.remove(collection) }
        }
    }

    /// Lets whoever writes next make the files anew.
    func setDamaged(_ collection: String) {
        uses.update { uses in
            uses.current.remove(collection)
            uses.damaged.insert(collection)
        }
        forgetReader(collection)
    }

    // MARK: Writing

    /// Whoever writes asks this now and then, and ends by the error: the service stops, somebody wants the files alone,
    /// or the task is cancelled. What is written then is sound, and the next update goes on with it.
    func check(_ collection: String) throws {
        let isWanted = uses.read { $0.isStopping || $0.claims[collection] != nil }
        if isWanted || Task.isCancelled { throw CancellationError() }
    }

    /// Ends whatever is written. Nothing is begun afterwards.
    func stop() { uses.update { $0.isStopping = true } }

    /// Runs `body` while nobody else writes to the files, but for merging. Waits for who does. Queries go on.
    func exclusively<T: Sendable>(_ collection: String, _ body: @Sendable () async throws -> T) async throws -> T {
        try await uses.wait { uses -> Void? in
            uses.claims[collection] == nil && uses.writing.insert(collection).inserted ? () : nil
        }
        defer { uses.update { _ = $0.writing.remove(collection) } }
        return try await body()
    }

    /// Runs `body` while nobody else writes to the files, nor merges. Interrupts who does. Queries go on.
    private func alone<T: Sendable>(_ collection: String, _ body: @Sendable () async throws -> T) async throws -> T {
        claim(collection)
        defer { endClaim(collection) }
        try await uses.wait { $0.merging != collection && $0.writing.insert(collection).inserted ? () : nil }
        defer { uses.update { _ = $0.writing.remove(collection) } }
        return try await body()
    }

    private func claim(_ collection: String) { uses.update { $0.claims[collection, default: 0] += 1 } }

    private func endClaim(_ collection: String) {
        uses.update { uses in
            let count = uses.claims[collection, default: 1] - 1
            uses.claims[collection] = count > 0 ? count : nil
        }
    }

    /// Deletes files that are useless, for who has them exclusively: not while they are merged.
    private func discard(_ collection: String) async throws {
        claim(collection)
        defer { endClaim(collection) }
        try await uses.wait { $0.merging != collection ? () : nil }
        try await WorkThreads.openings.run { [path = path(collection)] in SearchCatalog.unlink(path) }
        uses.update { uses in
            uses.current.remove(collection)
            uses.damaged.remove(collection)
        }
        forgetReader(collection)
    }

    /// Waits until one may have words in memory, for one segment. First come, first served.
    func beginTurn() async throws {
        try await builds.wait { (count) -> Void? in
            guard count < ServiceLimits.searchBuildCountMax else { return nil }
            count += 1
            return ()
        }
    }

    func endTurn() { builds.update { $0 -= 1 } }

    /// Opens the catalog for who has it exclusively. Files that turn out to be useless are deleted.
    func write(_ collection: String, _ body: (SearchCatalog) async throws -> Void) async throws {
        if uses.read({ $0.damaged.contains(collection) }) { try await discard(collection) }
        do {
            let catalog = try await catalog(collection)
            defer { try? catalog.queue.close() }
            if uses.read({ !$0.swept.contains(collection) }) {
                try Self.sweep(catalog)
                uses.update { _ = $0.swept.insert(collection) }
            }
            try await body(catalog)
        } catch  where SearchCatalog.isUseless(error) {
            try await discard(collection)
            throw error
        }
    }

    private func catalog(_ collection: String) async throws -> SearchCatalog {
        do { return try SearchCatalog(path: path(collection)) } catch  where SearchCatalog.isUseless(error) {
            try await discard(collection)
            return try SearchCatalog(path: path(collection))
        }
    }

    /// Deletes segments that were not finished, or not yet deleted, when a process was killed.
    private static func sweep(_ catalog: SearchCatalog) throws {
        let known = try catalog.queue.read { db in
            try db.segments().map { SearchCatalog.segmentPath(catalog.path, $0.id) }
        }
        for path in Set(SearchCatalog.segmentNames(catalog.path)).subtracting(known) { unlink(path) }
    }

    // MARK: Removal

    /// Leaves documents out, with every trace in the files: of those that are gone, and of whatever else is not found
    /// any more. Then runs `body`, which removes them from the chunk store: nobody adds them again between the two.
    /// First the search: what is not found can be deleted again, and what is deleted must not be found.
    func remove(
        from collection: String, where isGone: @escaping @Sendable (_ number: Int64, _ run: Int64) -> Bool,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        try await alone(collection) { [self] in
            do {
                try await leaveOut(isGone, of: collection)
                try await body()
            } catch {
                // The store still has what the search has not.
                setCurrent(collection, false)
                forgetReader(collection)
                throw error
            }
        }
    }

    private func leaveOut(
        _ isGone: @escaping @Sendable (_ number: Int64, _ run: Int64) -> Bool, of collection: String
    ) async throws {
        guard exists(collection) else { return }
        do {
            try await write(collection) { catalog in
                try await WorkThreads.files.run { [self] in
                    try SearchErasure.run(catalog, where: isGone) {
                        if uses.read(\.isStopping) { throw CancellationError() }
                    }
                }
            }
            publish(collection)
        } catch  where SearchCatalog.isUseless(error) {
            // The files were deleted, which leaves no trace either.
        }
    }

    /// Deletes the files. Then runs `body`, which deletes the chunk store: nobody makes them anew between the two.
    func delete(_ collection: String, _ body: @Sendable () async throws -> Void) async throws {
        try await alone(collection) { [self] in
            try await discard(collection)
            try await body()
        }
    }

    // MARK: Reading

    /// The search, open; nil: there is none. Never makes a file.
    func reader(_ collection: String) async throws -> SearchReader? {
        let known = readers.withLock { readers in
            readers.useCount += 1
            readers.open[collection]?.lastUse = readers.useCount
            return readers.open[collection]?.reader
        }
        if let known { return known }
        return try await WorkThreads.openings.run { [self] in try open(collection) }
    }

    /// Notes that the files are others now, and opens them anew where they are open, so that no query needs to.
    func publish(_ collection: String) {
        let old = readers.withLock { readers in
            readers.generations[collection, default: 0] += 1
            return readers.open[collection]?.reader
        }
        guard old != nil else { return }
        // An error is for the next query to see.
        do { _ = try open(collection, old) } catch { forgetReader(collection) }
    }

    private func forgetReader(_ collection: String) {
        readers.withLock { readers in
            readers.generations[collection, default: 0] += 1
            readers.open[collection] = nil
        }
    }

    /// Opens the files, and keeps them open. One that was opened before they became others is not kept: then they are
    /// opened again.
    private func open(_ collection: String, _ old: SearchReader? = nil) throws -> SearchReader? {
        while true {
            let generation = readers.withLock { $0.generations[collection, default: 0] }
            guard exists(collection) else { return nil }
            do {
                let reader = try SearchReader(try SearchCatalog(reading: path(collection)), reusing: old)
                let isKept = readers.withLock { readers in
                    guard readers.generations[collection, default: 0] == generation else { return false }
                    readers.open[collection] = (reader, readers.useCount)
                    Self.closeOldest(&readers)
                    return true
                }
                if isKept { return reader }
            } catch {
                // A segment that was merged meanwhile is gone.
                let isSame = readers.withLock { $0.generations[collection, default: 0] == generation }
                if isSame { throw error }
            }
        }
    }

    private static func closeOldest(_ readers: inout Readers) {
        while readers.open.count > ServiceLimits.openSearchCountMax,
            let oldest = readers.open.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            readers.open[oldest.key] = nil
        }
    }
}
