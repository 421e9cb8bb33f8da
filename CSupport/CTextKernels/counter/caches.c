#include "counter/caches.h"

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

unsigned tk_find_long(tk_counter *counter, const tk_long_entry *key, uint32_t set) {
    tk_long_entry *entries = counter->long_entries + TK_LONG_WAYS * set;
    for (unsigned way = 0; way < TK_LONG_WAYS; way++) {
        const uint64_t *found = entries[way].words, *words = key->words;
        const uint64_t difference = (found[0] ^ words[0]) | (found[1] ^ words[1]) | (found[2] ^ words[2])
            | ((found[3] ^ words[3]) & TK_BUT_COUNT);
        const unsigned tokens = tk_tokens_of(found[3]);
        if (difference != 0 || tokens == 0) continue;
        if (way != 0) {
            const tk_long_entry first = entries[0];
            entries[0] = entries[way];
            entries[way] = first;
        }
        return tokens;
    }
    return 0;
}

void tk_keep_long(tk_counter *counter, const tk_long_entry *key, uint32_t set, size_t tokens) {
    if (tokens > 15) return;
    tk_long_entry *last = counter->long_entries + TK_LONG_WAYS * set + TK_LONG_WAYS - 1;
    *last = *key;
    last->words[3] |= (uint64_t)tokens << 56;
}
