#include "newlines.h"
#if defined(__aarch64__)
#include <arm_neon.h>

enum { WIDTH = 16 };

/// Four bits a byte, as NEON has no movemask: a narrowing shift packs the comparison's bytes into nibbles.
static inline uint64_t newline_nibbles(const uint8_t *block) {
    const uint8x16_t equal = vceqq_u8(vld1q_u8(block), vdupq_n_u8('\n'));
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(equal), 4)), 0);
}

size_t tk_find_newline_neon(const uint8_t *text, size_t count) {
    if (count < WIDTH) return tk_find_newline_scalar(text, count);
    for (size_t i = 0; i + WIDTH <= count; i += WIDTH) {
        const uint64_t nibbles = newline_nibbles(text + i);
        if (nibbles != 0) return i + (size_t)(__builtin_ctzll(nibbles) >> 2);
    }
    const uint64_t nibbles = newline_nibbles(text + count - WIDTH);
    return nibbles != 0 ? count - WIDTH + (size_t)(__builtin_ctzll(nibbles) >> 2) : count;
}
#endif
