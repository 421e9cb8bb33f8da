/// Makes wrong inputs of right ones: bits are flipped, bytes lost, put in and doubled, two inputs spliced, fields left
/// out, doubled and exchanged, numbers brought to their edges. The same inputs for the same generator.
public struct Mutator {
    /// Decides everything.
    public var generator: SeededGenerator
    private let corpus: [[UInt8]]
    private let separators: Set<UInt8>
    private let words: [[UInt8]]

    /// No input grows beyond so many times the longest one of the corpus, and some.
    private static let growthMax = 4

    /// - Parameters:
    ///   - corpus: right inputs, at least one.
    ///   - separators: bytes at which a field begins; none: there are no fields.
    ///   - words: what means something to the reader, to be put anywhere.
    public init(
        seed: UInt64, corpus: [[UInt8]], separators: String = "", words: [String] = []
    ) {
        generator = SeededGenerator(seed: seed)
        self.corpus = corpus
        self.separators = Set(separators.utf8)
        self.words = words.map { Array($0.utf8) }
    }

    /// The next input: one of the corpus after some changes, most often one or two.
    public mutating func next() -> [UInt8] {
        var bytes = corpus[below(corpus.count)]
        repeat { change(&bytes) } while below(2) == 0
        return Array(bytes.prefix(Self.growthMax * (corpus.map(\.count).max() ?? 0) + 4_096))
    }

    /// A number from 0 up to `bound`, which is not in it.
    public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &generator) }

    /// One change.
    public mutating func change(_ bytes: inout [UInt8]) {
        switch below(12) {
        case 0: for _ in 0...below(4) { flipBit(&bytes) }
        case 1: if !bytes.isEmpty { bytes[below(bytes.count)] = Self.oddBytes[below(Self.oddBytes.count)] }
        case 2: bytes.removeLast(below(bytes.count + 1))
        case 3: bytes.removeSubrange(range(of: bytes))
        case 4: double(&bytes, range(of: bytes), at: below(bytes.count + 1))
        case 5: splice(&bytes)
        case 6, 7: changeField(&bytes)
        case 8, 9: changeNumber(&bytes)
        case 10: setInteger(&bytes)
        default: putWord(&bytes)
        }
    }

    private static let oddBytes: [UInt8] =
        Array("\0\t\n\r \"'<>&;:=,#[]{}-+*/%\\".utf8) + [0x7F, 0x80, 0xC3, 0xFE, 0xFF]

    private mutating func flipBit(_ bytes: inout [UInt8]) {
        if !bytes.isEmpty { bytes[below(bytes.count)] ^= 1 << UInt8(below(8)) }
    }

    /// Short ones more often than long ones.
    private mutating func range(of bytes: [UInt8]) -> Range<Int> {
        let start = below(bytes.count + 1)
        let most = below(2) == 0 ? min(16, bytes.count - start) : bytes.count - start
        return start..<start + below(most + 1)
    }

    /// Now and then very often, as what nests without end does.
    private mutating func double(_ bytes: inout [UInt8], _ range: Range<Int>, at place: Int) {
        let times = below(8) == 0 ? below(2_000) : 1
        let room = 64 << 10
        let copy = Array(bytes[range])
        let copies = repeatElement(copy, count: min(times, room / max(copy.count, 1))).joined()
        bytes.insert(contentsOf: copies, at: place)
    }

    private mutating func splice(_ bytes: inout [UInt8]) {
        let other = corpus[below(corpus.count)]
        bytes = bytes.prefix(below(bytes.count + 1)) + other.suffix(below(other.count + 1))
    }

    private mutating func changeField(_ bytes: inout [UInt8]) {
        let starts = [0] + bytes.indices.filter { separators.contains(bytes[$0]) }
        guard starts.count > 1 else { return flipBit(&bytes) }
        let ends = starts.dropFirst() + [bytes.count]
        let (first, second) = (below(starts.count), below(starts.count))
        let field = starts[first]..<ends[ends.startIndex + first]
        switch below(3) {
        case 0: bytes.removeSubrange(field)
        case 1: double(&bytes, field, at: starts[second])
        default:
            let copy = bytes[starts[second]..<ends[ends.startIndex + second]]
            bytes.replaceSubrange(field, with: copy)
        }
    }

    private static let numbers = [
        "0", "-0", "-1", "1", "00", "+5", "1.5", "1e3", "1e999", "-1e-999", "NaN", "0x10", "255", "256", "65535",
        "65536",
        "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740993", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775808",
        "-9223372036854775809", "340282366920938463463374607431768211456", "٣", "", " ", "9", "99999999999999999999999",
    ].map { Array($0.utf8) }

    /// One that is written in digits.
    private mutating func changeNumber(_ bytes: inout [UInt8]) {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        let starts = bytes.indices.filter { isDigit(bytes[$0]) && ($0 == 0 || !isDigit(bytes[$0 - 1])) }
        guard !starts.isEmpty else { return flipBit(&bytes) }
        let start = starts[below(starts.count)]
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Self.numbers[below(Self.numbers.count)])
    }

    private static let integers: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, .max >> 1,
        1 << 63, .max, .max - 1,
    ]

    /// One that is written in 1, 2, 4 or 8 bytes.
    private mutating func setInteger(_ bytes: inout [UInt8]) {
        let byteCount = 1 << below(4)
        guard bytes.count >= byteCount else { return flipBit(&bytes) }
        let value = Self.integers[below(Self.integers.count)]
        let little = (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        let place = below(bytes.count - byteCount + 1)
        bytes.replaceSubrange(place..<place + byteCount, with: below(2) == 0 ? little : little.reversed())
    }

    private mutating func putWord(_ bytes: inout [UInt8]) {
        guard !words.isEmpty else { return flipBit(&bytes) }
        let place = below(bytes.count + 1)
        let end = below(2) == 0 ? place : min(bytes.count, place + below(16))
        bytes.replaceSubrange(place..<end, with: words[below(words.count)])
    }
}
