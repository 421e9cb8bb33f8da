#include "counter.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "unicode_classes.h"

#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))), apply_to = function)

typedef struct {
    __m256i low, high;
} block;

static inline block load_block(const uint8_t *p) {
    return (block){_mm256_loadu_si256((const __m256i *)(const void *)p), _mm256_loadu_si256((const __m256i *)(const void *)(p + 32))};
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
static inline uint64_t newlines_of(const block *b) { return equal(b, '\n'); }
static inline uint64_t extract(uint64_t bits, uint64_t mask) { return _pext_u64(bits, mask); }
static inline uint64_t deposit(uint64_t bits, uint64_t mask) { return _pdep_u64(bits, mask); }

/// The ASCII characters that are told apart make rectangles in a table of 16 rows (high half of the byte) and 16 columns (low
/// half). Each rectangle has a bit, which is set if row and column have it.
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

static inline uint64_t has(__m256i low, __m256i high, int rectangle) {
    const __m256i mask = _mm256_set1_epi8((char)rectangle), zero = _mm256_setzero_si256();
    return ~bits_of(_mm256_cmpeq_epi8(_mm256_and_si256(low, mask), zero), _mm256_cmpeq_epi8(_mm256_and_si256(high, mask), zero));
}

static inline void masks_of(const block *b, uint64_t valid, tk_masks *m) {
    const __m256i low = rectangles(b->low), high = rectangles(b->high);
    m->upper = has(low, high, UPPER_A | UPPER_P) & valid;
    m->lower = has(low, high, LOWER_A | LOWER_P) & valid;
    m->number = has(low, high, DIGITS) & valid;
    m->space = has(low, high, TABS | BLANK) & valid;
    m->newline = has(low, high, ENDS) & valid;
    m->other = ~has(low, high, 255) & ~high_of(b) & valid;
    m->caseless = m->mark = 0;
    m->blank = equal(b, ' ') & valid;
    m->slash = equal(b, '/') & valid;
    m->apostrophe = equal(b, '\'') & valid;
}

static inline void masks_of_wide(const block *b, const uint8_t *wide_classes, uint64_t high, uint64_t valid, tk_masks *m) {
    masks_of(b, valid, m);
    const block wide = load_block(wide_classes);
// The class's bit is moved to the top of each byte.
#define WIDE(class) (bits_of(_mm256_slli_epi16(wide.low, 7 - (class)), _mm256_slli_epi16(wide.high, 7 - (class))) & high & valid)
    m->upper |= WIDE(TK_UPPER);
    m->lower |= WIDE(TK_LOWER);
    m->caseless = WIDE(TK_CASELESS);
    m->mark = WIDE(TK_MARK);
    m->number |= WIDE(TK_NUMBER);
    m->space |= WIDE(TK_SPACE);
    m->other |= WIDE(TK_OTHER);
#undef WIDE
}

/// By length: how the 16 bytes at a piece become its key, and the length's bits.
typedef struct {
    _Alignas(16) uint8_t shuffle[16];
    uint64_t length[2], mask[2];
    /// By the words of a set that are equal: where the count is, and 0 if it is nowhere.
    uint8_t place[4], count_mask[4];
} key_form;
#define NO 0x80
#define TINY(n, a, b, c, d, e, f, g) \
    {{a, b, c, d, e, f, g, NO, a, b, c, d, e, f, g, NO}, {n##ull << 60, n##ull << 60}, {TK_BUT_COUNT, TK_BUT_COUNT}, \
        {0, 7, 15, 7}, {0, 15, 15, 15}}
#define SHORT(n, a, b, c, d, e, f, g) \
    {{0, 1, 2, 3, 4, 5, 6, 7, a, b, c, d, e, f, g, NO}, {0, n##ull << 60}, {UINT64_MAX, TK_BUT_COUNT}, {0, 0, 0, 15}, {0, 0, 0, 15}}
static const key_form key_forms[16] = {
    TINY(0, NO, NO, NO, NO, NO, NO, NO), TINY(1, 0, NO, NO, NO, NO, NO, NO), TINY(2, 0, 1, NO, NO, NO, NO, NO),
    TINY(3, 0, 1, 2, NO, NO, NO, NO), TINY(4, 0, 1, 2, 3, NO, NO, NO), TINY(5, 0, 1, 2, 3, 4, NO, NO),
    TINY(6, 0, 1, 2, 3, 4, 5, NO), TINY(7, 0, 1, 2, 3, 4, 5, 6), SHORT(8, NO, NO, NO, NO, NO, NO, NO),
    SHORT(9, 8, NO, NO, NO, NO, NO, NO), SHORT(10, 8, 9, NO, NO, NO, NO, NO), SHORT(11, 8, 9, 10, NO, NO, NO, NO),
    SHORT(12, 8, 9, 10, 11, NO, NO, NO), SHORT(13, 8, 9, 10, 11, 12, NO, NO), SHORT(14, 8, 9, 10, 11, 12, 13, NO),
    SHORT(15, 8, 9, 10, 11, 12, 13, 14)};
#undef NO
#undef TINY
#undef SHORT

#define VECTOR(words) _mm_load_si128((const __m128i *)(const void *)(words))

/// Looks for pieces near, by first and last bytes; what is not there becomes absent.
static inline void ask(tk_counter *counter, const uint8_t *p, const block *b, uint64_t asked, uint64_t asked_ends) {
    (void)b;
    unsigned place = counter->key_count, absent = counter->absent_count;
    uint64_t tokens = 0;
    for (; asked != 0; place++) {
        const uint64_t start = (uint64_t)__builtin_ctzll(asked);
        const uint64_t length = (uint64_t)__builtin_ctzll(asked_ends) + 1 - start;
        asked &= asked - 1;
        asked_ends &= asked_ends - 1;
        const key_form *form = &key_forms[length];
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + start));
        const __m128i key = _mm_or_si128(_mm_shuffle_epi8(bytes, VECTOR(form->shuffle)), VECTOR(form->length));
        const uint64_t low = (uint64_t)_mm_cvtsi128_si64(key), high = (uint64_t)_mm_extract_epi64(key, 1);
        const uint64_t hash = tk_key_hash((tk_key){low, high});
        const uint64_t *set = counter->near + ((hash >> (64 - TK_NEAR_BITS) << 1) + ((length >> 3) << (TK_NEAR_BITS + 1)));
        const __m128i difference = _mm_and_si128(_mm_xor_si128(key, VECTOR(set)), VECTOR(form->mask));
        const int equals = _mm_movemask_pd(_mm_castsi128_pd(_mm_cmpeq_epi64(difference, _mm_setzero_si128())));
        const unsigned found = ((const uint8_t *)set)[form->place[equals]] & form->count_mask[equals];
        counter->key_tokens[place] = (uint8_t)found;
        tokens += found;
        counter->absent_low[absent] = low;
        counter->absent_high[absent] = high;
        counter->absent_places[absent] = (uint16_t)place;
        absent += found == 0;
    }
    counter->key_count = place;
    counter->absent_count = absent;
    counter->near_tokens[0] += tokens;
    if (absent - counter->fetched_count >= 8) fetch_absent(counter);
}

static inline void ask_rest(tk_counter *counter) { (void)counter; }

/// The tokens of a short piece; 0 if it is not in its line.
static inline unsigned find(const uint64_t *words, tk_key key) {
    const bool is_tiny = tk_is_tiny(key);
    const __m256i *line = (const __m256i *)(const void *)words, *masks = (const __m256i *)(const void *)tk_line_masks[is_tiny];
    const __m256i wanted = _mm256_broadcastsi128_si256(_mm_set_epi64x((long long)key.high, (long long)key.low));
    const __m256i zero = _mm256_setzero_si256();
    const __m256i first = _mm256_and_si256(_mm256_xor_si256(wanted, line[0]), masks[0]);
    const __m256i second = _mm256_and_si256(_mm256_xor_si256(wanted, line[1]), masks[1]);
    const unsigned equal_words = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(first, zero)))
        | (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(second, zero))) << 4;
    const unsigned hits = unpredictable(is_tiny) ? equal_words : equal_words & equal_words << 1 & 0xAA;
    // Without a hit, a byte behind the line is read.
    const unsigned found = ((const uint8_t *)words)[8 * (unsigned)__builtin_ctz(hits | 0x100) + 7] & 15;
    return hits == 0 ? 0 : found;
}

#define KERNEL_NAME tk_count_avx2
#include "counter_kernel.h"
#define WINDOW_NAME tk_merge_window_avx2
#include "counter_window.h"
#pragma clang attribute pop
#endif
