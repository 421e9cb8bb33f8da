/// The immutable tables of the fast counter, as Scripts/make_counting_tables.py lays them out. They are part of the
/// executable and used where they lie: nothing is built or read when the process starts.
#pragma once
#include <string.h>

#include "textkernels.h"

enum {
    TK_JOIN_BITS = 19,
    TK_SPACE_STATES = 768,
    TK_SPACE_TOKENS = 448,
    TK_NEWLINES = 72,
};

/// A prefix of some token of white space (of spaces, tabs, CR and LF alone); those that are tokens come first.
typedef struct {
    /// The longest such prefix that text ends with which ended with this one, behind each `tk_space_kind`.
    uint16_t next[4];
    /// The longest token that this one ends with; and of those that are not all of it.
    uint16_t token, shorter;
    uint16_t byte_count, reserved;
} tk_space_state;

typedef struct {
    uint8_t magic[4];
    uint32_t pilot_bits, slot_count, reserved[5];
    /// Rank of each single byte.
    uint32_t rank_of_byte[256];
    /// Rank of the merge of two bytes, the first of which is the low byte of the index; TK_NO_MERGE if there is none.
    uint32_t merge_of_bytes[65536];
    /// Bit set over pairs of three-byte characters: some token may hold the pair side by side.
    uint64_t joins[1 << TK_JOIN_BITS >> 6];
    /// Bit sets over three-byte characters: a token that begins (ends) inside a character may reach over the border
    /// before (behind) this one.
    uint64_t edges_before[1024], edges_behind[1024];
    /// Tokens of white space, which space_walk.h is about. 0 is none.
    tk_space_state space_states[TK_SPACE_STATES];
    /// By a token: those, one bit each, that are compatible with it before it (prefix_walk.inc.h).
    uint64_t space_compatible[TK_SPACE_TOKENS][TK_SPACE_TOKENS / 64];
    /// Tokens of so many newlines (0x0A), and the most that so many or fewer have.
    uint8_t newline_tokens[TK_NEWLINES], newline_most[TK_NEWLINES];
    /// 1 << pilot_bits of them, and behind them `slot_count` slots of 8 bytes.
    uint16_t pilots[];
} tk_counting_tables;
_Static_assert(
    sizeof(tk_counting_tables) == 32 + 1024 + 4 * 65536 + 65536 + 16384 + 16 * TK_SPACE_STATES + 56 * TK_SPACE_TOKENS
        + 2 * TK_NEWLINES,
    "the layout that the script writes");

const tk_counting_tables *tk_counting_tables_of(tk_tokenizer tokenizer);

static inline const uint64_t *tk_slots_of(const tk_counting_tables *tables) {
    return (const uint64_t *)(const void *)(tables->pilots + ((size_t)1 << tables->pilot_bits));
}

#define TK_NO_MERGE UINT32_MAX

/// The slot in which the merge of two neighbours is, if there is one. One pilot is read.
static inline const uint64_t *tk_slot_of(const tk_counting_tables *tables, const uint64_t *slots, uint64_t key) {
    uint64_t hash = key * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
    hash *= 0xD6E8FEB86659FD93u;
    const uint32_t pilot = tables->pilots[hash & (((uint64_t)1 << tables->pilot_bits) - 1)];
    const uint32_t mixed = ((uint32_t)(hash >> 32) ^ pilot * 0x9E3779B1u) * 0x85EBCA6Bu;
    return slots + ((uint64_t)mixed * tables->slot_count >> 32);
}

static inline uint64_t tk_pair_key(uint32_t left, uint32_t right) { return (uint64_t)left << 18 | right; }

/// The rank of the token that two neighbours merge to; TK_NO_MERGE if they do not.
///
/// tiktoken asks whether the joined bytes are a token. That is the same question: a merge inside some span of bytes
/// never depends on what is around it, so when two parts lie side by side and join to token T, they are the two that
/// merging T's own bytes ends with.
static inline uint32_t tk_merge_of(
    const tk_counting_tables *tables, const uint64_t *slots, uint32_t left, uint32_t right) {
    const uint64_t key = tk_pair_key(left, right), slot = *tk_slot_of(tables, slots, key);
    return slot >> 18 == key ? (uint32_t)slot & 0x3FFFF : TK_NO_MERGE;
}

/// Where U+FFFD are in up to 64 bytes, by first byte. Merging may begin with these as parts: whatever is around them,
/// their own merges come first, as Scripts/make_counting_tables.py checks.
static inline uint64_t tk_replaced(const uint8_t *bytes, unsigned count) {
    uint64_t found = 0;
    const uint8_t *at = bytes, *end = bytes + count;
    while ((at = memchr(at, 0xEF, (size_t)(end - at))) != NULL && end - at >= 3) {
        const bool is_replaced = at[1] == 0xBF && at[2] == 0xBD;
        found |= (uint64_t)is_replaced << (at - bytes);
        at += is_replaced ? 3 : 1;
    }
    return found;
}

static inline uint32_t tk_replacement_rank(const tk_counting_tables *tables, const uint64_t *slots) {
    return tk_merge_of(tables, slots, tables->merge_of_bytes[0xEF | 0xBF << 8], tables->rank_of_byte[0xBD]);
}

static inline bool tk_bit_of(const uint64_t *bits, uint32_t place) { return bits[place >> 6] >> (place & 63) & 1; }

/// Whether a merge across the border between two three-byte characters is possible. False only if it is not.
static inline bool tk_may_join(const tk_counting_tables *tables, uint32_t left, uint32_t right) {
    const uint32_t place = ((left << 16 | right) * 0x9E3779B1u) >> (32 - TK_JOIN_BITS);
    const unsigned is_edge = (unsigned)tk_bit_of(tables->edges_before, right) | tk_bit_of(tables->edges_behind, left);
    return ((unsigned)tk_bit_of(tables->joins, place) | is_edge) != 0;
}
