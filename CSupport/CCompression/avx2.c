#include "find.h"
#include "wide.h"

#if defined(__x86_64__)
#include <immintrin.h>

_Static_assert(CZ_BATCH == 32 && CZ_GROUP % CZ_RUN == 0, "32 hits are made at once, and no run is left over");

CZ_AVX2 CZ_INLINE __m256i load(const void *from) { return _mm256_loadu_si256((const __m256i *)from); }
CZ_AVX2 CZ_INLINE void store(void *to, __m256i vector) { _mm256_storeu_si256((__m256i *)to, vector); }

/// The slots and the entries of the CZ_RUN positions from `first` on, 8 at a time.
CZ_AVX2 CZ_INLINE void hash_run(const uint8_t *source, size_t first, uint32_t *slots, uint32_t *entries) {
    const __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0), low = _mm256_set1_epi32(0xFFFF);
    // Lane i has the bytes from i on, and from i + 2 on.
    const __m256i window = _mm256_set_epi32(
        0x0A090807, 0x09080706, 0x08070605, 0x07060504, 0x06050403, 0x05040302, 0x04030201, 0x03020100);
    const __m256i window2 = _mm256_add_epi8(window, _mm256_set1_epi8(2));
    const __m256i prime_a = _mm256_set1_epi32((int)CZ_PRIME_A), prime_b = _mm256_set1_epi32((int)CZ_PRIME_B);
    for (size_t i = 0; i < CZ_RUN; i += 8) {
        const size_t p = first + i;
        const __m128i *bytes = (const __m128i *)(const void *)(source + p);
        const __m256i text = _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes));
        const __m256i hash = _mm256_xor_si256(_mm256_mullo_epi32(_mm256_shuffle_epi8(text, window), prime_a),
            _mm256_mullo_epi32(_mm256_shuffle_epi8(text, window2), prime_b));
        const __m256i position = _mm256_and_si256(_mm256_add_epi32(lane, _mm256_set1_epi32((int)(uint32_t)p)), low);
        store(slots + i, _mm256_srli_epi32(hash, 32 - CZ_TABLE_BITS));
        store(entries + i, _mm256_or_si256(_mm256_slli_epi32(hash, 16), position));
    }
}

/// Stores the distances of 16 positions, and gives 16 bits of ones for each that has a candidate. The bits are in the
/// order that packing makes of them: positions 0-3, 8-11, 4-7, 12-15.
CZ_AVX2 CZ_INLINE __m256i compare_16(const uint32_t *entries, const uint32_t *old, uint16_t *distances) {
    const __m256i low = _mm256_set1_epi32(0xFFFF), zero = _mm256_setzero_si256();
    const __m256i entries0 = load(entries), entries1 = load(entries + 8), old0 = load(old), old1 = load(old + 8);
    const __m256i distance = _mm256_packus_epi32(_mm256_and_si256(_mm256_sub_epi32(entries0, old0), low),
        _mm256_and_si256(_mm256_sub_epi32(entries1, old1), low));
    const __m256i tags = _mm256_packus_epi32(_mm256_srli_epi32(_mm256_xor_si256(entries0, old0), 16),
        _mm256_srli_epi32(_mm256_xor_si256(entries1, old1), 16));
    store(distances, _mm256_permute4x64_epi64(distance, 0xD8));
    return _mm256_andnot_si256(_mm256_cmpeq_epi16(distance, zero), _mm256_cmpeq_epi16(tags, zero));
}

CZ_AVX2 void cz_find_avx2(cz_encoder *encoder, const uint8_t *source, size_t start) {
    uint32_t slots[CZ_RUN], entries[CZ_RUN], old[CZ_RUN];
    // Groups of four positions, in the order that two packings make of them, go back to their places.
    const __m256i order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
    for (size_t run = 0; run < CZ_GROUP; run += CZ_RUN) {
        hash_run(source, start + run, slots, entries);
        for (size_t i = 0; i < CZ_RUN; i += CZ_BATCH) cz_look_up(encoder, slots + i, entries + i, old + i, CZ_BATCH);
        for (size_t i = 0; i < CZ_RUN; i += CZ_BATCH) {
            uint16_t *distances = encoder->distance + run + i;
            const __m256i hits0 = compare_16(entries + i, old + i, distances);
            const __m256i hits1 = compare_16(entries + i + 16, old + i + 16, distances + 16);
            const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(hits0, hits1), order);
            const uint32_t hits = (uint32_t)_mm256_movemask_epi8(bytes);
            memcpy(encoder->hits + (run + i) / 8, &hits, sizeof hits);
        }
    }
}

CZ_AVX2 CZ_INLINE uint64_t equal_32(const uint8_t *a, const uint8_t *b) {
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(a), load(b)));
}

CZ_AVX2 CZ_INLINE void hop_avx2(const cz_encoder *encoder, const uint8_t *group, cz_chain *chain) {
    size_t position;
    if (!cz_next_hit(encoder, chain, &position)) return;
    const uint8_t *here = group + position, *there = here - encoder->distance[position];
    const uint64_t equal = equal_32(here - 1, there - 1) | equal_32(here + 31, there + 31) << 32;
    cz_take_compared(chain, position, here, there, ~equal);
}

#define PARSE_NAME cz_parse_avx2
#define PARSE_TARGET CZ_AVX2
#define HOP hop_avx2
#include "parse.inc.h"
#endif
