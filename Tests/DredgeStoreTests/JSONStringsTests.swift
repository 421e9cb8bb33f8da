import Foundation
import TestServers
import Testing

@testable import DredgeStore

@Suite struct JSONStringsTests {
    private let strings = JSONStrings()

    /// By the rule, byte for byte.
    private func plain(_ text: [UInt8]) -> [UInt8] {
        var bytes = Array("\"".utf8)
        for byte in text {
            switch byte {
            case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
            case UInt8(ascii: "\t"): bytes += Array("\\t".utf8)
            case UInt8(ascii: "\r"): bytes += Array("\\r".utf8)
            case UInt8(ascii: "\""): bytes += Array("\\\"".utf8)
            case UInt8(ascii: "\\"): bytes += Array("\\\\".utf8)
            case 0..<0x20: bytes += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: bytes.append(byte)
            }
        }
        return bytes + Array("\"".utf8)
    }

    private func escaped(_ text: [UInt8]) -> (bytes: [UInt8], isASCII: Bool) {
        var bytes: [UInt8] = []
        let isASCII = text.withUnsafeBytes { strings.append($0, to: &bytes) }
        return (bytes, isASCII)
    }

    @Test func `each byte, at each place of a word, is written by the rule`() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<20 {
                var text = Array("abcdefghijklmnopqrst".utf8)
                text[place] = byte
                let (bytes, isASCII) = escaped(text)
                #expect(bytes == plain(text), "byte \(byte) at \(place)")
                #expect(isASCII == (byte < 0x80))
            }
        }
    }

    @Test func `any bytes are written by the rule`() {
        let seed: UInt64 = 820
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<3000 {
            let count =
                round < 200
                ? round : Int.random(in: 0...40_000, using: &random) >> Int.random(in: 0...8, using: &random)
            // Few kinds of bytes, so that what is escaped stands close together.
            let kinds: [UInt8] = [0, 0x0A, 0x1F, 0x20, 0x22, 0x5C, 0x61, 0x7F, 0x80, 0xFF]
            let spread = Int.random(in: 0...3, using: &random)
            let text = (0..<count).map { _ in
                Int.random(in: 0...3, using: &random) < spread
                    ? UInt8(ascii: "a") : kinds[Int.random(in: 0..<kinds.count, using: &random)]
            }
            let (bytes, isASCII) = escaped(text)
            #expect(bytes == plain(text), "seed \(seed), round \(round)")
            #expect(isASCII == text.allSatisfy { $0 < 0x80 })
        }
    }

    @Test func `Foundation reads what was written`() throws {
        let text = (0..<0x2000).compactMap(Unicode.Scalar.init).reduce(into: "") { $0.unicodeScalars.append($1) }
        var bytes: [UInt8] = []
        strings.append(text, to: &bytes)
        let read = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) as? String
        #expect(read == text)
    }
}
