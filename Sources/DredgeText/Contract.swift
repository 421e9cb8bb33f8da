/// A tokenizer of OpenAI's, by tiktoken's name.
public enum Tokenizer: String, Sendable, CaseIterable {
    case o200kBase = "o200k_base"
    case cl100kBase = "cl100k_base"
}

/// Counts tokens exactly. One a worker: it owns scratch memory and is not Sendable.
public final class TokenCounter {
    public init(_ tokenizer: Tokenizer) {}
    /// Exact count of `text` alone, as `len(encode_ordinary(text.decode("utf-8", "replace")))` in tiktoken.
    public func count(_ text: UnsafeRawBufferPointer) -> Int { fatalError() }
}

public struct ChunkingSettings: Sendable, Hashable {
    public enum Strategy: String, Sendable { case lines }
    public var strategy: Strategy
    public var maxTokens: Int
    public var overlapTokens: Int
    public static let maxTokensRange = 16...1_048_576
    /// 0 or more and below `maxTokens`, which the caller has checked.
    public static func lines(maxTokens: Int = 512, overlapTokens: Int = 0) -> Self { .init(strategy: .lines, maxTokens: maxTokens, overlapTokens: overlapTokens) }
    init(strategy: Strategy, maxTokens: Int, overlapTokens: Int) {
        self.strategy = strategy
        self.maxTokens = maxTokens
        self.overlapTokens = overlapTokens
    }
}

/// A chunk's place in the window that the chunker was given.
public struct ChunkRange: Sendable, Hashable {
    public var offset: Int
    public var byteCount: Int
    public var tokenCount: Int
}

/// Splits a document into chunks. Its only state is where the next chunk starts, so it can be fed window by window:
/// a window begins at that place.
public struct Chunker {
    public init(settings: ChunkingSettings, counter: TokenCounter) {}
    /// No window needs to be longer than this for its first chunk to be decided.
    public static func lookaheadByteCountMax(_ settings: ChunkingSettings) -> Int { fatalError() }
    /// Calls `emit` for every chunk that can be decided from `window`, in order, and returns how many bytes of the window are
    /// done with: the next window begins there. `isEnd`: the window reaches to the document's end; then everything is decided.
    public func split(_ window: UnsafeRawBufferPointer, isEnd: Bool, emit: (ChunkRange) -> Void) -> Int { fatalError() }
}

/// Whether the first bytes of a document (8 KiB are looked at) say that it is not text: there is a NUL among them.
public func looksBinary(_ head: UnsafeRawBufferPointer) -> Bool { fatalError() }
