import Foundation
import TestServers
import Testing

@testable import DredgeText

@Suite struct ChunkerTests {
    @Test func `I2: chunks are those of a naive packer that counts whole texts with tiktoken`() throws {
        struct Chunks: Decodable {
            var document: Data
            var packings: [Packing]
            struct Packing: Decodable {
                var tokenizer: String
                var maxTokens: Int
                var chunks: [[Int]]
            }
        }
        let expected = try golden("chunks", as: Chunks.self)
        #expect(expected.packings.count == 6)
        for packing in expected.packings {
            let counter = TokenCounter(try #require(Tokenizer(rawValue: packing.tokenizer)))
            let chunker = Chunker(settings: .lines(maxTokens: packing.maxTokens), counter: counter)
            #expect(chunker.chunks(Array(expected.document)).map { [$0.byteCount, $0.tokenCount] } == packing.chunks)
        }
    }

    static let settings: [ChunkingSettings] = [
        .lines(maxTokens: 16), .lines(maxTokens: 50), .lines(maxTokens: 512), .lines(maxTokens: 16, overlapTokens: 15),
        .lines(maxTokens: 64, overlapTokens: 20), .lines(maxTokens: 300, overlapTokens: 100),
    ]

    /// I2, I3 and what the definition says about ends and overlaps, on random documents.
    @Test(arguments: Tokenizer.allCases, settings)
    func `I2, I3: chunks fit, are counted exactly, and cover the document`(
        tokenizer: Tokenizer, settings: ChunkingSettings
    ) {
        let counter = TokenCounter(tokenizer)
        let chunker = Chunker(settings: settings, counter: counter)
        for seed in UInt64(1)...4 {
            print("seed \(seed)")
            var random = SeededGenerator(seed: seed)
            let document = randomDocument(byteCount: 20_000, using: &random)
            check(chunker.chunks(document), of: document, settings: settings, counter: counter)
        }
    }

    /// The walk over a long pre-token goes on from chunk to chunk: where the bytes that the rule looks at end must be
    /// met exactly.
    @Test(arguments: [16, 17, 20]) func `I1: runs of letters are cut as by the plain twin`(maxTokens: Int) {
        let settings = ChunkingSettings.lines(maxTokens: maxTokens)
        let chunker = Chunker(settings: settings, counter: TokenCounter(.o200kBase))
        let reference = ReferenceCounter(.o200kBase)
        for seed in UInt64(830)..<930 {
            var random = SeededGenerator(seed: seed)
            var document: [UInt8] = []
            while document.count < 6_000 {
                let letter = UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "h"), using: &random)
                document += repeatElement(letter, count: Int.random(in: 1...700, using: &random))
            }
            #expect(chunker.chunks(document) == ReferenceChunker.chunks(document, settings, reference), "seed \(seed)")
        }
    }

    /// The first chunk of a document must end where counting the whole text for each line says.
    @Test(arguments: Tokenizer.allCases) func `I2: counting on from line to line is exact`(tokenizer: Tokenizer) {
        let counter = TokenCounter(tokenizer)
        for seed in UInt64(100)..<130 {
            var random = SeededGenerator(seed: seed)
            let document = randomDocument(byteCount: 3_000, using: &random)
            let maxTokens = Int.random(in: 16...400, using: &random)
            let chunker = Chunker(settings: .lines(maxTokens: maxTokens), counter: counter)
            for chunk in chunker.chunks(document) {
                let rest = document[chunk.offset...]
                var fitting = chunk.offset
                for lineEnd in rest.indices.lazy.filter({ rest[$0] == 0x0A || $0 == document.count - 1 }).map({ $0 + 1 }
                ) {
                    guard counter.count(rest[..<lineEnd]) <= maxTokens else { break }
                    fitting = lineEnd
                }
                // A line that does not fit is split somewhere, which other tests look at.
                if fitting > chunk.offset { #expect(chunk.end == fitting, "seed \(seed)") }
            }
        }
    }

    /// The same chunks as by counting each text that the rule names with the plain counter.
    @Test(arguments: Tokenizer.allCases, settings) func `I1, I2: chunks are those of the plain twin`(
        tokenizer: Tokenizer, settings: ChunkingSettings
    ) {
        let chunker = Chunker(settings: settings, counter: TokenCounter(tokenizer))
        let reference = ReferenceCounter(tokenizer)
        for seed in UInt64(700)..<710 {
            var random = SeededGenerator(seed: seed)
            let document = randomDocument(byteCount: 6_000, using: &random)
            #expect(chunker.chunks(document) == ReferenceChunker.chunks(document, settings, reference), "seed \(seed)")
        }
    }

    /// Long pre-tokens, with and without line ends in them, which the fast counter cuts by other means than its twin.
    @Test(
        arguments: Tokenizer.allCases,
        [ChunkingSettings.lines(maxTokens: 16), .lines(maxTokens: 90, overlapTokens: 30)]
    )
    func `I1, I2: long pre-tokens are cut as by the plain twin`(tokenizer: Tokenizer, settings: ChunkingSettings) {
        let chunker = Chunker(settings: settings, counter: TokenCounter(tokenizer))
        let reference = ReferenceCounter(tokenizer)
        let seed: UInt64 = 800
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let alphabets = [
            ["a"], ["\n"], ["-", "="], [" ", "\n"], ["a", "b"], ["中", "国", "𠮷", "の"], ["A", "日"], ["/", "\n", "."],
            "abcdefghijklmnopqrstuvwxyz".map(String.init), [String(repeating: "x", count: 90), "\n"],
        ]
        for alphabet in alphabets {
            let letters = (0..<3_000 / alphabet[0].utf8.count).map { _ in alphabet.randomElement(using: &random)! }
            let document = Array(letters.joined().utf8)
            #expect(chunker.chunks(document) == ReferenceChunker.chunks(document, settings, reference), "\(alphabet)")
        }
    }

    /// Where such a pre-token ends cannot be seen within what a chunk may hold, but the line in it ends before.
    @Test(arguments: Tokenizer.allCases, [0, 8])
    func `I1, I2: a blank line before white space longer than any chunk is a line like others`(
        tokenizer: Tokenizer, overlapTokens: Int
    ) {
        let settings = ChunkingSettings.lines(maxTokens: 16, overlapTokens: overlapTokens)
        let chunker = Chunker(settings: settings, counter: TokenCounter(tokenizer))
        let reference = ReferenceCounter(tokenizer)
        for start in ["\n", "\t\n", "\n\n\n", "word\n\n", "!\n \n"] {
            for space in [" ", "\u{3000}"] {
                let document = Array((start + String(repeating: space, count: 3_000) + "end").utf8)
                #expect(chunker.chunks(document) == ReferenceChunker.chunks(document, settings, reference))
            }
        }
    }

    @Test(arguments: settings) func `I1: windows of any sizes give the same chunks`(settings: ChunkingSettings) {
        let chunker = Chunker(settings: settings, counter: TokenCounter(.o200kBase))
        for seed in UInt64(200)..<206 {
            print("seed \(seed)")
            var random = SeededGenerator(seed: seed)
            let document = randomDocument(byteCount: 5_000, using: &random)
            let whole = chunker.chunks(document)
            // Each window is counted anew, so with tiny ones the time is quadratic.
            for sizeMax in seed == 200 ? [10, 300, 2_000, 50_000] : [300, 2_000] {
                let windowed = feed(document, to: chunker, sizeMax: sizeMax, using: &random)
                #expect(windowed == whole)
            }
        }
    }

    @Test(arguments: settings) func `I1: chunking can start again at any chunk`(settings: ChunkingSettings) {
        let chunker = Chunker(settings: settings, counter: TokenCounter(.cl100kBase))
        var random = SeededGenerator(seed: 300)
        let document = randomDocument(byteCount: 8_000, using: &random)
        let whole = chunker.chunks(document)
        for (i, chunk) in whole.enumerated() where i % 7 == 3 {
            let rest = chunker.chunks(Array(document[chunk.offset...]))
            let moved = rest.map {
                ChunkRange(offset: $0.offset + chunk.offset, byteCount: $0.byteCount, tokenCount: $0.tokenCount)
            }
            #expect(moved == Array(whole[i...]))
        }
    }

    @Test(arguments: [16, 100, 512]) func `a window of the stated length always decides a chunk`(maxTokens: Int) {
        let counter = TokenCounter(.o200kBase)
        for overlap in [0, maxTokens / 2] {
            let settings = ChunkingSettings.lines(maxTokens: maxTokens, overlapTokens: overlap)
            let chunker = Chunker(settings: settings, counter: counter)
            let count = Chunker.lookaheadByteCountMax(settings)
            for unit in ["a", " ", "\n", "word \n", "-", "中", String(repeating: " ", count: 127) + "\n"] {
                let window = Array(String(repeating: unit, count: count / unit.utf8.count + 1).utf8.prefix(count))
                let done = window.withUnsafeBytes { chunker.split($0, isEnd: false) { _ in } }
                #expect(done > 0, "\(unit.debugDescription), overlap \(overlap)")
            }
        }
    }

    @Test(arguments: [Tokenizer.o200kBase, .cl100kBase], [16, 512])
    func `I2, I3: text without a place to break is split all the same`(tokenizer: Tokenizer, maxTokens: Int) {
        let settings = ChunkingSettings.lines(maxTokens: maxTokens)
        let counter = TokenCounter(tokenizer)
        let chunker = Chunker(settings: settings, counter: counter)
        var random = SeededGenerator(seed: 400)
        let byteCount = 30_000
        var documents = [
            "a", " ", "\n", "\r", "\r\n", "-", "/\n", " \n", "中", "👩‍👩‍👧‍👦", "日A", "e\u{301}", "1", "\u{3000}",
            "\u{301}",
        ].map {
            Array(String(repeating: $0, count: byteCount / $0.utf8.count).utf8)
        }
        documents.append((0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) })
        documents.append((0..<byteCount).map { _ in UInt8.random(in: 128...255, using: &random) })
        documents.append([UInt8](repeating: 0xFF, count: byteCount))
        documents.append((0..<byteCount).map { _ in UInt8(ascii: "a") + UInt8.random(in: 0..<26, using: &random) })
        for document in documents {
            check(chunker.chunks(document), of: document, settings: settings, counter: counter)
        }
    }

    @Test func `an empty document has no chunks, and a line without newline is one`() {
        let chunker = Chunker(settings: .lines(maxTokens: 16), counter: TokenCounter(.o200kBase))
        #expect(chunker.chunks([]) == [])
        #expect(chunker.chunks(Array("hello world".utf8)) == [ChunkRange(offset: 0, byteCount: 11, tokenCount: 2)])
        #expect(chunker.split(UnsafeRawBufferPointer(start: nil, count: 0), isEnd: true) { _ in } == 0)
    }

    @Test func `overlapping chunks repeat the last lines that fit`() {
        let lines = (0..<40).map { "line number \($0)\n" }
        let document = Array(lines.joined().utf8)
        let counter = TokenCounter(.o200kBase)
        let lineTokens = counter.count(lines[0])
        let settings = ChunkingSettings.lines(maxTokens: 6 * lineTokens, overlapTokens: 2 * lineTokens)
        let chunks = Chunker(settings: settings, counter: counter).chunks(document)
        // Six lines, of which the last two are the first two of the next chunk.
        for (i, chunk) in chunks.dropLast().enumerated() {
            #expect(Array(document[chunk.offset..<chunk.end]) == Array(lines[4 * i..<4 * i + 6].joined().utf8))
        }
        #expect(chunks.last?.end == document.count)
    }

    @Test func `a chunk does not begin inside a run of blank lines, but may begin behind it`() {
        let counter = TokenCounter(.o200kBase)
        let document = Array((String(repeating: "word\n\n\n", count: 40)).utf8)
        let settings = ChunkingSettings.lines(maxTokens: 16, overlapTokens: 5)
        let chunks = Chunker(settings: settings, counter: counter).chunks(document)
        #expect(chunks.count > 2)
        for chunk in chunks { #expect(chunk.offset % 7 == 0) }
    }

    @Test func `of the lines of a chunk the last 2,048 may be repeated`() {
        let counter = TokenCounter(.o200kBase)
        let line = "};\n"
        #expect(counter.count(line) == 1)
        let document = Array(String(repeating: line, count: 8_000).utf8)
        for (overlap, repeated) in [(1_000, 1_000), (2_047, 2_047), (2_048, 2_047), (3_999, 2_047)] {
            let settings = ChunkingSettings.lines(maxTokens: 4_000, overlapTokens: overlap)
            let chunks = Chunker(settings: settings, counter: counter).chunks(document)
            for (chunk, next) in zip(chunks, chunks.dropFirst()) {
                #expect(chunk.byteCount == 4_000 * 3 && next.offset == chunk.end - repeated * 3)
            }
        }
    }
}

/// Feeds a document in windows that grow by random steps, each beginning where the chunker said.
private func feed(_ document: [UInt8], to chunker: Chunker, sizeMax: Int, using random: inout SeededGenerator)
    -> [ChunkRange]
{
    var chunks: [ChunkRange] = []
    var start = 0
    var end = 0
    while start < document.count {
        end = min(document.count, end + Int.random(in: 1...sizeMax, using: &random))
        let done = document[start..<end].withUnsafeBytes { window in
            chunker.split(window, isEnd: end == document.count) {
                chunks.append(ChunkRange(offset: start + $0.offset, byteCount: $0.byteCount, tokenCount: $0.tokenCount))
            }
        }
        start += done
        end = max(start, end)
    }
    return chunks
}

/// I2 and I3: exact counts, the maximum, coverage, no split character; with overlap also where the next chunk begins.
private func check(_ chunks: [ChunkRange], of document: [UInt8], settings: ChunkingSettings, counter: TokenCounter) {
    var unitStarts = [Bool](repeating: false, count: document.count + 1)
    unitStarts[document.count] = true
    document.withUnsafeBytes { bytes in
        var at = 0
        while at < bytes.count {
            unitStarts[at] = true
            // Swift's own decoder says how long the next character or invalid sequence is.
            var decoder = UTF8()
            var rest = bytes[at..<min(at + 4, bytes.count)].makeIterator()
            if case .scalarValue(let scalar) = decoder.decode(&rest) {
                at += String(scalar).utf8.count
            } else {
                let end = (at + 1...min(at + 3, bytes.count)).last { end in
                    String(decoding: bytes[at..<end], as: UTF8.self).unicodeScalars.count == 1
                }
                at = end!
            }
        }
    }
    var covered = 0
    var previous: ChunkRange?
    var mistakes: [String] = []
    for chunk in chunks {
        if chunk.byteCount <= 0 { mistakes.append("empty: \(chunk)") }
        if chunk.tokenCount > settings.maxTokens { mistakes.append("too many tokens: \(chunk)") }
        if counter.count(document[chunk.offset..<chunk.end]) != chunk.tokenCount {
            mistakes.append("miscounted: \(chunk)")
        }
        if !unitStarts[chunk.offset] || !unitStarts[chunk.end] { mistakes.append("splits a character: \(chunk)") }
        if chunk.offset != covered {
            let isAtLineStart = chunk.offset > 0 && document[chunk.offset - 1] == 0x0A
            if settings.overlapTokens == 0 || chunk.offset > covered || !isAtLineStart {
                mistakes.append("does not continue at \(covered): \(chunk)")
            } else if counter.count(document[chunk.offset..<covered]) > settings.overlapTokens {
                mistakes.append("repeats too much: \(chunk)")
            }
        }
        if chunk.offset <= previous?.offset ?? -1 || chunk.end <= covered { mistakes.append("no progress: \(chunk)") }
        covered = chunk.end
        previous = chunk
    }
    if covered != document.count { mistakes.append("ends at \(covered) of \(document.count)") }
    #expect(mistakes.isEmpty, "\(mistakes.prefix(3))")
}
