internal import DredgeBase
internal import DredgeStore
internal import Foundation
internal import GRDB
internal import Logging
internal import Synchronization

/// Keeps the collections' searches as their chunk stores are: when a job ends, and, where that did not happen (the
/// files are missing, the server was killed), before the first query.
final class SearchIndexes: Sendable {
    private let database: ControlDatabase
    private let stores: CollectionStores
    private let merging: SearchMerging
    private struct Builds: Sendable {
        var running: [String: Int] = [:]
        var count = 0
        /// What became of a build, until somebody has begun another one.
        var errors: [String: any Error] = [:]
        var isStopping = false
    }
    private let builds = Monitor(Builds(), order: .any)

    init(database: ControlDatabase, stores: CollectionStores, logger: Logger) {
        self.database = database
        self.stores = stores
        merging = SearchMerging(files: stores.search) { collection, error in
            logger.error(
                "a collection's search could not be merged",
                metadata: ["collection": "\(collection)", "error": "\(error)"])
        }
    }

    /// Brings the collection's search to what the store has. Costs a look at every document, and the reading of those
    /// that are new. Meanwhile, queries find what was there before.
    ///
    /// Throws `CancellationError` where the service stops, or the collection is wanted by who deletes.
    /// - Parameter endedRun: the name of the run whose end this is.
    @concurrent
    func update(_ collection: String, endedRun: String? = nil) async throws {
        let files = stores.search
        try await files.exclusively(collection) { [self] in
            try await stores.read(collection) { [self] reader in
                if reader == nil, !files.exists(collection) { return files.setCurrent(collection, true) }
                let metadata = try await metadata(collection)
                do {
                    try await files.write(collection) { catalog in
                        var update = SearchUpdate(reader, catalog, files, collection, metadata: metadata) { count in
                            if count > ServiceLimits.searchSegmentCountMax { try await self.merging.settle(collection) }
                        }
                        try await update.run(endedRun: endedRun)
                        if update.hasChanged { self.merging.request(collection) }
                    }
                } catch {
                    files.setCurrent(collection, false)
                    throw error
                }
                files.publish(collection)
                files.setCurrent(collection, true)
            }
        }
    }

    /// The collection's search, as it is now; nil: nothing was ever indexed. One that is behind is made first, which
    /// goes on when this throws `unavailable`.
    func current(_ collection: String) async throws -> SearchReader? {
        if !stores.search.isCurrent(collection) { try await catchUp(collection) }
        do {
            return try await stores.search.reader(collection)
        } catch  where SearchCatalog.isUseless(error) {
            stores.search.setDamaged(collection)
            try await catchUp(collection)
            return try await stores.search.reader(collection)
        }
    }

    /// What `body` answers of the collection's search. Where the files turn out to be damaged, they are made anew.
    func query<T: Sendable>(
        _ collection: String, _ body: @Sendable (SearchReader?) async throws -> T
    ) async throws -> T {
        let reader = try await current(collection)
        do { return try await body(reader) } catch  where SearchCatalog.isUseless(error) {
            stores.search.setDamaged(collection)
            return try await body(try await current(collection))
        }
    }

    private func catchUp(_ collection: String) async throws {
        let seconds = stores.search.settings.withLock(\.waitSeconds)
        let isDone = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { [self] in
                while !stores.search.isCurrent(collection) { try await build(collection) }
                return true
            }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        guard isDone else { throw Self.notReady }
    }

    private static let notReady = ServiceError.refused(
        .unavailable, "search_not_ready",
        "What the collection's search needs is being made, which may take minutes. Try again later.")

    /// Waits for the build that runs, or for one that it begins: which goes on when nobody waits any more. Throws what
    /// it threw, but for interruptions.
    private func build(_ collection: String) async throws {
        let (number, isNew) = try builds.update { builds in
            if builds.isStopping { throw Self.notReady }
            if let number = builds.running[collection] { return (number, false) }
            builds.count += 1
            builds.running[collection] = builds.count
            builds.errors[collection] = nil
            return (builds.count, true)
        }
        if isNew {
            Task.detached { [self] in
                var failure: (any Error)?
                do { try await update(collection) } catch { failure = error }
                builds.update { builds in
                    builds.running[collection] = nil
                    if !(failure is CancellationError) { builds.errors[collection] = failure }
                }
            }
        }
        let failure = try await builds.wait { builds -> (any Error)?? in
            builds.running[collection] == number ? nil : .some(builds.errors[collection])
        }
        if let failure { throw failure }
    }

    /// Ends what is being made: soon. The next start goes on with it.
    func stop() async {
        builds.update { $0.isStopping = true }
        stores.search.stop()
        try? await builds.wait { $0.running.isEmpty ? () : nil }
        await merging.stopped()
    }

    /// Ends what is being made, as `stop`, without waiting.
    func interrupt() {
        builds.update { $0.isStopping = true }
        stores.search.stop()
    }

    /// Waits until the collection's segments are merged.
    func settle(_ collection: String) async throws { try await merging.settle(collection) }

    /// What the jobs attached to their documents, by their runs' names.
    private func metadata(_ collection: String) async throws -> [String: String] {
        try await database.read { db in
            let jobs = try JobRecord.fetch(db, "WHERE collection = ?", [collection])
            return Dictionary(jobs.map { ($0.runName, JSON.object($0.request.metadata).text) }) { $1 }
        }
    }
}
