// For both tokenizers and all CPU paths: the fast counter's answer is that of the reference twin; what fits by lines is what
// counting the text up to each line end alone says; the pre-token that passes a limit is the one that the reference's tally names.
// The counters live on, so that what is in their caches is met too.
#include "fuzz.h"

enum { TOKENIZERS = 2 };

static size_t total(const tk_vocabulary *vocabulary, void *scratch, const uint8_t *text, size_t count) {
    const tk_tally tally = tk_tally_tokens(vocabulary, scratch, text, count, SIZE_MAX, false);
    return tally.token_count + tally.last_token_count;
}

static void check_lines(
    const tk_vocabulary *vocabulary, void *scratch, tk_counter *counter, const uint8_t *text, size_t size, size_t limit) {
    size_t line_end = 0, line_tokens = 0;
    bool is_line_above = false;
    for (size_t at = 0; at < size && !is_line_above; at++) {
        if (text[at] != '\n') continue;
        const size_t tokens = total(vocabulary, scratch, text, at + 1);
        is_line_above = tokens > limit;
        if (is_line_above) break;
        line_end = at + 1;
        line_tokens = tokens;
    }
    const size_t all = total(vocabulary, scratch, text, size);
    const tk_fit fit = tk_counter_fit(counter, text, size, limit, TK_FIT_LINES);
    if (fit.line_end != line_end || fit.line_tokens != line_tokens) {
        fprintf(stderr, "%s: %zu tokens in %zu bytes fit in %zu, the reference has %zu in %zu:", tk_counter_path_name(counter),
            fit.line_tokens, fit.line_end, limit, line_tokens, line_end);
        for (size_t i = 0; i < size; i++) fprintf(stderr, " %02x", text[i]);
        fprintf(stderr, "\n");
    }
    REQUIRE(fit.line_end == line_end && fit.line_tokens == line_tokens);
    REQUIRE(fit.is_above == (is_line_above || all > limit));
    if (!fit.is_above) REQUIRE(fit.tokens == all);
}

static void check_border(
    const tk_vocabulary *vocabulary, void *scratch, tk_counter *counter, const uint8_t *text, size_t size, size_t limit) {
    const tk_tally tally = tk_tally_tokens(vocabulary, scratch, text, size, limit, false);
    const tk_fit fit = tk_counter_fit(counter, text, size, limit, TK_FIT_BORDER);
    REQUIRE(fit.is_above == tally.is_above_limit);
    if (fit.is_above) {
        REQUIRE(fit.border == tally.last_start && fit.border_end == tally.end && fit.border_tokens == tally.token_count);
    } else {
        REQUIRE(fit.tokens == tally.token_count + tally.last_token_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void *scratch;
    static tk_counter *counters[TOKENIZERS][TK_PATH_COUNT];
    if (scratch == NULL) {
        scratch = malloc(tk_scratch_byte_count());
        REQUIRE(scratch != NULL);
        for (int path = 0; path < TK_PATH_COUNT; path++) {
            for (int tokenizer = 0; tokenizer < TOKENIZERS; tokenizer++) {
                counters[tokenizer][path] = tk_counter_create_on((tk_path)path, (tk_tokenizer)tokenizer);
                REQUIRE((counters[tokenizer][path] != NULL) == tk_path_is_supported((tk_path)path));
            }
        }
    }
    uint8_t *text = exact_copy(data, size);
    for (int tokenizer = 0; tokenizer < TOKENIZERS; tokenizer++) {
        const tk_vocabulary *vocabulary = tk_vocabulary_shared((tk_tokenizer)tokenizer);
        REQUIRE(vocabulary != NULL);
        const size_t expected = total(vocabulary, scratch, text, size);
        const size_t limit = size == 0 ? 1 : 1 + text[size / 2] % (expected + 1);
        for (int path = 0; path < TK_PATH_COUNT; path++) {
            tk_counter *counter = counters[tokenizer][path];
            if (counter == NULL) continue;
            const size_t found = tk_counter_count(counter, text, size);
            if (found != expected) {
                fprintf(stderr, "%s %s: %zu tokens, the reference has %zu:", tokenizer == 0 ? "o200k" : "cl100k",
                    tk_counter_path_name(counter), found, expected);
                for (size_t i = 0; i < size; i++) fprintf(stderr, " %02x", text[i]);
                fprintf(stderr, "\n");
            }
            REQUIRE(found == expected);
            check_lines(vocabulary, scratch, counter, text, size, limit);
            check_border(vocabulary, scratch, counter, text, size, limit);
        }
    }
    free(text);
    return 0;
}
