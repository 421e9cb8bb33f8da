#include "find.h"
#include "wide.h"

#if defined(__x86_64__)
#include <immintrin.h>

_Static_assert(CZ_BATCH == 32 && CZ_GROUP % CZ_BATCH == 0, "two vectors for each batch, and no rest");

/// The hashes of 16 positions, which are every second one of the text: `window` has the places of their first four
/// bytes, `window2` those two bytes further.
CZ_AVX512 CZ_INLINE __m512i hashes_of(__m512i text, __m512i window, __m512i window2) {
    const __m512i a = _mm512_permutexvar_epi8(window, text), b = _mm512_permutexvar_epi8(window2, text);
    return _mm512_xor_si512(_mm512_mullo_epi32(a, _mm512_set1_epi32((int)CZ_PRIME_A)),
        _mm512_mullo_epi32(b, _mm512_set1_epi32((int)CZ_PRIME_B)));
}

/// One vector has the 16 even positions of a batch, one the 16 odd ones, so that their results of 16 bits interleave by
/// a shift. Of equal slots the scatter keeps the last, as a loop does.
CZ_AVX512 void cz_find_avx512(cz_encoder *encoder, const uint8_t *source, size_t start) {
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i twice = _mm512_add_epi32(lane, lane), low = _mm512_set1_epi32(0xFFFF);
    // Lane i has the bytes from 2i + n on.
    const __m512i window0 = _mm512_add_epi32(
        _mm512_mullo_epi32(lane, _mm512_set1_epi32(0x02020202)), _mm512_set1_epi32(0x03020100));
    const __m512i window1 = _mm512_add_epi8(window0, _mm512_set1_epi8(1));
    const __m512i window2 = _mm512_add_epi8(window0, _mm512_set1_epi8(2));
    const __m512i window3 = _mm512_add_epi8(window0, _mm512_set1_epi8(3));
    for (size_t at = 0; at < CZ_GROUP; at += CZ_BATCH) {
        const size_t first = start + at;
        const __m512i text = _mm512_loadu_si512(source + first);
        const __m512i hash0 = hashes_of(text, window0, window2), hash1 = hashes_of(text, window1, window3);
        const __m512i slot0 = _mm512_srli_epi32(hash0, 32 - CZ_TABLE_BITS);
        const __m512i slot1 = _mm512_srli_epi32(hash1, 32 - CZ_TABLE_BITS);
        const __m512i old0 = _mm512_i32gather_epi32(slot0, encoder->table, 4);
        const __m512i old1 = _mm512_i32gather_epi32(slot1, encoder->table, 4);
        // `first` is even, so the odd position differs from the even one before it in the lowest bit only.
        const __m512i all_bits = _mm512_add_epi32(twice, _mm512_set1_epi32((int)(uint32_t)first));
        const __m512i position = _mm512_and_si512(all_bits, low);
        const __m512i odd = _mm512_or_si512(position, _mm512_set1_epi32(1));
        const __m512i entry0 = _mm512_or_si512(_mm512_slli_epi32(hash0, 16), position);
        const __m512i entry1 = _mm512_or_si512(_mm512_slli_epi32(hash1, 16), odd);
        _mm512_i32scatter_epi32(encoder->table, slot1, entry1, 4);
        const __m512i distance0 = _mm512_and_si512(_mm512_sub_epi32(entry0, old0), low);
        const __m512i distance1 = _mm512_slli_epi32(_mm512_sub_epi32(entry1, old1), 16);
        const __m512i distance = _mm512_or_si512(distance0, distance1);
        _mm512_storeu_si512(encoder->distance + at, distance);
        // A hit: the tags are equal and the positions are not.
        const __m512i tags = _mm512_or_si512(_mm512_srli_epi32(_mm512_xor_si512(entry0, old0), 16),
            _mm512_andnot_si512(low, _mm512_xor_si512(entry1, old1)));
        const __mmask32 equal = _mm512_testn_epi16_mask(tags, tags);
        const uint32_t hits = _mm512_mask_test_epi16_mask(equal, distance, distance);
        memcpy(encoder->hits + at / 8, &hits, sizeof hits);
    }
}

CZ_AVX512 CZ_INLINE void hop_avx512(const cz_encoder *encoder, const uint8_t *group, cz_chain *chain) {
    size_t position;
    if (!cz_next_hit(encoder, chain, &position)) return;
    const uint8_t *here = group + position, *there = here - encoder->distance[position];
    const __m512i a = _mm512_loadu_si512(here - 1), b = _mm512_loadu_si512(there - 1);
    cz_take_compared(chain, position, here, there, _mm512_cmpneq_epi8_mask(a, b));
}

#define PARSE_NAME cz_parse_avx512
#define PARSE_TARGET CZ_AVX512
#define HOP hop_avx512
#include "parse.inc.h"
#endif
