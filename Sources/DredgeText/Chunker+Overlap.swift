import CTextKernels

/// Where the chunk after a packing begins.
enum Successor {
    case atEnd
    /// Inside the packing, whose end the next one is known to pass.
    case overlapping(Packing)
}

/// How many line starts are tried. Nearly always the first will do, as counts from inside a text differ little from counts alone.
let overlapCandidatesMax = 8

extension Chunker {
    /// Emits the chunk that starts at `start`, and returns where the next one does. Nil if that depends on text behind the window.
    ///
    /// The kernel finds nearly all chunks that overlap by itself. This is the rule line by line, for those that it leaves.
    func overlap(
        _ window: UnsafeRawBufferPointer, from start: Int, isEnd: Bool, _ found: UnsafeMutableBufferPointer<tk_chunk>,
        emit: (ChunkRange) -> Void
    ) -> Int? {
        guard let packing = pack(window, from: start, isEnd: isEnd) else { return nil }
        guard packing.end > start else { return cutLine(window, from: start, isEnd: isEnd, found, emit: emit) }
        guard let successor = successor(of: packing, in: window, isEnd: isEnd) else { return nil }
        emit(ChunkRange(offset: start, byteCount: packing.end - start, tokenCount: packing.tokens))
        switch successor {
        case .atEnd: return packing.end
        case .overlapping(let next): return next.start
        }
    }

    /// Nil if it depends on text behind the window.
    func successor(of packing: Packing, in window: UnsafeRawBufferPointer, isEnd: Bool) -> Successor? {
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
}
