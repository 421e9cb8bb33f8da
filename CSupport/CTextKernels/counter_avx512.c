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

static inline unsigned count_short(tk_counter *counter, const uint8_t *p, unsigned length) {
    uint64_t low, high;
    memcpy(&low, p, 8);
    memcpy(&high, p + 8, 8);
    low = _bzhi_u64(low, 8 * length);
    high = _bzhi_u64(high, length < 8 ? 0 : 8 * length - 64);
    const tk_short_entry key = {low, high | (uint64_t)length << 60};
    tk_short_entry *set = tk_short_set(counter, tk_short_hash(key.low, key.high));
    const __m512i wanted = _mm512_broadcast_i64x2(_mm_set_epi64x((long long)key.high, (long long)key.low));
    const __m512i found = _mm512_load_si512(set);
    // The four bits of the count do not matter.
    const __m512i mask = _mm512_broadcast_i64x2(_mm_set_epi64x((long long)0xF0FFFFFFFFFFFFFF, -1));
    const unsigned equal_words = _cvtmask8_u32(_mm512_testn_epi64_mask(_mm512_xor_si512(wanted, found), mask));
    const unsigned hits = equal_words & equal_words >> 1 & 0x55;
    if (__builtin_expect(hits == 0, 0)) return tk_count_and_keep(counter, p, length, set, key);
    return ((const uint8_t *)set)[8 * (unsigned)__builtin_ctz(hits) + 15] & 15;
}

#define KERNEL_NAME tk_count_avx512
#include "counter_kernel.h"
#pragma clang attribute pop
#endif
