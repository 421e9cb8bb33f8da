/// A value of a JSON document (RFC 8259). Texts lie in memory that is wiped, since most of those that are read here are
/// secret; for that Foundation's decoder can't be had. `description` shows none of it.
enum SecretJSON: Sendable {
    case object([String: SecretJSON])
    case array([SecretJSON])
    case text(SecretBytes)
    case number(Double)
    case bool(Bool)
    case null

    /// Reads a whole document. Of members with the same name the last counts.
    static func read(_ bytes: [UInt8]) throws(SecretJSONError) -> SecretJSON {
        // The closure of withUnsafeBytes can't throw a typed error on every supported compiler, so the result carries
        // it.
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(SecretJSONError) in
                var reader = SecretJSONReader(bytes: bytes)
                return try reader.document()
            }
        }.get()
    }
}

extension SecretJSON {
    /// As a document, with the members of objects by their names' order. Who gets it wipes it.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        // Never moved, so that no copy stays behind.
        bytes.reserveCapacity(byteCountMax)
        write(to: &bytes)
        return bytes
    }

    private var byteCountMax: Int {
        switch self {
        case .object(let members): members.reduce(2) { $0 + 6 * $1.key.utf8.count + 4 + $1.value.byteCountMax }
        case .array(let values): values.reduce(2) { $0 + 1 + $1.byteCountMax }
        case .text(let text): 2 + 6 * text.byteCount
        case .number: 32
        case .bool, .null: 5
        }
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                SecretJSON.text(.copying(member.key)).write(to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .text(let text):
            bytes.append(UInt8(ascii: "\""))
            text.withUnsafeBytes { for byte in $0 { Self.write(byte, to: &bytes) } }
            bytes.append(UInt8(ascii: "\""))
        case .number(let number):
            let whole = Int64(exactly: number).map { String($0) }
            bytes.append(contentsOf: (whole ?? String(number)).utf8)
        case .bool(let bool): bytes.append(contentsOf: (bool ? "true" : "false").utf8)
        case .null: bytes.append(contentsOf: "null".utf8)
        }
    }

    /// A byte of a text.
    private static func write(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }
}

extension SecretJSON: CustomStringConvertible, CustomReflectable {
    /// The kind of value, with its article.
    var description: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .text: "a text"
        case .number: "a number"
        case .bool: "true or false"
        case .null: "null"
        }
    }

    var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Where a text isn't JSON. Holds nothing of it.
struct SecretJSONError: Error, Sendable {
    var message: String
    /// From 0.
    var offset: Int
}

private struct SecretJSONReader {
    let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private let depthMax = 16

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func document() throws(SecretJSONError) -> SecretJSON {
        let value = try self.value(depth: 1)
        guard next() == nil else { throw error("something behind the end") }
        return value
    }

    private func error(_ message: String) -> SecretJSONError { SecretJSONError(message: message, offset: offset) }

    /// The next byte that is no white space, which stays.
    private mutating func next() -> UInt8? {
        while offset < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
        return offset < bytes.count ? bytes[offset] : nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next() == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func value(depth: Int) throws(SecretJSONError) -> SecretJSON {
        guard depth <= depthMax else { throw error("values nest deeper than \(depthMax)") }
        switch next() {
        case nil: throw error("it ends too early")
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(SecretJSONError) -> [String: SecretJSON] {
        offset += 1
        var members: [String: SecretJSON] = [:]
        if take("}") { return members }
        repeat {
            guard next() == UInt8(ascii: "\"") else { throw error("a member without a name") }
            let name = try text().withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            guard take(":") else { throw error("a member without a colon") }
            members[name] = try value(depth: depth + 1)
        } while take(",")
        guard take("}") else { throw error("an object without its end") }
        return members
    }

    private mutating func array(depth: Int) throws(SecretJSONError) -> [SecretJSON] {
        offset += 1
        var values: [SecretJSON] = []
        if take("]") { return values }
        repeat { values.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw error("an array without its end") }
        return values
    }

    private mutating func word(_ word: StaticString, _ value: SecretJSON) throws(SecretJSONError) -> SecretJSON {
        let isThere = word.withUTF8Buffer { bytes[offset...].starts(with: $0) }
        guard isThere else { throw error("an unknown word") }
        offset += word.utf8CodeUnitCount
        return value
    }

    private mutating func number() throws(SecretJSONError) -> Double {
        let digits = bytes[offset...].prefix { "+-.0123456789eE".utf8.contains($0) }
        guard let first = digits.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
            let number = Double(String(decoding: digits, as: UTF8.self)), number.isFinite
        else { throw error("neither a value nor a number") }
        offset += digits.count
        return number
    }

    private mutating func text() throws(SecretJSONError) -> SecretBytes {
        offset += 1
        let start = offset
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < bytes.count else { throw error("a text without its end") }
        // No escape is shorter than what it stands for, so that the bytes are never moved.
        var plain: [UInt8] = []
        plain.reserveCapacity(end - start)
        defer { plain.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
        while offset < end {
            let byte = bytes[offset]
            guard byte >= 0x20 else { throw error("a control character in a text") }
            offset += 1
            if byte != UInt8(ascii: "\\") {
                plain.append(byte)
            } else {
                try unescape(into: &plain, end: end)
            }
        }
        offset = end + 1
        guard Self.isUTF8(plain) else { throw error("a text that isn't UTF-8") }
        return plain.withUnsafeBytes { SecretBytes(copying: $0) }
    }

    /// Makes no copy.
    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid: continue
            case .emptyInput: return true
            case .error: return false
            }
        }
    }

    private mutating func unescape(into plain: inout [UInt8], end: Int) throws(SecretJSONError) {
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain.append(byte)
        case UInt8(ascii: "b"): plain.append(0x08)
        case UInt8(ascii: "f"): plain.append(0x0C)
        case UInt8(ascii: "n"): plain.append(0x0A)
        case UInt8(ascii: "r"): plain.append(0x0D)
        case UInt8(ascii: "t"): plain.append(0x09)
        case UInt8(ascii: "u"):
            var code = try codeUnit(end: end)
            if (0xD800..<0xDC00).contains(code), end - offset >= 6, bytes[offset] == UInt8(ascii: "\\"),
                bytes[offset + 1] == UInt8(ascii: "u")
            {
                offset += 2
                let low = try codeUnit(end: end)
                guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
            plain.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw error("an unknown escape")
        }
    }

    private mutating func codeUnit(end: Int) throws(SecretJSONError) -> UInt32 {
        guard end - offset >= 4 else { throw error("an escape without its end") }
        let digits = String(decoding: bytes[offset..<(offset + 4)], as: UTF8.self)
        guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let code = UInt32(digits, radix: 16)
        else { throw error("an escape that isn't hexadecimal") }
        offset += 4
        return code
    }
}
