import CTextKernels
import TestServers
import Testing

@testable import DredgeText

/// The fast counter's paths against the plain counter, which `TokenCounterTests` and the golden files hold to tiktoken
/// (I2). Texts are padded so that what matters meets every place of a block.
@Suite struct CounterPathTests {
    /// The fast counter of each path that this machine has.
    private func counters(_ tokenizer: tk_tokenizer) -> [OpaquePointer] {
        (0..<UInt32(TK_PATH_COUNT)).compactMap { tk_counter_create_on(tk_path($0), tokenizer) }
    }

    static let tokenizers = [TK_O200K_BASE.rawValue, TK_CL100K_BASE.rawValue]

    @Test(arguments: tokenizers) func `I2: all paths count as the plain counter does, at every place of a block`(
        tokenizer: UInt32
    ) {
        let tokenizer = tk_tokenizer(tokenizer)
        let counters = counters(tokenizer)
        let reference = ReferenceCounter(tokenizer)
        defer { counters.forEach(tk_counter_destroy) }
        let seeds = [
            "don't it's'll IT'S", "a\u{301}b", " \u{301}x", "日本語です。中国人民", "日本Aa中B", "\u{3000}\u{3000}x", "x \n\n  y",
            ".\n\n/\n/x",
            "1234567 12", "\u{663}\u{664}", "Ünï Čöd", "слово Слово", "👩‍👩‍👧‍👦", "---------------------------",
            "(word) ,word", "'\u{17F}x",
            "ab\r\ncd\r\n", "x\t\ty", "\u{A0}x", "हिन्दी", "한국어 단어", "e\0f\0\0",
        ]
        for seed in seeds {
            for padding in 0..<68 {
                let text = Array((String(repeating: "k", count: padding) + seed + " tail of it").utf8)
                let expected = reference.count(text)
                for counter in counters {
                    let found = tk_counter_count(counter, text, text.count)
                    let path = String(cString: tk_counter_path_name(counter))
                    #expect(found == expected, "\(seed.debugDescription) behind \(padding) bytes, \(path)")
                }
            }
        }
    }

    /// Overlaps, windows and settings are varied by `Tests/Fuzz/chunks.c`, on all paths.
    @Test(arguments: tokenizers) func `I2: all paths find the same chunks`(tokenizer: UInt32) {
        let tokenizer = tk_tokenizer(tokenizer)
        let counters = counters(tokenizer)
        defer { counters.forEach(tk_counter_destroy) }
        for seed in UInt64(500)..<530 {
            var random = SeededGenerator(seed: seed)
            let text = randomDocument(byteCount: 6_000, using: &random)
            let maxTokens = Int.random(in: 16...300, using: &random)
            let overlap = Int.random(in: 0..<maxTokens, using: &random)
            let settings = tk_chunk_settings(token_max: maxTokens, overlap: overlap)
            let found = counters.map { counter in
                var chunks = [tk_chunk](repeating: tk_chunk(), count: text.count)
                let count = tk_counter_chunks(counter, text, text.count, true, settings, &chunks, chunks.count).count
                return chunks.prefix(count).map { [$0.start, $0.end, $0.tokens] }
            }
            for chunks in found { #expect(chunks == found[0], "seed \(seed)") }
        }
    }

    @Test(arguments: tokenizers) func `hostile text takes a time linear in it, and is counted as by the plain counter`(
        tokenizer: UInt32
    ) {
        let tokenizer = tk_tokenizer(tokenizer)
        let counters = counters(tokenizer)
        let reference = ReferenceCounter(tokenizer)
        defer { counters.forEach(tk_counter_destroy) }
        var random = SeededGenerator(seed: 600)
        var texts = ["a", " ", "\n", "-=", "-", "\u{301}", "👩‍👩‍👧‍👦", "日A", "\u{3000}"].map {
            Array(String(repeating: $0, count: 9_000 / $0.utf8.count).utf8)
        }
        texts.append((0..<9_000).map { _ in UInt8(ascii: "a") + UInt8.random(in: 0..<26, using: &random) })
        texts.append((0..<9_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        texts.append((0..<9_000).map { _ in UInt8.random(in: 128...255, using: &random) })
        for (i, text) in texts.enumerated() {
            let expected = reference.count(text)
            for counter in counters { #expect(tk_counter_count(counter, text, text.count) == expected, "text \(i)") }
        }
    }
}
