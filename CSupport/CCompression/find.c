// The portable pass 1: says what the vector paths must compute.
#include "find.h"

/// `count` positions from `start` on, at most CZ_RUN, which are at `at` in the group. Each step has a loop of its own:
/// so the compiler can use vectors for some of them, and no load waits for narrower stores just before it.
CZ_INLINE void find_run(cz_encoder *encoder, const uint8_t *source, size_t start, size_t at, size_t count) {
    uint32_t slots[CZ_RUN], entries[CZ_RUN], old[CZ_RUN];
    for (size_t i = 0; i < count; i++) {
        const uint32_t hash = cz_hash(source + start + i);
        slots[i] = cz_slot(hash);
        entries[i] = cz_entry(hash, start + i);
    }
    const size_t whole = count / CZ_BATCH * CZ_BATCH;
    for (size_t i = 0; i < whole; i += CZ_BATCH) cz_look_up(encoder, slots + i, entries + i, old + i, CZ_BATCH);
    cz_look_up(encoder, slots + whole, entries + whole, old + whole, count - whole);
    for (size_t i = 0; i < count; i++) encoder->distance[at + i] = (uint16_t)(entries[i] - old[i]);
    for (size_t i = 0; i < count; i += 8) {
        uint32_t hits = 0;
        for (size_t k = i; k < i + 8 && k < count; k++) {
            // The tags are equal and the positions are not.
            hits |= (uint32_t)((entries[k] ^ old[k]) - 1 < 0xFFFF) << (k - i);
        }
        encoder->hits[(at + i) / 8] = (uint8_t)hits;
    }
}

void cz_find_portable(cz_encoder *encoder, const uint8_t *source, size_t start, size_t count) {
    size_t at = 0;
    for (; at + CZ_RUN <= count; at += CZ_RUN) find_run(encoder, source, start + at, at, CZ_RUN);
    if (at < count) find_run(encoder, source, start + at, at, count - at);
}
