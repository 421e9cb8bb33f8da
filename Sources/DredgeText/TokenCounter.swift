import CTextKernels

/// Counts tokens exactly. One a worker: it owns caches and scratch memory and is not Sendable.
///
/// The tables are part of the executable and used where they lie, so a counter is there at once. Its caches and scratch are at
/// most 8 MiB; they change no result.
public final class TokenCounter {
    /// Whose tokens are counted.
    public let tokenizer: Tokenizer
    private let counter: OpaquePointer

    /// Takes microseconds; memory is touched as it is needed.
    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        guard let counter = tk_counter_create(tokenizer.kernelTokenizer) else {
            fatalError("No memory for a token counter (8 MiB): raise the process's memory limit.")
        }
        self.counter = counter
    }

    deinit { tk_counter_destroy(counter) }

    /// The exact count of `text` alone, as `len(encode_ordinary(text.decode("utf-8", "replace")))` in tiktoken.
    ///
    /// Any bytes are text: a maximal invalid sequence counts as U+FFFD does. Special tokens such as `<|endoftext|>` are
    /// ordinary text. The cost is linear in the text; `Benchmarks/` has the figures.
    public func count(_ text: UnsafeRawBufferPointer) -> Int {
        tk_counter_count(counter, text.bytes, text.count)
    }

    /// The exact count of a string.
    public func count(_ text: String) -> Int {
        var text = text
        return text.withUTF8 { count(UnsafeRawBufferPointer($0)) }
    }
}

/// What the chunker needs to know beyond a count. Nothing of it allocates.
extension TokenCounter {
    /// Takes whole lines from the text's begin, as many as fit, and again from there, until `found` is full or a line does not fit.
    /// Nothing is decided from `start` on.
    func chunks(
        _ text: UnsafeRawBufferPointer, isEnd: Bool, limit: Int, overlap: Int,
        into found: UnsafeMutableBufferPointer<tk_chunk>
    ) -> tk_chunks {
        tk_counter_chunks(counter, text.bytes, text.count, isEnd, limit, overlap, found.baseAddress, found.count)
    }

    /// Cuts a line that does not fit, if it is one long pre-token of simple kind; the number of chunks that are decided.
    func cut(_ text: UnsafeRawBufferPointer, limit: Int, into found: UnsafeMutableBufferPointer<tk_chunk>) -> Int {
        tk_counter_cut(counter, text.bytes, text.count, limit, found.baseAddress, found.count)
    }

    /// The pre-token of a text with which it passes the limit; nil if all of it fits.
    func pretokenAbove(_ text: UnsafeRawBufferPointer, limit: Int) -> Range<Int>? {
        let above = tk_counter_pretoken_above(counter, text.bytes, text.count, limit)
        return above.is_there ? above.start..<above.end : nil
    }

    /// The tokens of some text, those of its last pre-token apart.
    struct Tally {
        /// Tokens before the last pre-token.
        var before: Int
        /// Tokens of the last pre-token.
        var last: Int
        /// Where the last pre-token starts.
        var lastStart: Int
        /// The limit was passed, and counting stopped there.
        var isAboveLimit: Bool

        var total: Int { before + last }
    }

    /// Counts until the sum is above `limit`. With `isOpen`, more text follows: it stops before the first pre-token that could
    /// be another one with that text.
    func tally(_ text: UnsafeRawBufferPointer, limit: Int, isOpen: Bool) -> Tally {
        let tally = tk_counter_tally(counter, text.bytes, text.count, limit, isOpen)
        return Tally(
            before: tally.token_count, last: tally.last_token_count, lastStart: tally.last_start,
            isAboveLimit: tally.is_above_limit)
    }

    /// Where the first pre-token of `text`, which is not empty, ends.
    func firstPretokenEnd(_ text: UnsafeRawBufferPointer) -> Int {
        tk_pretoken_end(tokenizer.kernelTokenizer, text.bytes, text.count, 0)
    }

    /// Where the first `limit` tokens of one pre-token end, moved back to a character's start.
    func tokenPrefix(_ pretoken: UnsafeRawBufferPointer, limit: Int) -> Int {
        tk_counter_token_prefix(counter, pretoken.bytes, pretoken.count, limit)
    }

    /// The last line end of one pre-token up to which no line end has more than `limit` tokens before it, and its tokens.
    /// 0 and 0 if the first line end has.
    func linePrefix(_ pretoken: UnsafeRawBufferPointer, limit: Int) -> (end: Int, tokens: Int) {
        var tokens = 0
        let end = tk_counter_line_prefix(counter, pretoken.bytes, pretoken.count, limit, &tokens)
        return (end, tokens)
    }
}
