// Pieces one by one: the caches for those of 16 bytes and more, and the way for what the block kernels do not do.
#include "counter.h"
#include "unicode_classes.h"
#include "utf8.h"

void tk_keep(tk_counter *counter, tk_key key, unsigned tokens) {
    const bool is_tiny = tk_is_tiny(key);
    uint64_t *words = counter->lines[tk_line_of(tk_key_hash(key), is_tiny)].words;
    const uint64_t count = (uint64_t)tokens << 56;
    if (is_tiny) {
        memmove(words + 1, words, 7 * sizeof *words);
        words[0] = key.low | count;
    } else {
        memmove(words + 2, words, 6 * sizeof *words);
        words[0] = key.low;
        words[1] = key.high | count;
    }
}

static size_t count_wide(tk_counter *counter, const uint8_t *bytes, size_t count) {
    if (count > TK_WIDE_BYTES_MAX) return tk_count_long(counter, bytes, count);
    uint64_t words[4];
    memcpy(words, bytes, 16);
    memcpy(words + 2, bytes + count - 16, 16);
    const uint64_t hash = (words[0] ^ count) * 0x9E3779B97F4A7C15u + words[1] * 0xD6E8FEB86659FD93u
        + words[2] * 0xC2B2AE3D27D4EB4Fu + words[3] * 0x165667B19E3779F9u;
    tk_wide_entry *entry = &counter->wide_entries[hash >> (64 - TK_WIDE_ENTRY_BITS)];
    if (entry->byte_count == count && memcmp(entry->bytes, bytes, count) == 0) return entry->tokens;
    // The cache holds whole counts.
    const size_t enough = counter->tokens_enough;
    counter->tokens_enough = SIZE_MAX;
    const size_t tokens = tk_count_long(counter, bytes, count);
    counter->tokens_enough = enough;
    entry->byte_count = (uint16_t)count;
    entry->tokens = (uint16_t)tokens;
    memcpy(entry->bytes, bytes, count);
    return tokens;
}

unsigned tk_find_long(const tk_counter *counter, const tk_long_entry *key, uint32_t set) {
    for (unsigned way = 0; way < TK_LONG_WAYS; way++) {
        const uint64_t *found = counter->long_entries[TK_LONG_WAYS * set + way].words, *words = key->words;
        const uint64_t difference = (found[0] ^ words[0]) | (found[1] ^ words[1]) | (found[2] ^ words[2])
            | ((found[3] ^ words[3]) & TK_BUT_COUNT);
        if (difference == 0 && tk_tokens_of(found[3]) != 0) return tk_tokens_of(found[3]);
    }
    return 0;
}

void tk_keep_long(tk_counter *counter, const tk_long_entry *key, uint32_t set, size_t tokens) {
    if (tokens > 15) return;
    tk_long_entry *entries = counter->long_entries + TK_LONG_WAYS * set;
    entries[1] = entries[0];
    entries[0] = *key;
    entries[0].words[3] |= (uint64_t)tokens << 56;
}

size_t tk_count_cached(tk_counter *counter, const uint8_t *bytes, size_t count) {
    if (count > 31) return count_wide(counter, bytes, count);
    const tk_long_entry key = tk_long_key(bytes, count);
    const uint32_t set = tk_long_set(&key);
    size_t tokens = tk_find_long(counter, &key, set);
    if (tokens != 0) return tokens;
    tokens = tk_count_long(counter, bytes, count);
    tk_keep_long(counter, &key, set, tokens);
    return tokens;
}

size_t tk_count_piece(tk_counter *counter, const uint8_t *bytes, size_t count) {
    if (count == 1) return 1;
    if (count >= 16) return tk_count_cached(counter, bytes, count);
    uint8_t padded[16] = {0};
    memcpy(padded, bytes, count);
    const tk_key key = tk_key_of(padded, (unsigned)count);
    const bool is_tiny = count < 8;
    const uint64_t *words = counter->lines[tk_line_of(tk_key_hash(key), is_tiny)].words, *masks = tk_line_masks[is_tiny];
    for (unsigned i = is_tiny ? 0 : 1; i < 8; i += is_tiny ? 1 : 2) {
        if (((words[i] ^ key.high) & masks[i]) == 0 && (is_tiny || words[i - 1] == key.low)) return words[i] >> 56 & 15;
    }
    uint64_t starts;
    const unsigned tokens = counter->merge_window(counter, padded, (unsigned)count, &starts);
    tk_keep(counter, key, tokens);
    return tokens;
}

/// Tokens of one valid pre-token, taken apart at the borders between letters of three bytes that no merge crosses.
static size_t count_split(tk_counter *counter, const uint8_t *bytes, size_t count) {
    size_t tokens = 0, from = 0, previous_end = SIZE_MAX;
    uint32_t previous = 0;
    for (size_t i = 0; i < count;) {
        const unsigned lead = bytes[i];
        if (lead < 0xE0 || lead >= 0xF0) {
            i += lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 4;
            continue;
        }
        const uint32_t code_point = (lead & 15) << 12 | (uint32_t)(bytes[i + 1] & 63) << 6 | (bytes[i + 2] & 63);
        const unsigned class = tk_class_of(code_point);
        if (class == TK_CASELESS && previous_end == i && !tk_may_join(counter->tables, previous, code_point)) {
            tokens += tk_count_piece(counter, bytes + from, i - from);
            if (tokens > counter->tokens_enough) return tokens;
            from = i;
        }
        i += 3;
        previous = code_point;
        previous_end = class == TK_CASELESS || class == TK_MARK ? i : SIZE_MAX;
    }
    return tokens + tk_count_piece(counter, bytes + from, count - from);
}

static size_t count_piece(tk_counter *counter, const uint8_t *bytes, size_t count, bool is_invalid) {
    if (is_invalid) return tk_count_invalid(counter, bytes, count);
    return count < 16 ? tk_count_piece(counter, bytes, count) : count_split(counter, bytes, count);
}

/// After so many lines in one pre-token, its further lines are counted in one pass, which is slower for few.
enum { LINES_OF_PRETOKEN_MAX = 8 };

/// Looks at the line ends in a piece that follows on what is counted. False if one is above the limit.
static bool take_lines(
    tk_counter *counter, const tk_text *text, tk_progress *progress, size_t end, size_t tokens, bool is_invalid) {
    const size_t start = progress->at;
    unsigned line_count = 0;
    for (size_t from = start;;) {
        from += tk_find_newline(text->bytes + from, end - from);
        if (from == end) return true;
        from++;
        if (from < end && ++line_count > LINES_OF_PRETOKEN_MAX) {
            if (progress->chunking->overlap != 0) return false;
            size_t line_tokens = 0;
            const size_t limit = progress->token_limit - progress->tokens;
            const size_t length = tk_counter_line_prefix(counter, text->bytes + start, end - start, limit, &line_tokens);
            if (length >= from - start) {
                tk_take_line_end(progress, start + length, progress->tokens + line_tokens, start + length < end);
            }
            return tk_find_newline(text->bytes + start + length, end - start - length) == end - start - length;
        }
        // Up to a line end in it, the piece is a pre-token too.
        const size_t line_tokens = progress->tokens
            + (from == end ? tokens : count_piece(counter, text->bytes + start, from - start, is_invalid));
        if (line_tokens > progress->token_limit || !tk_take_line_end(progress, from, line_tokens, from < end)) return false;
    }
}

/// As long as more is invalid, counts a copy in which it is replaced: the kernel is far faster than going one by one.
///
/// A copy ends where a pre-token starts, whatever is around it: behind a letter or number, at what is none, no mark and no
/// apostrophe (see `seam_of` in counter_blocks.h).
static void count_replaced(tk_counter *counter, const tk_text *text, tk_progress *progress) {
    enum {
        WORDS = 1 << TK_UPPER | 1 << TK_LOWER | 1 << TK_CASELESS | 1 << TK_NUMBER,
        GO_ON = WORDS | 1 << TK_MARK,
    };
    for (;;) {
        size_t source = progress->at, filled = 0, seam_source = source, seam_filled = 0, invalid_end = source;
        bool is_behind_word = false;
        while (filled + 4 <= TK_FEED && source < invalid_end + TK_BLOCK) {
            if (source == text->count) {
                seam_source = source;
                seam_filled = filled;
                break;
            }
            const uint8_t *bytes = text->bytes + source;
            const tk_unit unit = tk_decode(bytes, text->count - source);
            const unsigned class = 1u << tk_class_of(unit.code_point);
            if (is_behind_word && (class & GO_ON) == 0 && *bytes != '\'') {
                seam_source = source;
                seam_filled = filled;
            }
            is_behind_word = (class & WORDS) != 0;
            memcpy(counter->feed + filled, unit.is_invalid ? (const uint8_t *)"\xEF\xBF\xBD" : bytes,
                unit.is_invalid ? 3 : unit.byte_count);
            filled += unit.is_invalid ? 3 : unit.byte_count;
            source += unit.byte_count;
            if (unit.is_invalid) invalid_end = source;
        }
        if (invalid_end == progress->at || seam_filled == 0) return;
        tk_text copy = {counter->feed, seam_filled, false, false};
        tk_progress inner = {.token_limit = SIZE_MAX};
        counter->kernel(counter, &copy, &inner);
        progress->tokens += inner.tokens;
        progress->at = progress->word = seam_source;
        if (seam_source == text->count) return;
    }
}

void tk_count_slow(tk_counter *counter, tk_text *text, tk_progress *progress, size_t until) {
    const bool is_o200k = counter->tokenizer == TK_O200K_BASE, wants_chunks = progress->wants == TK_WANTS_CHUNKS;
    if (progress->tokens > progress->token_limit) {
        // The next line end will say where a chunk that overlaps ends.
        progress->stop = TK_STOPPED_FOR_CARE;
        return;
    }
    do {
        tk_text seen = *text;
        seen.has_seen_invalid = seen.has_seen_end = false;
        if (wants_chunks && tk_take_many_lines(progress)) {
            if (progress->stop != TK_NOT_STOPPED) return;
            continue;
        }
        // A pre-token that is longer than that passes the limit, wherever it ends.
        if (wants_chunks && text->count - progress->word > progress->chunking->byte_count_max) {
            seen.count = progress->word + progress->chunking->byte_count_max;
        }
        const size_t start = progress->at;
        size_t end =
            is_o200k ? tk_pretoken_end_o200k(&seen, progress->word) : tk_pretoken_end_cl100k(&seen, progress->word);
        const bool is_invalid = seen.has_seen_invalid, is_too_long = seen.has_seen_end && seen.count < text->count;
        // Where it ends depends on what is behind: of its line ends only those count that are seen, each up to itself.
        if (is_too_long) end = seen.count;
        counter->tokens_enough = progress->token_limit - progress->tokens;
        const size_t tokens = is_too_long ? counter->tokens_enough + 1
            : count_piece(counter, text->bytes + start, end - start, is_invalid);
        const bool is_line_above = wants_chunks && !take_lines(counter, text, progress, end, tokens, is_invalid);
        const bool is_above = is_line_above || progress->tokens + tokens > progress->token_limit;
        counter->tokens_enough = SIZE_MAX;
        if (is_above && wants_chunks) {
            const bool is_open = !is_line_above && !is_too_long && seen.has_seen_end && !progress->chunking->is_end;
            if (is_open) progress->stop = TK_STOPPED_OPEN;
            else tk_end_chunk(progress);
            return;
        }
        if (is_above) {
            progress->stop = TK_STOPPED_ABOVE;
            size_t before = progress->tokens;
            if (progress->word < start) {
                before -= count_piece(counter, text->bytes + progress->word, start - progress->word, false);
            }
            progress->border =
                (tk_pretoken){.is_there = true, .start = progress->word, .end = end, .tokens_before = before};
            return;
        }
        progress->tokens += tokens;
        progress->at = progress->word = end;
        // Where something is invalid, more will be: a block would be given up at once.
        if (is_invalid && progress->wants == TK_WANTS_COUNT) count_replaced(counter, text, progress);
        else if (is_invalid && until < end + TK_BLOCK) until = end + TK_BLOCK;
    } while (progress->at < until && progress->at < text->count);
}

tk_tally tk_counter_tally(tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, bool is_open) {
    tk_tally tally = {0, 0, 0, 0, false};
    tk_text text = {bytes, count, false, false};
    const bool is_o200k = counter->tokenizer == TK_O200K_BASE;
    while (tally.end < count && !tally.is_above_limit) {
        const size_t start = tally.end;
        text.has_seen_invalid = text.has_seen_end = false;
        const size_t end = is_o200k ? tk_pretoken_end_o200k(&text, start) : tk_pretoken_end_cl100k(&text, start);
        if (is_open && text.has_seen_end) break;
        tally.token_count += tally.last_token_count;
        counter->tokens_enough = token_limit - tally.token_count;
        tally.last_token_count = count_piece(counter, bytes + start, end - start, text.has_seen_invalid);
        tally.last_start = start;
        tally.end = end;
        tally.is_above_limit = tally.token_count + tally.last_token_count > token_limit;
    }
    counter->tokens_enough = SIZE_MAX;
    return tally;
}
