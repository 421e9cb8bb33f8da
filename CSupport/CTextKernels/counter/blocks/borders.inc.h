// From the classes of 64 bytes to the borders of the pre-tokens in them, by arithmetic on bit masks: bit i is byte i.
// Included by kernel.inc.h. The rules are told in counter.c.

/// What the characters of more than one byte in a block are.
typedef struct {
    /// Class bit (1 << tk_class) of each byte.
    _Alignas(64) uint8_t classes[64 + 4];
    /// Borders between characters that no merge crosses.
    uint64_t splits;
    /// First bytes.
    uint64_t firsts;
    /// Bytes where the fast way ends: invalid, or spaces of several bytes side by side.
    uint64_t bad;
    /// Bytes of the block that hold whole characters.
    unsigned count;
} wide;

/// How many of the bytes hold whole characters: all but those of one that is cut off at the end.
static inline unsigned whole_count(const uint8_t *p, unsigned count) {
    for (unsigned i = count; i > 0 && count - i < 3;) {
        const unsigned byte = p[--i], length = byte < 0xC2 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        if ((byte & 0xC0) != 0x80) return i + length > count ? i : count;
    }
    return count;
}

/// `left` has the bytes from 0x80 on. Not inlined, so that it has registers for its many constants.
__attribute__((noinline)) static void classify_wide(
    const tk_counting_tables *tables, const uint8_t *p, unsigned count, bool is_final, uint64_t left, wide *w) {
    uint64_t splits = 0, firsts = 0, bad = 0;
    uint32_t previous = 0;  // the three-byte letter that ends at `previous_end`
    unsigned previous_end = 65, space_end = 65;
    // What is cut off at the end of the block is left to the next one.
    w->count = whole_count(p, count);
    if (w->count < count) {
        if (is_final) bad = (uint64_t)1 << w->count;
        left &= ((uint64_t)1 << w->count) - 1;
    }
    while (left != 0) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        const uint64_t first = (uint64_t)1 << i;
        uint32_t bytes, code_point;
        memcpy(&bytes, p + i, 4);
        if ((bytes & 0xC0C0F0) == 0x8080E0) {
            code_point = (bytes & 15) << 12 | (bytes >> 8 & 63) << 6 | (bytes >> 16 & 63);
            // Of 32 parts the first one is too low for three bytes, and the 28th are surrogates.
            if ((0x08000001u >> (code_point >> 11) & 1) != 0) goto invalid;
            const unsigned class = tk_class_of(code_point);
            const uint32_t flags = 0x010101u << class;
            memcpy(w->classes + i, &flags, 4);
            const bool is_caseless = class == TK_CASELESS;
            if (is_caseless & (previous_end == i)) splits |= tk_may_join(tables, previous, code_point) ? 0 : first;
            previous = code_point;
            previous_end = (is_caseless | (class == TK_MARK)) ? i + 3 : 65;
            if (__builtin_expect(class == TK_SPACE, 0)) {
                if (space_end == i) bad |= first;
                space_end = i + 3;
            }
            left &= ~(7 * first);
        } else if ((bytes & 0xC0E0) == 0x80C0 && (bytes & 0x1E) != 0) {
            const unsigned class = tk_class_of((bytes & 31) << 6 | (bytes >> 8 & 63));
            const uint16_t flags = (uint16_t)(0x0101u << class);
            memcpy(w->classes + i, &flags, 2);
            if (__builtin_expect(class == TK_SPACE, 0)) {
                if (space_end == i) bad |= first;
                space_end = i + 2;
            }
            left &= ~(3 * first);
        } else {
            code_point = (bytes & 7) << 18 | (bytes >> 8 & 63) << 12 | (bytes >> 16 & 63) << 6 | (bytes >> 24 & 63);
            if ((bytes & 0xC0C0C0F8) != 0x808080F0 || code_point < 0x10000 || code_point > 0x10FFFF) goto invalid;
            const uint32_t flags = 0x01010101u << tk_class_of(code_point);
            memcpy(w->classes + i, &flags, 4);
            left &= ~(15 * first);
        }
        firsts |= first;
        continue;
    invalid:
        bad |= first;
        break;
    }
    w->splits = splits;
    w->firsts = firsts;
    w->bad = bad;
}

#define below(place) (((uint64_t)1 << (place)) - 1)
/// For 0 ... 64.
static inline uint64_t low_bits(unsigned count) { return count == 64 ? UINT64_MAX : below(count); }

/// Borders in a block.
typedef struct {
    /// Where pre-tokens start.
    uint64_t starts;
    /// Where a pre-token may be taken apart without a change of its count.
    uint64_t splits;
    /// Numbers in it.
    uint64_t number;
    /// Where the first pre-token starts that is not settled; the length if all are.
    unsigned end;
    /// A pre-token starts at `end`.
    bool is_start;
    /// The slow way has to be gone from `end` to behind here; 0: not.
    unsigned slow_end;
} borders;

/// The length of a contraction's letters at `p`: 1 or 2; 0 if there is none; 3 if it may be U+017F.
static inline unsigned contraction_letters(const uint8_t *p) {
    const unsigned first = p[0] | 0x20u, second = p[1] | 0x20u;
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return 1;
    if ((first == 'r' || first == 'v') && second == 'e') return 2;
    if (first == 'l' && second == 'l') return 2;
    return p[0] == 0xC5 ? 3 : 0;
}

/// A byte of an ASCII block at which a pre-token starts whatever is around it; 0 if none is found. It is found long
/// before the borders are, so that the next block need not wait for them.
///
/// It is the last one that is no letter, digit or apostrophe, behind a letter or digit. No alternative of the patterns
/// holds such two side by side: what may follow a letter or digit in a pre-token is a letter, a digit or an apostrophe.
static inline unsigned seam_of(const tk_masks *m) {
    const uint64_t words = m->upper | m->lower | m->number, seams = ~words & words << 1 & ~m->apostrophe;
    return seams == 0 ? 0 : 63 - (unsigned)__builtin_clzll(seams);
}

/// `seam` is 0, or what `seam_of` returned. Then all before it is settled, unless the slow way has to be gone.
static inline borders borders_of(const uint8_t *p, unsigned count, bool is_final, unsigned seam, const tk_masks *m,
    uint64_t high, const wide *w, bool is_o200k) {
    uint64_t bad = 0, firsts = UINT64_MAX;
    const uint64_t upper = m->upper, lower = m->lower;
    uint64_t other = m->other, letters = upper | lower;
    const uint64_t space = m->space;
    if (high != 0) {
        firsts = ~high | w->firsts;
        bad = w->bad | (m->number & high);
        const uint64_t wide_space = space & high, ascii_space = (space | m->newline) & ~high;
        bad |= wide_space & (ascii_space << 1 | ascii_space >> 1);
        letters |= m->caseless;
        if (is_o200k) {
            const uint64_t both = m->caseless | m->mark;
            bad |= (upper & both << 1) | (both & upper << 1);
            letters |= m->mark;
            bad |= m->mark & ~(letters << 1);
        } else {
            other |= m->mark;
        }
    }
    // Newlines (and slashes) behind symbols belong to them.
    const uint64_t tail = is_o200k ? m->newline | m->slash : m->newline;
    const uint64_t seeds = m->newline & other << 1;
    const uint64_t absorbed = (tail & ~(tail + seeds)) | seeds;
    other &= ~absorbed;
    const uint64_t newline = m->newline & ~absorbed;
    const uint64_t spaces = space | newline;

    const uint64_t other_first = other & ~(other << 1);
    const uint64_t with_blank = other_first & m->blank << 1;
    const uint64_t not_single = (other & other << 1 & firsts) | with_blank;
    const uint64_t single_end = other << 1 & ~other & ~(other + not_single);
    const uint64_t letter_first = letters & ~(letters << 1);
    uint64_t starts = (letter_first & ~single_end & ~(space << 1)) | (other_first & ~with_blank);
    if (is_o200k) starts |= upper & lower << 1;

    const uint64_t number = m->number;
    uint64_t groups = number & ~(number << 1);
    uint64_t thrice = number & number << 1 & number << 2 & number << 3;
    if (thrice != 0) {
        groups |= groups << 3 & thrice;
        thrice &= thrice << 3;
        groups |= groups << 6 & thrice;
        thrice &= thrice << 6;
        groups |= groups << 12 & thrice;
        thrice &= thrice << 12;
        groups |= groups << 24 & thrice;
        thrice &= thrice << 24;
        groups |= groups << 48 & thrice;
    }
    starts |= groups;

    const uint64_t space_first = spaces & ~(spaces << 1);
    uint64_t behind_newline = space & newline << 1;
    for (uint64_t inner = (space + behind_newline) & newline & ~space; inner != 0; inner &= inner - 1) {
        // Space between newlines: goes with them. Its first byte is behind the last byte before it that is no space.
        const uint64_t before = ~space & below(__builtin_ctzll(inner));
        if (before == 0) continue;
        behind_newline &= ~((uint64_t)2 << (63 - __builtin_clzll(before)));
    }
    const uint64_t last_space = space & ~high & ~(spaces >> 1);
    starts |= space_first | behind_newline | last_space;

    uint64_t settled = low_bits(count);
    uint64_t candidates = m->apostrophe & (is_o200k ? letters << 1 : other_first & ~with_blank);
    while (candidates != 0) {
        const unsigned i = (unsigned)__builtin_ctzll(candidates);
        const unsigned letter_count = i + 3 <= count ? contraction_letters(p + i + 1) : 0;
        if (i + 3 > count) {
            if (is_final) bad |= (uint64_t)1 << i;
            else settled &= below(i) | (uint64_t)!is_o200k << i;
            break;
        }
        candidates &= candidates - 1;
        if (letter_count == 0) continue;
        if (letter_count == 3) {
            bad |= (uint64_t)1 << i;
            break;
        }
        const uint64_t end = (uint64_t)1 << i << (1 + letter_count);
        const uint64_t inside = end - ((uint64_t)1 << i);
        if (is_o200k) {
            starts &= ~inside;
            // A second contraction directly behind is none, as no word is before it.
            bad |= candidates & end;
        } else {
            starts &= ~inside | (uint64_t)1 << i;
        }
        starts |= end;
    }

    if (seam != 0 && __builtin_expect((bad & below(seam)) == 0, 1)) {
        return (borders){(starts & below(seam)) | 1, 0, number, seam, true, 0};
    }

    if (spaces >> (count - 1) & 1) {
        const uint64_t before = ~spaces & low_bits(count);
        const unsigned run = before == 0 ? 0 : 64 - (unsigned)__builtin_clzll(before);
        if (is_final) bad |= (uint64_t)1 << run;
        else settled &= below(run) | (uint64_t)1 << run;
    }
    borders b;
    b.slow_end = 0;
    if (bad != 0) {
        const unsigned i = (unsigned)__builtin_ctzll(bad);
        b.slow_end = i + 1;
        settled &= below(i);
        is_final = false;
    }
    b.starts = (starts & settled) | 1;
    b.splits = high != 0 ? w->splits & settled : 0;
    b.number = number;
    b.end = is_final ? count : 63 - (unsigned)__builtin_clzll(b.starts | b.splits);
    b.is_start = b.end != 0 && (is_final || (b.starts >> b.end & 1));
    return b;
}
