import CTextKernels

/// Counts tokens exactly. One a worker: it owns caches and scratch memory and is not Sendable.
///
/// The tables are part of the executable and used where they lie, so a counter is there at once. Its caches and scratch are at
/// most 8 MiB; they change no result. What is seldom asked for (where the tokens of one long pre-token end, chunks that overlap)
/// is answered by the plain counter, the twin that the tests compare this one with: its tables (13 MB for the process) and its
/// scratch (8.25 MiB of address space, of which 32 bytes per byte of the longest pre-token are touched) are made when they are
/// needed first.
public final class TokenCounter {
    /// Whose tokens are counted.
    public let tokenizer: Tokenizer
    private let counter: OpaquePointer
    private lazy var vocabulary = tokenizer.vocabulary
    private lazy var scratch = UnsafeMutableRawPointer.allocate(byteCount: tk_scratch_byte_count(), alignment: 64)
    private var hasScratch = false

    /// Takes microseconds; memory is touched as it is needed.
    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        guard let counter = tk_counter_create(tokenizer.kernelTokenizer) else {
            fatalError("No memory for a token counter (8 MiB): raise the process's memory limit.")
        }
        self.counter = counter
    }

    deinit {
        tk_counter_destroy(counter)
        if hasScratch { scratch.deallocate() }
    }

    /// The exact count of `text` alone, as `len(encode_ordinary(text.decode("utf-8", "replace")))` in tiktoken.
    ///
    /// Any bytes are text: a maximal invalid sequence counts as U+FFFD does. Special tokens such as `<|endoftext|>` are
    /// ordinary text. The cost is linear in the text; `Benchmarks/` has the figures.
    public func count(_ text: UnsafeRawBufferPointer) -> Int {
        tk_counter_count(counter, text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count)
    }

    /// The exact count of a string.
    public func count(_ text: String) -> Int {
        var text = text
        return text.withUTF8 { count(UnsafeRawBufferPointer($0)) }
    }
}

/// What the chunker needs to know beyond a count.
extension TokenCounter {
    /// How many whole lines of a text fit.
    struct LineFit {
        /// Behind the last line end such that it and all before have at most the limit of tokens before them; 0 if there is none.
        var end: Int
        /// The tokens up to there.
        var tokens: Int
        /// Not all of the text fits. If it does, `total` is its count.
        var isAboveLimit: Bool
        var total: Int
        /// With more text behind it, `isAboveLimit` could be false.
        var hasSeenEnd: Bool
    }

    /// Counts, in one pass, until the limit is passed.
    func fittingLines(_ text: UnsafeRawBufferPointer, limit: Int) -> LineFit {
        let bytes = text.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let fit = tk_counter_fit(counter, bytes, text.count, limit, TK_FIT_LINES)
        return LineFit(
            end: fit.line_end, tokens: fit.line_tokens, isAboveLimit: fit.is_above, total: fit.tokens,
            hasSeenEnd: fit.has_seen_end)
    }

    /// The pre-token of a text with which it passes the limit; nil if all of it fits.
    func pretokenAbove(_ text: UnsafeRawBufferPointer, limit: Int) -> Range<Int>? {
        let bytes = text.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let fit = tk_counter_fit(counter, bytes, text.count, limit, TK_FIT_BORDER)
        return fit.is_above ? fit.border..<fit.border_end : nil
    }

    /// The plain counter's scratch.
    private func plainScratch() -> UnsafeMutableRawPointer {
        hasScratch = true
        return scratch
    }

    /// The tokens of some text, those of its last pre-token apart.
    struct Tally {
        /// Tokens before the last pre-token.
        var before: Int
        /// Tokens of the last pre-token.
        var last: Int
        /// Where the last pre-token starts.
        var lastStart: Int
        /// Where the last pre-token ends.
        var end: Int
        /// The limit was passed, and counting stopped there.
        var isAboveLimit: Bool

        var total: Int { before + last }
    }

    /// Counts until the sum is above `limit`. With `isOpen`, more text follows: it stops before the first pre-token that could
    /// be another one with that text.
    func tally(_ text: UnsafeRawBufferPointer, limit: Int, isOpen: Bool) -> Tally {
        let bytes = text.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let tally = tk_tally_tokens(vocabulary, plainScratch(), bytes, text.count, limit, isOpen)
        return Tally(
            before: tally.token_count, last: tally.last_token_count, lastStart: tally.last_start,
            end: tally.end, isAboveLimit: tally.is_above_limit)
    }

    /// Where the first pre-token of `text`, which is not empty, ends.
    func firstPretokenEnd(_ text: UnsafeRawBufferPointer) -> Int {
        let kernelTokenizer = tokenizer == .o200kBase ? TK_O200K_BASE : TK_CL100K_BASE
        return tk_pretoken_end(kernelTokenizer, text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count, 0)
    }

    /// Where the first `limit` tokens of one pre-token end, moved back to a character's start.
    func tokenPrefix(_ pretoken: UnsafeRawBufferPointer, limit: Int) -> Int {
        let bytes = pretoken.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return tk_token_prefix(vocabulary, plainScratch(), bytes, pretoken.count, limit)
    }

    /// The last line end of one pre-token up to which no line end has more than `limit` tokens before it, and its tokens.
    /// 0 and 0 if the first line end has.
    func linePrefix(_ pretoken: UnsafeRawBufferPointer, limit: Int) -> (end: Int, tokens: Int) {
        let bytes = pretoken.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var tokens = 0
        let end = tk_line_prefix(vocabulary, bytes, pretoken.count, limit, &tokens)
        return (end, tokens)
    }
}
