import Foundation

@testable import DredgeParquet

/// What `Golden/make_inventories.py` wrote: an inventory's rows, and files that have them.
enum Golden {
    struct Row: Decodable, Hashable {
        var key: String?
        var version_id: String?
        var is_latest: Bool?
        var is_delete_marker: Bool?
        var size: Int64?
        /// Milliseconds since 1970.
        var last_modified_date: Int64?
        var e_tag: String?
        var storage_class: String?
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
    static let files = [
        "snappy", "snappy-plain", "snappy-second-pages", "gzip", "lz4", "uncompressed", "uncompressed-second-pages",
        "small-pages", "small-second-pages", "dictionaries-given-up", "deltas", "microseconds", "nanoseconds",
    ]
    static let columns = [
        "key", "version_id", "is_latest", "is_delete_marker", "size", "last_modified_date", "e_tag", "storage_class",
    ]

    static func path(_ name: String) -> String { folder.appendingPathComponent("\(name).parquet").path }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    static func rows() throws -> [Row] {
        try JSONDecoder().decode([Row].self, from: Data(contentsOf: folder.appendingPathComponent("rows.json")))
    }

    /// All rows of a file; those of the columns that are not asked for are nil.
    static func rows(of path: String, columns names: [String] = columns) throws(ParquetFault) -> [Row] {
        let file = try ParquetFile(path, columns: names)
        let columns = Dictionary(uniqueKeysWithValues: file.columns.map { ($0.name, $0) })
        func value<Value>(_ name: String, _ kind: ParquetColumn.Kind, _ body: (ParquetColumn) -> Value) -> Value? {
            guard let column = columns[name], !column.isNull, column.kind == kind else { return nil }
            return body(column)
        }
        func text(_ name: String) -> String? { value(name, .string) { String(decoding: $0.string, as: UTF8.self) } }
        var rows: [Row] = []
        while true {
            var isThere: Set<Bool> = []
            for column in file.columns { isThere.insert(try column.advance()) }
            guard isThere == [true] else { return rows }
            rows.append(
                Row(
                    key: text("key"), version_id: text("version_id"),
                    is_latest: value("is_latest", .boolean, \.boolean),
                    is_delete_marker: value("is_delete_marker", .boolean, \.boolean),
                    size: value("size", .integer, \.integer),
                    last_modified_date: value("last_modified_date", .integer) { column in
                        switch column.unit {
                        case .milliseconds: column.integer
                        case .microseconds: column.integer / 1_000
                        case .nanoseconds: column.integer / 1_000_000
                        case nil: -1
                        }
                    }, e_tag: text("e_tag"), storage_class: text("storage_class")))
        }
    }
}
