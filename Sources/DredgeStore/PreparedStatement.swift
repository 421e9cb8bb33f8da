internal import DredgeLedger
internal import GRDB
internal import GRDBSQLite

/// A statement that is bound and stepped without GRDB's argument boxes: the writer runs some for every object.
///
/// Used only where its connection may be used. Parameters count from 1, columns from 0, as in SQLite's C interface.
final class PreparedStatement {
    private let statement: Statement
    private var handle: OpaquePointer { statement.sqliteStatement }
    private let database: OpaquePointer

    convenience init(_ db: Database, _ sql: String) throws { self.init(try db.makeStatement(sql: sql), db) }

    init(_ statement: Statement, _ db: Database) {
        self.statement = statement
        database = db.sqliteConnection!
    }

    /// SQLITE_TRANSIENT, a cast that C macros can't give to Swift: SQLite copies before the call returns.
    private static var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }
    func bind(_ index: Int32, _ value: Int) { bind(index, Int64(value)) }
    func bind(_ index: Int32, _ value: UInt64) { bind(index, Int64(clamping: value)) }
    func bind<Record>(_ index: Int32, _ value: Identifier<Record>) { bind(index, value.rawValue) }
    func bind(_ index: Int32, _ value: Int64?) { if let value { bind(index, value) } else { bindNull(index) } }
    func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

    func bind(_ index: Int32, _ value: String?) {
        guard var value else { return bindNull(index) }
        value.withUTF8 { bytes in
            // An empty string's base address may be nil, which SQLite would take for NULL.
            guard let base = bytes.baseAddress else {
                _ = sqlite3_bind_text(handle, index, "", 0, nil)
                return
            }
            _ = base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                sqlite3_bind_text(handle, index, $0, Int32(bytes.count), Self.transient)
            }
        }
    }

    func bind(_ index: Int32, _ value: [UInt8]?) {
        guard let value else { return bindNull(index) }
        value.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, bytes.count > 0 else {
                _ = sqlite3_bind_zeroblob(handle, index, 0)
                return
            }
            _ = sqlite3_bind_blob(handle, index, base, Int32(bytes.count), Self.transient)
        }
    }

    /// Binds a column of another statement's row, whatever its type.
    func bind(_ index: Int32, column: Int32, of row: PreparedStatement) {
        sqlite3_bind_value(handle, index, sqlite3_column_value(row.handle, column))
    }

    /// Binds without a copy; `body` must finish the statement before it returns.
    func withBorrowed<T>(_ index: Int32, _ value: [UInt8], _ body: () throws -> T) rethrows -> T {
        try value.withUnsafeBytes { bytes in
            sqlite3_bind_blob64(handle, index, bytes.baseAddress, sqlite3_uint64(bytes.count), nil)
            defer { sqlite3_bind_null(handle, index) }
            return try body()
        }
    }

    /// Whether there is a row; after the last one, or an error, the statement is reset.
    func step() throws -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        // The message belongs to the connection and is gone after the next call.
        let message = code == SQLITE_DONE ? nil : String(cString: sqlite3_errmsg(database))
        sqlite3_reset(handle)
        if code == SQLITE_DONE { return false }
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }

    /// Runs a statement that gives no rows; returns how many rows it changed.
    @discardableResult func run() throws -> Int {
        while try step() {}
        return Int(sqlite3_changes(database))
    }

    /// Ends a statement before its last row.
    func reset() { sqlite3_reset(handle) }

    func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func id<Record>(_ column: Int32) -> Identifier<Record> { Identifier(rawValue: int64(column)) }
    func optionalID<Record>(_ column: Int32) -> Identifier<Record>? { isNull(column) ? nil : id(column) }
    func int(_ column: Int32) -> Int { Int(int64(column)) }
    func uint64(_ column: Int32) -> UInt64 { UInt64(clamping: int64(column)) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func text(_ column: Int32) -> String? {
        guard let text = sqlite3_column_text(handle, column) else { return nil }
        return String(decoding: UnsafeBufferPointer(start: text, count: byteCount(column)), as: UTF8.self)
    }

    func bytes(_ column: Int32) -> [UInt8]? {
        isNull(column) ? nil : withBytes(column) { Array($0) }
    }

    /// The bytes of a column, valid until the next step.
    func withBytes<T>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        try body(UnsafeRawBufferPointer(start: sqlite3_column_blob(handle, column), count: byteCount(column)))
    }

    private func byteCount(_ column: Int32) -> Int { Int(sqlite3_column_bytes(handle, column)) }
}
