/// Text made of a seed.
struct SampleText {
    private var generator: SplitMix64
    private static let words = [
        "the", "party", "of", "the first part", "Größe", "日本語", "документ", "👩‍👩‍👧", "1,234.56", "\t", "don't", "§ 12", "…",
    ]

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

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

/// The same numbers on every machine.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
