/// What the parts of the fast counter share. The essay is in counter.c.
#pragma once
#include <limits.h>

#include "counting_tables.h"
#include "pretokens.h"

/// The key of a short piece. Up to 7 bytes: the bytes, and the length in the high four bits of `low`; `high` is the same. 8 to 15
/// bytes: the bytes, and the length in the high four bits of `high`. The four bits below the length are 0 in a key, and the count
/// in an entry of a cache.
typedef struct {
    uint64_t low, high;
} tk_key;

/// A cache line of short pieces, the latest first: 8 of up to 7 bytes (one word of their keys) or 4 of 8 to 15; 0 is empty.
typedef struct {
    _Alignas(64) uint64_t words[8];
} tk_line;

/// A pre-token of 16 to 31 bytes: the bytes, then length - 16 and the count as above.
typedef struct {
    uint64_t words[4];
} tk_long_entry;

enum {
    /// A block of the kernels, and bytes behind it that look-ups may read.
    TK_BLOCK = 64,
    TK_BEHIND = 32,
    /// So far before it is needed, text is fetched.
    TK_READ_AHEAD = 1024,
    /// Sets of two words near for pieces of up to 7 bytes (256 KiB), behind them those for 8 to 15 bytes (256 KiB).
    TK_NEAR_BITS = 14,
    TK_NEAR_WORDS = 4 << TK_NEAR_BITS,
    /// Lines for pieces of up to 7 bytes (2 MiB), behind them those for 8 to 15 bytes (4 MiB), and one that is only read.
    TK_TINY_LINE_BITS = 15,
    TK_SHORT_LINE_BITS = 16,
    TK_LINES = (1 << TK_TINY_LINE_BITS) + (1 << TK_SHORT_LINE_BITS) + 1,
    TK_LONG_WAYS = 2,
    TK_LONG_SET_BITS = 14,  // sets of a cache line: 1 MiB
    /// Bytes merged at once in the usual way, and by the heap.
    TK_WINDOW = 64,
    TK_BIG_WINDOW = 4096,
    TK_FEED = 32768,
    TK_WINDOW_MEMO = 4,
    /// The walk over prefixes: tokens that end at the last places, and prefixes.
    TK_FOREST_BITS = 14,
    TK_PREFIXES = 512,
    /// Line ends of a chunk that are kept for overlaps.
    TK_LINE_ENDS = 512,
    /// A batch ends when it has so many blocks or pieces, or so many of them are still to be looked up. A block adds at most 32,
    /// and up to 8 places more are written.
    TK_BATCH_BLOCKS = 64,
    TK_BATCH_PIECES = 4096,
    TK_BATCH_PIECES_MAX = TK_BATCH_PIECES + 40,
    TK_BATCH_ABSENT = 256,
    /// So many keys are looked for near at once.
    TK_BATCH_KEYS = 64,
    /// Pieces of 16 to 31 bytes in a batch. A block adds at most 4.
    TK_BATCH_LONGS = 60,
    TK_BATCH_LONGS_MAX = TK_BATCH_LONGS + 4,
    TK_BATCH_ABSENT_MAX = TK_BATCH_ABSENT + 2 * TK_BATCH_KEYS + 8,
    /// Pieces of 32 to this many bytes are kept too.
    TK_WIDE_BYTES_MAX = 124,
    TK_WIDE_ENTRY_BITS = 11,  // 256 KiB
};

/// A pre-token of 16 to 31 bytes on its way through a batch.
typedef struct {
    /// Its entry without the count, and the set in which that would be.
    tk_long_entry key;
    uint32_t set;
    /// Its block's note, if notes are taken, and whether the last line end in it is behind.
    uint16_t note;
    uint8_t tokens;
} tk_waiting_long;

/// A piece of 32 bytes or more, and its count. An empty entry is all 0.
typedef struct {
    uint16_t byte_count, tokens;
    uint8_t bytes[TK_WIDE_BYTES_MAX];
} tk_wide_entry;

typedef struct {
    uint32_t rank, merged;
    uint16_t previous, next;
} tk_window_part;

/// A token that ends at some place of a text, and its halves, by place in the forest. A single byte has none.
typedef struct {
    uint64_t rank : 18, left : TK_FOREST_BITS, right : TK_FOREST_BITS, byte_count : 8, right_byte_count : 8;
} tk_forest_node;

/// A prefix of a pre-token.
typedef struct {
    size_t tokens;
    /// Where one of its tokens ends, which one the walk says; 0 if it has not that many.
    size_t mark;
    /// The tokens that end where it does, and the one of them that is its last.
    uint16_t first_node, node_count, last;
} tk_prefix;

/// The scratch of a walk over prefixes: rings, and the last bytes twice.
typedef struct {
    tk_forest_node nodes[1 << TK_FOREST_BITS];
    tk_prefix prefixes[TK_PREFIXES];
    uint8_t bytes[2 * TK_PREFIXES];
} tk_forest;

/// A line end, as in `tk_chunking`.
typedef struct {
    size_t end, tokens;
    bool is_inner;
} tk_line_end;

/// What a block of a batch has beside the pieces that are to be looked up.
typedef struct {
    /// `at` and `word` of `tk_progress` before it.
    size_t at, word;
    /// The first bytes of its pieces, and of these the ones of one token and those that are looked up; its newlines.
    uint64_t starts, plain, asked, newlines;
    /// Tokens of those that are not looked up.
    uint8_t known;
    /// Bytes of it that are settled.
    uint8_t byte_count;
    /// Pieces of the batch up to the end of this block.
    uint16_t pieces;
    /// The text's end was looked at.
    bool is_final;
} tk_block_note;

typedef struct tk_progress tk_progress;
typedef struct tk_chunking tk_chunking;
typedef void (*tk_counting_kernel)(tk_counter *counter, tk_text *text, tk_progress *progress);

/// A worker's own memory: caches that change no result, and scratch. About 7.9 MiB.
struct tk_counter {
    const tk_counting_tables *tables;
    const uint64_t *slots;
    tk_tokenizer tokenizer;
    tk_counting_kernel kernel;
    /// Tokens of 1 to TK_WINDOW bytes, without caches. `starts` receives a bit for the first byte of each.
    unsigned (*merge_window)(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts);
    size_t mapped_byte_count;
    /// Pieces too long for a cache are counted only until they have more tokens than this.
    size_t tokens_enough;
    tk_line lines[TK_LINES];
    _Alignas(64) tk_long_entry long_entries[(size_t)TK_LONG_WAYS << TK_LONG_SET_BITS];
    /// Scratch of big windows, or of a walk over prefixes: never of both.
    union {
        struct {
            tk_window_part parts[TK_BIG_WINDOW];
            uint64_t heap[2 * TK_BIG_WINDOW];
            uint64_t big_starts[TK_BIG_WINDOW / 64];
        };
        tk_forest forest;
    };
    uint8_t feed[TK_FEED];
    _Alignas(64) tk_wide_entry wide_entries[1 << TK_WIDE_ENTRY_BITS];
    tk_line_end line_ends[TK_LINE_ENDS];
    _Alignas(64) uint64_t near[TK_NEAR_WORDS];
    /// The batch: the tokens of its short pieces; 0 as long as they are not known.
    uint8_t key_tokens[TK_BATCH_PIECES_MAX];
    unsigned key_count;
    /// The keys of those that were not looked for yet, which are all but the first `sought_count`.
    _Alignas(64) uint64_t keys_low[TK_BATCH_KEYS + 48], keys_high[TK_BATCH_KEYS + 48];
    unsigned sought_count;
    /// Sums of the tokens of those that are near.
    _Alignas(64) uint64_t near_tokens[8];
    /// The pieces of it that are not near, their places in the batch, and the lines they would be in.
    uint64_t absent_low[TK_BATCH_ABSENT_MAX], absent_high[TK_BATCH_ABSENT_MAX];
    uint16_t absent_places[TK_BATCH_ABSENT_MAX];
    uint32_t absent_lines[TK_BATCH_ABSENT_MAX];
    unsigned absent_count, fetched_count;
    /// Which of these are in no line, and which are the same as one of those. One place more is written than kept.
    uint16_t waiting[TK_BATCH_ABSENT_MAX + 1], twins[TK_BATCH_ABSENT_MAX + 1];
    /// The pieces of 16 to 31 bytes, and which of them are in no cache.
    tk_waiting_long longs[TK_BATCH_LONGS_MAX];
    unsigned long_count;
    uint8_t unknown_longs[TK_BATCH_LONGS_MAX];
    tk_block_note notes[TK_BATCH_BLOCKS];
    unsigned note_count;
};

/// Tokens of one pre-token of valid UTF-8 (or of what is between two borders of it that no merge crosses), any length > 0.
size_t tk_count_long(tk_counter *counter, const uint8_t *bytes, size_t count);
/// The same with U+FFFD in place of what is invalid.
size_t tk_count_invalid(tk_counter *counter, const uint8_t *bytes, size_t count);
/// Tokens of one pre-token of valid UTF-8, by the caches.
size_t tk_count_piece(tk_counter *counter, const uint8_t *bytes, size_t count);
unsigned tk_merge_window_scalar(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts);
unsigned tk_merge_window_avx2(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts);
unsigned tk_merge_window_avx512(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts);
/// Tokens of 16 bytes or more, by the cache if that long are kept there.
size_t tk_count_cached(tk_counter *counter, const uint8_t *bytes, size_t count);
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

/// The tokens of a piece of 16 to 31 bytes; 0 if they are not kept.
unsigned tk_find_long(const tk_counter *counter, const tk_long_entry *key, uint32_t set);
void tk_keep_long(tk_counter *counter, const tk_long_entry *key, uint32_t set, size_t tokens);

/// Why counting stopped before the text's end.
typedef enum {
    /// It did not.
    TK_NOT_STOPPED,
    /// There are more tokens than the limit.
    TK_STOPPED_ABOVE,
    /// So there are, but perhaps not with more text behind this one.
    TK_STOPPED_OPEN,
    /// A chunk has ended where counting has to begin anew.
    TK_STOPPED_AT_CHUNK,
    /// There is no room for more chunks.
    TK_STOPPED_FULL,
    /// Where the next chunk starts has to be found in another way.
    TK_STOPPED_FOR_CARE,
} tk_stop;

typedef enum { TK_WANTS_COUNT, TK_WANTS_BORDER, TK_WANTS_CHUNKS } tk_wants;

/// How far counting has come, and what was found.
struct tk_progress {
    /// Counted up to here.
    size_t at;
    /// Where the pre-token starts that `at` is in: `at`, unless that is a border inside a pre-token which no merge crosses.
    size_t word;
    size_t tokens;
    /// Where there are more, something is to be decided.
    size_t token_limit;
    tk_wants wants;
    tk_stop stop;
    /// For `TK_WANTS_BORDER`: the pre-token that passed the limit.
    tk_pretoken border;
    /// For `TK_WANTS_CHUNKS`.
    tk_chunking *chunking;
};

/// Chunks on the way.
struct tk_chunking {
    tk_chunk *chunks;
    size_t count, capacity;
    size_t token_max;
    /// A text of so many bytes has more tokens than `token_max`.
    size_t byte_count_max;
    bool is_end;
    /// Where the open chunk starts. From there to a place it has as many tokens as the progress has there, less `tokens_before`.
    size_t start, tokens_before;
    /// The last line end that fits into it (`start`: none) and the tokens of the progress there.
    size_t line_end, line_tokens;
    /// That line end is inside a pre-token of the text.
    bool is_inner;
    /// For chunks that overlap: the text, how much they repeat, and the open chunk's line ends, the last TK_LINE_ENDS of
    /// `line_count`, kept in a ring.
    tk_counter *counter;
    const tk_text *text;
    size_t overlap, line_count;
    unsigned inner_run;
};

/// Takes a line end: it is in the open chunk if that has room for it, else that chunk ends before. False if counting stops.
bool tk_take_line_end(tk_progress *progress, size_t end, size_t tokens, bool is_inner);
/// No line end from here on has less than so many tokens. False if counting stops.
bool tk_pass_limit(tk_progress *progress, size_t tokens);
/// The open chunk ends at its last line end, and counting stops.
void tk_end_chunk(tk_progress *progress);
/// Tokens of one pre-token of any bytes, whatever windows say.
size_t tk_count_prefixes(tk_counter *counter, const uint8_t *bytes, size_t count);


/// Why a walk over the lines of a pre-token ended.
typedef enum {
    /// The pre-token did.
    TK_LINES_PRETOKEN,
    /// The next line end, and all that are behind, are above the limit.
    TK_LINES_ABOVE,
    /// The text did, or something is met that is to be counted in another way.
    TK_LINES_OPEN,
} tk_lines_end;

/// Lines of a pre-token, up to the first that does not fit. Offsets are from its start.
typedef struct {
    tk_lines_end end;
    /// The last line end that fits (0: none), and the tokens up to there.
    size_t line_end, line_tokens;
    /// For `TK_LINES_PRETOKEN`: the pre-token's end, and its tokens.
    size_t pretoken_end, pretoken_tokens;
    /// What was found depends on so many bytes.
    size_t seen;
} tk_pretoken_lines;

/// Whether a pre-token starts here that has many line ends and is white space, or symbols and what may follow these.
bool tk_has_many_lines(tk_tokenizer tokenizer, const uint8_t *bytes, size_t count);
/// The lines of such a pre-token. A text of `byte_count_max` bytes has more tokens than the limit.
tk_pretoken_lines tk_walk_lines(
    tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, size_t byte_count_max);
/// Takes the lines of the pre-token at `progress->at`, and goes on in it from chunk to chunk, if it has many. False if it was not
/// counted to its end, and counting is not stopped.
bool tk_take_many_lines(tk_progress *progress);

/// Counts at least one pre-token, and on until `until`, one by one: the way for what the kernels do not do.
void tk_count_slow(tk_counter *counter, tk_text *text, tk_progress *progress, size_t until);

void tk_count_scalar(tk_counter *counter, tk_text *text, tk_progress *progress);
void tk_count_avx2(tk_counter *counter, tk_text *text, tk_progress *progress);
void tk_count_avx512(tk_counter *counter, tk_text *text, tk_progress *progress);

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

/// One bit a byte of a block: what it is.
typedef struct {
    uint64_t upper, lower, caseless, mark, number, space, newline, other;
    /// Particular characters.
    uint64_t blank, slash, apostrophe;
} tk_masks;

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
