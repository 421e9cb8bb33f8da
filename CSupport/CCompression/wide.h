/// What the vector paths of pass 2 share: they compare CZ_COMPARED bytes at once.
#pragma once
#include "parse.h"

/// Takes the match at `here`, if it is one. `differing` has a bit for each byte from the one before `here` on.
CZ_INLINE void cz_take_compared(
    cz_chain *chain, size_t position, const uint8_t *here, const uint8_t *there, uint64_t differing) {
    const uint64_t of_match = differing >> 1;
    const size_t compared = CZ_COMPARED - 1;
    size_t length;
    if (CZ_UNLIKELY(of_match == 0)) {
        length = compared + cz_common_length(here + compared, there + compared, cz_match_limit(chain, here));
    } else {
        length = (size_t)__builtin_ctzll(of_match);
    }
    cz_take(chain, position, length, ~(uint32_t)differing & 1);
}
