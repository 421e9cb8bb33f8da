import Foundation
import TestServers
import Testing

@testable import DredgeText

/// The decoded golden file of this name.
func golden<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value {
    let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden"))
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
}

extension TokenCounter {
    func count(_ bytes: [UInt8]) -> Int { bytes.withUnsafeBytes { count($0) } }
    func count(_ bytes: ArraySlice<UInt8>) -> Int { bytes.withUnsafeBytes { count($0) } }
}

extension Chunker {
    /// The chunks of a document that is there as a whole.
    func chunks(_ document: [UInt8]) -> [ChunkRange] {
        var chunks: [ChunkRange] = []
        let done = document.withUnsafeBytes { split($0, isEnd: true) { chunks.append($0) } }
        #expect(done == document.count)
        return chunks
    }
}

/// A text of random words, symbols, white space, lines and bytes, of about `byteCount` bytes.
func randomDocument(byteCount: Int, using random: inout SeededGenerator) -> [UInt8] {
    let pieces = [
        "the", " of", " and", "don't", " We'LL", "camelCase", "HTTP", " 12345", "1", ".", "...", "!?", "/", "//",
        "-----", "\"",
        " ", "  ", "\t", "\u{A0}", "\u{3000}", "日本語", "中", "한국어", "مرحبا", "e\u{301}", "\u{301}", "👩‍👩‍👧‍👦", "🇩🇪",
        "ſ", "'s",
    ]
    let endings = [
        "\n", "\n", "\r\n", "\n\n", " \n", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n", "!\n", "/\n/\n", "  \n  \n", "\r",
    ]
    let broken: [[UInt8]] = [[0xFF], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0x80], [0xC3], [0xED, 0xA0, 0x80]]
    var document: [UInt8] = []
    while document.count < byteCount {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<80: document += Array(pieces.randomElement(using: &random)!.utf8)
        case 80..<97: document += Array(endings.randomElement(using: &random)!.utf8)
        case 97: document += broken.randomElement(using: &random)!
        case 98: document += Array(repeating: UInt8.random(in: 32...126, using: &random), count: 200)
        default:
            let run = Array(repeating: endings.randomElement(using: &random)!, count: 60)
            document += Array(run.joined().utf8)
        }
    }
    return document
}
