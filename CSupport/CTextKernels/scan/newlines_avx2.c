#include "newlines.h"
#if defined(__x86_64__)
#include "newline_bits.h"

#define AVX2 __attribute__((target("avx2,popcnt,bmi")))
enum { WIDTH = 32 };

AVX2 static inline uint32_t newline_bits(const uint8_t *block) {
    return tk_newline_bits_avx2(_mm256_loadu_si256((const __m256i *)(const void *)block));
}

AVX2 size_t tk_find_newline_avx2(const uint8_t *text, size_t count) {
    if (count < WIDTH) return tk_find_newline_scalar(text, count);
    for (size_t i = 0; i + WIDTH <= count; i += WIDTH) {
        const uint32_t bits = newline_bits(text + i);
        if (bits != 0) return i + (size_t)__builtin_ctz(bits);
    }
    const uint32_t bits = newline_bits(text + count - WIDTH);
    return bits != 0 ? count - WIDTH + (size_t)__builtin_ctz(bits) : count;
}
#endif
