internal import DredgeBase
internal import DredgeStore
internal import Foundation
internal import GRDB
internal import Synchronization

/// Keeps the collections' search files as their chunk stores are: when a job ends, and, where that did not happen
/// (the file is missing, the server was killed), before the first query.
final class SearchIndexes: Sendable {
    private let database: ControlDatabase
    private let stores: CollectionStores
    private struct Builds {
        var tasks: [String: Task<Void, any Error>] = [:]
        var isStopping = false
    }
    private let builds = Mutex(Builds())

    init(database: ControlDatabase, stores: CollectionStores) {
        self.database = database
        self.stores = stores
    }

    /// Brings the collection's search file to what the store has. Costs a look at every document, and the reading of
    /// those that are new.
    /// - Parameter endedRun: the name of the run whose end this is.
    @concurrent
    func update(_ collection: String, endedRun: String? = nil) async throws {
        let files = stores.search
        try await files.exclusively(collection) { [self] in
            try await stores.read(collection) { [self] reader in
                if reader == nil, !files.exists(collection) { return files.setCurrent(collection, true) }
                files.setCurrent(collection, false)
                let metadata = try await metadata(collection)
                try await files.write(collection) { file in
                    var update = SearchUpdate(reader, file, metadata: metadata)
                    try await update.run(endedRun: endedRun)
                    if update.hasChanged, try await Self.shouldRewrite(file) {
                        try await Task.detached { try SearchRewrite.run(file) }.value
                    }
                }
                files.setCurrent(collection, true)
            }
        }
    }

    /// The collection's search file, as it is now; nil: nothing was ever indexed. One that is behind is made first,
    /// which goes on when this throws `unavailable`.
    func current(_ collection: String) async throws -> SearchReader? {
        if !stores.search.isCurrent(collection) { try await catchUp(collection) }
        do {
            return try stores.search.reader(collection)
        } catch  where SearchFile.isUseless(error) {
            stores.search.setCurrent(collection, false)
            try await catchUp(collection)
            return try stores.search.reader(collection)
        }
    }

    private func catchUp(_ collection: String) async throws {
        let task = builds.withLock { builds -> Task<Void, any Error>? in
            if builds.isStopping { return nil }
            if let task = builds.tasks[collection] { return task }
            let task = Task {
                defer { self.builds.withLock { $0.tasks[collection] = nil } }
                try await self.update(collection)
            }
            builds.tasks[collection] = task
            return task
        }
        let isDone = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await task?.value
                return task != nil
            }
            group.addTask {
                try await Task.sleep(for: .seconds(ServiceLimits.searchWaitSeconds))
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        guard isDone else {
            throw ServiceError.refused(
                .unavailable, "search_not_ready",
                "What the collection's search needs is being made, which may take minutes. Try again later.")
        }
    }

    /// Ends what is being made. The next start goes on with it.
    func stop() async {
        let tasks = builds.withLock { builds in
            builds.isStopping = true
            return Array(builds.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.result }
    }

    /// What the jobs attached to their documents, by their runs' names.
    private func metadata(_ collection: String) async throws -> [String: String] {
        try await database.read { db in
            let jobs = try JobRecord.fetch(db, "WHERE collection = ?", [collection])
            return Dictionary(jobs.map { ($0.runName, JSON.object($0.request.metadata).text) }) { $1 }
        }
    }

    private static func shouldRewrite(_ file: SearchFile) async throws -> Bool {
        try await file.queue.read { db in
            let segments = try Row.fetchOne(db, sql: "SELECT count(*), ifnull(sum(chunk_count), 0) FROM segment")
            let live = try Int.fetchOne(db, sql: "SELECT ifnull(sum(chunk_count), 0) FROM document") ?? 0
            guard let segments else { return false }
            let (count, total): (Int, Int) = (segments[0], segments[1])
            return count > ServiceLimits.searchSegmentCountMax || (total - live) * 8 > total
        }
    }
}
