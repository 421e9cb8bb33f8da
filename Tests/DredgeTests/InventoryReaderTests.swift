import DredgeAWS
import DredgeBase
import DredgeS3
import Foundation
import TestServers
import Testing

@testable import Dredge

/// The reader of inventories against a plain one, which takes each file byte by byte and each field as a string.
@Suite final class InventoryReaderTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: folder) }

    private static let schema = "Bucket, Key, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"

    private func inventory(_ rows: [[UInt8]]) throws -> (Inventory, path: String) {
        let path = folder.appendingPathComponent("x.csv")
        try Data(rows.joined()).write(to: path)
        let manifest = folder.appendingPathComponent("manifest.json")
        try Data(
            """
            {"sourceBucket":"b","fileFormat":"CSV","fileSchema":"\(Self.schema)","files":[{"key":"x.csv"}]}
            """.utf8
        ).write(to: manifest)
        return (try Inventory(manifest: manifest.path), path.path)
    }

    private func text(_ object: ListedObject) -> String {
        "\(object.key.bytes) \(object.size) \(Array(object.eTag.header.utf8)) "
            + "\(object.lastModified?.timeIntervalSinceReferenceDate as Any) \(object.storageClass as Any)"
    }

    /// What the reader gives, and how it ends.
    private func read(_ inventory: Inventory, bufferByteCount: Int) -> [String] {
        var reader = InventoryReader(inventory, bufferByteCount: bufferByteCount)
        var texts: [String] = []
        do throws(InventoryReader.Problem) {
            while let object = try reader.next() { texts.append(text(object)) }
        } catch {
            texts.append(error.message)
        }
        return texts
    }

    private func plain(_ bytes: [UInt8], _ path: String, _ columns: Inventory.Columns) -> [String] {
        var reader = PlainReader(bytes: bytes, path: path, columns: columns)
        var texts: [String] = []
        do throws(InventoryReader.Problem) {
            while let object = try reader.next() { texts.append(text(object)) }
        } catch {
            texts.append(error.message)
        }
        return texts
    }

    @Test(arguments: 0..<400 as Range<UInt64>)
    func `any file is read as one byte after the other is`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var rows = RandomRows(generator: generator, strangePercentage: [0, 1, 10, 60][Int(seed % 4)])
        let all = (0..<Int.random(in: 0...60, using: &generator)).map { _ in rows.row() }
        let (inventory, path) = try inventory(all)
        let expected = plain(all.flatMap(\.self), path, inventory.columns)
        for byteCount in [1, Int.random(in: 2...400, using: &generator), 1 << 16] {
            #expect(read(inventory, bufferByteCount: byteCount) == expected, "a buffer of \(byteCount) bytes")
        }
    }

    @Test(arguments: [
        "a,\(String(repeating: "k", count: 16 << 10)),true,false,1,,e,",
        "a,\"\(String(repeating: "k", count: (16 << 10) + 1))\",true,false,1,,e,",
        "a,\"\(String(repeating: "\"\"", count: 16 << 10))\",true,false,1,,e,",
        "a,k,true,false,1,,e," + String(repeating: "\"x\",", count: 56),
        "a,k,true,false,1,,e," + String(repeating: ",", count: 57), String(repeating: "\"\r\n\"", count: 300),
        "\"a\",\"k\",\"true\",\"false\",\"1\",\"\",\"e\",\"\r\"\r\n", "\r\n\n\"\"\n\"\"\"k",
    ])
    func `fields and rows that are too long, and line ends in strange places, are seen`(row: String) throws {
        let good = Array("\"b\",\"k\",\"true\",\"false\",\"5\",\"2025-01-31T12:34:56.000Z\",\"e\",\"STANDARD\"\n".utf8)
        for rows in [[Array(row.utf8)], [good, Array((row + "\n").utf8), good]] {
            let (inventory, path) = try inventory(rows)
            let expected = plain(rows.flatMap(\.self), path, inventory.columns)
            for byteCount in [1, 100, 20_000, 1 << 20] {
                #expect(read(inventory, bufferByteCount: byteCount) == expected, "a buffer of \(byteCount) bytes")
            }
        }
    }
}

/// Rows as S3 writes them, and, at a percentage, such as it never would.
private struct RandomRows {
    var generator: SeededGenerator
    let strangePercentage: Int

    private mutating func pick(_ texts: [String]) -> String { texts.randomElement(using: &generator)! }
    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    private mutating func isStrange() -> Bool { number(1...100) <= strangePercentage }

    mutating func row() -> [UInt8] {
        let key = (0..<number(1...12)).map { _ in pick(["a", "/", "0f", "%C3%BC", "+", "-", "long/path/", "%2B"]) }
        let date = "20\(number(10...99))-\(number(10...12))-\(number(10...31))T\(number(10...24)):\(number(10...60)):00"
        var fields = [
            "bucket", key.joined(), number(0...20) == 0 ? "false" : "true", number(0...20) == 0 ? "true" : "false",
            "\(number(0...1 << 40))", date + pick([".000Z", "Z", ".123Z", ".987Z"]),
            (0..<8).map { _ in pick(["0", "9", "c3", "fe"]) }.joined() + pick(["", "-12"]),
            pick(["STANDARD", "GLACIER", "DEEP_ARCHIVE", "", "INTELLIGENT_TIERING"]),
        ]
        if isStrange() { fields[1] = pick(["", "%2", "%ZZ", "%", "k%00", "\u{FFFF}", "a%2fb", "%41+%"]) }
        if isStrange() { fields[2] = pick(["", "FALSE", "false ", "fals\u{65}\u{301}"]) }
        if isStrange() {
            fields[4] = pick([
                "", "+5", "-1", "007", "12a", "9999999999999999999", "18446744073709551615", "99999999999999999999",
                "0000000000000000000005", "5497558138880", " 5",
            ])
        }
        if isStrange() {
            fields[5] = pick([
                "", "2025-01-31T12:34:56+02:00", "2025-01-31T12:34:56.5Z", "2025-13-31T12:34:56Z",
                "2025-00-10T12:34:56Z",
                "2025-01-31T12:34:61.000Z", "2025-01-31 12:34:56Z", "2025-01-31T12:34:56.0000Z",
                "2025-01-31T1x:34:56.000Z", "0000-01-01T00:00:00.999Z", "2025-01-31T12:34:56UTC",
                "2025-02-30T23:59:60.000Z", "2025-01-31T12:34:56,000Z", "2025-01-31T12:34:56.-00Z",
            ])
        }
        if isStrange() {
            fields[6] = pick(["", "\"", "\"\"", "\"e\"", "W/\"e\"", "é", "e\u{7F}", "e\t", "a b"])
            if number(0...3) == 0 { fields[6] = String(repeating: "e", count: number(1_020...1_026)) }
        }
        if isStrange() {
            fields[7] = pick(["STANDARD ", "standard", "\u{1b}[0m", "ÜBER", String(repeating: "c", count: 90)])
        }
        if isStrange() { fields.removeLast(number(1...8)) }
        let quotes = !isStrange()
        var bytes: [UInt8] = []
        for (index, field) in fields.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            let isQuoted = quotes || field.contains("\"") || number(0...3) == 0
            bytes += Array((isQuoted ? "\"\(field.replacing("\"", with: "\"\""))\"" : field).utf8)
        }
        bytes += Array((isStrange() ? pick(["", "\r\n", "\r", "\n\n", "\r\r\n", "\"\n", "\n\r\n"]) : "\n").utf8)
        if isStrange() {
            let strange: [UInt8] = Array("\",\n\r%+2fx".utf8) + [0xFF, 0xC3, 0]
            for _ in 0..<number(1...4) {
                bytes.insert(strange.randomElement(using: &generator)!, at: number(0...bytes.count))
            }
        }
        return bytes
    }
}

/// Plain twin of `InventoryReader` and `InventoryFile`, for a file that is not compressed.
private struct PlainReader {
    let bytes: [UInt8]
    let path: String
    let columns: Inventory.Columns
    private var place = 0
    private var line = 0

    init(bytes: [UInt8], path: String, columns: Inventory.Columns) {
        (self.bytes, self.path, self.columns) = (bytes, path, columns)
    }

    mutating func next() throws(InventoryReader.Problem) -> ListedObject? {
        while let row = try row() { if let object = try object(row) { return object } }
        return nil
    }

    private func object(_ row: [[UInt8]]) throws(InventoryReader.Problem) -> ListedObject? {
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

    private mutating func row() throws(InventoryReader.Problem) -> [[UInt8]]? {
        var fields: [[UInt8]] = []
        var field: [UInt8] = []
        var isQuoted = false
        line += 1
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !isQuoted: isQuoted = true
            case UInt8(ascii: "\"") where isQuoted:
                if place < bytes.count, bytes[place] == byte {
                    field.append(byte)
                    place += 1
                } else {
                    isQuoted = false
                }
            case UInt8(ascii: ",") where !isQuoted:
                fields.append(field)
                field = []
                guard fields.count < 64 else { throw problem("it has too many fields") }
            case UInt8(ascii: "\n") where !isQuoted:
                if field.last == UInt8(ascii: "\r") { field.removeLast() }
                if fields.isEmpty, field.isEmpty { continue }
                return fields + [field]
            default:
                field.append(byte)
                guard field.count <= 16 << 10 else { throw problem("a field is too long") }
            }
        }
        if isQuoted { throw problem("the file ends in a quoted field") }
        return fields.isEmpty && field.isEmpty ? nil : fields + [field]
    }

    private func problem(_ message: String) -> InventoryReader.Problem {
        InventoryReader.Problem(message: "\(path), row \(line): \(message)")
    }
}
