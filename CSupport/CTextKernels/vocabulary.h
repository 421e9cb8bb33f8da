/// The tables over a vocabulary. A token is known by its rank, 0 ..< token_count.
///
///     wholes  bytes of a token -> rank       open addressing, a slot is hash (32 bits) | rank (32 bits)
///     pairs   two ranks -> rank of the merge open addressing, a slot is left (18) | right (18) | merged (18), high bits first
///     tokens  by rank: where its bytes are, and the two tokens whose merge it is
///     sorted  tokens in the order of their bytes, to find those that begin a text
#pragma once
#include <string.h>

#include "textkernels.h"

enum { TK_RANK_BITS = 18 };
#define TK_NO_RANK UINT32_MAX
#define TK_EMPTY_SLOT UINT64_MAX

typedef struct {
    uint32_t byte_offset;
    uint32_t byte_count;
    /// For a token of one byte, both are its own rank.
    uint32_t left, right;
} tk_token;

typedef struct {
    uint32_t rank;
    /// Place in `sorted` of the longest token that is a proper prefix of this one; TK_NO_RANK if there is none.
    uint32_t prefix;
} tk_sorted_token;

struct tk_vocabulary {
    tk_tokenizer tokenizer;
    uint32_t token_count;
    const uint8_t *bytes;
    tk_token *tokens;
    tk_sorted_token *sorted;
    /// For each two bytes (big endian), the place in `sorted` of the first token that is not below them; one more at the end.
    uint32_t *sorted_by_two_bytes;
    uint64_t *wholes;
    uint64_t wholes_mask;
    uint64_t *pairs;
    uint64_t pairs_mask;
    uint32_t rank_of_byte[256];
};

static inline uint64_t tk_load64(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

static inline uint32_t tk_load32(const uint8_t *p) {
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}

/// A hash of `count` > 0 bytes. Its loads overlap rather than to read past the end.
static inline uint64_t tk_hash(const uint8_t *p, size_t count) {
    const uint64_t k = 0x9E3779B97F4A7C15u;
    uint64_t hash = count * k;
    if (count >= 8) {
        for (size_t i = 0; i + 8 < count; i += 8) {
            hash = (hash ^ tk_load64(p + i)) * k;
            hash ^= hash >> 29;
        }
        hash ^= tk_load64(p + count - 8);
    } else if (count >= 4) {
        hash ^= (uint64_t)tk_load32(p) << 32 | tk_load32(p + count - 4);
    } else {
        hash ^= (uint64_t)p[0] << 16 | (uint64_t)p[count / 2] << 8 | p[count - 1];
    }
    hash *= k;
    hash ^= hash >> 32;
    hash *= 0xD6E8FEB86659FD93u;
    return hash ^ hash >> 32;
}

/// The rank of the token with these bytes; TK_NO_RANK if there is none.
static inline uint32_t tk_rank_of(const tk_vocabulary *vocabulary, const uint8_t *bytes, size_t count) {
    if (count > TK_TOKEN_BYTES_MAX) return TK_NO_RANK;
    const uint64_t hash = tk_hash(bytes, count);
    for (uint64_t i = hash & vocabulary->wholes_mask;; i = (i + 1) & vocabulary->wholes_mask) {
        const uint64_t slot = vocabulary->wholes[i];
        if (slot == TK_EMPTY_SLOT) return TK_NO_RANK;
        if (slot >> 32 != hash >> 32) continue;
        const tk_token *token = &vocabulary->tokens[(uint32_t)slot];
        if (token->byte_count == count && memcmp(vocabulary->bytes + token->byte_offset, bytes, count) == 0) {
            return (uint32_t)slot;
        }
    }
}

static inline uint64_t tk_pair_hash(uint64_t key) {
    key *= 0x9E3779B97F4A7C15u;
    return key ^ key >> 32;
}

/// The rank of the token that two neighbours merge to; TK_NO_RANK if they do not.
///
/// tiktoken asks whether the joined bytes are a token. That is the same question: a merge inside some span of bytes never
/// depends on what is around it, so when two parts lie side by side and join to token T, they are the two that merging T's own
/// bytes ends with.
static inline uint32_t tk_merged_rank(const tk_vocabulary *vocabulary, uint32_t left, uint32_t right) {
    const uint64_t key = (uint64_t)left << TK_RANK_BITS | right;
    for (uint64_t i = tk_pair_hash(key) & vocabulary->pairs_mask;; i = (i + 1) & vocabulary->pairs_mask) {
        const uint64_t slot = vocabulary->pairs[i];
        if (slot == TK_EMPTY_SLOT) return TK_NO_RANK;
        if (slot >> TK_RANK_BITS == key) return (uint32_t)(slot & ((1u << TK_RANK_BITS) - 1));
    }
}
