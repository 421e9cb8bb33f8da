// What the chunker asks the fast counter, on every path of this machine, against the plain counter: chunks of whole lines are
// those that counting each line end's text alone gives; parts of a long pre-token are as the chunker's rule says; tallies, line
// prefixes and token prefixes are the plain counter's. The counters live on, so that what is in their caches is met too.
#include "fuzz.h"

enum { TOKENIZERS = 2, CHUNKS = 5 };

typedef struct {
    const tk_vocabulary *vocabulary;
    void *scratch;
} reference;

static size_t total(const reference *r, const uint8_t *text, size_t count) {
    const tk_tally tally = tk_tally_tokens(r->vocabulary, r->scratch, text, count, SIZE_MAX, false);
    return tally.token_count + tally.last_token_count;
}

static void show(const tk_counter *counter, const uint8_t *text, size_t size, size_t limit) {
    fprintf(stderr, "%s, limit %zu:", tk_counter_path_name(counter), limit);
    for (size_t i = 0; i < size; i++) fprintf(stderr, " %02x", text[i]);
    fprintf(stderr, "\n");
}

/// The last line end (with `is_end`, or the text's end) from `start` on such that it and all before fit.
static size_t fitting(const reference *r, const uint8_t *text, size_t size, size_t start, bool is_end, size_t limit, size_t *tokens) {
    size_t end = start;
    *tokens = 0;
    for (size_t at = start; at < size; at++) {
        if (text[at] != '\n' && !(is_end && at + 1 == size)) continue;
        const size_t here = total(r, text + start, at + 1 - start);
        if (here > limit) break;
        end = at + 1;
        *tokens = here;
    }
    return end;
}

static void check_chunks(
    const reference *r, tk_counter *counter, const uint8_t *text, size_t size, bool is_end, size_t limit) {
    tk_chunk chunks[CHUNKS];
    size_t start = 0;
    while (start < size) {
        const tk_chunks found = tk_counter_chunks(counter, text + start, size - start, is_end, limit, 0, chunks, CHUNKS);
        size_t at = start;
        for (size_t i = 0; i < found.count; i++) {
            size_t tokens;
            const size_t end = fitting(r, text, size, at, is_end, limit, &tokens);
            const bool is_right = chunks[i].start + start == at && chunks[i].end + start == end && chunks[i].tokens == tokens && end > at;
            if (!is_right) {
                fprintf(stderr, "%zu ..< %zu has %zu tokens, the reference says %zu ..< %zu with %zu; ", chunks[i].start + start,
                    chunks[i].end + start, chunks[i].tokens, at, end, tokens);
                show(counter, text, size, limit);
            }
            REQUIRE(is_right);
            at = end;
        }
        REQUIRE(found.start + start == at);
        if (found.count == CHUNKS) {
            start = at;
            continue;
        }
        size_t tokens;
        const size_t end = fitting(r, text, size, at, is_end, limit, &tokens);
        if ((found.end == TK_CHUNKS_LINE_ABOVE)) REQUIRE(end == at);
        else if (is_end) REQUIRE(at == size);
        if (!(found.end == TK_CHUNKS_LINE_ABOVE)) break;
        // On behind the line.
        const size_t line = tk_find_newline(text + at, size - at);
        start = line == size - at ? size : at + line + 1;
    }
}

/// The chunker's rule for the part of a line that does not fit.
static size_t reference_part(const reference *r, const uint8_t *text, size_t size, size_t limit) {
    const size_t newline = tk_find_newline(text, size), line = newline == size ? size : newline + 1;
    for (size_t byte_count = 8 * limit;; byte_count *= 2) {
        const size_t end = line <= byte_count ? line : tk_utf8_boundary(text, size, byte_count);
        const tk_tally tally = tk_tally_tokens(r->vocabulary, r->scratch, text, end, limit, false);
        if (!tally.is_above_limit) continue;
        size_t part = tally.last_start > 0 ? tally.last_start : tk_token_prefix(r->vocabulary, r->scratch, text, tally.end, limit);
        while (total(r, text, part) > limit) part = tk_utf8_boundary(text, end, part - 1);
        return part;
    }
}

static void check_cut(const reference *r, tk_counter *counter, const uint8_t *text, size_t size, size_t limit) {
    tk_chunk chunks[CHUNKS];
    size_t tokens;
    if (limit < 16 || fitting(r, text, size, 0, true, limit, &tokens) > 0) return;
    const size_t count = tk_counter_cut(counter, text, size, limit, chunks, CHUNKS);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t part = reference_part(r, text + at, size - at, limit);
        const bool is_right = chunks[i].start == at && chunks[i].end == at + part && chunks[i].tokens == total(r, text + at, part)
            && fitting(r, text, size, at, true, limit, &tokens) == at;
        if (!is_right) {
            fprintf(stderr, "part %zu: %zu ..< %zu with %zu tokens, the reference says %zu ..< %zu; ", i, chunks[i].start,
                chunks[i].end, chunks[i].tokens, at, at + part);
            show(counter, text, size, limit);
        }
        REQUIRE(is_right);
        at += part;
    }
}

static void check_prefixes(const reference *r, tk_counter *counter, const uint8_t *text, size_t size, size_t limit) {
    size_t found_tokens, tokens;
    const size_t found = tk_counter_line_prefix(counter, text, size, limit, &found_tokens);
    const size_t expected = tk_line_prefix(r->vocabulary, text, size, limit, &tokens);
    if (found != expected || found_tokens != tokens) {
        fprintf(stderr, "line prefix %zu with %zu, the reference says %zu with %zu; ", found, found_tokens, expected, tokens);
        show(counter, text, size, limit);
    }
    REQUIRE(found == expected && found_tokens == tokens);
    REQUIRE(tk_counter_token_prefix(counter, text, size, limit) == tk_token_prefix(r->vocabulary, r->scratch, text, size, limit));
    for (int is_open = 0; is_open < 2; is_open++) {
        const tk_tally a = tk_counter_tally(counter, text, size, limit, is_open != 0);
        const tk_tally b = tk_tally_tokens(r->vocabulary, r->scratch, text, size, limit, is_open != 0);
        REQUIRE(a.is_above_limit == b.is_above_limit && a.token_count == b.token_count && a.last_start == b.last_start && a.end == b.end);
        if (!a.is_above_limit) REQUIRE(a.last_token_count == b.last_token_count);
    }
}

static void check(const uint8_t *text, size_t size, size_t choice) {
    static void *scratch;
    static tk_counter *counters[TOKENIZERS][TK_PATH_COUNT];
    if (scratch == NULL) {
        scratch = malloc(tk_scratch_byte_count());
        REQUIRE(scratch != NULL);
        for (int path = 0; path < TK_PATH_COUNT; path++) {
            for (int tokenizer = 0; tokenizer < TOKENIZERS; tokenizer++) {
                counters[tokenizer][path] = tk_counter_create_on((tk_path)path, (tk_tokenizer)tokenizer);
            }
        }
    }
    for (int tokenizer = 0; tokenizer < TOKENIZERS; tokenizer++) {
        const reference r = {tk_vocabulary_shared((tk_tokenizer)tokenizer), scratch};
        REQUIRE(r.vocabulary != NULL);
        const size_t limit = 4 + choice % (total(&r, text, size) / 2 + 1);
        for (int path = 0; path < TK_PATH_COUNT; path++) {
            tk_counter *counter = counters[tokenizer][path];
            if (counter == NULL) continue;
            check_chunks(&r, counter, text, size, false, limit);
            check_chunks(&r, counter, text, size, true, limit);
            check_cut(&r, counter, text, size, limit);
            check_prefixes(&r, counter, text, size, limit);
        }
    }
}

/// The same bytes as few different characters: long pre-tokens, and text that nearly repeats itself.
static void check_spelled(const uint8_t *data, size_t size) {
    static const char *const alphabets[] = {
        "abcdefghijklmnopqrstuvwxyz", "ab", "ETAOIN", "-=", "-=*#/", " ", " \n", "\n", " \t", "aaaaaaaaaaaaaaae", "  \r\n", "/\n", "=\n\n/\r", "\n\n\n\n =",
    };
    const char *alphabet = alphabets[data[0] % (sizeof alphabets / sizeof *alphabets)];
    // Sometimes each stands for a run, so that there are more bytes than in the data.
    if (size > 300) size = 300;
    const size_t letters = strlen(alphabet), run = 1 + data[size - 1] % 4, count = size * run;
    uint8_t *text = malloc(count);
    REQUIRE(text != NULL);
    for (size_t i = 0; i < count; i++) text[i] = (uint8_t)alphabet[data[i / run] % letters];
    check(text, count, data[size / 2]);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    uint8_t *text = exact_copy(data, size);
    check(text, size, text[size / 2]);
    free(text);
    check_spelled(data, size);
    return 0;
}
