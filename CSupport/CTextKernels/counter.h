/// What the parts of the fast counter share. The essay is in counter.c.
#pragma once
#include "counting_tables.h"
#include "pretokens.h"

/// A pre-token of up to 15 bytes and its count: the bytes, then the length (high four bits) and the count (low four bits) in
/// the last byte. An empty entry is all 0.
typedef struct {
    uint64_t low, high;
} tk_short_entry;

/// A pre-token of 16 to 31 bytes: the bytes, then length - 16 and the count as above.
typedef struct {
    uint64_t words[4];
} tk_long_entry;

enum {
    /// A block of the kernels, and bytes behind it that look-ups may read.
    TK_BLOCK = 64,
    TK_BEHIND = 32,
    TK_SHORT_WAYS = 4,
    TK_SHORT_SET_BITS = 15,  // sets of a cache line: 2 MiB
    TK_LONG_WAYS = 2,
    TK_LONG_SET_BITS = 15,  // sets of a cache line: 2 MiB
    /// Bytes merged at once in the usual way, and by the heap.
    TK_WINDOW = 64,
    TK_BIG_WINDOW = 4096,
    TK_FEED = 32768,
    TK_WINDOW_MEMO = 4,
};

typedef struct {
    uint32_t rank, merged;
    uint16_t previous, next;
} tk_window_part;

/// A worker's own memory: caches that change no result, and scratch. About 4.3 MiB.
struct tk_counter {
    const tk_counting_tables *tables;
    const uint64_t *slots;
    tk_tokenizer tokenizer;
    _Alignas(64) tk_short_entry short_entries[(size_t)TK_SHORT_WAYS << TK_SHORT_SET_BITS];
    _Alignas(64) tk_long_entry long_entries[(size_t)TK_LONG_WAYS << TK_LONG_SET_BITS];
    tk_window_part parts[TK_BIG_WINDOW];
    uint64_t heap[2 * TK_BIG_WINDOW];
    uint64_t big_starts[TK_BIG_WINDOW / 64];
    uint8_t feed[TK_FEED];
};

/// Tokens of one pre-token of valid UTF-8 (or of what is between two borders of it that no merge crosses), any length > 0.
size_t tk_count_long(tk_counter *counter, const uint8_t *bytes, size_t count);
/// The same with U+FFFD in place of what is invalid.
size_t tk_count_invalid(tk_counter *counter, const uint8_t *bytes, size_t count);
/// Tokens of 1 to TK_WINDOW bytes, without caches. `starts` receives a bit for the first byte of each.
unsigned tk_merge_window(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts);
/// Tokens of 16 bytes or more, by the cache if that long are kept there.
size_t tk_count_cached(tk_counter *counter, const uint8_t *bytes, size_t count);
/// Counts 2 to 15 bytes and puts them into `set`, whose place their hash gives.
unsigned tk_count_and_keep(tk_counter *counter, const uint8_t *bytes, unsigned count, tk_short_entry *set, tk_short_entry key);

/// How far counting has come.
typedef struct {
    /// Counted up to here.
    size_t at;
    /// Where the pre-token starts that `at` is in: `at`, unless that is a border inside a pre-token which no merge crosses.
    size_t word;
    size_t tokens;
    /// Counting stops where there are more.
    size_t token_limit;
    /// The last line end before the first that has more tokens before it than the limit, and these tokens; if asked for.
    size_t line_end, line_tokens;
    bool wants_lines;
} tk_progress;

/// Counts at least one pre-token, and on until `until`, one by one: the way for what the kernels do not do.
void tk_count_slow(tk_counter *counter, tk_text *text, tk_progress *progress, size_t until);

typedef void (*tk_counting_kernel)(tk_counter *counter, tk_text *text, tk_progress *progress);
void tk_count_scalar(tk_counter *counter, tk_text *text, tk_progress *progress);
void tk_count_avx2(tk_counter *counter, tk_text *text, tk_progress *progress);
void tk_count_avx512(tk_counter *counter, tk_text *text, tk_progress *progress);

static inline uint64_t tk_short_hash(uint64_t low, uint64_t high) {
    return low * 0x9E3779B97F4A7C15u + high * 0xD6E8FEB86659FD93u;
}
static inline tk_short_entry *tk_short_set(tk_counter *counter, uint64_t hash) {
    return counter->short_entries + TK_SHORT_WAYS * (hash >> (64 - TK_SHORT_SET_BITS));
}

/// One bit a byte of a block: what it is.
typedef struct {
    uint64_t upper, lower, caseless, mark, number, space, newline, other;
    /// Particular characters.
    uint64_t blank, slash, apostrophe;
} tk_masks;

/// `length` bytes, 1 to 15, in the form of an entry whose count is 0. Up to 16 bytes are read.
static inline tk_short_entry tk_short_key(const uint8_t *p, unsigned length) {
    uint64_t low, high;
    memcpy(&low, p, 8);
    memcpy(&high, p + 8, 8);
    const unsigned bits = 8 * length;
    const uint64_t low_mask = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    const uint64_t high_mask = bits <= 64 ? 0 : ((uint64_t)1 << (bits - 64)) - 1;
    return (tk_short_entry){low & low_mask, (high & high_mask) | (uint64_t)length << 60};
}
