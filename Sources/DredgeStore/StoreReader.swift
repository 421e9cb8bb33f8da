internal import GRDB

/// A connection that only reads. `snapshot()` holds one view of the store while several reads are made.
///
/// A view that is held keeps SQLite from reusing its log, which grows while a run writes: hold it no longer than
/// needed.
final class StoreReader: Sendable {
    let path: String
    private let queue: DatabaseQueue

    init(path: String) throws {
        self.path = path
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "dredge-store-reader"
        // The snapshot is a transaction that stays open between reads.
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(Double(StoreLimits.busyMilliseconds) / 1_000)
        configuration.prepareDatabase { db in
            try RowChecksum.register(db)
            try db.execute(sql: "PRAGMA cache_size = -\(StoreLimits.readerPageCacheByteCount >> 10)")
        }
        queue = try DatabaseQueue(path: StorePath.forSQLite(path), configuration: configuration)
    }

    deinit { try? queue.close() }

    /// From here on, all reads see the store as it is at the first of them.
    func snapshot() throws {
        try queue.unsafeRead { db in try db.execute(sql: "BEGIN DEFERRED") }
    }

    /// Blocks the thread.
    func read<T>(_ body: (Database) throws -> T) throws -> T { try queue.unsafeRead(body) }

    /// Runs on the connection's own thread.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await queue.unsafeRead(body)
    }
}
