internal import DredgeLedger
internal import GRDB

/// The numbers of sources, runs and objects, none of which is given out twice. SQLite keeps the last one of each table
/// in `sqlite_sequence`, which has no checksums: what it says is held against the rows that have such numbers.
enum NumberSequence {
    static let tables: [Schema.Table] = [.source, .run, .object]

    /// The highest numbers that intact rows have. A run's number is in its objects' rows too, and these may have
    /// outlived its own. Takes about a second per million objects.
    private static func highest(_ db: Database) throws -> [Schema.Table: Int64] {
        let isOfVersion1 = try Schema.userVersion(db) < 2
        func highest(_ columns: String, of table: Schema.Table) throws -> [Int64] {
            let condition = isOfVersion1 ? "" : "WHERE \(table.isIntact)"
            return try query(db, "SELECT \(columns) FROM \(table.rawValue) \(condition)") {
                [$0.int64(0), $0.int64(1), $0.int64(2)]
            }.first ?? [0, 0, 0]
        }
        let objects = try highest("max(id), max(run), max(content_run)", of: .object)
        let run = try highest("max(id), 0, 0", of: .run)[0]
        return [
            .object: objects[0], .run: max(run, objects[1], objects[2]),
            .source: try highest("max(id), 0, 0", of: .source)[0],
        ]
    }

    /// What SQLite says is the last one; nil: that can't be one.
    static func last(_ db: Database, _ table: Schema.Table) throws -> Int64? {
        let numbers = try query(
            db, "SELECT seq FROM sqlite_sequence WHERE name = ? AND typeof(seq) = 'integer'", [.text(table.rawValue)]
        ) { $0.int64(0) }
        guard numbers.count == 1, 0...StoreLimits.numberMax ~= numbers[0] else { return nil }
        return numbers[0]
    }

    /// What contradicts itself.
    static func problems(_ db: Database) throws -> [String] {
        let numbers = try highest(db)
        return try tables.compactMap { table in
            let (highest, last) = (numbers[table] ?? 0, try last(db, table))
            if let last { return last < highest ? "table \(table) has number \(highest), its last is \(last)" : nil }
            return highest > 0 ? "the last number of table \(table) can't be one" : nil
        }
    }

    /// Makes `db` go on behind all numbers that it has, and that `old` gave out.
    static func goOn(_ db: Database, behind old: Database) throws {
        let numbers = try highest(db)
        for table in tables {
            let highest = max(numbers[table] ?? 0, try last(old, table) ?? 0)
            try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [table.rawValue])
            guard highest > 0 else { continue }
            try db.execute(
                sql: "INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)", arguments: [table.rawValue, highest])
        }
    }
}

extension StoreError {
    static func damaged(path: String, _ table: Schema.Table) -> StoreError {
        StoreError(
            code: .corrupt, path: path,
            message: "\(path) is damaged: table \(table.rawValue) is not as it was written.", advice: repairAdvice)
    }
}
