// For both tokenizers and all CPU paths, the fast counter's answers are those of the plain one: counts; the pre-token
// that passes a limit; tallies; and of a text taken as one pre-token, where its first tokens end and how many lines
// fit.
#include "fuzz.h"

#include "counter/counter.h"
#include "counter/one_by_one.h"
#include "counter/prefixes.h"

static void check_count(tr_counter *reference, tk_counter *counter, const uint8_t *text, size_t size) {
    const size_t found = tk_counter_count(counter, text, size), expected = tr_count(reference, text, size);
    if (found != expected) {
        fprintf(stderr, "%zu tokens, the reference has %zu; ", found, expected);
        show(counter, text, size);
    }
    REQUIRE(found == expected);
}

static void check_limit(
    tk_tokenizer tokenizer, tr_counter *reference, tk_counter *counter, const uint8_t *text, size_t size,
    size_t limit) {
    size_t start = 0, end = 0, before = 0, tokens = 0;
    while (end < size && before + tokens <= limit) {
        before += tokens;
        start = end;
        end = tr_pretoken_end(tokenizer, text, size, start);
        tokens = tr_count_pretoken(reference, text + start, end - start);
    }
    const bool is_above = before + tokens > limit;
    const tk_pretoken above = tk_pretoken_above(counter, text, size, limit);
    REQUIRE(above.is_there == is_above);
    if (is_above) REQUIRE(above.start == start && above.end == end && above.tokens_before == before);
}

static void check_prefixes(
    tr_counter *reference, tk_counter *counter, const uint8_t *text, size_t size, size_t limit) {
    REQUIRE(tk_token_prefix(counter, text, size, limit) == tr_token_prefix(reference, text, size, limit));
    size_t line_end = 0, line_tokens = 0, found_tokens;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\n') continue;
        const size_t tokens = tr_count_pretoken(reference, text, i + 1);
        if (tokens > limit) break;
        line_end = i + 1;
        line_tokens = tokens;
    }
    REQUIRE(tk_line_prefix(counter, text, size, limit, &found_tokens) == line_end && found_tokens == line_tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = exact_copy(data, size);
    for (int tokenizer = 0; tokenizer < TOKENIZERS; tokenizer++) {
        tr_counter *reference = reference_of((tk_tokenizer)tokenizer);
        const size_t tokens = tr_count(reference, text, size);
        const size_t limit = size == 0 ? 4 : 4 + text[size / 2] % (tokens + 1);
        // Each line's end is counted anew.
        const size_t part = size < 512 ? size : 512;
        for (int path = 0; path < TK_PATH_COUNT; path++) {
            tk_counter *counter = counter_of((tk_tokenizer)tokenizer, (tk_path)path);
            if (counter == NULL) continue;
            check_count(reference, counter, text, size);
            check_limit((tk_tokenizer)tokenizer, reference, counter, text, size, limit);
            check_prefixes(reference, counter, text, part, limit);
        }
    }
    free(text);
    return 0;
}
