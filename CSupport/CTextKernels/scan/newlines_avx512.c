#include "newlines.h"
#if defined(__x86_64__)
#include "newline_bits.h"

#define AVX512BW __attribute__((target("avx512f,avx512bw,popcnt,bmi")))
enum { WIDTH = 64 };

AVX512BW size_t tk_find_newline_avx512bw(const uint8_t *text, size_t count) {
    size_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        const uint64_t bits = tk_newline_bits_avx512bw(_mm512_loadu_si512(text + i));
        if (bits != 0) return i + (size_t)__builtin_ctzll(bits);
    }
    if (i == count) return count;
    const __mmask64 rest = UINT64_MAX >> (WIDTH - (count - i));
    const uint64_t bits = tk_newline_bits_avx512bw(_mm512_maskz_loadu_epi8(rest, text + i));
    return bits != 0 ? i + (size_t)__builtin_ctzll(bits) : count;
}
#endif
