#include "newlines.h"
#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512BW __attribute__((target("avx512f,avx512bw,popcnt,bmi")))
enum { WIDTH = 64 };

AVX512BW static inline uint64_t newline_bits(const uint8_t *block) {
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(block), _mm512_set1_epi8('\n'));
}

/// Of the first `count` bytes, 1 to 63.
AVX512BW static inline uint64_t newline_bits_of(const uint8_t *block, size_t count) {
    const __mmask64 mask = UINT64_MAX >> (WIDTH - count);
    return _mm512_cmpeq_epi8_mask(_mm512_maskz_loadu_epi8(mask, block), _mm512_set1_epi8('\n'));
}

AVX512BW static size_t find(const uint8_t *text, size_t count) {
    size_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        const uint64_t bits = newline_bits(text + i);
        if (bits != 0) return i + (size_t)__builtin_ctzll(bits);
    }
    if (i == count) return count;
    const uint64_t bits = newline_bits_of(text + i, count - i);
    return bits != 0 ? i + (size_t)__builtin_ctzll(bits) : count;
}

AVX512BW static size_t count_all(const uint8_t *text, size_t count) {
    size_t sum = 0, i = 0;
    for (; i + WIDTH <= count; i += WIDTH) sum += (size_t)__builtin_popcountll(newline_bits(text + i));
    if (i < count) sum += (size_t)__builtin_popcountll(newline_bits_of(text + i, count - i));
    return sum;
}

const tk_newline_kernels tk_newlines_avx512bw = {find, count_all};
#endif
