import CTextKernels

/// A tokenizer of OpenAI's, by tiktoken's name. Its vocabulary is part of the executable.
///
/// The pattern that splits text into pre-tokens, and the ranks by which byte pairs merge, are those of tiktoken's
/// `tiktoken_ext/openai_public.py`.
public enum Tokenizer: String, Sendable, CaseIterable {
    /// GPT-4o and later: 199,998 tokens.
    case o200kBase = "o200k_base"
    /// GPT-3.5 and GPT-4, `text-embedding-3`: 100,256 tokens.
    case cl100kBase = "cl100k_base"

    /// No token is longer than this, in bytes, so no text of n tokens is longer than n times this.
    public static let tokenByteCountMax = TK_TOKEN_BYTES_MAX

    var kernelTokenizer: tk_tokenizer { self == .o200kBase ? TK_O200K_BASE : TK_CL100K_BASE }
}
