import CTextKernels

extension Chunker {
    /// Emits the first parts of a line that does not fit as a whole, and returns where they end. Nil if not even the first can be
    /// decided without text behind the window.
    func cutLine(
        _ window: UnsafeRawBufferPointer, from start: Int, isEnd: Bool, _ found: UnsafeMutableBufferPointer<tk_chunk>,
        emit: (ChunkRange) -> Void
    ) -> Int? {
        let count = counter.cut(window.part(start, window.count), limit: settings.maxTokens, into: found)
        for chunk in found.prefix(count) { emit(ChunkRange(chunk, movedBy: start)) }
        if count > 0 { return start + found[count - 1].end }
        guard let part = firstPart(window, from: start, isEnd: isEnd) else { return nil }
        emit(part)
        return part.end
    }

    /// The first part of a line that does not fit as a whole.
    private func firstPart(_ window: UnsafeRawBufferPointer, from start: Int, isEnd: Bool) -> ChunkRange? {
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
