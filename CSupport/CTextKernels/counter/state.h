/// The memory of a counter: its caches, the batch that is on the way, and scratch. How it all works is told in
/// counter.c.
#pragma once
#include "counter/tables.h"
#include "pretokens/pretokens.h"

/// The key of a short piece. Up to 7 bytes: the bytes, and the length in the high four bits of `low`; `high` is the
/// same. 8 to 15 bytes: the bytes, and the length in the high four bits of `high`. The four bits below the length are 0
/// in a key, and the count in an entry of a cache.
typedef struct {
    uint64_t low, high;
} tk_key;

/// A cache line of short pieces, the latest first: 8 of up to 7 bytes (one word of their keys) or 4 of 8 to 15; 0 is
/// empty.
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
    /// Lines for pieces of up to 7 bytes (2 MiB), behind them those for 8 to 15 bytes (4 MiB).
    TK_TINY_LINE_BITS = 15,
    TK_SHORT_LINE_BITS = 16,
    TK_LINES = (1 << TK_TINY_LINE_BITS) + (1 << TK_SHORT_LINE_BITS),
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
    /// A batch ends when it has so many blocks or pieces, or so many of them are still to be looked up. A block adds at
    /// most 32, and up to 8 places more are written.
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

/// A line end of a chunk: where it is, and the tokens up to there.
typedef struct {
    size_t end, tokens;
} tk_line_end;

enum {
    /// The next chunk starts at one of the last so many line ends of a chunk.
    TK_CANDIDATES_MAX = 2048,
};

/// What a block of a batch has beside the pieces that are to be looked up.
typedef struct {
    /// `at` and `word` of `tk_progress` before it.
    size_t at, word;
    /// The first bytes of its pieces, and of these the ones of one token and those that are looked up; its newlines.
    uint64_t starts, plain, asked, newlines;
    /// Where pieces start that are parts of a pre-token; so may the first of all, before which `word` is then.
    uint64_t splits;
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
/// Counts from `progress->at` to the text's end, or until what `progress` asks for is found.
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
    tk_line_end candidates[TK_CANDIDATES_MAX];
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
    _Alignas(64) tk_block_note notes[TK_BATCH_BLOCKS];
    unsigned note_count;
    /// While lines are told of a batch: how many notes it has (else 0), the tokens before it, and from there those
    /// before each block and the end.
    unsigned told_count;
    size_t told_base;
    const uint16_t *told_before;
};
