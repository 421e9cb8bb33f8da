/// Whole lines that fit into a chunk.
struct Packing {
    /// Where the first line starts, in the window.
    var start: Int
    /// Where the last line ends; `start` if not even one fits.
    var end: Int
    /// The count of the text from `start` to `end` alone.
    var tokens = 0
    /// Lines but the first. Kept only if chunks overlap.
    var innerLines: [LineStart] = []

    struct LineStart {
        var offset: Int
        /// The count of the text from the packing's start to here alone.
        var tokensBefore: Int
    }
}

/// After so many lines in one pre-token, its further lines are counted in one pass.
let linesOfPretokenMax = 8

extension Chunker {
    /// Packs lines from `start` on. Nil if what fits depends on text behind the window.
    ///
    /// Text is not counted from the start again for each line, because all pre-tokens but the last of a text that ends with a
    /// newline stay as they are when text is appended. Why, for both patterns: a match depends on the characters it takes and
    /// on those it looks at behind them.
    /// - A word, a number or a contraction looks at most at the characters behind it up to the first that does not belong to
    ///   it, or at `'` and the two letters of a contraction. None of these is a newline, so the newline at the text's end stops
    ///   it: it sees nothing of what is appended.
    /// - Symbols with the newlines (and slashes) behind them: as these are taken greedily, the match sees the text's end only if
    ///   it reaches it, and so is the last.
    /// - White space looks at its whole run and one character more. If that run ends inside the text, this is inside the text
    ///   too. If it reaches the end, it ends with the newline, so the match (`\s*[\r\n]+`; in cl100k_base also `\s++$`) takes
    ///   all of it and is the last.
    /// - Characters and invalid sequences: a newline continues no UTF-8 sequence, so what is before it is decoded the same.
    ///
    /// So counting goes on where the last pre-token starts. That would count a pre-token of many lines (a run of blank lines,
    /// say) again for each of them; its lines are counted in one pass once there are several. For that, note that when the
    /// pre-token starting there in the whole window reaches to R, then the last pre-token of a text that ends at any newline
    /// before R starts there too, and takes all up to that newline.
    ///
    func pack(_ window: UnsafeRawBufferPointer, from start: Int, isEnd: Bool) -> Packing? {
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
}

extension Packing {
    mutating func add(lineEnd: Int, tokens: Int, keepsLines: Bool) {
        if keepsLines && end > start { innerLines.append(LineStart(offset: end, tokensBefore: self.tokens)) }
        end = lineEnd
        self.tokens = tokens
    }
}
