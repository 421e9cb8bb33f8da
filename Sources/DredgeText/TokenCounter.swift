import CTextKernels

/// Counts tokens exactly. One a worker: it owns scratch memory and is not Sendable.
///
/// The vocabulary's tables are shared by all counters of the process and never change. The scratch of a counter is 8.25 MiB of
/// address space, of which 32 bytes per byte of the longest pre-token seen are ever touched: a few kilobytes on ordinary text.
/// That bounds it whatever the text holds, as longer pre-tokens (256 KiB and more) are counted without scratch.
public final class TokenCounter {
    /// Whose tokens are counted.
    public let tokenizer: Tokenizer
    private let vocabulary: OpaquePointer
    private let scratch: UnsafeMutableRawPointer

    /// Builds the tokenizer's tables if this is the process's first counter for it (some 15 ms).
    public init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        vocabulary = tokenizer.vocabulary
        scratch = .allocate(byteCount: tk_scratch_byte_count(), alignment: 64)
    }

    deinit {
        scratch.deallocate()
    }

    /// The exact count of `text` alone, as `len(encode_ordinary(text.decode("utf-8", "replace")))` in tiktoken.
    ///
    /// Any bytes are text: a maximal invalid sequence counts as U+FFFD does. Special tokens such as `<|endoftext|>` are
    /// ordinary text. The cost is linear in the text (some 80 MB/s on English), and n log n in a pre-token.
    public func count(_ text: UnsafeRawBufferPointer) -> Int {
        let tally = tally(text, limit: .max, isOpen: false)
        return tally.total
    }

    /// The exact count of a string.
    public func count(_ text: String) -> Int {
        var text = text
        return text.withUTF8 { count(UnsafeRawBufferPointer($0)) }
    }
}

/// What the chunker needs to know beyond a count.
extension TokenCounter {
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
        let tally = tk_tally_tokens(vocabulary, scratch, bytes, text.count, limit, isOpen)
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
        return tk_token_prefix(vocabulary, scratch, bytes, pretoken.count, limit)
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
