import CTextKernels

@testable import DredgeText

/// The chunker's twin: the same rules line by line, each count by the plain counter, and no thought of speed.
final class ReferenceChunker {
    private let settings: ChunkingSettings
    private let counter: ReferenceCounter

    init(settings: ChunkingSettings, tokenizer: Tokenizer) {
        self.settings = settings
        counter = ReferenceCounter(tokenizer)
    }

    /// The chunks of a document that is there as a whole.
    func chunks(_ document: [UInt8]) -> [ChunkRange] {
        var chunks: [ChunkRange] = []
        document.withUnsafeBytes { _ = split($0, isEnd: true) { chunks.append($0) } }
        return chunks
    }

    private func split(_ window: UnsafeRawBufferPointer, isEnd: Bool, emit: (ChunkRange) -> Void) -> Int {
        var start = 0
        var known: Packing?
        while start < window.count {
            guard let packing = known ?? pack(window, from: start, isEnd: isEnd) else { return start }
            known = nil
            guard packing.end > start else {
                guard let part = cutLine(window, from: start, isEnd: isEnd) else { return start }
                emit(part)
                start = part.end
                continue
            }
            guard let successor = successor(of: packing, in: window, isEnd: isEnd) else { return start }
            emit(ChunkRange(offset: start, byteCount: packing.end - start, tokenCount: packing.tokens))
            switch successor {
            case .atEnd:
                start = packing.end
            case .overlapping(let next):
                start = next.start
                known = next
            }
        }
        return start
    }

    private func pack(_ window: UnsafeRawBufferPointer, from start: Int, isEnd: Bool) -> Packing? {
        let maxTokens = settings.maxTokens
        let fitsUpTo = start + maxTokens * Tokenizer.tokenByteCountMax
        let limit = min(window.count, fitsUpTo)
        var packing = Packing(start: start, end: start)
        // Tokens before the last pre-token, and where that one starts.
        var settledTokens = 0
        var lastStart = start
        var linesOfLast = 0

        while packing.end < window.count {
            let lineEnd: Int
            if let newlineEnd = window.lineEnd(from: packing.end, limit: limit) {
                lineEnd = newlineEnd
            } else if isEnd && window.count <= fitsUpTo {
                lineEnd = window.count
            } else if window.count > fitsUpTo {
                return packing
            } else {
                // The line's end is not here, but perhaps enough of it to see that it does not fit.
                let rest = window.part(lastStart, window.count)
                return counter.tally(rest, limit: maxTokens - settledTokens, isOpen: true).isAboveLimit ? packing : nil
            }

            let tally = counter.tally(window.part(lastStart, lineEnd), limit: maxTokens - settledTokens, isOpen: false)
            if tally.isAboveLimit { return packing }
            linesOfLast = tally.lastStart == 0 ? linesOfLast + 1 : 0
            settledTokens += tally.before
            lastStart += tally.lastStart
            packing.add(lineEnd: lineEnd, tokens: settledTokens + tally.last, keepsLines: true)

            if linesOfLast > linesOfPretokenMax {
                // Not all that could fit: of that, little may fit. Each pass doubles what the one before saw.
                let seen = 2 * (packing.end - lastStart) + 8 * maxTokens
                let pretokenEnd =
                    lastStart + counter.firstPretokenEnd(window.part(lastStart, min(limit, lastStart + seen)))
                let lines = counter.linePrefix(window.part(lastStart, pretokenEnd), limit: maxTokens - settledTokens)
                if lastStart + lines.end > packing.end {
                    packing.end = lastStart + lines.end
                    packing.tokens = settledTokens + lines.tokens
                }
                if window.lineEnd(from: packing.end, limit: pretokenEnd) != nil { return packing }
                linesOfLast = linesOfPretokenMax
            }
        }
        return packing.end == window.count && !isEnd ? nil : packing
    }

    /// Nil if it depends on text behind the window.
    private func successor(of packing: Packing, in window: UnsafeRawBufferPointer, isEnd: Bool) -> Successor? {
        guard settings.overlapTokens > 0, !(isEnd && packing.end == window.count) else { return .atEnd }
        guard let nextLineTokens = lineTokens(window, from: packing.end, isEnd: isEnd) else { return nil }
        let repeatedMax = min(settings.overlapTokens, settings.maxTokens - nextLineTokens)
        let candidates = packing.innerLines.lazy.filter { packing.tokens - $0.tokensBefore <= repeatedMax }
        for line in candidates.prefix(overlapCandidatesMax) {
            let repeated = window.part(line.offset, packing.end)
            if counter.tally(repeated, limit: settings.overlapTokens, isOpen: false).isAboveLimit { continue }
            guard let next = pack(window, from: line.offset, isEnd: isEnd) else { return nil }
            if next.end > packing.end { return .overlapping(next) }
        }
        return .atEnd
    }

    /// The tokens of the line that starts at `start`; more than `maxTokens` if it does not fit. Nil if it depends on text behind
    /// the window.
    private func lineTokens(_ window: UnsafeRawBufferPointer, from start: Int, isEnd: Bool) -> Int? {
        let fitsUpTo = start + settings.maxTokens * Tokenizer.tokenByteCountMax
        let lineEnd = window.lineEnd(from: start, limit: min(window.count, fitsUpTo))
        let isLongerThanFits = window.count > fitsUpTo
        if lineEnd == nil && isLongerThanFits { return settings.maxTokens + 1 }
        let isOpen = lineEnd == nil && !isEnd
        let line = window.part(start, lineEnd ?? window.count)
        let tally = counter.tally(line, limit: settings.maxTokens, isOpen: isOpen)
        return isOpen && !tally.isAboveLimit ? nil : tally.total
    }

    /// The first part of a line that does not fit as a whole. Nil if it depends on text behind the window.
    private func cutLine(_ window: UnsafeRawBufferPointer, from start: Int, isEnd: Bool) -> ChunkRange? {
        // A character has at most this many bytes; whether one straddles an offset shows within as many behind it.
        let characterByteCountMax = 4
        let maxTokens = settings.maxTokens
        // Text of this many bytes has more than `maxTokens` tokens, also when a character is cut off its end.
        let byteCountMax = (maxTokens + 1) * Tokenizer.tokenByteCountMax
        var byteCount = 8 * maxTokens
        while true {
            byteCount = min(byteCount, byteCountMax)
            let end: Int
            if let lineEnd = window.lineEnd(from: start, limit: min(window.count, start + byteCount)) {
                end = lineEnd
            } else if isEnd && window.count <= start + byteCount {
                end = window.count
            } else if isEnd || window.count >= start + byteCount + characterByteCountMax {
                end = start + window.part(start, window.count).characterBoundary(byteCount)
            } else {
                return nil
            }
            let text = window.part(start, end)
            if let above = counter.pretokenAbove(text, limit: maxTokens) {
                let fitting =
                    above.lowerBound > 0
                    ? above.lowerBound : counter.tokenPrefix(text.part(0, above.upperBound), limit: maxTokens)
                return shrink(text, to: fitting, offset: start)
            }
            precondition(byteCount < byteCountMax, "a text that is longer than its tokens can be was counted")
            byteCount *= 2
        }
    }

    /// The longest prefix of `text` that is at most `byteCount` long and fits when counted alone. Where text is cut, what is
    /// left of a word may split into other pre-tokens; then it has a token or two more than it had, and loses as much.
    private func shrink(_ text: UnsafeRawBufferPointer, to byteCount: Int, offset: Int) -> ChunkRange {
        var byteCount = byteCount
        while true {
            let tokens = counter.count(text.part(0, byteCount))
            if tokens <= settings.maxTokens {
                return ChunkRange(offset: offset, byteCount: byteCount, tokenCount: tokens)
            }
            byteCount = text.characterBoundary(byteCount - 1)
            precondition(byteCount > 0, "a single character has more than \(settings.maxTokens) tokens")
        }
    }
}

/// The plain counter, and what the chunker asks it.
final class ReferenceCounter {
    private let tokenizer: tk_tokenizer
    private let vocabulary: OpaquePointer
    private let scratch = UnsafeMutableRawPointer.allocate(byteCount: tk_scratch_byte_count(), alignment: 64)

    init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer.kernelTokenizer
        vocabulary = tk_vocabulary_shared(tokenizer.kernelTokenizer)!
    }

    deinit { scratch.deallocate() }

    func tally(_ text: UnsafeRawBufferPointer, limit: Int, isOpen: Bool) -> TokenCounter.Tally {
        let tally = tk_tally_tokens(vocabulary, scratch, text.bytes, text.count, limit, isOpen)
        return TokenCounter.Tally(
            before: tally.token_count, last: tally.last_token_count, lastStart: tally.last_start,
            isAboveLimit: tally.is_above_limit)
    }

    func count(_ text: UnsafeRawBufferPointer) -> Int { tally(text, limit: .max, isOpen: false).total }

    func pretokenAbove(_ text: UnsafeRawBufferPointer, limit: Int) -> Range<Int>? {
        let tally = tk_tally_tokens(vocabulary, scratch, text.bytes, text.count, limit, false)
        return tally.is_above_limit ? tally.last_start..<tally.end : nil
    }

    func firstPretokenEnd(_ text: UnsafeRawBufferPointer) -> Int {
        tk_pretoken_end(tokenizer, text.bytes, text.count, 0)
    }

    func tokenPrefix(_ pretoken: UnsafeRawBufferPointer, limit: Int) -> Int {
        tk_token_prefix(vocabulary, scratch, pretoken.bytes, pretoken.count, limit)
    }

    func linePrefix(_ pretoken: UnsafeRawBufferPointer, limit: Int) -> (end: Int, tokens: Int) {
        var tokens = 0
        let end = tk_line_prefix(vocabulary, pretoken.bytes, pretoken.count, limit, &tokens)
        return (end, tokens)
    }
}
