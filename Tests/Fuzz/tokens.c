// For both tokenizers: pre-tokens tile the text and split no unit; the tally is the sum over them; a prefix that the tally of an
// open text has settled is counted the same with more text behind it; the token prefix and the line prefix keep the limit.
#include "fuzz.h"

static size_t total(const tk_vocabulary *vocabulary, void *scratch, const uint8_t *text, size_t count) {
    const tk_tally tally = tk_tally_tokens(vocabulary, scratch, text, count, SIZE_MAX, false);
    REQUIRE(tally.end == count && !tally.is_above_limit);
    return tally.token_count + tally.last_token_count;
}

static void check(tk_tokenizer tokenizer, void *scratch, const uint8_t *text, size_t size) {
    const tk_vocabulary *vocabulary = tk_vocabulary_shared(tokenizer);
    REQUIRE(vocabulary != NULL);
    const size_t tokens = total(vocabulary, scratch, text, size);
    REQUIRE(tokens <= 3 * size && size <= tokens * TK_TOKEN_BYTES_MAX);

    size_t start = 0, pretokens = 0;
    while (start < size) {
        const size_t end = tk_pretoken_end(tokenizer, text, size, start);
        REQUIRE(end > start && end <= size && tk_utf8_boundary(text, size, end) == end);
        start = end;
        pretokens++;
    }
    REQUIRE(pretokens <= tokens);

    // What is settled in the first half, as open text, is settled in the whole.
    const size_t half = size / 2;
    const tk_tally open = tk_tally_tokens(vocabulary, scratch, text, half, SIZE_MAX, true);
    REQUIRE(open.end <= half);
    size_t end = 0;
    while (end < open.end) end = tk_pretoken_end(tokenizer, text, size, end);
    REQUIRE(end == open.end);

    if (size == 0) return;
    // As one pre-token: how many tokens fit, whatever the text is.
    for (size_t limit = 4; limit <= 16; limit *= 2) {
        const size_t prefix = tk_token_prefix(vocabulary, scratch, text, size, limit);
        REQUIRE(prefix > 0 && prefix <= size && tk_utf8_boundary(text, size, prefix) == prefix);
        REQUIRE(prefix <= limit * TK_TOKEN_BYTES_MAX);
        size_t line_tokens = 0;
        const size_t line = tk_line_prefix(vocabulary, text, size, limit, &line_tokens);
        REQUIRE(line <= size && line_tokens <= limit && (line == 0 || text[line - 1] == '\n'));
    }
    // The first pre-token, merged, against the walk over its prefixes. A newline makes it a line's end.
    const size_t first = tk_pretoken_end(tokenizer, text, size, 0);
    if (text[first - 1] == '\n') {
        size_t line_tokens = 0;
        REQUIRE(tk_line_prefix(vocabulary, text, first, SIZE_MAX, &line_tokens) == first);
        REQUIRE(line_tokens == total(vocabulary, scratch, text, first));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void *scratch;
    if (scratch == NULL) scratch = malloc(tk_scratch_byte_count());
    REQUIRE(scratch != NULL);
    uint8_t *text = exact_copy(data, size);
    check(TK_O200K_BASE, scratch, text, size);
    check(TK_CL100K_BASE, scratch, text, size);
    free(text);
    return 0;
}
