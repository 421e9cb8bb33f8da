import CZlib
import DredgeAWS
import DredgeBase
import DredgeS3

/// The rows of an inventory's CSV files, one after the other. Memory is a row and two buffers.
struct InventoryReader {
    /// What is wrong with a file, and where.
    struct Problem: Error {
        let message: String
    }
    private let inventory: Inventory
    private var nextFile = 0
    private var file: CompressedFile?
    private var path = ""
    private var line = 0

    /// Fields of a row, and bytes of a field, that are believed.
    private static let fieldCountMax = 64
    private static let fieldByteCountMax = 16 << 10

    init(_ inventory: Inventory) { self.inventory = inventory }

    /// The next object; nil: there are no more. Older versions and delete markers are no objects.
    mutating func next() throws(Problem) -> ListedObject? {
        while true {
            if file == nil {
                guard nextFile < inventory.paths.count else { return nil }
                path = inventory.paths[nextFile]
                nextFile += 1
                line = 0
                guard let opened = CompressedFile(path) else { throw Problem(message: "\(path) can't be opened") }
                file = opened
            }
            guard let row = try row() else {
                file = nil
                continue
            }
            if let object = try object(row) { return object }
        }
    }

    private func object(_ row: [[UInt8]]) throws(Problem) -> ListedObject? {
        let columns = inventory.columns
        func text(_ column: Int?) -> String? {
            column.flatMap { $0 < row.count && !row[$0].isEmpty ? String(decoding: row[$0], as: UTF8.self) : nil }
        }
        if text(columns.isLatest) == "false" || text(columns.isDeleteMarker) == "true" { return nil }
        guard columns.key < row.count,
            let key = row[columns.key].withUnsafeBytes({ URIEncoding.decode($0, plusIsSpace: true) }),
            (1...S3Limits.keyByteCountMax).contains(key.count)
        else { throw problem("the key is missing, too long, or has a broken escape") }
        guard let size = text(columns.size).flatMap({ UInt64($0) }), size <= S3Limits.objectByteCountMax else {
            throw problem(
                "the size is \(text(columns.size).map { printable($0.utf8, scalarCountMax: 120) } ?? "missing")")
        }
        let eTag = text(columns.eTag) ?? ""
        guard ETag.canBe(eTag) else { throw problem("the ETag can't be one") }
        let storageClass = text(columns.storageClass)
        return ListedObject(
            key: ObjectKey(key), size: size, eTag: ETag(eTag),
            lastModified: text(columns.lastModified).flatMap(Timestamp.iso8601),
            storageClass: storageClass == "STANDARD" ? nil : storageClass.map { printable($0.utf8, scalarCountMax: 64) }
        )
    }

    /// The next row's fields (RFC 4180); nil: the file is at its end.
    private mutating func row() throws(Problem) -> [[UInt8]]? {
        var fields: [[UInt8]] = []
        var field: [UInt8] = []
        var isQuoted = false
        var hasBegun = false
        line += 1
        while let byte = try byte() {
            hasBegun = true
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !isQuoted:
                isQuoted = true
            case UInt8(ascii: "\"") where isQuoted:
                // Two of them are one.
                if try peek() == byte { field.append(try self.byte() ?? byte) } else { isQuoted = false }
            case UInt8(ascii: ",") where !isQuoted:
                fields.append(field)
                field = []
                guard fields.count < Self.fieldCountMax else { throw problem("it has too many fields") }
            case UInt8(ascii: "\n") where !isQuoted:
                if field.last == UInt8(ascii: "\r") { field.removeLast() }
                if fields.isEmpty, field.isEmpty { continue }
                return fields + [field]
            default:
                field.append(byte)
                guard field.count <= Self.fieldByteCountMax else { throw problem("a field is too long") }
            }
        }
        if isQuoted { throw problem("the file ends in a quoted field") }
        return hasBegun && !(fields.isEmpty && field.isEmpty) ? fields + [field] : nil
    }

    private func byte() throws(Problem) -> UInt8? {
        guard let byte = file?.next() else {
            if let message = file?.failure { throw problem(message) }
            return nil
        }
        return byte
    }

    private func peek() throws(Problem) -> UInt8? { file?.peek() }

    private func problem(_ message: String) -> Problem { Problem(message: "\(path), row \(line): \(message)") }
}

/// The bytes of a file, which may be compressed by gzip (<https://zlib.net/manual.html#Gzip>).
private final class CompressedFile {
    private let file: gzFile
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private var place = 0
    private var end = 0
    /// What is wrong with the file; nil: nothing was found.
    private(set) var failure: String?

    init?(_ path: String) {
        guard let file = gzopen(path, "rb") else { return nil }
        self.file = file
    }

    deinit { gzclose(file) }

    func next() -> UInt8? {
        guard place < end || fill() else { return nil }
        defer { place += 1 }
        return buffer[place]
    }

    func peek() -> UInt8? { place < end || fill() ? buffer[place] : nil }

    private func fill() -> Bool {
        guard failure == nil else { return false }
        let count = buffer.withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32($0.count)) }
        place = 0
        end = max(0, Int(count))
        var code: Int32 = Z_OK
        let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
        // A file that was cut off is at its end too.
        if count < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR {
            failure = "it is damaged or cut off: \(message)"
        }
        return end > 0 && failure == nil
    }
}
