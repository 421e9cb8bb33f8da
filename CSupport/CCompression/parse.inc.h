// Pass 2 over a full group, once per instruction set. The file that includes this defines PARSE_NAME, PARSE_TARGET, and
// HOP, which takes a chain to its next match. All chains hop by turns as long as none is done, so that their waits
// overlap; then those that are left.

PARSE_TARGET void PARSE_NAME(cz_encoder *encoder, const uint8_t *group) {
    cz_chain chains[CZ_CHAINS];
#pragma GCC unroll 8
    for (size_t k = 0; k < CZ_CHAINS; k++) chains[k] = cz_start_chunk(encoder, group, k);
    for (size_t left = CZ_CHAINS; left > 0;) {
        left = 0;
#pragma GCC unroll 8
        for (size_t k = 0; k < CZ_CHAINS; k++) left += cz_is_in_chunk(&chains[k], k);
        if (left == CZ_CHAINS) {
#pragma GCC unroll 8
            for (size_t k = 0; k < CZ_CHAINS; k++) HOP(encoder, group, &chains[k]);
        } else {
#pragma GCC unroll 8
            for (size_t k = 0; k < CZ_CHAINS; k++) {
                if (cz_is_in_chunk(&chains[k], k)) HOP(encoder, group, &chains[k]);
            }
        }
    }
#pragma GCC unroll 8
    for (size_t k = 0; k < CZ_CHAINS; k++) cz_finish_chunk(encoder, k, &chains[k]);
}
#undef PARSE_NAME
#undef PARSE_TARGET
#undef HOP
