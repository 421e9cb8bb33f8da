public import DredgeText

/// What a store's content is a function of, beside the objects' bytes. A store keeps the settings that it was made with
/// and refuses others.
public struct IndexSettings: Sendable, Hashable {
    /// Counts the tokens.
    public var tokenizer: Tokenizer
    /// Cuts the chunks.
    public var chunking: ChunkingSettings

    /// `o200k_base`, chunks of whole lines of at most 512 tokens, unless said otherwise.
    public init(tokenizer: Tokenizer = .o200kBase, chunking: ChunkingSettings = .lines()) {
        self.tokenizer = tokenizer
        self.chunking = chunking
    }

    /// The settings by the names that the store and its messages use.
    package var named: [String: String] {
        [
            "tokenizer": tokenizer.rawValue,
            "chunking.strategy": chunking.ruleName,
            "chunking.max_tokens": String(chunking.maxTokens),
            "chunking.overlap_tokens": String(chunking.overlapTokens),
        ]
    }

    /// The settings that a store was made with; nil where it names some that this version does not know, or a rule that
    /// it does not cut by.
    init?(named: [String: String]) {
        guard
            let tokenizer = named["tokenizer"].flatMap(Tokenizer.init(rawValue:)),
            let maxTokens = named["chunking.max_tokens"].flatMap(Int.init),
            let overlapTokens = named["chunking.overlap_tokens"].flatMap(Int.init)
        else { return nil }
        self.init(tokenizer: tokenizer, chunking: .lines(maxTokens: maxTokens, overlapTokens: overlapTokens))
        guard named["chunking.strategy"] == chunking.ruleName else { return nil }
    }
}
