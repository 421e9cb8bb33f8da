#include "newlines.h"
#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,popcnt,bmi")))
enum { WIDTH = 32 };

AVX2 static inline uint32_t newline_bits(const uint8_t *block) {
    const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)block);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n')));
}

AVX2 static size_t find(const uint8_t *text, size_t count) {
    if (count < WIDTH) return tk_newlines_scalar.find(text, count);
    for (size_t i = 0; i + WIDTH <= count; i += WIDTH) {
        const uint32_t bits = newline_bits(text + i);
        if (bits != 0) return i + (size_t)__builtin_ctz(bits);
    }
    const uint32_t bits = newline_bits(text + count - WIDTH);
    return bits != 0 ? count - WIDTH + (size_t)__builtin_ctz(bits) : count;
}

AVX2 static size_t count_all(const uint8_t *text, size_t count) {
    if (count < WIDTH) return tk_newlines_scalar.count(text, count);
    size_t sum = 0, i = 0;
    for (; i + WIDTH <= count; i += WIDTH) sum += (size_t)__builtin_popcount(newline_bits(text + i));
    if (i < count) {
        // The last block's low bits are bytes before `i`: counted already.
        const size_t seen = WIDTH - (count - i);
        sum += (size_t)__builtin_popcount(newline_bits(text + count - WIDTH) >> seen);
    }
    return sum;
}

const tk_newline_kernels tk_newlines_avx2 = {find, count_all};
#endif
