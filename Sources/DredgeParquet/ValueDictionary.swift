/// The values of a column chunk that its pages name by their numbers.
struct ValueDictionary {
    /// Where each string lies in the page.
    private var spans: [(start: UInt32, count: UInt32)] = []
    private var integers: [Int64] = []
    private let bytes: UnsafeRawBufferPointer
    /// What the tables take.
    let byteCount: Int

    var count: Int { max(spans.count, integers.count) }

    /// - Parameter bytes: the page, which must stay as long as this is used.
    init(
        _ bytes: UnsafeRawBufferPointer, of kind: FileMetadata.Kind, valueCount: Int64, budget: MemoryBudget
    ) throws(Flaw) {
        self.bytes = bytes
        let width: Int
        switch kind {
        case .byteArray, .int32: width = 4
        case .int64: width = 8
        default: throw .unknown("values of its type come from a dictionary")
        }
        guard valueCount <= bytes.count / width else { throw .damaged("its dictionary ends before it should") }
        byteCount = Int(valueCount) * 8
        try budget.take(byteCount)
        do throws(Flaw) {
            try read(Int(valueCount), kind)
        } catch {
            budget.give(byteCount)
            throw error
        }
    }

    private mutating func read(_ valueCount: Int, _ kind: FileMetadata.Kind) throws(Flaw) {
        var plain = PlainCursor(bytes)
        guard kind == .byteArray else {
            integers.reserveCapacity(valueCount)
            for _ in 0..<valueCount { integers.append(try plain.integer(kind)) }
            return
        }
        spans.reserveCapacity(valueCount)
        for _ in 0..<valueCount {
            let range = try plain.string()
            spans.append((UInt32(range.lowerBound), UInt32(range.count)))
        }
    }

    func string(_ number: UInt32) throws(Flaw) -> UnsafeRawBufferPointer {
        guard number < spans.count else { throw .damaged("a value is not in its dictionary") }
        let span = spans[Int(number)]
        return UnsafeRawBufferPointer(rebasing: bytes[Int(span.start)..<Int(span.start) + Int(span.count)])
    }

    func integer(_ number: UInt32) throws(Flaw) -> Int64 {
        guard number < integers.count else { throw .damaged("a value is not in its dictionary") }
        return integers[Int(number)]
    }
}

/// Values of PLAIN, one behind the other.
struct PlainCursor {
    private let bytes: UnsafeRawBufferPointer
    private var place: Int

    init(_ bytes: UnsafeRawBufferPointer, from place: Int = 0) {
        self.bytes = bytes
        self.place = place
    }

    /// Where the next one lies: 4 bytes of its length, and it.
    mutating func string() throws(Flaw) -> Range<Int> {
        guard bytes.count - place >= 4 else { throw Self.short }
        let count = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        place += 4
        return try string(count)
    }

    /// Where the next bytes lie.
    mutating func string(_ count: Int) throws(Flaw) -> Range<Int> {
        guard count >= 0, count <= bytes.count - place else { throw Self.short }
        defer { place += count }
        return place..<place + count
    }

    mutating func integer(_ kind: FileMetadata.Kind) throws(Flaw) -> Int64 {
        if kind == .int32 {
            guard bytes.count - place >= 4 else { throw Self.short }
            defer { place += 4 }
            return Int64(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int32.self)))
        }
        guard bytes.count - place >= 8 else { throw Self.short }
        defer { place += 8 }
        return Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int64.self))
    }

    private static var short: Flaw { .damaged("its values end before they should") }
}
