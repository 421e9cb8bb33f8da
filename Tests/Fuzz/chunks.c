// For both tokenizers and all CPU paths, chunks are those of the rule at the head of rule.h, done here step by step as
// it is written, with counts by the plain counter: for random settings, with and without overlap, whatever windows the
// text comes in, and whatever room there is for chunks. Apart from the rule, they cover the text, each is counted
// exactly, and none has too many tokens.
#include "fuzz.h"

enum { TEXT_MAX = 1200 };

typedef struct {
    tk_tokenizer tokenizer;
    tr_counter *counter;
    const uint8_t *text;
    size_t size;
    tk_chunk_settings settings;
} ruled_text;

static size_t count_of(const ruled_text *r, size_t start, size_t end) {
    return tr_count(r->counter, r->text + start, end - start);
}

/// The end of the line that `at` is in.
static size_t line_end_of(const ruled_text *r, size_t at) {
    while (at < r->size && r->text[at] != '\n') at++;
    return at < r->size ? at + 1 : at;
}

/// The last unit's start at or before `at`, of the text from `start` on.
static size_t unit_start(const ruled_text *r, size_t start, size_t at) {
    size_t unit = start;
    for (size_t next = start; next < r->size && next <= at;) {
        bool is_invalid;
        unit = next;
        next += tr_unit(r->text + next, r->size - next, &is_invalid);
        if (next <= at && next == r->size) unit = next;
    }
    return unit;
}

/// Rule 1. `start` if not even the first line fits.
static size_t pack(const ruled_text *r, size_t start) {
    size_t end = start;
    while (end < r->size) {
        const size_t line_end = line_end_of(r, end);
        if (count_of(r, start, line_end) > r->settings.token_max) break;
        end = line_end;
    }
    return end;
}

/// Rule 2.
static size_t cut(const ruled_text *r, size_t start) {
    const size_t token_max = r->settings.token_max, line_end = line_end_of(r, start);
    size_t end = start, part = start, tokens = 0;
    for (size_t byte_count = 8 * token_max; count_of(r, start, end) <= token_max; byte_count *= 2) {
        const size_t byte_count_max = (token_max + 1) * TK_TOKEN_BYTES_MAX;
        end = unit_start(r, start, start + (byte_count < byte_count_max ? byte_count : byte_count_max));
        if (end > line_end) end = line_end;
    }
    size_t first = 0;
    while (part < end) {
        const size_t behind = tr_pretoken_end(r->tokenizer, r->text + start, end - start, part - start) + start;
        tokens += tr_count_pretoken(r->counter, r->text + part, behind - part);
        if (part == start) first = behind;
        if (tokens > token_max) break;
        part = behind;
    }
    if (part == start) part = start + tr_token_prefix(r->counter, r->text + start, first - start, token_max);
    while (count_of(r, start, part) > token_max) part = unit_start(r, start, part - 1);
    return part;
}

/// Rule 3.
static size_t next_start(const ruled_text *r, size_t start, size_t end) {
    if (r->settings.overlap == 0 || end == r->size) return end;
    const size_t next_line_end = line_end_of(r, end);
    for (size_t at = start; at < end;) {
        at = start + tr_pretoken_end(r->tokenizer, r->text + start, end - start, at - start);
        const bool is_candidate = at < end && r->text[at - 1] == '\n';
        if (is_candidate && count_of(r, at, end) <= r->settings.overlap
            && count_of(r, at, next_line_end) <= r->settings.token_max) {
            return at;
        }
    }
    return end;
}

static size_t rule(const ruled_text *r, tk_chunk *chunks) {
    size_t count = 0;
    for (size_t start = 0; start < r->size;) {
        size_t end = pack(r, start), next = end;
        if (end == start) next = end = cut(r, start);
        else next = next_start(r, start, end);
        chunks[count++] = (tk_chunk){start, end, count_of(r, start, end)};
        start = next;
    }
    return count;
}

/// Feeds the text in windows that grow by up to `step` bytes, with room for `capacity` chunks.
static size_t feed(tk_counter *counter, const ruled_text *r, size_t step, size_t capacity, tk_chunk *chunks) {
    size_t count = 0, start = 0, end = 0;
    uint32_t state = (uint32_t)(step + capacity);
    while (start < r->size) {
        state = state * 1664525 + 1013904223;
        end += 1 + (state >> 8) % step;
        if (end > r->size) end = r->size;
        uint8_t *window = exact_copy(r->text + start, end - start);
        for (tk_chunks found = {capacity, 0}; found.count == capacity;) {
            const size_t at = found.next;
            found = tk_counter_chunks(
                counter, window + at, end - start - at, end == r->size, r->settings, chunks + count, capacity);
            for (size_t i = 0; i < found.count; i++) {
                chunks[count + i].start += start + at;
                chunks[count + i].end += start + at;
            }
            count += found.count;
            found.next += at;
            if (found.count < capacity || found.next == end - start) {
                start += found.next;
                break;
            }
        }
        free(window);
    }
    return count;
}

static void check_coverage(const ruled_text *r, const tk_chunk *chunks, size_t count) {
    size_t start = 0, end = 0;
    for (size_t i = 0; i < count; i++) {
        const tk_chunk chunk = chunks[i];
        REQUIRE(chunk.tokens <= r->settings.token_max && chunk.tokens == count_of(r, chunk.start, chunk.end));
        REQUIRE(chunk.end > end && (i == 0 ? chunk.start == 0 : chunk.start > start) && chunk.start <= end);
        REQUIRE(r->settings.overlap > 0 || chunk.start == end);
        if (chunk.start < end) {
            REQUIRE(r->text[chunk.start - 1] == '\n' && count_of(r, chunk.start, end) <= r->settings.overlap);
        }
        start = chunk.start;
        end = chunk.end;
    }
    REQUIRE(end == r->size);
}

static void check(const uint8_t *text, size_t size, size_t choice) {
    static tk_chunk expected[TEXT_MAX + 8], found[TEXT_MAX + 8];
    for (int tokenizer = 0; tokenizer < TOKENIZERS; tokenizer++) {
        ruled_text r = {(tk_tokenizer)tokenizer, reference_of((tk_tokenizer)tokenizer), text, size, {0, 0}};
        r.settings.token_max = TK_CHUNK_TOKENS_MIN + choice % (count_of(&r, 0, size) / 2 + 1);
        if (choice % 3 != 0) r.settings.overlap = (choice >> 8) % r.settings.token_max;
        const size_t count = rule(&r, expected);
        const size_t step = 1 + (choice >> 4) % (size + size / 4), capacity = 1 + choice % 5;
        check_coverage(&r, expected, count);
        for (int path = 0; path < TK_PATH_COUNT; path++) {
            tk_counter *counter = counter_of((tk_tokenizer)tokenizer, (tk_path)path);
            if (counter == NULL) continue;
            for (int is_whole = 0; is_whole < 2; is_whole++) {
                const size_t found_count = feed(counter, &r, is_whole ? size + 1000000 : step, capacity, found);
                const bool is_right = found_count == count && memcmp(found, expected, count * sizeof *found) == 0;
                if (!is_right) {
                    fprintf(stderr, "token_max %zu, overlap %zu, windows of %zu, room for %zu\n", r.settings.token_max,
                        r.settings.overlap, is_whole ? size : step, capacity);
                    for (size_t i = 0; i < count || i < found_count; i++) {
                        fprintf(stderr, "  %zu ..< %zu: %zu, by the rule %zu ..< %zu: %zu\n", found[i].start,
                            found[i].end, found[i].tokens, expected[i].start, expected[i].end, expected[i].tokens);
                    }
                    show(counter, text, size);
                }
                REQUIRE(is_right);
            }
        }
    }
}

/// The same bytes as few different characters: long pre-tokens, and text that nearly repeats itself.
static void check_spelled(const uint8_t *data, size_t size, size_t choice) {
    static const char *const alphabets[] = {
        "abcdefghijklmnopqrstuvwxyz", "ab", "ETAOIN", "-=", "-=*#/", " ", " \n", "\n", " \t", "aaaaaaaaaaaaaaae",
        "  \r\n", "/\n", "=\n\n/\r", "\n\n\n\n =", "!\n/", "\n\n\n\n\n\n\n\nab", "word \n", "                \n",
        "\"\r\r\n ab", "\r\r\r\r\n\n \"", "x. \t",
    };
    const char *alphabet = alphabets[data[0] % (sizeof alphabets / sizeof *alphabets)];
    // Sometimes each stands for a run, so that there are more bytes than in the data.
    if (size > TEXT_MAX / 4) size = TEXT_MAX / 4;
    const size_t letters = strlen(alphabet), run = 1 + data[size - 1] % 4, count = size * run;
    uint8_t *text = malloc(count);
    REQUIRE(text != NULL);
    for (size_t i = 0; i < count; i++) text[i] = (uint8_t)alphabet[data[i / run] % letters];
    check(text, count, choice);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (size > TEXT_MAX) size = TEXT_MAX;
    size_t choice = 0;
    for (size_t i = 0; i < size; i++) choice = choice * 31 + data[i];
    uint8_t *text = exact_copy(data, size);
    check(text, size, choice);
    free(text);
    check_spelled(data, size, choice);
    return 0;
}
