@testable import DredgeText

/// The chunk rule as it is written at the head of `rule.h`, with no thought of speed: it asks for the count of a text
/// alone and for the pre-tokens of a text, nothing else. Times are quadratic.
struct ReferenceChunker {
    let settings: ChunkingSettings
    let counter: ReferenceCounter
    let document: [UInt8]
    /// The offsets behind each line.
    private let lineEnds: [Int]

    /// The chunks of a document that is there as a whole.
    static func chunks(_ document: [UInt8], _ settings: ChunkingSettings, _ counter: ReferenceCounter) -> [ChunkRange] {
        ReferenceChunker(settings: settings, counter: counter, document: document).chunks()
    }

    private init(settings: ChunkingSettings, counter: ReferenceCounter, document: [UInt8]) {
        self.settings = settings
        self.counter = counter
        self.document = document
        lineEnds = document.indices.filter { document[$0] == 0x0A || $0 == document.count - 1 }.map { $0 + 1 }
    }

    private func chunks() -> [ChunkRange] {
        var chunks: [ChunkRange] = []
        var start = 0
        while start < document.count {
            let packed = fittingLineEnds(from: start).last
            let end = packed ?? cut(from: start)
            chunks.append(ChunkRange(offset: start, byteCount: end - start, tokenCount: count(start, end)))
            start = packed == nil ? end : next(behind: start, end)
        }
        return chunks
    }

    private func count(_ start: Int, _ end: Int) -> Int { counter.count(document[start..<end]) }

    private func lineEnds(from start: Int) -> some Sequence<Int> { lineEnds.lazy.filter { $0 > start } }

    /// Rule 1: the ends of the whole lines that fit.
    private func fittingLineEnds(from start: Int) -> [Int] {
        Array(lineEnds(from: start).prefix { count(start, $0) <= settings.maxTokens })
    }

    /// Rule 2: the end of a part of a line that does not fit.
    private func cut(from start: Int) -> Int {
        let maxTokens = settings.maxTokens
        let lineEnd = lineEnds(from: start).first { _ in true }!
        let boundaries = unitBoundaries(document[start...])
        var byteCount = 8 * maxTokens
        var end: Int
        repeat {
            end = min(lineEnd, boundaries.last { $0 <= start + min(byteCount, 128 * (maxTokens + 1)) }!)
            byteCount *= 2
        } while count(start, end) <= maxTokens

        let pretokens = counter.pretokens(document[start..<end])
        var part = start
        var tokens = 0
        for pretoken in pretokens {
            tokens += counter.tokens(ofPretoken: document[pretoken])
            guard tokens <= maxTokens else { break }
            part = pretoken.upperBound
        }
        if part == start { part = counter.end(ofFirst: maxTokens, in: document[pretokens[0]]) }
        while count(start, part) > maxTokens { part = boundaries.last { $0 < part }! }
        return part
    }

    /// Rule 3: where the chunk behind one of whole lines starts.
    private func next(behind start: Int, _ end: Int) -> Int {
        guard settings.overlapTokens > 0, end < document.count else { return end }
        let nextLineEnd = lineEnds(from: end).first { _ in true }!
        let pretokenEnds = Set(counter.pretokens(document[start..<end]).map(\.upperBound))
        let candidates = lineEnds(from: start).prefix { $0 <= end }.filter(pretokenEnds.contains).suffix(2_048)
        return candidates.first {
            count($0, end) <= settings.overlapTokens && count($0, nextLineEnd) <= settings.maxTokens
        } ?? end
    }
}
