import TestServers

/// Text made of a seed.
struct SampleText {
    private var generator: SeededGenerator
    private static let words = [
        "the", "party", "of", "the first part", "Größe", "日本語", "документ", "👩‍👩‍👧", "1,234.56", "\t", "don't", "§ 12",
        "…",
    ]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Lines of all lengths in several scripts, now and then a byte that is not UTF-8. May end within a character.
    mutating func lines(byteCount: Int) -> [UInt8] {
        var text: [UInt8] = []
        while text.count < byteCount {
            for _ in 0..<Int.random(in: 0..<30, using: &generator) {
                text += (Self.words.randomElement(using: &generator) ?? "").utf8
                text.append(UInt8(ascii: " "))
            }
            if Int.random(in: 0..<40, using: &generator) == 0 { text.append(0xFE) }
            text.append(UInt8(ascii: "\n"))
        }
        return Array(text.prefix(byteCount))
    }

    /// Letters and digits without any order, which LZ4 can't make smaller.
    mutating func noise(byteCount: Int) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \n".utf8)
        return (0..<byteCount).map { _ in alphabet[Int(generator.next() & 63)] }
    }
}
