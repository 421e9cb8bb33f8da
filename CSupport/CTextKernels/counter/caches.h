/// The caches of a counter: keys of pieces, where they may be, and what is kept of them.
#pragma once
#include <string.h>

#include "counter/state.h"

/// `length` is 1 to 15. 16 bytes are read.
static inline tk_key tk_key_of(const uint8_t *p, unsigned length) {
    uint64_t low, high;
    memcpy(&low, p, 8);
    memcpy(&high, p + 8, 8);
    const unsigned bits = 8 * length;
    const uint64_t low_mask = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    const uint64_t high_mask = bits <= 64 ? 0 : ((uint64_t)1 << (bits - 64)) - 1;
    low &= low_mask;
    high = (high & high_mask) | (uint64_t)length << 60;
    if (length < 8) high = low |= high;
    return (tk_key){low, high};
}

static inline bool tk_is_tiny(tk_key key) { return key.high >> 63 == 0; }

static inline uint64_t tk_key_hash(tk_key key) {
    return (key.low ^ (key.high >> 23 | key.high << 41)) * 0x9E3779B97F4A7C15u;
}

/// The set near in which a piece may be: two pieces of up to 7 bytes, the latest first, or a longer one.
static inline uint32_t tk_near_of(uint64_t hash, bool is_tiny) {
    return ((uint32_t)(hash >> (64 - TK_NEAR_BITS)) << 1) + ((uint32_t)!is_tiny << (TK_NEAR_BITS + 1));
}

/// Which line a piece may be in.
static inline uint32_t tk_line_of(uint64_t hash, bool is_tiny) {
    return is_tiny ? (uint32_t)(hash >> (64 - TK_TINY_LINE_BITS))
        : (uint32_t)(hash >> (64 - TK_SHORT_LINE_BITS)) + (1u << TK_TINY_LINE_BITS);
}

#if defined(__clang__)
#define unpredictable(condition) __builtin_unpredictable(condition)
#else
#define unpredictable(condition) (condition)
#endif
/// All of an entry but the count.
#define TK_BUT_COUNT 0xF0FFFFFFFFFFFFFFu

/// The entry of a short piece that is near, whose tokens are 0 while it waits to be merged; 0 if it is not near.
static inline uint64_t tk_find_near(const uint64_t *set, tk_key key) {
    const bool is_second = ((set[1] ^ key.high) & TK_BUT_COUNT) == 0;
    if (!tk_is_tiny(key)) return is_second && set[0] == key.low ? set[1] : 0;
    return ((set[0] ^ key.low) & TK_BUT_COUNT) == 0 ? set[0] : is_second ? set[1] : 0;
}

static inline unsigned tk_tokens_of(uint64_t entry) { return (unsigned)(entry >> 56 & 15); }

static inline void tk_keep_near(uint64_t *set, tk_key key, unsigned tokens) {
    const uint64_t first = set[0], count = (uint64_t)tokens << 56;
    const uint64_t second = unpredictable(((first ^ key.low) & TK_BUT_COUNT) == 0) ? set[1] : first;
    const bool is_tiny = tk_is_tiny(key);
    set[0] = unpredictable(is_tiny) ? key.low | count : key.low;
    set[1] = unpredictable(is_tiny) ? second : key.high | count;
}

/// Fetches the lines of what is absent.
static inline void fetch_absent(tk_counter *counter) {
    for (unsigned i = counter->fetched_count; i < counter->absent_count; i++) {
        const tk_key key = {counter->absent_low[i], counter->absent_high[i]};
        const uint32_t line = counter->absent_lines[i] = tk_line_of(tk_key_hash(key), tk_is_tiny(key));
        __builtin_prefetch(&counter->lines[line]);
    }
    counter->fetched_count = counter->absent_count;
}

/// The bits of a line that are compared: all but the counts.
static const _Alignas(64) uint64_t tk_line_masks[2][8] = {
#define ALL UINT64_MAX
#define BUT TK_BUT_COUNT
    {ALL, BUT, ALL, BUT, ALL, BUT, ALL, BUT},
    {BUT, BUT, BUT, BUT, BUT, BUT, BUT, BUT},
#undef ALL
#undef BUT
};

/// Puts a short piece into the cache.
void tk_keep(tk_counter *counter, tk_key key, unsigned tokens);

/// The entry of a piece of 16 to 31 bytes without the count.
static inline tk_long_entry tk_long_key(const uint8_t *bytes, size_t count) {
    tk_long_entry key;
    uint64_t *words = key.words;
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
    return key;
}

static inline uint32_t tk_long_set(const tk_long_entry *key) {
    const uint64_t hash = key->words[0] * 0x9E3779B97F4A7C15u + key->words[1] * 0xD6E8FEB86659FD93u
        + key->words[2] * 0xC2B2AE3D27D4EB4Fu + key->words[3] * 0x165667B19E3779F9u;
    return (uint32_t)(hash >> (64 - TK_LONG_SET_BITS));
}

/// The tokens of a piece of 16 to 31 bytes; 0 if they are not kept. What is found becomes the first of its set.
unsigned tk_find_long(tk_counter *counter, const tk_long_entry *key, uint32_t set);
/// Puts it at the last place of its set: what is seen once takes no place from what was found again.
void tk_keep_long(tk_counter *counter, const tk_long_entry *key, uint32_t set, size_t tokens);
