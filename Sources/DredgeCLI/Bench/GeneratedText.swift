import Foundation

/// English-like text of made-up words, the same for the same seed: lines of sentences, words as unequal as those of a
/// language (Zipf's law), some numbers.
enum GeneratedText {
    /// `byteCount` bytes, the last line cut where they end.
    static func make(byteCount: Int, seed: UInt64 = 20_261_129) -> [UInt8] {
        var random = SplitMix(state: seed)
        let words = vocabulary(&random)
        var text: [UInt8] = []
        text.reserveCapacity(byteCount + 64)
        var wordsLeft = 0
        var lineByteCount = 0
        while text.count < byteCount {
            let begin = text.count
            if random.next() % 40 == 0 {
                text.append(contentsOf: String(random.next() % 10_000).utf8)
            } else {
                // The k-th word comes with a probability of about 1/k: its logarithm is equally distributed.
                let rank = Int(exp(random.fraction() * log(Double(words.count))))
                text.append(contentsOf: words[min(rank, words.count) - 1])
            }
            if wordsLeft == 0 {
                wordsLeft = 6 + Int(random.next() % 14)
                text.append(UInt8(ascii: "."))
            }
            wordsLeft -= 1
            lineByteCount += text.count - begin + 1
            let isLineFull = lineByteCount > 60 + Int(random.next() % 60)
            text.append(UInt8(ascii: isLineFull ? "\n" : " "))
            if isLineFull { lineByteCount = 0 }
        }
        text.removeSubrange(byteCount...)
        return text
    }

    private static let wordCount = 30_000

    private static func vocabulary(_ random: inout SplitMix) -> [[UInt8]] {
        let syllables = """
            a an ar be con de der di e en er ex for ga han i in ing ion ist ka le ly ma ment mi na ness o on per pre \
            pro ra re ri ro sa se st sub ta te ter th ti tion to tra un ver y
            """.split(separator: " ").map { Array($0.utf8) }
        return (0..<wordCount).map { rank in
            // Frequent words are short.
            let count = 1 + Int(random.next() % (rank < 200 ? 2 : 4))
            return (0..<count).flatMap { _ in syllables[Int(random.next() % UInt64(syllables.count))] }
        }
    }
}

/// The generator splitmix64 (<https://prng.di.unimi.it/splitmix64.c>).
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0 ..< 1
    mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
