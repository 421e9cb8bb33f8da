/// Pseudo-random text of lines of all lengths, some of them without an end, in several scripts.
public struct TextMaker: Sendable {
    private var generator: SeededGenerator
    private static let words = [
        "the", "chunk", "store", "döner", "Größe", "日本語", "документ", "مستند", "👩‍👩‍👧", "1234567", "  ", "\t",
        "don't", "…", "x",
        "internationalisation", "{\"key\":", "\\", "\u{301}", "::",
    ]

    /// Equal seeds, equal texts.
    public init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// The next so many bytes. They may end within a character.
    public mutating func text(byteCount: Int) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(byteCount)
        while text.count < byteCount {
            if generator.next(below: 2_000) == 0 {
                text += [UInt8](repeating: UInt8(ascii: "a"), count: generator.next(below: 40_000))
            }
            for _ in 0..<generator.next(below: 40) {
                text += Self.words[generator.next(below: Self.words.count)].utf8
                text.append(UInt8(ascii: " "))
            }
            if generator.next(below: 50) == 0 { text.append(UInt8(0x80 + generator.next(below: 128))) }
            text.append(UInt8(ascii: "\n"))
        }
        return Array(text.prefix(byteCount))
    }
}

extension SeededGenerator {
    /// A number from 0, below the bound.
    public mutating func next(below bound: Int) -> Int { bound <= 1 ? 0 : Int(next() % UInt64(bound)) }
}
