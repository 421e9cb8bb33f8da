import CTextReference
import Foundation
import TestServers
import Testing

@testable import DredgeText

/// Counts against those of tiktoken (I2).
@Suite struct TokenCounterTests {
    struct Counts: Decodable {
        var cases: [Case]

        struct Case: Decodable {
            var text: [UInt8]
            var o200k: Int
            var cl100k: Int

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                text = try Array(values.decode(Data.self))
                o200k = try values.decode(Int.self)
                cl100k = try values.decode(Int.self)
            }
        }
    }

    @Test(arguments: Tokenizer.allCases) func `I2: counts are tiktoken's`(tokenizer: Tokenizer) throws {
        let cases = try golden("counts", as: Counts.self).cases
        #expect(cases.count >= 3_000)
        let counter = TokenCounter(tokenizer)
        for `case` in cases {
            let expected = tokenizer == .o200kBase ? `case`.o200k : `case`.cl100k
            #expect(
                counter.count(`case`.text) == expected,
                "\(String(decoding: `case`.text, as: UTF8.self).debugDescription)")
        }
    }

    @Test func `each code point has the class that tiktoken's patterns give it`() throws {
        struct Classes: Decodable { var runs: [[Int]] }
        let runs = try golden("classes", as: Classes.self).runs
        #expect(runs.first?[0] == 0 && runs.count > 1_000)
        for (i, run) in runs.enumerated() {
            let end = i + 1 < runs.count ? runs[i + 1][0] : 0x110000
            for codePoint in run[0]..<end where tr_code_point_class(UInt32(codePoint)) != UInt32(run[1]) {
                Issue.record("U+\(String(codePoint, radix: 16)) should have class \(run[1])")
            }
        }
        #expect(tr_code_point_class(0x110000) == 0 && tr_code_point_class(.max) == 0)
    }

    /// Every code point in several contexts, so that each reaches each branch of the patterns that it can.
    @Test(arguments: Tokenizer.allCases) func `each code point is counted in context as by tiktoken`(
        tokenizer: Tokenizer
    ) async throws {
        struct CodePoints: Decodable { var sums: [String: [[Int]]] }
        let sums = try golden("code_points", as: CodePoints.self).sums.filter {
            $0.key.hasPrefix(tokenizer.rawValue + " ")
        }
        #expect(sums.count == 6)
        let counter = TokenCounter(tokenizer)
        let blocks = (0..<0x1100).filter { !(0xD8..<0xE0).contains($0) }
        for (name, runs) in sums {
            let context = name.dropFirst(tokenizer.rawValue.count + 1).replacing("{0}", with: "{}")
            let parts = context.split(separator: "{}", omittingEmptySubsequences: false).map { Array($0.utf8) }
            let expected = runs.flatMap { Array(repeating: $0[0], count: $0[1]) }
            #expect(expected.count == blocks.count)
            for (block, sum) in zip(blocks, expected) {
                await Task.yield()
                var found = 0
                for codePoint in block << 8..<(block + 1) << 8 {
                    let character = Array(String(Unicode.Scalar(UInt32(codePoint))!).utf8)
                    found += counter.count(Array(parts.joined(separator: character)))
                }
                guard found == sum else {
                    Issue.record("\(name), U+\(String(block, radix: 16))00...: \(found) instead of \(sum)")
                    break
                }
            }
        }
    }

    @Test(arguments: Tokenizer.allCases) func `no text has no tokens, and special tokens are ordinary text`(
        tokenizer: Tokenizer
    ) {
        let counter = TokenCounter(tokenizer)
        #expect(counter.count(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
        #expect(counter.count("<|endoftext|>") == 7)
    }

    /// Pre-tokens above 256 KiB are counted in another way than shorter ones. Both vocabularies have tokens of 2, 4, 8
    /// ... a's.
    @Test(arguments: Tokenizer.allCases) func `very long pre-tokens are counted alike`(tokenizer: Tokenizer) {
        let counter = TokenCounter(tokenizer)
        let unit = Array("abcdefghijklmnopqrstuvwxyzaaaaaaaaaaa".utf8)
        var text: [UInt8] = []
        while text.count < 262_000 { text += unit }
        let within = counter.count(text)
        let tokensOfUnit = (counter.count(text + unit) - within)
        for repeats in [10, 50] {
            let longer = counter.count(text + [[UInt8]](repeating: unit, count: repeats).joined())
            #expect(longer == within + repeats * tokensOfUnit)
        }
    }
}
