#include "newlines.h"
#if defined(__aarch64__)
#include <arm_neon.h>

enum { WIDTH = 16 };

/// Four bits a byte, as NEON has no movemask: a narrowing shift packs the comparison's bytes into nibbles.
static inline uint64_t newline_nibbles(const uint8_t *block) {
    const uint8x16_t equal = vceqq_u8(vld1q_u8(block), vdupq_n_u8('\n'));
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(equal), 4)), 0);
}

static size_t find(const uint8_t *text, size_t count) {
    if (count < WIDTH) return tk_newlines_scalar.find(text, count);
    for (size_t i = 0; i + WIDTH <= count; i += WIDTH) {
        const uint64_t nibbles = newline_nibbles(text + i);
        if (nibbles != 0) return i + (size_t)(__builtin_ctzll(nibbles) >> 2);
    }
    const uint64_t nibbles = newline_nibbles(text + count - WIDTH);
    return nibbles != 0 ? count - WIDTH + (size_t)(__builtin_ctzll(nibbles) >> 2) : count;
}

static size_t count_all(const uint8_t *text, size_t count) {
    if (count < WIDTH) return tk_newlines_scalar.count(text, count);
    size_t sum = 0, i = 0;
    for (; i + WIDTH <= count; i += WIDTH) sum += (size_t)__builtin_popcountll(newline_nibbles(text + i)) / 4;
    if (i < count) {
        // The last block's low nibbles are bytes before `i`: counted already.
        const size_t seen = WIDTH - (count - i);
        sum += (size_t)__builtin_popcountll(newline_nibbles(text + count - WIDTH) >> (4 * seen)) / 4;
    }
    return sum;
}

const tk_newline_kernels tk_newlines_neon = {find, count_all};
#endif
