import CZlib
import Foundation

/// One of an inventory's CSV files (RFC 4180), row by row. It may be compressed by gzip
/// (<https://zlib.net/manual.html#Gzip>).
///
/// S3 quotes every field and escapes keys, so that no quote stands within one: such rows are found where they lie, by
/// `memchr`, and nothing is copied. Any other row, and one that does not fit the buffer, is read byte by byte.
final class InventoryFile {
    /// Fields of a row, and bytes of a field, that are believed.
    static let fieldCountMax = 64
    static let fieldByteCountMax = 16 << 10
    /// Bytes that are held: some thousand rows, few enough that they stay in a core's cache.
    static let bufferByteCount = 256 << 10
    /// Bytes that are read of the file at once. Below half of the buffer: zlib then writes into that, not into its own.
    private static let readByteCount: UInt32 = 64 << 10

    private let path: String
    private let file: gzFile
    private let buffer: UnsafeMutableRawBufferPointer
    private var place = 0
    private var end = 0
    /// Rows so far, and the one in hand.
    private var line = 0
    /// What is wrong with the file; nil: nothing was found.
    private var failure: String?

    /// Where the fields of the row are, from `base`.
    private let fields: UnsafeMutableBufferPointer<Range<Int>>
    private var fieldCount = 0
    private var base: UnsafeRawPointer
    /// The fields of a row that was read byte by byte, one behind the other.
    private var copied = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    init?(_ path: String, bufferByteCount: Int = InventoryFile.bufferByteCount) {
        guard let file = gzopen(path, "rb") else { return nil }
        gzbuffer(file, Self.readByteCount)
        self.path = path
        self.file = file
        buffer = .allocate(byteCount: max(1, bufferByteCount), alignment: 16)
        fields = .allocate(capacity: Self.fieldCountMax)
        fields.initialize(repeating: 0..<0)
        base = UnsafeRawPointer(buffer.baseAddress!)
    }

    deinit {
        gzclose(file)
        buffer.deallocate()
        fields.deallocate()
        copied.deallocate()
    }

    /// The bytes of a field of the row in hand, until the next one is asked for; none: the row does not have it.
    subscript(column: Int?) -> UnsafeRawBufferPointer {
        guard let column, column < fieldCount else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let range = fields[column]
        return UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    func problem(_ message: String) -> InventoryReader.Problem {
        InventoryReader.Problem(message: "\(path), row \(line): \(message)")
    }

    /// Goes to the next row; false: there are no more. Lines without anything are none.
    func next() throws(InventoryReader.Problem) -> Bool {
        line += 1
        while true {
            switch scan() {
            case .row(let byteCount):
                base = UnsafeRawPointer(buffer.baseAddress! + place)
                place += byteCount
                if fieldCount == 1, fields[0].isEmpty { continue }
                return true
            case .short where place > 0 || end < buffer.count:
                if !fill() { return try copyRow() }
            case .short, .unusual:
                return try copyRow()
            }
        }
    }

    // MARK: Rows as S3 writes them

    private enum Scan {
        /// The fields of a row of so many bytes, with its line end, are known.
        case row(Int)
        /// The buffer ends before the row does.
        case short
        /// The row has something that makes it a matter of single bytes, or that is too long.
        case unusual
    }

    /// Finds the fields of the row at `place`.
    private func scan() -> Scan {
        let begin = UnsafeRawPointer(buffer.baseAddress! + place)
        let byteCount = end - place
        func byte(_ index: Int) -> UInt8 { begin.load(fromByteOffset: index, as: UInt8.self) }
        var at = 0
        fieldCount = 0
        while at < byteCount {
            var start = at
            var stop: Int
            var hasReturn = false
            if byte(at) == UInt8(ascii: "\"") {
                start += 1
                guard let quote = memchr(begin + start, Int32(UInt8(ascii: "\"")), byteCount - start) else {
                    return .short
                }
                stop = UnsafeRawPointer(quote) - begin
                at = stop + 1
                if at < byteCount, byte(at) == UInt8(ascii: "\r") {
                    hasReturn = true
                    at += 1
                }
                guard at < byteCount else { return .short }
                if hasReturn, byte(at) != UInt8(ascii: "\n") { return .unusual }
            } else {
                while at < byteCount, byte(at) != UInt8(ascii: ","), byte(at) != UInt8(ascii: "\n") { at += 1 }
                guard at < byteCount else { return .short }
                stop = at
            }
            guard stop - start < Self.fieldByteCountMax else { return .unusual }
            switch byte(at) {
            case UInt8(ascii: ","):
                fields[fieldCount] = start..<stop
                fieldCount += 1
                guard fieldCount < Self.fieldCountMax else { return .unusual }
                at += 1
            case UInt8(ascii: "\n"):
                if !hasReturn, stop > start, byte(stop - 1) == UInt8(ascii: "\r") { stop -= 1 }
                fields[fieldCount] = start..<stop
                fieldCount += 1
                return .row(at + 1)
            default:
                return .unusual
            }
        }
        return .short
    }

    // MARK: Any row

    /// Reads the row at `place` byte by byte, and copies its fields.
    private func copyRow() throws(InventoryReader.Problem) -> Bool {
        guard let row = try row() else { return false }
        let byteCount = row.reduce(0) { $0 + $1.count }
        if copied.count < byteCount {
            copied.deallocate()
            copied = .allocate(byteCount: byteCount, alignment: 1)
        }
        fieldCount = row.count
        var at = 0
        for (index, field) in row.enumerated() {
            UnsafeMutableRawBufferPointer(rebasing: copied[at...]).copyBytes(from: field)
            fields[index] = at..<at + field.count
            at += field.count
        }
        base = copied.baseAddress.map { UnsafeRawPointer($0) } ?? base
        return true
    }

    /// The next row's fields; nil: the file is at its end.
    private func row() throws(InventoryReader.Problem) -> [[UInt8]]? {
        var fields: [[UInt8]] = []
        var field: [UInt8] = []
        var isQuoted = false
        while let byte = try byte() {
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !isQuoted:
                isQuoted = true
            case UInt8(ascii: "\"") where isQuoted:
                // Two of them are one.
                if peek() == byte { field.append(try self.byte() ?? byte) } else { isQuoted = false }
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
        return fields.isEmpty && field.isEmpty ? nil : fields + [field]
    }

    private func byte() throws(InventoryReader.Problem) -> UInt8? {
        guard let byte = peek() else {
            if let failure { throw problem(failure) }
            return nil
        }
        place += 1
        return byte
    }

    private func peek() -> UInt8? { place < end || fill() ? buffer[place] : nil }

    /// Reads on, behind what of the buffer is not used yet; false: there is no more, or it can't be read.
    private func fill() -> Bool {
        guard failure == nil else { return false }
        let rest = end - place
        if place > 0, rest > 0 { memmove(buffer.baseAddress!, buffer.baseAddress! + place, rest) }
        (place, end) = (0, rest)
        let count = gzread(file, buffer.baseAddress! + rest, UInt32(buffer.count - rest))
        var code: Int32 = Z_OK
        let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
        // A file that was cut off is at its end too.
        if count < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR {
            failure = "it is damaged or cut off: \(message)"
            return false
        }
        end += Int(count)
        return count > 0
    }
}
