/// What the paths of pass 2 share.
#pragma once
#include "assertions.h"
#include "encoder.h"

enum {
    /// Bytes that a vector path compares at first: the one before the match, and 63 of the match.
    CZ_COMPARED = 64,
};

/// A match. Bits 0-15: where in the group the position is whose candidate it is. Bits 16-30: the length from there on.
/// Bit 31: whether the byte before that position belongs to the match as well.
CZ_INLINE uint32_t cz_match(size_t at, size_t length, uint32_t before) {
    return (uint32_t)at | (uint32_t)length << 16 | before << 31;
}

/// A chunk that is being parsed.
typedef struct {
    /// A position in the group. What comes before it is done.
    size_t at;
    /// Where the next match goes.
    uint32_t *next;
    /// The end of the chunk.
    const uint8_t *end;
} cz_chain;

/// How many bytes at `a` and `b` are equal. `b` is before `a`; nothing at or behind `a_end` is read.
static inline size_t cz_common_length(const uint8_t *a, const uint8_t *b, const uint8_t *a_end) {
    const uint8_t *start = a;
    for (; a_end - a >= 8; a += 8, b += 8) {
        const uint64_t differing = cz_load64(a) ^ cz_load64(b);
        if (differing != 0) return (size_t)(a - start) + (size_t)__builtin_ctzll(differing) / 8;
    }
    while (a < a_end && *a == *b) a++, b++;
    return (size_t)(a - start);
}

/// A match at `here` goes on up to the end of the chunk, or for 63 bytes if that is further.
CZ_INLINE const uint8_t *cz_match_limit(const cz_chain *chain, const uint8_t *here) {
    const uint8_t *compared_end = here + CZ_COMPARED - 1;
    return chain->end > compared_end ? chain->end : compared_end;
}

CZ_INLINE cz_chain cz_start_chunk(cz_encoder *encoder, const uint8_t *group, size_t chunk) {
    return (cz_chain){chunk * CZ_CHUNK, encoder->matches[chunk], group + (chunk + 1) * CZ_CHUNK};
}

CZ_INLINE bool cz_is_in_chunk(const cz_chain *chain, size_t chunk) { return chain->at < (chunk + 1) * CZ_CHUNK; }

/// Finds the next position with a candidate. False if the next 57 to 64 positions have none; then they are done.
CZ_INLINE bool cz_next_hit(const cz_encoder *encoder, cz_chain *chain, size_t *position) {
    const uint64_t hits = cz_load64(encoder->hits + chain->at / 8) >> (chain->at & 7);
    if (CZ_UNLIKELY(hits == 0)) {
        chain->at += 64 - (chain->at & 7);
        return false;
    }
    *position = chain->at + (size_t)__builtin_ctzll(hits);
    return true;
}

/// Keeps a match if it is long enough, and goes on behind it. `before` is 1 if the bytes before the position and before
/// its candidate are equal. The match is always written; whether it counts takes no branch.
CZ_INLINE void cz_take(cz_chain *chain, size_t position, size_t length, uint32_t before) {
    *chain->next = cz_match(position, length, before & (position > chain->at));
    const bool is_match = length >= CZ_MATCH_MIN;
    chain->next += is_match;
    chain->at = position + (is_match ? length : 1);
}

CZ_INLINE void cz_finish_chunk(cz_encoder *encoder, size_t chunk, const cz_chain *chain) {
    const uint32_t *matches = encoder->matches[chunk];
    size_t count = (size_t)(chain->next - matches);
    CZ_ASSERT(count < sizeof encoder->matches[0] / sizeof(uint32_t));
    // The last match may start in the next chunk, which finds it itself.
    if (count > 0 && (matches[count - 1] & 0xFFFF) >= (chunk + 1) * CZ_CHUNK) count--;
    encoder->match_count[chunk] = (uint32_t)count;
}
