#include "counter/blocks/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "assertions.h"
#include "counter/caches.h"
#include "counter/one_by_one.h"
#include "counter/pieces.h"
#include "scan/newline_bits.h"
#include "unicode/classes.h"

#define TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt,lzcnt"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)

typedef __m512i block;

static inline block load_block(const uint8_t *p) { return _mm512_loadu_si512(p); }
/// `count` bytes and then zeros, `TK_BLOCK + TK_BEHIND` together. One store, so that a load can be served from it.
static inline void copy_end(uint8_t *copy, const uint8_t *p, size_t count) {
    _mm512_storeu_si512(copy, _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (unsigned)count), p));
    const __mmask32 behind = count > 64 ? (__mmask32)_bzhi_u32(UINT32_MAX, (unsigned)count - 64) : 0;
    _mm256_storeu_si256((__m256i *)(void *)(copy + 64), _mm256_maskz_loadu_epi8(behind, p + 64));
}
static inline uint64_t high_of(const block *b) { return _mm512_movepi8_mask(*b); }
static inline uint64_t equal(__m512i b, char byte) { return _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8(byte)); }
static inline uint64_t newlines_of(const block *b) { return tk_newline_bits_avx512bw(*b); }

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

static inline void masks_of_wide(
    const block *b, const uint8_t *wide_classes, uint64_t high, uint64_t valid, tk_masks *m) {
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

/// Where in `near` a key's set is.
static inline uint32_t near_of(tk_key key) { return tk_near_of(tk_key_hash(key), tk_is_tiny(key)); }

/// Both words of four sets near. A gather takes three times as long.
static inline __m512i four_sets(const uint64_t *near, const uint64_t *sets) {
#define SET(i) _mm_load_si128((const __m128i *)(const void *)(near + sets[i]))
    const __m256i lower = _mm256_inserti128_si256(_mm256_castsi128_si256(SET(0)), SET(1), 1);
    const __m256i upper = _mm256_inserti128_si256(_mm256_castsi128_si256(SET(2)), SET(3), 1);
#undef SET
    return _mm512_inserti64x4(_mm512_castsi256_si512(lower), upper, 1);
}

/// Adds the keys of pieces to the batch.
static inline void take_keys(
    tk_counter *counter, const uint8_t *p, const block *b, uint64_t asked, uint64_t asked_ends) {
    (void)p;
    static const _Alignas(64) uint8_t counting[64] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
        30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57,
        58, 59, 60, 61, 62, 63};
    const __m512i numbers = _mm512_load_si512(counting), eight = _mm512_set1_epi8(8);
    const __m512i byte_of_word = _mm512_and_si512(numbers, _mm512_set1_epi8(7));
    const __m512i starts = _mm512_maskz_compress_epi8(asked, numbers);
    const __m512i ends = _mm512_maskz_compress_epi8(asked_ends, numbers);
    const unsigned count = (unsigned)__builtin_popcountll(asked), from = counter->key_count - counter->sought_count;
    // Byte i of a word of these is piece `i / 8`.
    __m512i piece = _mm512_and_si512(_mm512_srli_epi16(numbers, 3), _mm512_set1_epi8(7));
    // Two rounds do for nearly all blocks.
    for (unsigned done = 0; done < 16 || __builtin_expect(done < count, 0); done += 8) {
        const __m512i start = _mm512_permutexvar_epi8(piece, starts);
        const __m512i length = _mm512_sub_epi8(_mm512_permutexvar_epi8(piece, ends), start);  // less 1
        const __m512i first = _mm512_add_epi8(start, byte_of_word);
        const __m512i low = _mm512_maskz_permutexvar_epi8(_mm512_cmple_epu8_mask(byte_of_word, length), first, *b);
        const __mmask64 has_second = _mm512_cmple_epu8_mask(_mm512_add_epi8(byte_of_word, eight), length);
        const __m512i second = _mm512_maskz_permutexvar_epi8(has_second, _mm512_add_epi8(first, eight), *b);
        const __m512i high =
            _mm512_or_si512(second, _mm512_slli_epi64(_mm512_add_epi8(length, _mm512_set1_epi8(1)), 60));
        const __mmask8 is_tiny = _mm512_testn_epi64_mask(high, _mm512_set1_epi64(INT64_MIN));
        const __m512i both = _mm512_or_si512(low, high);
        _mm512_storeu_si512(counter->keys_low + from + done, _mm512_mask_mov_epi64(low, is_tiny, both));
        _mm512_storeu_si512(counter->keys_high + from + done, _mm512_mask_mov_epi64(high, is_tiny, both));
        piece = _mm512_add_epi8(piece, eight);
    }
    counter->key_count += count;
}

/// Looks for the first `count` of eight keys near; what is not there becomes absent.
static inline void seek_eight(tk_counter *counter, unsigned done, unsigned count) {
    const __m512i low = _mm512_loadu_si512(counter->keys_low + done);
    const __m512i high = _mm512_loadu_si512(counter->keys_high + done);
    const __m512i mixed = _mm512_mullo_epi64(
        _mm512_xor_si512(low, _mm512_ror_epi64(high, 23)), _mm512_set1_epi64((long long)0x9E3779B97F4A7C15u));
    const __mmask8 is_short = _mm512_movepi64_mask(high);
    const __mmask8 is_tiny = _mm512_testn_epi64_mask(high, _mm512_set1_epi64(INT64_MIN));
    const __m512i near = _mm512_srli_epi64(mixed, 64 - TK_NEAR_BITS);
    const __m512i set = _mm512_mask_add_epi64(near, is_short, near, _mm512_set1_epi64(1 << TK_NEAR_BITS));
    _Alignas(64) uint64_t sets[8];
    _mm512_store_si512(sets, _mm512_slli_epi64(set, 1));
    const __m512i lower = four_sets(counter->near, sets), upper = four_sets(counter->near, sets + 4);
    const __m512i first = _mm512_permutex2var_epi64(lower, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), upper);
    const __m512i second = _mm512_permutex2var_epi64(lower, _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15), upper);
    // As `tk_find_near`.
    const __m512i but = _mm512_set1_epi64((long long)TK_BUT_COUNT);
    const __m512i mask = _mm512_mask_mov_epi64(_mm512_set1_epi64(-1), is_tiny, but);
    const __mmask8 is_low = _mm512_testn_epi64_mask(_mm512_xor_si512(first, low), mask);
    const __mmask8 is_high = _mm512_testn_epi64_mask(_mm512_xor_si512(second, high), but);
    const __m512i entry =
        _mm512_mask_mov_epi64(_mm512_maskz_mov_epi64(is_high & (is_low | is_tiny), second), is_low & is_tiny, first);
    const __mmask8 valid = (__mmask8)_bzhi_u32(255, count < 8 ? count : 8);
    const __m512i found = _mm512_maskz_and_epi64(valid, _mm512_srli_epi64(entry, 56), _mm512_set1_epi64(15));
    const __mmask8 lacks = _mm512_mask_testn_epi64_mask(valid, found, found);
    _mm512_store_si512(counter->near_tokens, _mm512_add_epi64(_mm512_load_si512(counter->near_tokens), found));
    const unsigned place = counter->sought_count + done, absent = counter->absent_count;
    _mm_storeu_si64(counter->key_tokens + place, _mm512_cvtepi64_epi8(found));
    _mm512_storeu_si512(counter->absent_low + absent, _mm512_maskz_compress_epi64(lacks, low));
    _mm512_storeu_si512(counter->absent_high + absent, _mm512_maskz_compress_epi64(lacks, high));
    const __m128i places = _mm_add_epi16(_mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7), _mm_set1_epi16((short)place));
    _mm_storeu_si128((__m128i *)(void *)(counter->absent_places + absent), _mm_maskz_compress_epi16(lacks, places));
    counter->absent_count = absent + (unsigned)__builtin_popcount(lacks);
}

static inline void ask(tk_counter *counter, const uint8_t *p, const block *b, uint64_t asked, uint64_t asked_ends) {
    take_keys(counter, p, b, asked, asked_ends);
    const unsigned count = counter->key_count - counter->sought_count;
    if (count < TK_BATCH_KEYS) return;
    unsigned done = 0;
    for (; done + 8 <= count; done += 8) seek_eight(counter, done, 8);
    _mm512_store_si512(counter->keys_low, _mm512_loadu_si512(counter->keys_low + done));
    _mm512_store_si512(counter->keys_high, _mm512_loadu_si512(counter->keys_high + done));
    counter->sought_count += done;
    fetch_absent(counter);
}

static inline void ask_rest(tk_counter *counter) {
    const unsigned count = counter->key_count - counter->sought_count;
    for (unsigned done = 0; done < count; done += 8) seek_eight(counter, done, count - done);
}

/// The tokens of a short piece; 0 if it is not in its line.
static inline unsigned find(const uint64_t *words, tk_key key) {
    const bool is_tiny = tk_is_tiny(key);
    const __m512i wanted = _mm512_broadcast_i64x2(_mm_set_epi64x((long long)key.high, (long long)key.low));
    const __m512i difference = _mm512_xor_si512(wanted, _mm512_load_si512(words));
    const __m512i masks = _mm512_load_si512(tk_line_masks[is_tiny]);
    const unsigned equal_words = _cvtmask8_u32(_mm512_testn_epi64_mask(difference, masks));
    const unsigned hits = unpredictable(is_tiny) ? equal_words : equal_words & equal_words << 1 & 0xAA;
    // Without a hit, the last word is read: what is behind the line would have to be waited for.
    const unsigned found = ((const uint8_t *)words)[8 * (unsigned)__builtin_ctz(hits | 0x80) + 7] & 15;
    return hits == 0 ? 0 : found;
}

/// The lowest of the pending merges. `width` is 16 or 32.
static inline uint32_t lowest_of(const uint32_t *pending, unsigned width) {
    __m512i least = _mm512_load_si512(pending);
    if (width == 32) least = _mm512_min_epu32(least, _mm512_load_si512(pending + 16));
    return _mm512_reduce_min_epu32(least);
}

#define KERNEL_NAME tk_count_avx512
#include "kernel.inc.h"
#define WINDOW_NAME tk_merge_window_avx512
#include "counter/merge_window.inc.h"
#pragma clang attribute pop
#endif
