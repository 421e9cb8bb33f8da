public import DredgeLedger
internal import Foundation
internal import GRDB

extension ChunkStore {
    /// Opens for writing; creates the file (mode 0600) where there is none. `settings` are names and values that the
    /// content is a function of.
    ///
    /// Throws `inUse` when somebody writes to it, `notAStore` for another kind of file (which is left as it is),
    /// `newerSchema` for one of a newer version, `otherSettings` with each setting that differs, `cannotOpen` and
    /// `readOnly` for a place where no file can be, `cannotOpen` also for a file with several hard links. A symbolic
    /// link is followed: `path` of the store is the file's own.
    public static func open(at path: String, settings: [String: String]) throws(StoreError) -> ChunkStore {
        let path = try StorePath.resolve(path)
        let lock = try StoreLock(storePath: path)
        let isNew = try createFile(path)
        do {
            var configuration = Configuration()
            configuration.label = "dredge-store"
            configuration.busyMode = .timeout(Double(StoreLimits.busyMilliseconds) / 1_000)
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA cache_size = -\(StoreLimits.pageCacheByteCount >> 10)")
            }
            let queue = try DatabaseQueue(path: StorePath.forSQLite(path), configuration: configuration)
            let firstBatch = try queue.writeWithoutTransaction { db in
                if try isEmpty(db) { try createSchema(db, settings: settings) }
                try check(db, path: path)
                try refuseOtherSettings(stored: storedSettings(db), asked: settings, path: path)
                try setUpLog(db)
                try renewPendingIndex(db)
                try addListingColumns(db)
                return try Int64.fetchOne(db, sql: "SELECT max(id) FROM batch") ?? 0
            }
            let writer = Writer(queue: queue, path: path)
            return ChunkStore(path: path, settings: settings, writer: writer, lock: lock, firstBatch: firstBatch + 1)
        } catch {
            // Nothing is left of a store that could not be made; an existing file is never touched.
            if isNew { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(path + suffix) } }
            throw StoreError(error, path: path)
        }
    }

    /// Opens for reading; never creates a store, never changes its content. `asked`: settings to refuse others than;
    /// nil: whatever they are. Works while a run writes. SQLite needs to make its `-wal` and `-shm` files beside it, so
    /// the directory must be writable for the first reader.
    public static func open(
        reading path: String, settings asked: [String: String]? = nil
    ) throws(StoreError) -> ChunkStore {
        let path = try StorePath.resolve(path)
        guard access(path, F_OK) == 0 else {
            throw StoreError(
                code: .cannotOpen, path: path, message: "There is no file \(path).",
                advice: "Check the path of the store.")
        }
        let settings = try storeErrors(path) {
            try StoreReader(path: path).read { db in
                try check(db, path: path)
                let stored = try storedSettings(db)
                if let asked { try refuseOtherSettings(stored: stored, asked: asked, path: path) }
                return stored
            }
        }
        return ChunkStore(path: path, settings: settings, writer: nil, lock: nil, firstBatch: 1)
    }

    // MARK: The file

    /// Makes an empty file that only this user may read; SQLite gives its `-wal` and `-shm` files the same mode.
    /// Whether it is new.
    private static func createFile(_ path: String) throws(StoreError) -> Bool {
        // With O_EXCL nobody can have opened it before, so closing this descriptor drops nobody's locks.
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            Foundation.close(descriptor)
            return true
        }
        let error = errno
        guard error == EEXIST else { throw StoreLock.cannotCreate(path, error) }
        guard access(path, R_OK | W_OK) == 0 else {
            throw StoreError(
                code: .readOnly, path: path, message: "\(path) may not be read and written by this user.",
                advice: "Change its mode or owner, or name another path.")
        }
        return false
    }

    // MARK: The schema

    private static func isEmpty(_ db: Database) throws -> Bool {
        try applicationID(db) == 0 && userVersion(db) == 0
            && Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
    }

    private static func applicationID(_ db: Database) throws -> Int32 {
        try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    }

    private static func userVersion(_ db: Database) throws -> Int32 {
        try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    /// In one transaction: a crash leaves an empty file or a store.
    private static func createSchema(_ db: Database, settings: [String: String]) throws {
        try db.execute(sql: "PRAGMA page_size = \(StoreLimits.pageByteCount)")
        try db.inTransaction(.immediate) {
            try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(Schema.version)")
            try db.execute(sql: Schema.sql)
            for (name, value) in settings {
                try db.execute(sql: "INSERT INTO setting(name, value) VALUES (?, ?)", arguments: [name, value])
            }
            return .commit
        }
    }

    private static func renewPendingIndex(_ db: Database) throws {
        let sql = try String.fetchOne(db, sql: "SELECT sql FROM sqlite_master WHERE name = 'object_pending'")
        guard sql != Schema.pendingIndexSQL else { return }
        try db.inTransaction(.immediate) {
            try db.execute(sql: "DROP INDEX IF EXISTS object_pending")
            try db.execute(sql: Schema.pendingIndexSQL)
            return .commit
        }
    }

    /// Stores that were made before removals could be withheld lack the columns for it.
    private static func addListingColumns(_ db: Database) throws {
        let columns = try query(db, "SELECT name FROM pragma_table_info('run_source')") { $0.text(0) ?? "" }
        guard !columns.contains("kept") else { return }
        try db.inTransaction(.immediate) {
            for column in Schema.listingColumns {
                try db.execute(sql: "ALTER TABLE run_source ADD COLUMN \(column)")
            }
            return .commit
        }
    }

    /// A write-ahead log, so that readers and the writer don't wait for one another.
    private static func setUpLog(_ db: Database) throws {
        guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
            throw StoreError(
                code: .sqlite, path: db.description, message: "This file system can't hold an SQLite write-ahead log.",
                advice: "Put the store on a local disk.")
        }
        try db.execute(sql: "PRAGMA synchronous = NORMAL")
        // A transaction's worth of log is copied into the file at a time, and what a large one left is cut off.
        let pageCount = StoreLimits.transactionByteCount / StoreLimits.pageByteCount
        _ = try Int.fetchOne(db, sql: "PRAGMA wal_autocheckpoint = \(pageCount)")
        _ = try Int.fetchOne(db, sql: "PRAGMA journal_size_limit = \(2 * StoreLimits.transactionByteCount)")
    }

    private static func check(_ db: Database, path: String) throws {
        let id = try applicationID(db)
        if try isEmpty(db) {
            throw StoreError.notAStore(
                path: path,
                what: "it is empty: the run that made it was interrupted in its first moment, and the next one fills it"
            )
        }
        guard id == Schema.applicationID else {
            throw StoreError.notAStore(path: path, what: "it is an SQLite database of another application")
        }
        let version = try userVersion(db)
        guard version <= Schema.version else {
            throw StoreError(
                code: .newerSchema, path: path,
                message: "\(path) has schema version \(version); this program knows versions up to \(Schema.version).",
                advice: "Use a newer version of dredge, or another store.")
        }
        guard version == Schema.version else {
            throw StoreError.notAStore(path: path, what: "it has schema version \(version), which never was")
        }
    }

    private static func storedSettings(_ db: Database) throws -> [String: String] {
        let rows = try query(db, "SELECT name, value FROM setting") { ($0.text(0) ?? "", $0.text(1) ?? "") }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }

    private static func refuseOtherSettings(
        stored: [String: String], asked: [String: String], path: String
    ) throws {
        let differing = Set(stored.keys).union(asked.keys).filter { stored[$0] != asked[$0] }.sorted()
        guard !differing.isEmpty else { return }
        let list = differing.map {
            "\($0) is \(stored[$0] ?? "not set") in the store, \(asked[$0] ?? "not set") is asked for"
        }
        throw StoreError(
            code: .otherSettings, path: path,
            message: "\(path) was made with other settings: \(list.joined(separator: "; ")).",
            advice: "Use the store's settings, or index into another store.")
    }
}
