#include "counter/blocks/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "assertions.h"
#include "counter/caches.h"
#include "counter/one_by_one.h"
#include "counter/pieces.h"
#include "scan/newline_bits.h"
#include "unicode/classes.h"

#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))), apply_to = function)

typedef struct {
    __m256i low, high;
} block;

static inline block load_block(const uint8_t *p) {
    const __m256i *halves = (const __m256i *)(const void *)p;
    return (block){_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
}
/// `count` bytes and then zeros, `TK_BLOCK + TK_BEHIND` together.
static inline void copy_end(uint8_t *copy, const uint8_t *p, size_t count) {
    memset(copy, 0, TK_BLOCK + TK_BEHIND);
    memcpy(copy, p, count);
}
static inline uint64_t bits_of(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}
static inline uint64_t high_of(const block *b) { return bits_of(b->low, b->high); }
static inline uint64_t equal(const block *b, char byte) {
    const __m256i wanted = _mm256_set1_epi8(byte);
    return bits_of(_mm256_cmpeq_epi8(b->low, wanted), _mm256_cmpeq_epi8(b->high, wanted));
}
static inline uint64_t newlines_of(const block *b) {
    return tk_newline_bits_avx2(b->low) | (uint64_t)tk_newline_bits_avx2(b->high) << 32;
}

/// The ASCII characters that are told apart make rectangles in a table of 16 rows (high half of the byte) and 16
/// columns (low half). Each rectangle has a bit, which is set if row and column have it.
enum { TABS = 1, ENDS = 2, BLANK = 4, DIGITS = 8, UPPER_A = 16, UPPER_P = 32, LOWER_A = 64, LOWER_P = 128 };

static inline __m256i rectangles(__m256i bytes) {
#define A (UPPER_A | LOWER_A)
#define P (UPPER_P | LOWER_P)
    const __m256i columns = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        (char)(BLANK | DIGITS | P), (char)(DIGITS | A | P), (char)(DIGITS | A | P), (char)(DIGITS | A | P),
        (char)(DIGITS | A | P), (char)(DIGITS | A | P), (char)(DIGITS | A | P), (char)(DIGITS | A | P),
        (char)(DIGITS | A | P), (char)(TABS | DIGITS | A | P), (char)(ENDS | A | P), (char)(TABS | A), (char)(TABS | A),
        (char)(ENDS | A), A, A));
#undef A
#undef P
    const __m256i rows = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        TABS | ENDS, 0, BLANK, DIGITS, UPPER_A, UPPER_P, LOWER_A, (char)LOWER_P, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i half = _mm256_set1_epi8(15);
    return _mm256_and_si256(_mm256_shuffle_epi8(columns, _mm256_and_si256(bytes, half)),
        _mm256_shuffle_epi8(rows, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
}

/// In which rectangles from this one on bytes are: none is in two.
static inline uint64_t from(__m256i low, __m256i high, int rectangle) {
    const __m256i rest = _mm256_set1_epi8((char)(128 - rectangle));
    return bits_of(_mm256_adds_epu8(low, rest), _mm256_adds_epu8(high, rest));
}

static inline void masks_of(const block *b, uint64_t valid, tk_masks *m) {
    const __m256i low = rectangles(b->low), high = rectangles(b->high);
    const uint64_t lower = from(low, high, LOWER_A) & valid, letters = from(low, high, UPPER_A) & valid;
    const uint64_t words = from(low, high, DIGITS) & valid, blanks = from(low, high, BLANK) & valid;
    const uint64_t ends = from(low, high, ENDS) & valid, all = from(low, high, TABS) & valid;
    m->lower = lower;
    m->upper = letters & ~lower;
    m->number = words & ~letters;
    m->blank = blanks & ~words;
    m->newline = ends & ~blanks;
    m->space = (all & ~ends) | m->blank;
    m->other = valid & ~all & ~high_of(b);
    m->caseless = m->mark = 0;
    m->slash = equal(b, '/') & valid;
    m->apostrophe = equal(b, '\'') & valid;
}

static inline void masks_of_wide(
    const block *b, const uint8_t *wide_classes, uint64_t high, uint64_t valid, tk_masks *m) {
    masks_of(b, valid, m);
    const block wide = load_block(wide_classes);
// The class's bit is moved to the top of each byte.
#define WIDE(class) \
    (bits_of(_mm256_slli_epi16(wide.low, 7 - (class)), _mm256_slli_epi16(wide.high, 7 - (class))) & high & valid)
    m->upper |= WIDE(TK_UPPER);
    m->lower |= WIDE(TK_LOWER);
    m->caseless = WIDE(TK_CASELESS);
    m->mark = WIDE(TK_MARK);
    m->number |= WIDE(TK_NUMBER);
    m->space |= WIDE(TK_SPACE);
    m->other |= WIDE(TK_OTHER);
#undef WIDE
}

#define VECTOR(words) _mm_load_si128((const __m128i *)(const void *)(words))
#define FOUR_AT(words) _mm256_loadu_si256((const __m256i *)(const void *)(words))

static inline void keep_four(uint64_t *words, __m256i four) { _mm256_store_si256((__m256i *)(void *)words, four); }

#include "keys.inc.h"

static inline void take_keys(tk_counter *counter, const uint8_t *p, uint64_t asked, uint64_t asked_ends) {
    const unsigned count = (unsigned)__builtin_popcountll(asked), from = counter->key_count - counter->sought_count;
    // So many do for nearly all blocks. Those behind the last are of the byte behind the block, and are written over.
    for (unsigned done = 0; done < 12 || __builtin_expect(done < count, 0); done += 4) {
#pragma clang loop unroll(full)
        for (unsigned i = 0; i < 4; i++) {
            const uint64_t start = _tzcnt_u64(asked), length = _tzcnt_u64(asked_ends) + 1 - start;
            asked &= asked - 1;
            asked_ends &= asked_ends - 1;
            const key_form *form = &key_forms[length];
            const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + start));
            const __m128i key = _mm_or_si128(_mm_shuffle_epi8(bytes, VECTOR(form->shuffle)), VECTOR(form->length));
            _mm_storel_epi64((__m128i *)(void *)(counter->keys_low + from + done + i), key);
            _mm_storeh_pd((double *)(void *)(counter->keys_high + from + done + i), _mm_castsi128_pd(key));
        }
    }
    counter->key_count += count;
}

/// Where in `near` the sets of four keys are, as `near_of`.
static inline __m256i near_of_four(const uint64_t *keys_low, const uint64_t *keys_high) {
    const __m256i low = FOUR_AT(keys_low), high = FOUR_AT(keys_high);
    const uint64_t factors = (uint64_t)NEAR_FACTOR_HIGH << 32 | NEAR_FACTOR_LOW;
    const __m256i products =
        _mm256_mullo_epi32(_mm256_add_epi64(low, high), _mm256_set1_epi64x((long long)factors));
    const __m256i hash = _mm256_add_epi32(products, _mm256_slli_epi64(products, 32));
    const __m256i is_short = _mm256_cmpgt_epi64(_mm256_setzero_si256(), high);
    const __m256i set =
        _mm256_and_si256(_mm256_srli_epi64(hash, 63 - TK_NEAR_BITS), _mm256_set1_epi64x((2 << TK_NEAR_BITS) - 2));
    return _mm256_or_si256(set, _mm256_and_si256(is_short, _mm256_set1_epi64x(2 << TK_NEAR_BITS)));
}

/// The tokens of four keys that are near; 0: it is not.
static inline __m256i find_four(
    const uint64_t *near, const uint64_t *sets, const uint64_t *keys_low, const uint64_t *keys_high) {
    const __m256i low = FOUR_AT(keys_low), high = FOUR_AT(keys_high);
    const __m256i is_short = _mm256_cmpgt_epi64(_mm256_setzero_si256(), high);
#define SET(i) VECTOR(near + sets[i])
    const __m256i even = _mm256_inserti128_si256(_mm256_castsi128_si256(SET(0)), SET(2), 1);
    const __m256i odd = _mm256_inserti128_si256(_mm256_castsi128_si256(SET(1)), SET(3), 1);
#undef SET
    const __m256i first = _mm256_unpacklo_epi64(even, odd), second = _mm256_unpackhi_epi64(even, odd);
    // As `tk_find_near`.
    const __m256i but = _mm256_set1_epi64x((long long)TK_BUT_COUNT);
    const __m256i is_low = _mm256_cmpeq_epi64(_mm256_and_si256(first, _mm256_or_si256(but, is_short)), low);
    const __m256i is_high = _mm256_cmpeq_epi64(_mm256_and_si256(second, but), high);
    const __m256i is_second = _mm256_andnot_si256(_mm256_andnot_si256(is_low, is_short), is_high);
    const __m256i entry =
        _mm256_blendv_epi8(_mm256_and_si256(second, is_second), first, _mm256_andnot_si256(is_short, is_low));
    return _mm256_and_si256(_mm256_srli_epi64(entry, 56), _mm256_set1_epi64x(15));
}

static inline uint64_t seek_near(tk_counter *counter, unsigned count) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i sums = zero;
    uint64_t lacking = 0;
    uint8_t *tokens = counter->key_tokens + counter->sought_count;
    // All of these first, so that many loads of the sets can be on their way at once.
    _Alignas(32) uint64_t sets[TK_BATCH_KEYS];
    for (unsigned done = 0; done < count; done += 8) {
        keep_four(sets + done, near_of_four(counter->keys_low + done, counter->keys_high + done));
        keep_four(sets + done + 4, near_of_four(counter->keys_low + done + 4, counter->keys_high + done + 4));
    }
    for (unsigned done = 0; done < count; done += 8) {
        const uint64_t *low = counter->keys_low + done, *high = counter->keys_high + done;
        const __m256i first = find_four(counter->near, sets + done, low, high);
        const __m256i second = find_four(counter->near, sets + done + 4, low + 4, high + 4);
        const unsigned lacks = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(first, zero)))
            | (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(second, zero))) << 4;
        lacking |= (uint64_t)lacks << done;
        // Of each eight bytes, the low one of the first four and the fifth of the second four.
        const __m256i both = _mm256_or_si256(first, _mm256_slli_epi64(second, 32));
        const __m256i places = _mm256_setr_epi8(0, 8, -1, -1, 4, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
            -1, -1, 0, 8, -1, -1, 4, 12, -1, -1, -1, -1, -1, -1, -1, -1);
        const __m256i bytes = _mm256_shuffle_epi8(both, places);
        const __m128i eight = _mm_or_si128(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
        sums = _mm256_add_epi64(sums, both);
        _mm_storeu_si64(tokens + done, eight);
    }
    sums = _mm256_add_epi64(_mm256_srli_epi64(sums, 32), _mm256_and_si256(sums, _mm256_set1_epi64x(UINT32_MAX)));
    keep_four(counter->near_tokens, _mm256_add_epi64(FOUR_AT(counter->near_tokens), sums));
    return lacking;
}

/// The tokens of a short piece; 0 if it is not in its line.
static inline unsigned find(const uint64_t *words, tk_key key) {
    const bool is_tiny = tk_is_tiny(key);
    const __m256i *line = (const __m256i *)(const void *)words;
    const __m256i *masks = (const __m256i *)(const void *)tk_line_masks[is_tiny];
    const __m256i wanted = _mm256_broadcastsi128_si256(_mm_set_epi64x((long long)key.high, (long long)key.low));
    const __m256i zero = _mm256_setzero_si256();
    const __m256i first = _mm256_and_si256(_mm256_xor_si256(wanted, line[0]), masks[0]);
    const __m256i second = _mm256_and_si256(_mm256_xor_si256(wanted, line[1]), masks[1]);
    const unsigned equal_words = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(first, zero)))
        | (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(second, zero))) << 4;
    const unsigned hits = unpredictable(is_tiny) ? equal_words : equal_words & equal_words << 1 & 0xAA;
    // Without a hit, the last word is read: what is behind the line would have to be waited for.
    const unsigned found = ((const uint8_t *)words)[8 * (unsigned)__builtin_ctz(hits | 0x80) + 7] & 15;
    return hits == 0 ? 0 : found;
}

/// The lowest of the pending merges. `width` is 16 or 32.
static inline uint32_t lowest_of(const uint32_t *pending, unsigned width) {
    const __m256i *merges = (const __m256i *)(const void *)pending;
    __m256i least = _mm256_min_epu32(_mm256_load_si256(merges), _mm256_load_si256(merges + 1));
    if (width == 32) {
        least = _mm256_min_epu32(
            least, _mm256_min_epu32(_mm256_load_si256(merges + 2), _mm256_load_si256(merges + 3)));
    }
    __m128i four = _mm_min_epu32(_mm256_castsi256_si128(least), _mm256_extracti128_si256(least, 1));
    four = _mm_min_epu32(four, _mm_shuffle_epi32(four, 0x4E));
    four = _mm_min_epu32(four, _mm_shuffle_epi32(four, 0xB1));
    return (uint32_t)_mm_cvtsi128_si32(four);
}

#define KERNEL_NAME tk_count_avx2
#include "kernel.inc.h"
#define WINDOW_NAME tk_merge_window_avx2
#include "counter/merge_window.inc.h"
#pragma clang attribute pop
#endif
