#include "counter/blocks/kernels.h"

#if defined(__aarch64__)
#include <arm_acle.h>
#include <arm_neon.h>

#include "assertions.h"
#include "counter/caches.h"
#include "counter/one_by_one.h"
#include "counter/pieces.h"
#include "unicode/classes.h"

/// Byte j of vector k is byte 4 * j + k of the block, so that bits of the four vectors side by side are a nibble of the
/// mask, as NEON has no movemask.
typedef uint8x16x4_t block;

static inline block load_block(const uint8_t *p) { return vld4q_u8(p); }
/// `count` bytes and then zeros, `TK_BLOCK + TK_BEHIND` together.
static inline void copy_end(uint8_t *copy, const uint8_t *p, size_t count) {
    memset(copy, 0, TK_BLOCK + TK_BEHIND);
    memcpy(copy, p, count);
}
/// The highest bit of each byte: shifts insert those of one vector below those of another, and a narrowing shift puts
/// the nibbles of two bytes side by side.
static inline uint64_t high_of(const block *b) {
    const uint8x16_t even = vsriq_n_u8(b->val[1], b->val[0], 1), odd = vsriq_n_u8(b->val[3], b->val[2], 1);
    const uint8x16_t nibbles = vsriq_n_u8(odd, even, 2);
    const uint8x16_t twice = vsriq_n_u8(nibbles, nibbles, 4);
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(twice), 4)), 0);
}
static inline uint64_t newlines_of(const block *b) {
    block equal;
    for (unsigned k = 0; k < 4; k++) equal.val[k] = vceqq_u8(b->val[k], vdupq_n_u8('\n'));
    return high_of(&equal);
}

/// Swaps the bits of `a` that `mask` has not with those of `b` that it has, which are `shift` below.
#define SWAP_BITS(a, b, mask, shift)                                                       \
    do {                                                                                   \
        const uint8x16_t bits_ = vdupq_n_u8(mask), from_ = (a);                            \
        (a) = vbslq_u8(bits_, from_, vshlq_n_u8(b, shift));                                \
        (b) = vbslq_u8(bits_, vshrq_n_u8(from_, shift), b);                                \
    } while (0)

/// Mask i has the bits i of the 64 bytes. All at once they take less than half of the instructions.
static inline void transpose(block b, uint64_t masks[8]) {
    SWAP_BITS(b.val[0], b.val[1], 0x55, 1);
    SWAP_BITS(b.val[2], b.val[3], 0x55, 1);
    SWAP_BITS(b.val[0], b.val[2], 0x33, 2);
    SWAP_BITS(b.val[1], b.val[3], 0x33, 2);
    // Now vector k has in each byte the nibbles of masks k and k + 4.
    for (unsigned k = 0; k < 4; k += 2) {
        const uint8x16_t even = vuzp1q_u8(b.val[k], b.val[k + 1]), odd = vuzp2q_u8(b.val[k], b.val[k + 1]);
        const uint64x2_t low = vreinterpretq_u64_u8(vsliq_n_u8(even, odd, 4));
        const uint64x2_t high = vreinterpretq_u64_u8(vsriq_n_u8(odd, even, 4));
        masks[k] = vgetq_lane_u64(low, 0);
        masks[k + 1] = vgetq_lane_u64(low, 1);
        masks[k + 4] = vgetq_lane_u64(high, 0);
        masks[k + 5] = vgetq_lane_u64(high, 1);
    }
}

/// The ASCII characters that are told apart make rectangles in a table of 16 rows (high half of the byte) and 16
/// columns (low half). Each rectangle has a bit, which is set if row and column have it. Of letters the two cases are
/// one rectangle: they are told apart by one bit of the byte.
enum { TABS, ENDS, BLANK, DIGITS, LETTERS_A, LETTERS_P, SLASH, APOSTROPHE };

static inline void masks_of(const block *b, uint64_t valid, tk_masks *m) {
#define BIT(rectangle) (1u << (rectangle))
#define A BIT(LETTERS_A)
#define D BIT(DIGITS)
#define P BIT(LETTERS_P)
    static const uint8_t columns_of[16] = {
        BIT(BLANK) | D | P, D | A | P, D | A | P, D | A | P, D | A | P, D | A | P, D | A | P,
        BIT(APOSTROPHE) | D | A | P, D | A | P, BIT(TABS) | D | A | P, BIT(ENDS) | A | P, BIT(TABS) | A, BIT(TABS) | A,
        BIT(ENDS) | A, A, BIT(SLASH) | A};
    static const uint8_t rows_of[16] = {
        BIT(TABS) | BIT(ENDS), 0, BIT(BLANK) | BIT(SLASH) | BIT(APOSTROPHE), D, A, P, A, P, 0, 0, 0, 0, 0, 0, 0, 0};
#undef BIT
#undef A
#undef D
#undef P
    const uint8x16_t columns = vld1q_u8(columns_of), rows = vld1q_u8(rows_of);
    block rectangles, bit_five;
    for (unsigned k = 0; k < 4; k++) {
        const uint8x16_t bytes = b->val[k];
        rectangles.val[k] = vandq_u8(
            vqtbl1q_u8(columns, vandq_u8(bytes, vdupq_n_u8(15))), vqtbl1q_u8(rows, vshrq_n_u8(bytes, 4)));
        bit_five.val[k] = vshlq_n_u8(bytes, 2);
    }
    uint64_t masks[8];
    transpose(rectangles, masks);
    const uint64_t letters = (masks[LETTERS_A] | masks[LETTERS_P]) & valid;
    m->lower = letters & high_of(&bit_five);
    m->upper = letters & ~m->lower;
    m->number = masks[DIGITS] & valid;
    m->blank = masks[BLANK] & valid;
    m->newline = masks[ENDS] & valid;
    m->space = (masks[TABS] & valid) | m->blank;
    m->other = valid & ~(letters | m->number | m->newline | m->space | high_of(b));
    m->caseless = m->mark = 0;
    m->slash = masks[SLASH] & valid;
    m->apostrophe = masks[APOSTROPHE] & valid;
}

static inline void masks_of_wide(
    const block *b, const uint8_t *wide_classes, uint64_t high, uint64_t valid, tk_masks *m) {
    masks_of(b, valid, m);
    uint64_t wide[8];
    transpose(load_block(wide_classes), wide);
    high &= valid;
    m->upper |= wide[TK_UPPER] & high;
    m->lower |= wide[TK_LOWER] & high;
    m->caseless = wide[TK_CASELESS] & high;
    m->mark = wide[TK_MARK] & high;
    m->number |= wide[TK_NUMBER] & high;
    m->space |= wide[TK_SPACE] & high;
    m->other |= wide[TK_OTHER] & high;
}

#include "keys.inc.h"

/// The place of the first bit, the highest, which becomes 0; 64 if there is none.
static inline unsigned take_first(uint64_t *reversed) {
    const unsigned first = __clzll(*reversed);
    *reversed &= ~((uint64_t)1 << 63 >> (first & 63));
    return first;
}

/// The key of the next piece; its first and last bytes are bits in reverse, as only leading zeros can be counted.
static inline uint64x2_t take_key(const uint8_t *p, uint64_t *asked, uint64_t *asked_ends) {
    const unsigned start = take_first(asked), length = take_first(asked_ends) + 1 - start;
    const key_form *form = &key_forms[length];
    const uint8x16_t bytes = vqtbl1q_u8(vld1q_u8(p + start), vld1q_u8(form->shuffle));
    return vorrq_u64(vreinterpretq_u64_u8(bytes), vld1q_u64(form->length));
}

static inline void take_keys(tk_counter *counter, const uint8_t *p, uint64_t asked, uint64_t asked_ends) {
    const unsigned count = (unsigned)__builtin_popcountll(asked), from = counter->key_count - counter->sought_count;
    asked = __rbitll(asked);
    asked_ends = __rbitll(asked_ends);
    // So many do for nearly all blocks. Those behind the last are of the byte behind the block, and are written over.
    for (unsigned done = 0; done < 12 || __builtin_expect(done < count, 0); done += 4) {
        for (unsigned i = 0; i < 4; i += 2) {
            const uint64x2_t first = take_key(p, &asked, &asked_ends), second = take_key(p, &asked, &asked_ends);
            vst1q_u64(counter->keys_low + from + done + i, vzip1q_u64(first, second));
            vst1q_u64(counter->keys_high + from + done + i, vzip2q_u64(first, second));
        }
    }
    counter->key_count += count;
}

/// Of four numbers in two vectors.
#define UPPER_HALVES(words) vuzp2q_u32(vreinterpretq_u32_u64((words)[0]), vreinterpretq_u32_u64((words)[1]))

/// Where in `near` the sets of four keys are, as `near_of`, but in sets.
static inline uint32x4_t near_of_four(const uint64_t *keys_low, const uint64_t *keys_high) {
    const uint32x4_t factors = vreinterpretq_u32_u64(
        vdupq_n_u64((uint64_t)NEAR_FACTOR_HIGH << 32 | NEAR_FACTOR_LOW));
    const uint64x2_t high[2] = {vld1q_u64(keys_high), vld1q_u64(keys_high + 2)};
    const uint64x2_t first = vaddq_u64(vld1q_u64(keys_low), high[0]);
    const uint64x2_t second = vaddq_u64(vld1q_u64(keys_low + 2), high[1]);
    const uint32x4_t hash = vpaddq_u32(
        vmulq_u32(vreinterpretq_u32_u64(first), factors), vmulq_u32(vreinterpretq_u32_u64(second), factors));
    // The highest bit says whether a piece is short.
    return vshrq_n_u32(vsriq_n_u32(UPPER_HALVES(high), hash, 1), 31 - TK_NEAR_BITS);
}

/// The upper halves of the entries of four keys that are near; 0: it is not.
static inline uint32x4_t find_four(
    const uint64_t *near, const uint32_t *sets, const uint64_t *keys_low, const uint64_t *keys_high) {
    const uint64x2_t but = vdupq_n_u64(TK_BUT_COUNT);
    uint64x2_t firsts[2], seconds[2], are_low[2], are_high[2], are_short[2];
    for (unsigned i = 0; i < 2; i++) {
        const uint64x2_t even = vld1q_u64(near + 2 * (size_t)sets[2 * i]);
        const uint64x2_t odd = vld1q_u64(near + 2 * (size_t)sets[2 * i + 1]);
        const uint64x2_t low = vld1q_u64(keys_low + 2 * i), high = vld1q_u64(keys_high + 2 * i);
        firsts[i] = vzip1q_u64(even, odd);
        seconds[i] = vzip2q_u64(even, odd);
        are_short[i] = vcltzq_s64(vreinterpretq_s64_u64(high));
        are_low[i] = vceqq_u64(vandq_u64(firsts[i], vorrq_u64(but, are_short[i])), low);
        are_high[i] = vceqq_u64(vandq_u64(seconds[i], but), high);
    }
    // As `tk_find_near`.
    const uint32x4_t first = UPPER_HALVES(firsts), second = UPPER_HALVES(seconds);
    const uint32x4_t is_low = UPPER_HALVES(are_low), is_high = UPPER_HALVES(are_high);
    const uint32x4_t is_short = UPPER_HALVES(are_short);
    const uint32x4_t is_second = vbicq_u32(is_high, vbicq_u32(is_short, is_low));
    return vbslq_u32(vbicq_u32(is_low, is_short), first, vandq_u32(second, is_second));
}

static inline uint64_t seek_near(tk_counter *counter, unsigned count) {
    // All of these first, so that many loads of the sets can be on their way at once.
    uint32_t sets[TK_BATCH_KEYS];
    for (unsigned done = 0; done < count; done += 8) {
        vst1q_u32(sets + done, near_of_four(counter->keys_low + done, counter->keys_high + done));
        vst1q_u32(sets + done + 4, near_of_four(counter->keys_low + done + 4, counter->keys_high + done + 4));
    }
    uint8_t all[TK_BATCH_KEYS] = {0}, *tokens = counter->key_tokens + counter->sought_count;
    uint16x8_t sums = vdupq_n_u16(0);
    for (unsigned done = 0; done < count; done += 8) {
        const uint64_t *low = counter->keys_low + done, *high = counter->keys_high + done;
        const uint32x4_t first = find_four(counter->near, sets + done, low, high);
        const uint32x4_t second = find_four(counter->near, sets + done + 4, low + 4, high + 4);
        // The highest byte of each.
        const uint16x8_t upper = vuzp2q_u16(vreinterpretq_u16_u32(first), vreinterpretq_u16_u32(second));
        const uint8x8_t eight = vand_u8(vshrn_n_u16(upper, 8), vdup_n_u8(15));
        vst1_u8(all + done, eight);
        vst1_u8(tokens + done, eight);
        sums = vaddw_u8(sums, eight);
    }
    counter->near_tokens[0] += vaddlvq_u16(sums);
    block lacking = load_block(all);
    for (unsigned k = 0; k < 4; k++) lacking.val[k] = vceqzq_u8(lacking.val[k]);
    return high_of(&lacking);
}

/// The tokens of a short piece; 0 if it is not in its line.
static inline unsigned find(const uint64_t *words, tk_key key) {
    const bool is_tiny = tk_is_tiny(key);
    const uint64x2_t mask = vld1q_u64(tk_line_masks[is_tiny]);
    const uint64x2_t wanted = vcombine_u64(vcreate_u64(key.low), vcreate_u64(key.high));
    uint32x4_t equal[4];
    for (unsigned i = 0; i < 4; i++) {
        equal[i] = vreinterpretq_u32_u64(vceqq_u64(vandq_u64(vld1q_u64(words + 2 * i), mask), wanted));
    }
    const uint16x8_t of_words = vuzp1q_u16(vreinterpretq_u16_u32(vuzp1q_u32(equal[0], equal[1])),
        vreinterpretq_u16_u32(vuzp1q_u32(equal[2], equal[3])));
    // A byte for each word.
    const uint64_t equal_words = vget_lane_u64(vreinterpret_u64_u8(vmovn_u16(of_words)), 0);
    const uint64_t hits =
        unpredictable(is_tiny) ? equal_words : equal_words & equal_words << 8 & 0xFF00FF00FF00FF00u;
    // Without a hit, the last word is read: what is behind the line would have to be waited for.
    const unsigned found = ((const uint8_t *)words)[(unsigned)__builtin_ctzll(hits | (uint64_t)1 << 63) | 7] & 15;
    return hits == 0 ? 0 : found;
}

/// The lowest of the pending merges. `width` is 16 or 32.
static inline uint32_t lowest_of(const uint32_t *pending, unsigned width) {
    uint32x4_t least = vld1q_u32(pending);
    for (unsigned part = 4; part < width; part += 4) least = vminq_u32(least, vld1q_u32(pending + part));
    return vminvq_u32(least);
}

#define KERNEL_NAME tk_count_neon
#include "kernel.inc.h"
#endif
