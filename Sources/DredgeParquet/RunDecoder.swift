/// The numbers of "RLE/bit-packed hybrid": runs of one number, and groups of eight packed ones, by turns
/// (<https://parquet.apache.org/docs/file-format/data-pages/encodings/>).
struct RunDecoder {
    private let bytes: UnsafeRawBufferPointer
    private let width: Int
    /// Where the next run begins.
    private var place = 0
    /// Numbers that are left of the run, and what they are in a run of one…
    private var left = 0
    private var value: UInt32 = 0
    /// …and, in a packed one, the place of the next bit; -1: it is a run of one.
    private var bit = -1

    /// - Parameter width: bits of a number.
    init(_ bytes: UnsafeRawBufferPointer, width: Int) throws(Flaw) {
        guard (0...32).contains(width) else { throw .damaged("its numbers have more than 32 bits") }
        self.bytes = bytes
        self.width = width
    }

    mutating func next() throws(Flaw) -> UInt32 {
        while left == 0 { try begin() }
        left -= 1
        if bit < 0 { return value }
        defer { bit += width }
        return try UInt32(truncatingIfNeeded: Bits.read(bytes, at: bit, width: width))
    }

    private mutating func begin() throws(Flaw) {
        let head = try Bits.varint(bytes, &place)
        guard head <= UInt32.max else { throw .damaged("a run is too long") }
        if head & 1 == 0 {
            left = Int(head >> 1)
            bit = -1
            value = 0
            let byteCount = (width + 7) / 8
            guard byteCount <= bytes.count - place else { throw .damaged("its values end before they should") }
            for index in 0..<byteCount { value |= UInt32(bytes[place + index]) << UInt32(8 * index) }
            place += byteCount
            guard width == 32 || value < 1 << UInt32(width) else { throw .damaged("a number has too many bits") }
        } else {
            left = Int(head >> 1) * 8
            bit = place * 8
            // Some writers leave out the end of the last group.
            place = min(place + Int(head >> 1) * width, bytes.count)
        }
    }
}

/// Numbers that are no whole bytes, or of no fixed count of them.
enum Bits {
    /// A number of `width` bits, at most 64, from a bit on.
    static func read(_ bytes: UnsafeRawBufferPointer, at bit: Int, width: Int) throws(Flaw) -> UInt64 {
        if width == 0 { return 0 }
        let place = bit >> 3
        let shift = UInt64(bit & 7)
        let mask = width == 64 ? UInt64.max : 1 << UInt64(width) - 1
        if place + 9 <= bytes.count {
            let low = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)) >> shift
            // The second shift is by 64 where the first is by 0: then nothing is taken.
            return (low | UInt64(bytes[place + 8]) << (64 - shift)) & mask
        }
        guard bit + width <= bytes.count * 8 else { throw .damaged("its values end before they should") }
        var value: UInt64 = 0
        for index in 0..<width {
            let next = bit + index
            value |= UInt64(bytes[next >> 3] >> UInt8(next & 7) & 1) << UInt64(index)
        }
        return value
    }

    /// A number of seven bits a byte.
    static func varint(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) throws(Flaw) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard place < bytes.count else { throw .damaged("its values end before they should") }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .damaged("a number is too long")
    }

    /// The same, with a sign.
    static func signed(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) throws(Flaw) -> Int64 {
        let value = try varint(bytes, &place)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
