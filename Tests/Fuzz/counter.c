// For both tokenizers and all CPU paths: the fast counter's answer is that of the reference twin; the pre-token that passes a limit
// is the one that the reference's tally names.
// The counters live on, so that what is in their caches is met too.
#include "fuzz.h"

enum { TOKENIZERS = 2 };

static size_t total(const tk_vocabulary *vocabulary, void *scratch, const uint8_t *text, size_t count) {
    const tk_tally tally = tk_tally_tokens(vocabulary, scratch, text, count, SIZE_MAX, false);
    return tally.token_count + tally.last_token_count;
}

static void check_border(
    const tk_vocabulary *vocabulary, void *scratch, tk_counter *counter, const uint8_t *text, size_t size, size_t limit) {
    const tk_tally tally = tk_tally_tokens(vocabulary, scratch, text, size, limit, false);
    const tk_pretoken above = tk_counter_pretoken_above(counter, text, size, limit);
    REQUIRE(above.is_there == tally.is_above_limit);
    if (above.is_there) {
        REQUIRE(above.start == tally.last_start && above.end == tally.end && above.tokens_before == tally.token_count);
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
            check_border(vocabulary, scratch, counter, text, size, limit);
        }
    }
    free(text);
    return 0;
}
