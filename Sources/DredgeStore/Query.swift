internal import DredgeLedger
internal import GRDB

/// What can stand for a `?` of a query.
enum QueryValue {
    case int(Int64)
    static func id<Record>(_ id: Identifier<Record>) -> QueryValue { .int(id.rawValue) }
    case text(String)
    case bytes([UInt8])
    case null
}

/// All rows of a query, each as `row` reads it. The statement is prepared once a connection.
///
/// Readers use this and not GRDB's `Row`: SQLite's C interface turns a value of another type into zero or an empty
/// text, where `Row` traps, and a damaged file can hold anything.
func query<T>(
    _ db: Database, _ sql: String, _ values: [QueryValue] = [], _ row: (PreparedStatement) throws -> T
) throws -> [T] {
    let statement = PreparedStatement(try db.cachedStatement(sql: sql), db)
    defer { statement.reset() }
    for (index, value) in values.enumerated() {
        switch value {
        case .int(let value): statement.bind(Int32(index + 1), value)
        case .text(let value): statement.bind(Int32(index + 1), value)
        case .bytes(let value): statement.bind(Int32(index + 1), value)
        case .null: statement.bindNull(Int32(index + 1))
        }
    }
    var rows: [T] = []
    while try statement.step() { rows.append(try row(statement)) }
    return rows
}

extension Database {
    /// The highest number of a batch; 0: there is none.
    func lastBatch(_ path: String) throws -> Int64 {
        let last = try Int64.fetchOne(self, sql: "SELECT max(id) FROM batch") ?? 0
        guard last <= StoreLimits.batchIDMax else { throw StoreError.damagedRow(path: path, "batch \(last)") }
        return last
    }

    /// Gives SQLite's page cache its part of a store's memory (<https://www.sqlite.org/pragma.html#pragma_cache_size>).
    func setCache(ofMemory byteCount: Int) throws {
        let kibibyteCount = StoreLimits.pageCacheByteCount(ofMemory: byteCount) >> 10
        try execute(sql: "PRAGMA cache_size = -\(kibibyteCount)")
    }
}
