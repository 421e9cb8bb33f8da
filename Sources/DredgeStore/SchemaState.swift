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
        let (found, tables) = (try userVersion(db), try versionOfTables(db))
        func damaged(_ what: String) -> StoreError {
            StoreError(
                code: .corrupt, path: path, message: "\(path) is damaged: \(what).", advice: StoreError.repairAdvice)
        }
        guard id == applicationID else {
            guard tables?.isExact == true else {
                throw StoreError.notAStore(path: path, what: "it is an SQLite database of another application")
            }
            throw damaged("the application's number in its first bytes is wrong")
        }
        // A later version has other tables.
        guard found <= version || tables?.isExact == true else {
            throw StoreError(
                code: .newerSchema, path: path,
                message: "\(path) has schema version \(found); this program knows versions up to \(version).",
                advice: "Use a newer version of dredge, or another store.")
        }
        guard let tables else { throw damaged("not all of its tables can be found") }
        guard found == tables.version else {
            throw damaged("its schema version is \(found), and its tables are of version \(tables.version)")
        }
    }

    /// The version of whose tables the file has all columns, and whether it has no others; nil: it has not.
    private static func versionOfTables(_ db: Database) throws -> (version: Int32, isExact: Bool)? {
        func columns(_ table: String) throws -> Set<String> {
            Set(try query(db, "SELECT name FROM pragma_table_info(?)", [.text(table)]) { $0.text(0) ?? "" })
        }
        let known = Table.allCases.map(\.rawValue) + ["batch"]
        let batch = try columns("batch")
        guard batch.isSuperset(of: StoredBatch.columns.split(separator: ", ").map(String.init)) else { return nil }
        let names = try query(
            db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ) { $0.text(0) ?? "" }
        for version in [version, 1] {
            var isExact = true
            var (tableCount, hasAll) = (1, true)
            for table in Table.allCases {
                let expected = version == 1 ? table.columnsOfVersion1 : table.columns + ["checksum"]
                let found = try columns(table.rawValue)
                guard let expected else {
                    hasAll = hasAll && found.isEmpty
                    continue
                }
                tableCount += 1
                hasAll = hasAll && found.isSuperset(of: expected) && (version > 1 || !found.contains("checksum"))
                isExact = isExact && found.subtracting(["id"]) == Set(expected)
            }
            if hasAll { return (version, isExact && names.count == tableCount && names.allSatisfy(known.contains)) }
        }
        return nil
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
