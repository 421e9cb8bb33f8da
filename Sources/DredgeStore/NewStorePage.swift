internal import GRDB
internal import GRDBSQLite

/// The first page of a new store, and where its tables and indexes begin: at the same pages in each, since they are
/// made in the same order.
struct NewStorePage {
    let bytes: [UInt8]
    /// Pages, from 1, and whether each is of a table with row numbers.
    let roots: [(page: Int, isTable: Bool)]

    init() throws {
        (bytes, roots) = try DatabaseQueue().writeWithoutTransaction { db in
            try Schema.create(db)
            let roots = try query(
                db, "SELECT rootpage, type = 'table' AND sql NOT LIKE '%WITHOUT ROWID' FROM sqlite_master"
            ) { (page: $0.int(0), isTable: $0.int(1) != 0) }
            var count: Int64 = 0
            guard let image = sqlite3_serialize(db.sqliteConnection, "main", &count, 0) else {
                throw DatabaseError(resultCode: .SQLITE_NOMEM)
            }
            defer { sqlite3_free(image) }
            var page = Array(UnsafeBufferPointer(start: image, count: min(Int(count), StoreLimits.pageByteCount)))
            // With a log.
            page.replaceSubrange(18..<20, with: [2, 2])
            return (page, roots)
        }
    }

    /// Tables and indexes.
    var tableCount: Int { roots.count }
}
