internal import DredgeLedger
internal import GRDB
internal import GRDBSQLite

/// The checksum that a row of `Schema.Table` has in its column `checksum`: what nothing else in the file would show is
/// found by it, such as a flipped bit in a state.
///
/// It is made by the SQL function `dredge_checksum`, which each of our connections has; no table or index uses it, so
/// that other programs can read and change the file. 64 bits, from 0, and for each value of the row
/// 1. its type as a word (1: integer, 3: text, 4: blob, 5: NULL, as SQLite numbers them);
/// 2. an integer: itself as a word; text or blob: its length in bytes as a word, and its bytes as words of eight,
///    little-endian, the last one filled up with zeros; NULL: nothing.
///
/// A word `w` makes `h` into `h' = (h ^ w) * 0x9E3779B97F4A7C15` (modulo 2⁶⁴), and that into `h' ^ (h' >> 32)`. Each
/// step can be turned round, so a change within one word is always found. Costs half a microsecond for an object.
enum RowChecksum {
    static let function = "dredge_checksum"

    /// Gives the function to a connection.
    static func register(_ db: Database) throws {
        let code = sqlite3_create_function_v2(
            db.sqliteConnection, function, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nil,
            { context, count, values in
                var hash = Hash()
                for index in 0..<Int(count) { if let value = values?[index] { hash.add(value) } }
                sqlite3_result_int64(context, Int64(bitPattern: hash.value))
            }, nil, nil, nil)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    struct Hash {
        private(set) var value: UInt64 = 0

        mutating func add(word: UInt64) {
            value = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
            value ^= value >> 32
        }

        mutating func add(bytes: UnsafeRawBufferPointer) {
            add(word: UInt64(bytes.count))
            var index = 0
            while index + 8 <= bytes.count {
                add(word: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
                index += 8
            }
            guard index < bytes.count else { return }
            var last: UInt64 = 0
            for (place, byte) in bytes[index...].enumerated() { last |= UInt64(byte) << UInt64(8 * place) }
            add(word: last)
        }

        /// The same for values that are not in SQLite yet.
        mutating func add(_ value: Int64) {
            add(word: UInt64(SQLITE_INTEGER))
            add(word: UInt64(bitPattern: value))
        }

        mutating func add(_ text: String?) {
            guard var text else { return addNull() }
            add(word: UInt64(SQLITE_TEXT))
            text.withUTF8 { add(bytes: UnsafeRawBufferPointer($0)) }
        }

        mutating func add(_ blob: [UInt8]) {
            add(word: UInt64(SQLITE_BLOB))
            blob.withUnsafeBytes { add(bytes: $0) }
        }

        mutating func addNull() { add(word: UInt64(SQLITE_NULL)) }

        fileprivate mutating func add(_ value: OpaquePointer) {
            let type = sqlite3_value_type(value)
            add(word: UInt64(type))
            switch type {
            case SQLITE_INTEGER: add(word: UInt64(bitPattern: sqlite3_value_int64(value)))
            case SQLITE_NULL: break
            default:
                let bytes = sqlite3_value_blob(value)
                add(bytes: UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_value_bytes(value))))
            }
        }
    }
}

extension Schema.Table {
    /// SQL for the checksum of a row, with other `values` in the place of some columns.
    func checksum(_ values: [String: String] = [:]) -> String {
        "\(RowChecksum.function)(\(columns.map { values[$0] ?? $0 }.joined(separator: ", ")))"
    }

    /// SQL for whether a row is as it was written.
    var isIntact: String { "checksum = \(checksum())" }

    /// An UPDATE that sets these columns to these SQL expressions, and the checksum to what is right then.
    func update(_ values: [String: String], where condition: String) -> String {
        let changes = values.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
        return """
            UPDATE \(rawValue) SET \(changes.joined(separator: ", ")), checksum = \(checksum(values)) \
            WHERE \(condition)
            """
    }

    /// An INSERT of these SQL expressions, with the right checksum. Other columns are NULL, or 0 where the schema says
    /// so. `id` may be among them. `orIgnores`: a row that is there already is left as it is.
    func insert(_ values: [String: String], orIgnores: Bool = false) -> String {
        var all = values
        for column in columns where all[column] == nil { all[column] = zeroColumns.contains(column) ? "0" : "NULL" }
        let names = (values["id"] == nil ? [] : ["id"]) + columns
        return """
            INSERT \(orIgnores ? "OR IGNORE " : "")INTO \(rawValue)(\(names.joined(separator: ", ")), checksum) \
            VALUES (\(names.map { all[$0] ?? "NULL" }.joined(separator: ", ")), \(checksum(all)))
            """
    }
}
