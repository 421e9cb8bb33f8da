// The portable pass 2, and the one for the end of the source.
#include "parse.h"

CZ_INLINE void hop_portable(const cz_encoder *encoder, const uint8_t *group, cz_chain *chain) {
    size_t position, length;
    if (!cz_next_hit(encoder, chain, &position)) return;
    const uint8_t *here = group + position, *there = here - encoder->distance[position];
    const uint64_t first = cz_load64(here) ^ cz_load64(there);
    const uint64_t second = cz_load64(here + 8) ^ cz_load64(there + 8);
    if (CZ_UNLIKELY((first | second) == 0)) {
        length = 16 + cz_common_length(here + 16, there + 16, cz_match_limit(chain, here));
    } else {
        length = (size_t)__builtin_ctzll(first != 0 ? first : second) / 8 + (first != 0 ? 0 : 8);
    }
    cz_take(chain, position, length, here[-1] == there[-1]);
}

#define PARSE_NAME cz_parse_portable
#define PARSE_TARGET
#define HOP hop_portable
#include "parse.inc.h"

void cz_parse_careful(cz_encoder *encoder, const uint8_t *group, const uint8_t *match_end) {
    for (size_t k = 0; k < CZ_CHAINS; k++) {
        cz_chain chain = cz_start_chunk(encoder, group, k);
        while (cz_is_in_chunk(&chain, k)) {
            size_t position;
            if (!cz_next_hit(encoder, &chain, &position)) continue;
            const uint8_t *here = group + position, *there = here - encoder->distance[position];
            const uint8_t *limit = cz_match_limit(&chain, here);
            if (limit > match_end) limit = match_end;
            const bool before = position > chain.at && here[-1] == there[-1];
            cz_take(&chain, position, cz_common_length(here, there, limit), before);
        }
        cz_finish_chunk(encoder, k, &chain);
    }
}
