import CTextKernels

/// Splits a document into chunks. Its only state is where the next chunk starts, so it can be fed window by window:
/// a window begins at that place.
///
/// ## Which chunks
/// A chunk that starts at some place takes whole lines from there, one after another, for as long as the text up to the
/// line's end, counted alone, has at most `maxTokens` tokens. A line includes its newline (0x0A); the last line of a
/// document may lack one.
///
/// If not even the first line fits, the chunk is a part of that line: as many of its pre-tokens as fit, and if the
/// first of them does not fit, as many of its tokens. It never splits a character or a maximal invalid UTF-8 sequence.
/// What is left of the line is then a line like others.
///
/// With `overlapTokens`, the next chunk begins at a line start inside this one: the earliest from which the rest of
/// this chunk has at most `overlapTokens` tokens and the line behind the chunk still fits. It is never inside a run of
/// blank lines, which is one pre-token. The next chunk begins at this one's end if there is no such start, and where a
/// line was split.
///
/// The rule to the last detail is written at the head of `CSupport/CTextKernels/chunks/rule.h`, where it is
/// implemented.
///
/// So the chunks are a function of the document's bytes and the settings, not of the windows (I1); a chunk's count is
/// that of its text alone, at most `maxTokens` (I2); and without overlap chunks tile the document (I3).
///
/// ## Cost
/// Linear in the document, whatever it holds: nothing is looked for further than `maxTokens` tokens can reach, and text
/// is counted about once (twice where lines are split). Memory: the counter's.
public struct Chunker {
    let settings: ChunkingSettings
    let counter: TokenCounter

    /// A chunker that counts with `counter`, which it shares with nobody at the same time.
    ///
    /// It traps if the settings are outside of their ranges.
    public init(settings: ChunkingSettings, counter: TokenCounter) {
        precondition(ChunkingSettings.maxTokensRange.contains(settings.maxTokens), "maxTokens is out of its range")
        precondition((0..<settings.maxTokens).contains(settings.overlapTokens), "overlapTokens is not below maxTokens")
        self.settings = settings
        self.counter = counter
    }

    /// No window needs to be longer than this, in bytes, for its first chunk to be decided.
    ///
    /// It is 128 bytes per token of `maxTokens`, twice that with overlap: the length of a text of longest tokens.
    /// Ordinary text needs some five bytes per token, so start with a shorter window and double it when `split` returns
    /// 0.
    public static func lookaheadByteCountMax(_ settings: ChunkingSettings) -> Int {
        tk_chunk_lookahead(settings.kernelSettings)
    }

    /// Calls `emit` for every chunk that can be decided from `window`, in order, and returns how many bytes of the
    /// window are done with: the next window begins there.
    ///
    /// `isEnd`: the window reaches to the document's end; then everything is decided, and the window's length is
    /// returned. Without it, 0 says that a longer window is needed; it is never returned for one of
    /// `lookaheadByteCountMax` bytes.
    public func split(_ window: UnsafeRawBufferPointer, isEnd: Bool, emit: (ChunkRange) -> Void) -> Int {
        withUnsafeTemporaryAllocation(of: tk_chunk.self, capacity: chunksAtOnce) { found in
            var start = 0
            while start < window.count {
                let rest = UnsafeRawBufferPointer(rebasing: window[start...])
                let chunks = counter.chunks(rest, isEnd: isEnd, settings: settings, into: found)
                for chunk in found.prefix(chunks.count) {
                    let byteCount = chunk.end - chunk.start
                    emit(ChunkRange(offset: start + chunk.start, byteCount: byteCount, tokenCount: chunk.tokens))
                }
                start += chunks.next
                // No more can be decided.
                if chunks.count < found.count { break }
            }
            return start
        }
    }
}

/// So many chunks come out of the kernel at once.
private let chunksAtOnce = 64
