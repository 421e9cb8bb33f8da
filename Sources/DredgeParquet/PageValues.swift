/// The values of a data page, read one after the other. They lie in the page, which must stay as long as this is used.
struct PageValues {
    private enum Way {
        case plainStrings, plainIntegers, plainBits, runs, deltas, deltaLengths, deltaStrings
        case dictionaryStrings, dictionaryIntegers
    }
    private let bytes: UnsafeRawBufferPointer
    private let kind: FileMetadata.Kind
    private let way: Way
    private var plain: PlainCursor
    private var bit = 0
    private var runs: RunDecoder?
    /// Of the values themselves, or of the lengths of strings.
    private var deltas: DeltaDecoder?
    /// Of the bytes that a string has of the one before.
    private var prefixes: DeltaDecoder?
    private var previousByteCount = 0

    init(_ bytes: UnsafeRawBufferPointer, of kind: FileMetadata.Kind, _ encoding: Encoding) throws(Flaw) {
        self.bytes = bytes
        self.kind = kind
        plain = PlainCursor(bytes)
        switch (encoding, kind) {
        case (.plain, .byteArray): way = .plainStrings
        case (.plain, .int32), (.plain, .int64): way = .plainIntegers
        case (.plain, .boolean): way = .plainBits
        case (.plainDictionary, .byteArray), (.dictionary, .byteArray): way = .dictionaryStrings
        case (.plainDictionary, .int32), (.dictionary, .int32), (.plainDictionary, .int64), (.dictionary, .int64):
            way = .dictionaryIntegers
        case (.runs, .boolean): way = .runs
        case (.deltas, .int32), (.deltas, .int64): way = .deltas
        case (.deltaLengths, .byteArray): way = .deltaLengths
        case (.deltaStrings, .byteArray): way = .deltaStrings
        default: throw .unknown("its values, of the type \(kind), have the encoding \(encoding)")
        }
        switch way {
        case .plainStrings, .plainIntegers, .plainBits: break
        case .dictionaryStrings, .dictionaryIntegers:
            // A page of nulls alone may have nothing.
            guard let width = bytes.first else { break }
            runs = try RunDecoder(UnsafeRawBufferPointer(rebasing: bytes[1...]), width: Int(width))
        case .runs:
            let range = try plain.string()
            runs = try RunDecoder(UnsafeRawBufferPointer(rebasing: bytes[range]), width: 1)
        case .deltas:
            deltas = try DeltaDecoder(bytes)
        case .deltaLengths:
            let lengths = try DeltaDecoder(bytes)
            plain = PlainCursor(bytes, from: try lengths.end())
            deltas = lengths
        case .deltaStrings:
            let prefixes = try DeltaDecoder(bytes)
            let lengths = try DeltaDecoder(bytes, from: try prefixes.end())
            plain = PlainCursor(bytes, from: try lengths.end())
            (self.prefixes, deltas) = (prefixes, lengths)
        }
    }

    /// The next string, which may lie in `memory`.
    mutating func string(
        _ dictionary: ValueDictionary?, _ memory: PageMemory
    ) throws(Flaw) -> UnsafeRawBufferPointer {
        switch way {
        case .plainStrings: return UnsafeRawBufferPointer(rebasing: bytes[try plain.string()])
        case .dictionaryStrings:
            guard let dictionary else { throw .damaged("it has no dictionary") }
            return try dictionary.string(try number())
        case .deltaLengths: return UnsafeRawBufferPointer(rebasing: bytes[try plain.string(try length())])
        case .deltaStrings:
            guard let kept = try prefixes?.next(), kept >= 0, kept <= previousByteCount else {
                throw .damaged("a string has more of the one before than there is")
            }
            let end = UnsafeRawBufferPointer(rebasing: bytes[try plain.string(try length())])
            let room = try memory.room(Int(kept) + end.count, keeping: Int(kept))
            UnsafeMutableRawBufferPointer(rebasing: room[Int(kept)...]).copyMemory(from: end)
            previousByteCount = room.count
            return UnsafeRawBufferPointer(room)
        default: throw .damaged("its values are no strings")
        }
    }

    mutating func integer(_ dictionary: ValueDictionary?) throws(Flaw) -> Int64 {
        switch way {
        case .plainIntegers: return try plain.integer(kind)
        case .dictionaryIntegers:
            guard let dictionary else { throw .damaged("it has no dictionary") }
            return try dictionary.integer(try number())
        case .deltas:
            guard let value = try deltas?.next() else { throw .damaged("it has no deltas") }
            return kind == .int32 ? Int64(Int32(truncatingIfNeeded: value)) : value
        default: throw .damaged("its values are no integers")
        }
    }

    mutating func boolean() throws(Flaw) -> Bool {
        switch way {
        case .plainBits:
            defer { bit += 1 }
            return try Bits.read(bytes, at: bit, width: 1) == 1
        case .runs: return try number() == 1
        default: throw .damaged("its values are no booleans")
        }
    }

    private mutating func number() throws(Flaw) -> UInt32 {
        guard let number = try runs?.next() else { throw .damaged("its values end before they should") }
        return number
    }

    private mutating func length() throws(Flaw) -> Int {
        guard let length = try deltas?.next() else { throw .damaged("its values end before they should") }
        return Int(length)
    }
}
