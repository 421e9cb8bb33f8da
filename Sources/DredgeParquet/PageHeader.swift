/// How values are written.
enum Encoding: Int32 {
    case plain = 0
    case plainDictionary = 2
    case runs = 3
    case bitPacked = 4
    case deltas = 5
    case deltaLengths = 6
    case deltaStrings = 7
    case dictionary = 8
    case streamSplit = 9
}

/// What stands before a page: the struct `PageHeader`.
struct PageHeader {
    enum Kind: Int32 {
        case data = 0
        case index, dictionary, dataV2
    }
    var kind: Kind = .index
    /// Bytes of the page as it lies in the file, and as it is used.
    var storedByteCount = 0
    var byteCount = 0
    var crc: UInt32?
    var valueCount: Int64 = 0
    var encoding: Encoding = .plain
    /// Of the levels, in a page of the first version.
    var levelEncoding: Encoding = .runs
    /// Bytes of the levels, which are not compressed, in a page of the second version.
    var repetitionByteCount = 0
    var definitionByteCount = 0
    var isCompressed = true

    /// nil: the bytes end before it does.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(Flaw) -> (header: PageHeader, byteCount: Int)? {
        var reader = CompactReader(bytes)
        do throws(Flaw) {
            return (try PageHeader(&reader), reader.place)
        } catch {
            if reader.isShort { return nil }
            throw error
        }
    }

    private init(_ reader: inout CompactReader) throws(Flaw) {
        var code: Int32 = -1
        var hasBody = false
        var (stored, used): (Int32, Int32) = (-1, -1)
        var id: Int16 = 0
        while let field = try reader.field(after: &id) {
            switch (field.id, field.kind) {
            case (1, .int32): code = try reader.int32()
            case (2, .int32): used = try reader.int32()
            case (3, .int32): stored = try reader.int32()
            case (4, .int32): crc = UInt32(bitPattern: try reader.int32())
            case (5, .structure) where code == Kind.data.rawValue,
                (7, .structure) where code == Kind.dictionary.rawValue,
                (8, .structure) where code == Kind.dataV2.rawValue:
                try readBody(&reader, isSecond: field.id == 8)
                hasBody = true
            default: try reader.skip(field.kind)
            }
        }
        guard let kind = Kind(rawValue: code) else { throw .unknown("it has a page of the type \(code)") }
        self.kind = kind
        guard hasBody || kind == .index else { throw .damaged("a page's header says nothing of its values") }
        guard stored >= 0, used >= 0 else { throw .damaged("a page has a size that can't be") }
        guard valueCount >= 0 else { throw .damaged("a page has a number of values that can't be") }
        storedByteCount = Int(stored)
        byteCount = Int(used)
    }

    private mutating func readBody(_ reader: inout CompactReader, isSecond: Bool) throws(Flaw) {
        var id: Int16 = 0
        while let field = try reader.field(after: &id) {
            switch (field.id, field.kind) {
            case (1, .int32): valueCount = Int64(try reader.int32())
            case (2, .int32) where !isSecond, (4, .int32) where isSecond: encoding = try Self.encoding(&reader)
            case (3, .int32) where !isSecond: levelEncoding = try Self.encoding(&reader)
            case (5, .int32) where isSecond: definitionByteCount = try Self.byteCount(&reader)
            case (6, .int32) where isSecond: repetitionByteCount = try Self.byteCount(&reader)
            case (7, .yes) where isSecond, (7, .no) where isSecond: isCompressed = field.kind == .yes
            default: try reader.skip(field.kind)
            }
        }
    }

    private static func encoding(_ reader: inout CompactReader) throws(Flaw) -> Encoding {
        let code = try reader.int32()
        guard let encoding = Encoding(rawValue: code) else { throw .unknown("its values have the encoding \(code)") }
        return encoding
    }

    private static func byteCount(_ reader: inout CompactReader) throws(Flaw) -> Int {
        let count = try reader.int32()
        guard count >= 0 else { throw .damaged("a page's levels have a size that can't be") }
        return Int(count)
    }
}
