#include "counter.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "unicode_classes.h"

#define TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi,bmi2,popcnt,lzcnt"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)

typedef __m512i block;

static inline block load_block(const uint8_t *p) { return _mm512_loadu_si512(p); }
static inline uint64_t high_of(const block *b) { return _mm512_movepi8_mask(*b); }
static inline uint64_t equal(__m512i b, char byte) { return _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8(byte)); }
static inline uint64_t newlines_of(const block *b) { return equal(*b, '\n'); }
static inline uint64_t extract(uint64_t bits, uint64_t mask) { return _pext_u64(bits, mask); }
static inline uint64_t deposit(uint64_t bits, uint64_t mask) { return _pdep_u64(bits, mask); }

/// The class bit of each ASCII character, from a table of 128 in two registers.
static inline __m512i ascii_classes(__m512i b) {
    static const _Alignas(64) uint8_t table[128] = {
#define O 1
#define U 2
#define L 4
#define N 32
#define S 64
#define E 128
        O, O, O, O, O, O, O, O, O, S, E, S, S, E, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
        S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, N, N, N, N, N, N, N, N, N, N, O, O, O, O, O, O,
        O, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, O, O, O, O, O,
        O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
#undef O
#undef U
#undef L
#undef N
#undef S
#undef E
    };
    return _mm512_permutex2var_epi8(_mm512_load_si512(table), b, _mm512_load_si512(table + 64));
}

static inline uint64_t has(__m512i classes, tk_class class) {
    return _mm512_test_epi8_mask(classes, _mm512_set1_epi8((char)(1 << class)));
}

static inline void masks_of(const block *b, uint64_t valid, tk_masks *m) {
    const __m512i classes = ascii_classes(*b);
    m->upper = has(classes, TK_UPPER) & valid;
    m->lower = has(classes, TK_LOWER) & valid;
    m->number = has(classes, TK_NUMBER) & valid;
    m->space = has(classes, TK_SPACE) & valid;
    m->newline = has(classes, TK_NEWLINE) & valid;
    m->other = has(classes, TK_OTHER) & valid;
    m->caseless = m->mark = 0;
    m->blank = equal(*b, ' ') & valid;
    m->slash = equal(*b, '/') & valid;
    m->apostrophe = equal(*b, '\'') & valid;
}

static inline void masks_of_wide(const block *b, const uint8_t *wide_classes, uint64_t high, uint64_t valid, tk_masks *m) {
    const __m512i classes = _mm512_mask_mov_epi8(ascii_classes(*b), high, _mm512_load_si512(wide_classes));
    m->upper = has(classes, TK_UPPER) & valid;
    m->lower = has(classes, TK_LOWER) & valid;
    m->caseless = has(classes, TK_CASELESS) & valid;
    m->mark = has(classes, TK_MARK) & valid;
    m->number = has(classes, TK_NUMBER) & valid;
    m->space = has(classes, TK_SPACE) & valid;
    m->newline = has(classes, TK_NEWLINE) & valid;
    m->other = has(classes, TK_OTHER) & valid;
    m->blank = equal(*b, ' ') & valid;
    m->slash = equal(*b, '/') & valid;
    m->apostrophe = equal(*b, '\'') & valid;
}

static inline tk_key key_of(const uint8_t *p, unsigned length) {
    uint64_t low, high;
    memcpy(&low, p, 8);
    memcpy(&high, p + 8, 8);
    const bool is_tiny = length < 8;
    const uint64_t length_bits = (uint64_t)length << 60;
    low = _bzhi_u64(low, 8 * length) | (is_tiny ? length_bits : 0);
    high = _bzhi_u64(high, 8 * length - 64) | length_bits;
    return (tk_key){low, is_tiny ? low : high};
}

/// The tokens of a short piece; 0 if it is not in its line.
static inline unsigned find(const uint64_t *words, const tk_key *key, bool is_tiny) {
    const __m512i wanted = _mm512_broadcast_i64x2(_mm_loadu_si128((const __m128i *)(const void *)key));
    const __m512i difference = _mm512_xor_si512(wanted, _mm512_load_si512(words));
    const unsigned equal_words = _cvtmask8_u32(_mm512_testn_epi64_mask(difference, _mm512_load_si512(tk_line_masks[is_tiny])));
    const unsigned hits = is_tiny ? equal_words : equal_words & equal_words << 1 & 0xAA;
    // Without a hit, a byte behind the line is read.
    const unsigned found = ((const uint8_t *)words)[8 * (unsigned)__builtin_ctz(hits | 0x100) + 7] & 15;
    return hits == 0 ? 0 : found;
}

#define KERNEL_NAME tk_count_avx512
#include "counter_kernel.h"
#define WINDOW_NAME tk_merge_window_avx512
#include "counter_window.h"
#pragma clang attribute pop
#endif
