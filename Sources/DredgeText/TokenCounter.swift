import CTextKernels

/// Counts tokens exactly. One a worker: it owns caches and scratch memory and is not Sendable.
///
/// The tables are part of the executable and used where they lie, so a counter is there at once. Its caches and scratch
/// are at most 8 MiB; they change no result.
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

    /// The instructions that it uses: "scalar", "avx2", "avx512vbmi" or "neon".
    public var pathName: String { String(cString: tk_counter_path_name(counter)) }

    /// As many chunks of a text as `found` has room for and as can be decided; see `Chunker.split`.
    func chunks(
        _ text: UnsafeRawBufferPointer, isEnd: Bool, settings: ChunkingSettings,
        into found: UnsafeMutableBufferPointer<tk_chunk>
    ) -> tk_chunks {
        tk_counter_chunks(
            counter, text.bytes, text.count, isEnd, settings.kernelSettings, found.baseAddress, found.count)
    }

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
