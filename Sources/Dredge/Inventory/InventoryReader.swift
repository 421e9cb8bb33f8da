import DredgeAWS
import DredgeBase
import DredgeS3
import Foundation

/// The objects of an inventory's CSV files, one after the other. Memory is a buffer and a row.
struct InventoryReader {
    /// What is wrong with a file, and where.
    struct Problem: Error {
        let message: String
        var advice = "Copy the file anew. If it stays so, have the inventory made anew."
    }
    private let inventory: Inventory
    private let bufferByteCount: Int
    private var nextFile = 0
    private var file: InventoryFile?
    private var storageClasses = StorageClasses()

    init(_ inventory: Inventory, bufferByteCount: Int = InventoryFile.bufferByteCount) {
        self.inventory = inventory
        self.bufferByteCount = bufferByteCount
    }

    /// The next object; nil: there are no more. Older versions and delete markers are no objects.
    mutating func next() throws(Problem) -> ListedObject? {
        while true {
            guard let file else {
                guard nextFile < inventory.paths.count else { return nil }
                let path = inventory.paths[nextFile]
                nextFile += 1
                guard let opened = InventoryFile(path, bufferByteCount: bufferByteCount) else {
                    throw Problem(message: "\(path) can't be opened")
                }
                self.file = opened
                continue
            }
            guard try file.next() else {
                self.file = nil
                continue
            }
            if let object = try object(file) { return object }
        }
    }

    private mutating func object(_ row: InventoryFile) throws(Problem) -> ListedObject? {
        let columns = inventory.columns
        if InventoryText.isText("false", row[columns.isLatest])
            || InventoryText.isText("true", row[columns.isDeleteMarker])
        {
            return nil
        }
        guard let key = InventoryText.key(row[columns.key]), (1...S3Limits.keyByteCountMax).contains(key.count) else {
            throw row.problem("the key is missing, too long, or has a broken escape")
        }
        let sizeText = row[columns.size]
        guard let size = InventoryText.number(sizeText), size <= S3Limits.objectByteCountMax else {
            throw row.problem("the size is \(sizeText.isEmpty ? "missing" : printable(sizeText, scalarCountMax: 120))")
        }
        guard let eTag = InventoryText.eTag(row[columns.eTag]) else { throw row.problem("the ETag can't be one") }
        return ListedObject(
            key: ObjectKey(key), size: size, eTag: eTag, lastModified: InventoryText.date(row[columns.lastModified]),
            storageClass: storageClasses[row[columns.storageClass]])
    }
}

/// The names of storage classes that came last. There are about ten, so that each is made a string once.
struct StorageClasses {
    private var known: [(bytes: [UInt8], name: String)] = []
    /// Names that are kept: twice as many as S3 has.
    private static let countMax = 20

    /// nil: STANDARD, or none is given.
    subscript(bytes: UnsafeRawBufferPointer) -> String? {
        mutating get {
            if bytes.isEmpty || InventoryText.isText("STANDARD", bytes) { return nil }
            for (known, name) in known where known.elementsEqual(bytes) { return name }
            let name = printable(bytes, scalarCountMax: 64)
            if known.count < Self.countMax { known.append((Array(bytes), name)) }
            return name
        }
    }
}

/// The fields of a row as S3 writes them, read without a string between; those that are written otherwise go the common
/// way.
enum InventoryText {
    /// Whether bytes are those of a text.
    static func isText(_ text: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount, let begin = bytes.baseAddress else { return false }
        return memcmp(begin, text.utf8Start, bytes.count) == 0
    }

    /// The bytes of a key, whose escapes are undone; nil: one is broken.
    static func key(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let begin = bytes.baseAddress else { return [] }
        if memchr(begin, Int32(UInt8(ascii: "%")), bytes.count) == nil,
            memchr(begin, Int32(UInt8(ascii: "+")), bytes.count) == nil
        {
            return Array(bytes)
        }
        return URIEncoding.decode(bytes, plusIsSpace: true)
    }

    /// A number; nil: it is none, or too large.
    static func number(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        // So many digits can be no overflow.
        guard (1...19).contains(bytes.count) else { return UInt64(String(decoding: bytes, as: UTF8.self)) }
        var number: UInt64 = 0
        for byte in bytes {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return UInt64(String(decoding: bytes, as: UTF8.self)) }
            number = number &* 10 &+ UInt64(digit)
        }
        return number
    }

    /// An ETag; nil: it can't be one.
    static func eTag(_ bytes: UnsafeRawBufferPointer) -> ETag? {
        var isPlain = !bytes.isEmpty && bytes.count <= S3Limits.eTagByteCountMax
        // Without a way out of the loop: then the compiler takes many bytes at once.
        for byte in bytes {
            isPlain = isPlain && byte &- 0x20 < 0x5F && byte != UInt8(ascii: "\"")
        }
        guard isPlain, let begin = bytes.baseAddress else {
            let text = String(decoding: bytes, as: UTF8.self)
            return ETag.canBe(text) ? ETag(text) : nil
        }
        // With the quotes that it keeps, so that it is not copied to get them.
        return ETag(
            String(unsafeUninitializedCapacity: bytes.count + 2) { text in
                text[0] = UInt8(ascii: "\"")
                memcpy(text.baseAddress! + 1, begin, bytes.count)
                text[bytes.count + 1] = UInt8(ascii: "\"")
                return bytes.count + 2
            })
    }

    /// A moment; nil: it is none.
    static func date(_ bytes: UnsafeRawBufferPointer) -> Date? {
        if let date = utcDate(bytes) { return date }
        return bytes.isEmpty ? nil : Timestamp.iso8601(String(decoding: bytes, as: UTF8.self))
    }

    /// A moment that is written as `2025-01-31T12:34:56Z` or `2025-01-31T12:34:56.000Z`; nil: it is something else.
    private static func utcDate(_ bytes: UnsafeRawBufferPointer) -> Date? {
        guard bytes.count == 20 || bytes.count == 24, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes[bytes.count - 1] == UInt8(ascii: "Z")
        else { return nil }
        var areDigits = true
        func number(_ range: Range<Int>) -> Int {
            var number = 0
            for index in range {
                let digit = bytes[index] &- UInt8(ascii: "0")
                areDigits = areDigits && digit <= 9
                number = number * 10 + Int(digit)
            }
            return number
        }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        var milliseconds = 0
        if bytes.count == 24 {
            guard bytes[19] == UInt8(ascii: ".") else { return nil }
            milliseconds = number(20..<23)
        }
        guard areDigits, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61 else {
            return nil
        }
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        return Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second))
            .addingTimeInterval(Double(milliseconds) / 1000)
    }
}
