// For both tokenizers: pre-tokens tile the text and split no unit; those that a text without its end has settled are
// the same with more text behind; no token is longer than it may be.
#include "fuzz.h"

#include "pretokens/pretokens.h"

static void check(tk_tokenizer tokenizer, const uint8_t *text, size_t size) {
    const size_t tokens = tr_count(reference_of(tokenizer), text, size);
    REQUIRE(tokens <= 3 * size && size <= tokens * TK_TOKEN_BYTES_MAX);
    size_t pretokens = 0;
    for (size_t start = 0, end; start < size; start = end) {
        end = tr_pretoken_end(tokenizer, text, size, start);
        REQUIRE(end > start && end <= size && tr_unit_boundary(text, size, end) == end);
        pretokens++;
    }
    REQUIRE(pretokens <= tokens);

    tk_text half = {text, size / 2, false, false};
    for (size_t start = 0, end; start < half.count; start = end) {
        end = tk_next_pretoken_end(tokenizer, &half, start);
        if (half.has_seen_end) break;
        REQUIRE(end == tr_pretoken_end(tokenizer, text, size, start));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = exact_copy(data, size);
    check(TK_O200K_BASE, text, size);
    check(TK_CL100K_BASE, text, size);
    free(text);
    return 0;
}
