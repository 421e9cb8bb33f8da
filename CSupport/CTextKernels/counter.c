#include "counter.h"

#include <stdlib.h>

#include "merges.h"
#include "utf8.h"

unsigned tk_count_and_keep(tk_counter *counter, const uint8_t *bytes, unsigned count, tk_short_entry *set, tk_short_entry key) {
    uint64_t starts;
    const unsigned tokens = tk_merge_window(counter, bytes, count, &starts);
    memmove(set + 1, set, (TK_SHORT_WAYS - 1) * sizeof *set);
    set[0] = (tk_short_entry){key.low, key.high | (uint64_t)tokens << 56};
    return tokens;
}

size_t tk_count_cached(tk_counter *counter, const uint8_t *bytes, size_t count) {
    if (count > 31) return tk_count_long(counter, bytes, count);
    uint64_t words[4];
    memcpy(words, bytes, 16);
    memcpy(words + 2, bytes + count - 16, 16);
    // What of the second half the first has already is shifted out.
    const unsigned shift = 8 * (unsigned)(32 - count);
    if (shift >= 64) {
        words[2] = shift == 128 ? 0 : words[3] >> (shift - 64);
        words[3] = 0;
    } else {
        words[2] = words[2] >> shift | words[3] << (64 - shift);
        words[3] >>= shift;
    }
    words[3] |= (uint64_t)(count - 16) << 60;
    uint64_t hash = (words[0] ^ words[2]) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
    hash = (hash ^ words[1]) * 0xD6E8FEB86659FD93u + words[3] * 0x9E3779B97F4A7C15u + (words[2] >> 32) * 0xC2B2AE3D27D4EB4Fu;
    tk_long_entry *set = counter->long_entries + TK_LONG_WAYS * (hash >> (64 - TK_LONG_SET_BITS));
    for (unsigned way = 0; way < TK_LONG_WAYS; way++) {
        const uint64_t *found = set[way].words;
        const uint64_t difference = (found[0] ^ words[0]) | (found[1] ^ words[1]) | (found[2] ^ words[2])
            | ((found[3] ^ words[3]) & 0xF0FFFFFFFFFFFFFF);
        if (difference == 0 && (found[3] >> 56 & 15) != 0) return found[3] >> 56 & 15;
    }
    const size_t tokens = tk_count_long(counter, bytes, count);
    if (tokens < 16) {
        set[1] = set[0];
        memcpy(set[0].words, words, sizeof words);
        set[0].words[3] |= (uint64_t)tokens << 56;
    }
    return tokens;
}

static size_t count_piece(tk_counter *counter, const tk_text *text, size_t start, size_t end, bool is_invalid) {
    const uint8_t *p = text->bytes + start;
    const size_t count = end - start;
    if (is_invalid) return tk_count_invalid(counter, p, count);
    if (count == 1) return 1;
    if (count >= 16) return tk_count_cached(counter, p, count);
    uint8_t padded[16] = {0};
    memcpy(padded, p, count);
    const tk_short_entry key = tk_short_key(padded, (unsigned)count);
    tk_short_entry *set = tk_short_set(counter, tk_short_hash(key.low, key.high));
    for (unsigned way = 0; way < TK_SHORT_WAYS; way++) {
        if (set[way].low == key.low && ((set[way].high ^ key.high) & 0xF0FFFFFFFFFFFFFF) == 0) return set[way].high >> 56 & 15;
    }
    return tk_count_and_keep(counter, padded, (unsigned)count, set, key);
}

void tk_count_slow(tk_counter *counter, tk_text *text, tk_progress *progress, size_t until) {
    const bool is_o200k = counter->tokenizer == TK_O200K_BASE;
    do {
        text->has_seen_invalid = false;
        const size_t start = progress->word;
        const size_t end = is_o200k ? tk_pretoken_end_o200k(text, start) : tk_pretoken_end_cl100k(text, start);
        const size_t tokens = count_piece(counter, text, progress->at, end, text->has_seen_invalid);
        if (progress->wants_lines) {
            size_t from = progress->at;
            for (;;) {
                const size_t length = tk_find_newline(text->bytes + from, end - from);
                if (length == end - from) break;
                from += length + 1;
                const size_t line_tokens = progress->tokens
                    + (from == end ? tokens : count_piece(counter, text, start, from, text->has_seen_invalid));
                if (line_tokens > progress->token_limit) {
                    progress->tokens = SIZE_MAX;
                    return;
                }
                progress->line_end = from;
                progress->line_tokens = line_tokens;
            }
        }
        progress->tokens += tokens;
        progress->at = progress->word = end;
    } while (progress->at < until && progress->tokens <= progress->token_limit);
}

void tk_count_scalar(tk_counter *counter, tk_text *text, tk_progress *progress) {
    tk_count_slow(counter, text, progress, text->count);
}

static tk_counting_kernel kernel = tk_count_avx512;

tk_counter *tk_counter_create(tk_tokenizer tokenizer) {
    tk_counter *counter = NULL;
    if (posix_memalign((void **)&counter, 1 << 21, sizeof *counter) != 0) return NULL;
    memset(counter, 0, sizeof *counter);
    counter->tokenizer = tokenizer;
    counter->tables = tk_counting_tables_of(tokenizer);
    counter->slots = tk_slots_of(counter->tables);
    return counter;
}

size_t tk_counter_count(tk_counter *counter, const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    tk_text text = {bytes, count, false, false};
    tk_progress progress = {.token_limit = SIZE_MAX};
    kernel(counter, &text, &progress);
    return progress.tokens;
}
