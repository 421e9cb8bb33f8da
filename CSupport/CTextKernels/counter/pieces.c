#include "counter/pieces.h"

#include "assertions.h"
#include "counter/caches.h"
#include "counter/windows.h"

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
    const uint64_t *words = counter->lines[tk_line_of(tk_key_hash(key), is_tiny)].words;
    const uint64_t *masks = tk_line_masks[is_tiny];
    for (unsigned i = is_tiny ? 0 : 1; i < 8; i += is_tiny ? 1 : 2) {
        if (((words[i] ^ key.high) & masks[i]) == 0 && (is_tiny || words[i - 1] == key.low)) return words[i] >> 56 & 15;
    }
    uint64_t starts;
    const unsigned tokens = counter->merge_window(counter, padded, (unsigned)count, &starts);
    tk_keep(counter, key, tokens);
    return tokens;
}

tk_pretoken tk_told_above(tk_counter *counter, const uint8_t *text, size_t token_limit) {
    tk_pretoken above = {0};
    const unsigned count = counter->told_count;
    const size_t base = counter->told_base;
    if (count == 0 || token_limit < base || base + counter->told_before[count] <= token_limit) return above;
    unsigned block = 0;
    while (base + counter->told_before[block + 1] <= token_limit) block++;
    const tk_block_note *note = &counter->notes[block];
    const uint8_t *piece_tokens = counter->key_tokens + (block == 0 ? 0 : note[-1].pieces);
    const uint64_t words = note->starts & ~note->splits & ~(uint64_t)(note->word != note->at);
    size_t tokens = base + counter->told_before[block];
    for (uint64_t starts = note->starts; tokens <= token_limit; starts &= starts - 1) {
        TK_ASSERT(starts != 0);
        const uint64_t start = starts & -starts, behind = starts & (starts - 1);
        const unsigned place = (unsigned)__builtin_ctzll(start);
        if ((words & start) != 0) {
            above = (tk_pretoken){.is_there = true, .start = note->at + place, .tokens_before = tokens};
        }
        const unsigned end = behind == 0 ? note->byte_count : (unsigned)__builtin_ctzll(behind);
        if ((note->plain & start) != 0) tokens++;
        else if ((note->asked & start) != 0) tokens += *piece_tokens++;
        else tokens += tk_count_cached(counter, text + note->at + place, end - place);
    }
    return above;
}
