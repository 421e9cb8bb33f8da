internal import DredgeLedger
internal import GRDB

/// What a file has of the schema, and how it gets it.
extension Schema {
    static func isEmpty(_ db: Database) throws -> Bool {
        try applicationID(db) == 0 && userVersion(db) == 0
            && Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
    }

    private static func applicationID(_ db: Database) throws -> Int32 {
        try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    }

    static func userVersion(_ db: Database) throws -> Int32 {
        try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    /// In one transaction: a crash leaves an empty file or a store.
    static func create(_ db: Database) throws {
        try db.execute(sql: "PRAGMA page_size = \(StoreLimits.pageByteCount)")
        try db.inTransaction(.immediate) {
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(version)")
            try db.execute(sql: sql)
            return .commit
        }
    }

    /// Brings a store of version 1 to this one, in one transaction.
    static func migrate(_ db: Database) throws {
        try db.inTransaction(.immediate) {
            try db.execute(sql: migrationSQL)
            return .commit
        }
    }

    /// Refuses what this program can't read.
    static func check(_ db: Database, path: String) throws {
        let id = try applicationID(db)
        if try isEmpty(db) {
            throw StoreError.notAStore(
                path: path,
                what: "it is empty: the run that made it was interrupted in its first moment, and the next one fills it"
            )
        }
        guard id == applicationID else {
            throw StoreError.notAStore(path: path, what: "it is an SQLite database of another application")
        }
        let found = try userVersion(db)
        guard found <= version else {
            throw StoreError(
                code: .newerSchema, path: path,
                message: "\(path) has schema version \(found); this program knows versions up to \(version).",
                advice: "Use a newer version of dredge, or another store.")
        }
        guard found >= 1 else {
            throw StoreError.notAStore(path: path, what: "it has schema version \(found), which never was")
        }
    }

    // MARK: Settings

    static func settings(_ db: Database) throws -> [String: String] {
        let rows = try query(db, "SELECT name, value FROM setting") { ($0.text(0) ?? "", $0.text(1) ?? "") }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }

    /// Gives a store its settings that has none, and no content that would be of others: a new one, or one whose
    /// settings could not be repaired.
    static func adopt(_ settings: [String: String], _ db: Database) throws {
        let isFree = try Bool.fetchOne(
            db,
            sql: """
                SELECT NOT EXISTS (SELECT 1 FROM setting)
                    AND NOT EXISTS (SELECT 1 FROM object WHERE content_etag IS NOT NULL)
                """)
        guard isFree == true, !settings.isEmpty else { return }
        try db.inTransaction(.immediate) {
            try insert(settings, db)
            return .commit
        }
    }

    /// Within a transaction of the caller's.
    static func insert(_ settings: [String: String], _ db: Database) throws {
        let insert = Table.setting.insert(["name": "?1", "value": "?2"])
        for (name, value) in settings { try db.execute(sql: insert, arguments: [name, value]) }
    }

    // MARK: Indexes

    static func renewPendingIndex(_ db: Database) throws {
        let sql = try String.fetchOne(db, sql: "SELECT sql FROM sqlite_master WHERE name = 'object_pending'")
        guard sql != pendingIndexSQL else { return }
        try db.inTransaction(.immediate) {
            try db.execute(sql: "DROP INDEX IF EXISTS object_pending")
            try db.execute(sql: pendingIndexSQL)
            return .commit
        }
    }
}
