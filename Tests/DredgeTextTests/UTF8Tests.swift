import CTextReference
import TestServers
import Testing

@testable import DredgeText

@Suite struct UTF8Tests {
    /// Swift's own decoder replaces maximal invalid sequences too, and shares no code with ours.
    @Test func `units are those of another decoder`() {
        let seed: UInt64 = 11
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let interesting: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF, 0xF0,
            0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                interesting.randomElement(using: &random)!
            }
            var replaced: [UInt8] = []
            var at = 0
            while at < text.count {
                var isInvalid = false
                let count = text[at...].withUnsafeBytes { tr_unit($0.bytes, $0.count, &isInvalid) }
                replaced += isInvalid ? [0xEF, 0xBF, 0xBD] : Array(text[at..<at + count])
                at += count
            }
            let expected = Array(String(decoding: text, as: UTF8.self).utf8)
            guard replaced == expected else {
                Issue.record("\(text): \(replaced) instead of \(expected)")
                return
            }
        }
    }

    @Test func `a boundary splits no unit, and is the nearest before`() {
        let seed: UInt64 = 12
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let text = randomDocument(byteCount: 40, using: &random).shuffledSometimes(using: &random)
            let starts = Set(unitBoundaries(text[...]))
            for offset in 0...text.count {
                let expected = (0...offset).last { starts.contains($0) }
                let boundary = text.withUnsafeBytes { tr_unit_boundary($0.bytes, $0.count, offset) }
                guard boundary == expected else {
                    Issue.record("\(text) at \(offset): \(boundary)")
                    return
                }
            }
        }
    }
}

extension [UInt8] {
    fileprivate func shuffledSometimes(using random: inout SeededGenerator) -> [UInt8] {
        Bool.random(using: &random) ? shuffled(using: &random) : self
    }
}
