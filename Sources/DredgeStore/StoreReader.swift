internal import DredgeLedger
internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// A connection that only reads. `snapshot()` holds one view of the store while several reads are made.
///
/// A view that is held keeps SQLite from reusing its log, which grows while a run writes: hold it no longer than
/// needed.
///
/// SQLite reads a log by way of a shared-memory file beside it, which the first reader makes. Where it can't, because
/// the directory or the file system may not be written to, a store without a log is read as a file that nobody
/// changes; should somebody do so meanwhile, the read that meets it throws.
final class StoreReader: Sendable {
    let path: String
    private let queue: DatabaseQueue
    /// What the file was like when it was opened as one that nobody changes; nil: it was opened as usual.
    private let unchanging: FileState?

    init(path: String) throws {
        self.path = path
        do {
            queue = try DatabaseQueue(path: StorePath.forSQLite(path), configuration: Self.configuration)
            unchanging = nil
        } catch let error as DatabaseError
            where error.resultCode == .SQLITE_CANTOPEN || error.resultCode == .SQLITE_READONLY
        {
            guard let state = FileState(path) else { throw error }
            guard fileByteCount(path + "-wal") == 0 else { throw StoreError.unreadableLog(path: path) }
            guard sqlite3_compileoption_used("USE_URI") != 0 else { throw error }
            unchanging = state
            queue = try DatabaseQueue(path: StorePath.unchanging(path), configuration: Self.configuration)
        }
    }

    deinit { try? queue.close() }

    private static var configuration: Configuration {
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
        return configuration
    }

    /// From here on, all reads see the store as it is at the first of them.
    func snapshot() throws {
        try queue.unsafeRead { db in try db.execute(sql: "BEGIN DEFERRED") }
    }

    /// Blocks the thread.
    func read<T>(_ body: (Database) throws -> T) throws -> T {
        do {
            let value = try queue.unsafeRead(body)
            try requireUnchanged()
            return value
        } catch {
            try requireUnchanged()
            throw error
        }
    }

    /// Runs on the connection's own thread.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do {
            let value = try await queue.unsafeRead(body)
            try requireUnchanged()
            return value
        } catch {
            try requireUnchanged()
            throw error
        }
    }

    /// What was read of a file that has changed may be nonsense.
    private func requireUnchanged() throws(StoreError) {
        guard let unchanging, FileState(path) != unchanging || fileByteCount(path + "-wal") > 0 else { return }
        throw StoreError(
            code: .inUse, path: path,
            message: "\(path) was written to while it was read, in a directory where its log can't be read.",
            advice: "Read it again, or let this user write to the directory.")
    }
}

/// What shows that a file has been written to.
private struct FileState: Hashable {
    var inode: UInt64
    var byteCount: Int64
    var seconds: Int
    var nanoseconds: Int

    init?(_ path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        #if canImport(Darwin)
            let time = info.st_mtimespec
        #else
            let time = info.st_mtim
        #endif
        (inode, byteCount) = (UInt64(info.st_ino), Int64(info.st_size))
        (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec)
    }
}

extension StoreError {
    fileprivate static func unreadableLog(path: String) -> StoreError {
        StoreError(
            code: .readOnly, path: path,
            message: """
                \(path) has a log (\(path)-wal), which can't be read without write permission to the directory.
                """,
            advice: """
                Read it as a user who may write there, or copy both files into another directory. A run that ends \
                leaves no log.
                """)
    }
}
