/// Reads Thrift's compact protocol, in which Parquet writes its headers
/// (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>).
struct CompactReader {
    /// The types that a field may have.
    enum Kind: UInt8 {
        case yes = 1
        case no, byte, int16, int32, int64, double, binary, list, set, map, structure
    }
    struct Field {
        var id: Int16
        var kind: Kind
    }
    /// The bytes end before the value does: more of them may help.
    private(set) var isShort = false
    private let bytes: UnsafeRawBufferPointer
    /// Bytes that are read.
    private(set) var place = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next field of a struct, whose last one was `id`; nil: it is at its end.
    mutating func field(after id: inout Int16) throws(Flaw) -> Field? {
        let head = try byte()
        if head == 0 { return nil }
        guard let kind = Kind(rawValue: head & 15) else { throw .damaged("a field has a type that there is not") }
        if head >> 4 == 0 {
            guard let next = Int16(exactly: try integer()) else { throw .damaged("a field's number is too large") }
            id = next
        } else {
            let (next, isOver) = id.addingReportingOverflow(Int16(head >> 4))
            guard !isOver else { throw .damaged("a field's number is too large") }
            id = next
        }
        return Field(id: id, kind: kind)
    }

    /// Any integer but a byte.
    mutating func integer() throws(Flaw) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func int32() throws(Flaw) -> Int32 {
        guard let value = Int32(exactly: try integer()) else { throw .damaged("a number has more than 32 bits") }
        return value
    }

    mutating func binary() throws(Flaw) -> UnsafeRawBufferPointer {
        let count = try varint()
        guard count <= UInt64(bytes.count - place) else { throw short() }
        defer { place += Int(count) }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<place + Int(count)])
    }

    /// The head of a list. Each element has a byte at the least.
    mutating func list() throws(Flaw) -> (kind: Kind, count: Int) {
        let head = try byte()
        guard let kind = Kind(rawValue: head & 15) else { throw .damaged("a list has a type that there is not") }
        let count = head >> 4 == 15 ? try varint() : UInt64(head >> 4)
        guard count <= UInt64(bytes.count - place) else { throw short() }
        return (kind, Int(count))
    }

    /// The head of a list of structs.
    mutating func structures() throws(Flaw) -> Int {
        let (kind, count) = try list()
        guard kind == .structure || count == 0 else { throw .damaged("a list is one of something else") }
        return count
    }

    /// Goes past the value of a field.
    mutating func skip(_ kind: Kind, depth: Int = 0) throws(Flaw) {
        guard depth <= ParquetLimits.nestingMax else { throw .damaged("it nests too deep") }
        switch kind {
        // The type of the field is the value.
        case .yes, .no: break
        case .byte: _ = try byte()
        case .int16, .int32, .int64: _ = try varint()
        case .double: for _ in 0..<8 { _ = try byte() }
        case .binary: _ = try binary()
        case .list, .set:
            let (kind, count) = try list()
            for _ in 0..<count { try skipElement(kind, depth: depth + 1) }
        case .map:
            let count = try varint()
            if count == 0 { return }
            let kinds = try byte()
            guard let key = Kind(rawValue: kinds >> 4), let value = Kind(rawValue: kinds & 15) else {
                throw .damaged("a map has a type that there is not")
            }
            guard count <= UInt64(bytes.count - place) else { throw short() }
            for _ in 0..<count {
                try skipElement(key, depth: depth + 1)
                try skipElement(value, depth: depth + 1)
            }
        case .structure:
            var id: Int16 = 0
            while let field = try field(after: &id) { try skip(field.kind, depth: depth + 1) }
        }
    }

    /// In a list, a truth takes a byte.
    private mutating func skipElement(_ kind: Kind, depth: Int) throws(Flaw) {
        switch kind {
        case .yes, .no: _ = try byte()
        default: try skip(kind, depth: depth)
        }
    }

    private mutating func byte() throws(Flaw) -> UInt8 {
        guard place < bytes.count else { throw short() }
        defer { place += 1 }
        return bytes[place]
    }

    private mutating func varint() throws(Flaw) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try byte()
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .damaged("a number is too long")
    }

    private mutating func short() -> Flaw {
        isShort = true
        return .damaged("it is cut off")
    }
}
