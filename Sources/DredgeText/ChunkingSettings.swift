import CTextKernels

/// How documents are cut into chunks. Part of what a store's content is a function of.
public struct ChunkingSettings: Sendable, Hashable {
    /// A way to cut.
    public enum Strategy: String, Sendable {
        /// Whole lines, as many as fit.
        case lines
    }

    /// A way to cut.
    public var strategy: Strategy
    /// No chunk has more tokens than this. In `maxTokensRange`.
    public var maxTokens: Int
    /// Tokens that a chunk may repeat of the one before, in whole lines. 0 or more and below `maxTokens`.
    public var overlapTokens: Int

    /// The legal values of `maxTokens`. The lower end leaves room for any single character.
    public static let maxTokensRange = TK_CHUNK_TOKENS_MIN...1_048_576

    /// Whole lines packed up to `maxTokens`; see `Chunker`.
    ///
    /// `maxTokens` is in `maxTokensRange`; `overlapTokens` is 0 or more and below `maxTokens`. The caller has checked
    /// both.
    public static func lines(maxTokens: Int = 512, overlapTokens: Int = 0) -> Self {
        .init(strategy: .lines, maxTokens: maxTokens, overlapTokens: overlapTokens)
    }

    /// The name of the rule by which documents are cut: a store that has another was cut in another way. Where chunks
    /// overlap, it is the strategy's second rule; the first one let chunks begin inside runs of blank lines.
    public var ruleName: String { overlapTokens == 0 ? strategy.rawValue : strategy.rawValue + "-2" }

    init(strategy: Strategy, maxTokens: Int, overlapTokens: Int) {
        self.strategy = strategy
        self.maxTokens = maxTokens
        self.overlapTokens = overlapTokens
    }

    var kernelSettings: tk_chunk_settings { tk_chunk_settings(token_max: maxTokens, overlap: overlapTokens) }
}

/// A chunk's place in the window that the chunker was given.
public struct ChunkRange: Sendable, Hashable {
    /// Offset in bytes from the start of the window.
    public var offset: Int
    /// Length in bytes, 1 or more.
    public var byteCount: Int
    /// What the reference tokenizer counts for these bytes alone.
    public var tokenCount: Int

    /// Offset of the first byte behind the chunk.
    public var end: Int { offset + byteCount }
}
