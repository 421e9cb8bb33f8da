import DredgeAWS
import DredgeBase
import DredgeParquet
import DredgeS3
import Foundation

/// The objects of an inventory's file in Parquet. Memory is a page of each column (`ParquetLimits`).
struct ParquetInventoryReader: ObjectRows {
    private let path: String
    private let rowCount: Int64
    private var row: Int64 = 0
    /// All that are read, which go on together.
    private let columns: [ParquetColumn]
    private let key: ParquetColumn
    private let size: ParquetColumn
    private let eTag: ParquetColumn?
    private let lastModified: ParquetColumn?
    private let storageClass: ParquetColumn?
    private let isLatest: ParquetColumn?
    private let isDeleteMarker: ParquetColumn?
    private var storageClasses = StorageClasses()

    /// - Parameter inventory: of one file.
    init(_ inventory: Inventory) throws(InventoryReader.Problem) {
        path = inventory.files.first?.path ?? ""
        do throws(ParquetFault) {
            let file = try ParquetFile(path, columns: Inventory.Field.allCases.map(\.nameInParquet))
            rowCount = file.rowCount
            columns = file.columns
        } catch {
            throw Self.problem(error, in: path)
        }
        let (path, columns) = (path, columns)
        /// A column that the manifest promises must be there: without it an older version is taken for an object.
        func column(
            _ field: Inventory.Field, _ kind: ParquetColumn.Kind
        ) throws(InventoryReader.Problem) -> ParquetColumn? {
            let name = field.nameInParquet
            guard let column = columns.first(where: { $0.name == name }) else {
                if inventory.columns[field] == nil { return nil }
                throw InventoryReader.Problem(message: "\(path) has no column \(name), which its manifest names")
            }
            guard column.kind == kind, field != .lastModified || column.unit != nil else {
                throw InventoryReader.Problem(
                    message: "\(path), the column \(name): its values are not of the type that S3 gives them",
                    advice: Inventory.asCSV)
            }
            return column
        }
        guard let key = try column(.key, .string), let size = try column(.size, .integer) else {
            throw InventoryReader.Problem(message: "\(path) has no column key, or none named size")
        }
        self.key = key
        self.size = size
        eTag = try column(.eTag, .string)
        lastModified = try column(.lastModified, .integer)
        storageClass = try column(.storageClass, .string)
        isLatest = try column(.isLatest, .boolean)
        isDeleteMarker = try column(.isDeleteMarker, .boolean)
    }

    mutating func next() throws(InventoryReader.Problem) -> ListedObject? {
        while row < rowCount {
            row += 1
            do throws(ParquetFault) {
                for column in columns where try !column.advance() {
                    // Each column has as many values as there are rows, or the file was refused.
                    return nil
                }
            } catch {
                throw Self.problem(error, in: path)
            }
            if let object = try object() { return object }
        }
        return nil
    }

    private mutating func object() throws(InventoryReader.Problem) -> ListedObject? {
        if let isLatest, !isLatest.isNull, !isLatest.boolean { return nil }
        if let isDeleteMarker, !isDeleteMarker.isNull, isDeleteMarker.boolean { return nil }
        // As it is: only in CSV are keys percent-encoded (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/
        // storage-inventory.html>).
        guard !key.isNull, (1...S3Limits.keyByteCountMax).contains(key.string.count) else {
            throw problem("the key is missing or too long")
        }
        guard !size.isNull, let byteCount = UInt64(exactly: size.integer), byteCount <= S3Limits.objectByteCountMax
        else { throw problem("the size is \(size.isNull ? "missing" : String(size.integer))") }
        guard let eTag = InventoryText.eTag(text(eTag)) else { throw problem("the ETag can't be one") }
        return ListedObject(
            key: ObjectKey(Array(key.string)), size: byteCount, eTag: eTag, lastModified: date(),
            storageClass: storageClasses[text(storageClass)])
    }

    /// Empty: there is none.
    private func text(_ column: ParquetColumn?) -> UnsafeRawBufferPointer {
        guard let column, !column.isNull else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return column.string
    }

    /// The moments that can be written with four digits of a year, as CSV has them.
    private static let seconds: Range<Int64> = -62_167_219_200..<253_402_300_800

    /// nil: there is none, or one that can't be.
    private func date() -> Date? {
        guard let lastModified, !lastModified.isNull, let unit = lastModified.unit else { return nil }
        let perMillisecond: Int64 =
            switch unit {
            case .milliseconds: 1
            case .microseconds: 1_000
            case .nanoseconds: 1_000_000
            }
        let perSecond = 1_000 * perMillisecond
        var (seconds, rest) = lastModified.integer.quotientAndRemainder(dividingBy: perSecond)
        if rest < 0 { (seconds, rest) = (seconds - 1, rest + perSecond) }
        guard Self.seconds.contains(seconds) else { return nil }
        // The same sum as that of a text's date, to the last bit.
        return Date(timeIntervalSince1970: Double(seconds)).addingTimeInterval(Double(rest / perMillisecond) / 1000)
    }

    private func problem(_ message: String) -> InventoryReader.Problem {
        InventoryReader.Problem(message: "\(path), row \(row): \(message)")
    }

    private static func problem(_ fault: ParquetFault, in path: String) -> InventoryReader.Problem {
        let message = "\(path): \(fault.message)"
        return fault.kind == .unknown
            ? InventoryReader.Problem(message: message, advice: Inventory.asCSV)
            : InventoryReader.Problem(message: message)
    }
}
