// The block kernel of the fast counter, once per instruction set: the file that includes this defines KERNEL_NAME (of the
// function) and the vector operations that it calls before.
// The essay is in counter.c.

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

static inline void classify_wide(
    const tk_counting_tables *tables, const uint8_t *p, unsigned count, bool is_final, uint64_t left, wide *w) {
    uint32_t previous = 0;  // the three-byte letter that ends at `previous_end`
    unsigned previous_end = 65, space_end = 65;
    w->splits = w->firsts = w->bad = 0;
    w->count = count;
    while (left != 0) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        const unsigned lead = p[i];
        uint32_t code_point, length;
        if (lead >= 0xE0 && lead < 0xF0) {
            length = 3;
            if (i + 3 > count) goto truncated;
            code_point = (lead & 15) << 12 | (uint32_t)(p[i + 1] & 63) << 6 | (p[i + 2] & 63);
            if ((p[i + 1] & 0xC0) != 0x80 || (p[i + 2] & 0xC0) != 0x80 || code_point < 0x800 || (code_point >> 11) == 0x1B) {
                w->bad |= (uint64_t)1 << i;
                return;
            }
            const unsigned class = tk_class_of(code_point);
            const uint32_t flags = 0x010101u << class;
            memcpy(w->classes + i, &flags, 4);
            const bool is_caseless = class == TK_CASELESS;
            if (is_caseless & (previous_end == i)) {
                w->splits |= (uint64_t)!tk_may_join(tables, previous, code_point) << i;
            }
            previous = code_point;
            previous_end = (is_caseless | (class == TK_MARK)) ? i + 3 : 65;
            if (class == TK_SPACE) {
                if (space_end == i) w->bad |= (uint64_t)1 << i;
                space_end = i + 3;
            }
        } else if (lead >= 0xC2 && lead < 0xE0) {
            length = 2;
            if (i + 2 > count) goto truncated;
            code_point = (lead & 31) << 6 | (p[i + 1] & 63);
            if ((p[i + 1] & 0xC0) != 0x80) {
                w->bad |= (uint64_t)1 << i;
                return;
            }
            const unsigned class = tk_class_of(code_point);
            const uint16_t flags = (uint16_t)(0x0101u << class);
            memcpy(w->classes + i, &flags, 2);
            if (class == TK_SPACE) {
                if (space_end == i) w->bad |= (uint64_t)1 << i;
                space_end = i + 2;
            }
        } else {
            length = 4;
            if (i + 4 > count && lead >= 0xF0) goto truncated;
            const uint8_t second = p[i + 1];
            code_point = (lead & 7) << 18 | (uint32_t)(second & 63) << 12 | (uint32_t)(p[i + 2] & 63) << 6 | (p[i + 3] & 63);
            if (lead < 0xF0 || lead > 0xF4 || (second & 0xC0) != 0x80 || (p[i + 2] & 0xC0) != 0x80
                || (p[i + 3] & 0xC0) != 0x80 || code_point < 0x10000 || code_point > 0x10FFFF) {
                w->bad |= (uint64_t)1 << i;
                return;
            }
            const uint32_t flags = 0x01010101u << tk_class_of(code_point);
            memcpy(w->classes + i, &flags, 4);
        }
        w->firsts |= (uint64_t)1 << i;
        left &= ~((((uint64_t)1 << length) - 1) << i);
        continue;
    truncated:
        // What is cut off at the end of the block is left to the next one.
        if (is_final) w->bad |= (uint64_t)1 << i;
        w->count = i;
        return;
    }
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

static inline borders borders_of(const uint8_t *p, unsigned count, bool is_final, const tk_masks *m, uint64_t high, const wide *w,
    bool is_o200k) {
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

/// A short piece on its way through the merges, several of which are made by turns: while one waits for memory, others go on.
typedef struct {
    /// Ranks of the parts, at their first bytes.
    uint32_t ranks[16];
    /// The merge of the part at each byte with the next one: rank << 4 | place, UINT32_MAX if there is none.
    _Alignas(64) uint32_t pending[16];
    /// First bytes of the parts.
    uint32_t parts;
    /// The part merged last, and the one before it; the merges of both are still to be looked up: where, and for which pair
    /// (0 if there is none).
    uint32_t left, previous;
    const uint64_t *left_slot, *previous_slot;
    uint64_t left_key, previous_key;
    /// Which of those that wait it is.
    unsigned index;
} lane;

enum { LANES = 8 };

static inline void begin(const tk_counter *counter, lane *l, unsigned index) {
    uint8_t bytes[16];
    const tk_key *key = &counter->keys[counter->waiting[index]];
    memcpy(bytes, key, 16);
    const unsigned count = (unsigned)(key->high >> 60);
    for (unsigned i = 0; i < 16; i++) {
        const uint32_t pair = bytes[i] | (uint32_t)bytes[(i + 1) & 15] << 8;
        const uint32_t merged = counter->tables->merge_of_bytes[pair];
        l->ranks[i] = counter->tables->rank_of_byte[bytes[i]];
        l->pending[i] = merged == TK_NO_MERGE || i + 1 >= count ? UINT32_MAX : merged << 4 | i;
    }
    l->parts = (1u << count) - 1;
    l->left = l->previous = 15;
    l->left_key = l->previous_key = 0;
    l->left_slot = l->previous_slot = counter->slots;
    l->index = index;
}

static inline uint32_t pending_merge(uint64_t slot, uint64_t key, uint32_t place) {
    return key != 0 && slot >> 18 == key ? ((uint32_t)slot & 0x3FFFF) << 4 | place : UINT32_MAX;
}

/// Makes a merge. False if there is none to make.
static inline bool step(const tk_counter *counter, lane *l) {
    // In this order: where there is no part before, `previous` is `left`.
    const uint32_t previous_pending = pending_merge(*l->previous_slot, l->previous_key, l->previous);
    if (l->previous_key != 0) l->pending[l->previous] = previous_pending;
    l->pending[l->left] = pending_merge(*l->left_slot, l->left_key, l->left);
    uint32_t best = UINT32_MAX;
    for (unsigned i = 0; i < 16; i++) best = l->pending[i] < best ? l->pending[i] : best;
    if (best == UINT32_MAX) return false;
    const uint32_t left = best & 15, rank = best >> 4;
    const uint32_t behind_left = l->parts & ~1u << left;
    const uint32_t right = (uint32_t)__builtin_ctz(behind_left);
    const uint32_t behind = behind_left & (behind_left - 1);
    const uint32_t before = l->parts & ((1u << left) - 1);
    l->parts &= ~(1u << right);
    l->pending[right] = UINT32_MAX;
    l->ranks[left] = rank;
    const uint32_t next = (uint32_t)__builtin_ctz(behind | 1u << 15), previous = 31 - (uint32_t)__builtin_clz(before | 1);
    l->left = left;
    l->left_key = behind != 0 ? tk_pair_key(rank, l->ranks[next]) : 0;
    l->previous = previous;
    l->previous_key = before != 0 ? tk_pair_key(l->ranks[previous], rank) : 0;
    l->left_slot = tk_slot_of(counter->tables, counter->slots, l->left_key);
    l->previous_slot = tk_slot_of(counter->tables, counter->slots, l->previous_key);
    __builtin_prefetch(l->left_slot);
    __builtin_prefetch(l->previous_slot);
    return true;
}

/// Counts all that waits.
static void merge_waiting(tk_counter *counter) {
    lane lanes[LANES];
    unsigned next = 0, active = 0;
    while (active < LANES && next < counter->waiting_count) begin(counter, &lanes[active++], next++);
    while (active > 0) {
        for (unsigned i = 0; i < active; i++) {
            if (step(counter, &lanes[i])) continue;
            counter->key_tokens[counter->waiting[lanes[i].index]] = (uint8_t)__builtin_popcount(lanes[i].parts);
            if (next < counter->waiting_count) begin(counter, &lanes[i], next++);
            else lanes[i] = lanes[--active];
        }
    }
}

/// Looks up what is in the batch, counts what is not in the cache, and keeps that. Returns the sum.
static inline size_t look_up(tk_counter *counter) {
    size_t tokens = 0;
    unsigned waiting_count = 0;
    const unsigned count = counter->key_count;
    for (unsigned i = 0; i < count; i++) {
        const uint32_t line = counter->key_lines[i];
        const unsigned found = find(counter->lines[line].words, &counter->keys[i], line < 1u << TK_TINY_LINE_BITS);
        counter->key_tokens[i] = (uint8_t)found;
        tokens += found;
        // Without a branch, as it could not be foreseen.
        counter->waiting[waiting_count] = (uint8_t)i;
        waiting_count += found == 0;
    }
    if (waiting_count != 0) {
        counter->waiting_count = waiting_count;
        merge_waiting(counter);
        for (unsigned i = 0; i < waiting_count; i++) {
            const unsigned place = counter->waiting[i], found = counter->key_tokens[place];
            tk_keep(counter, counter->keys[place], found);
            tokens += found;
        }
    }
    counter->key_count = 0;
    return tokens;
}

/// Tokens of a block up to a line end, whose bit is `line_end`; `first` is the block's first piece in the batch.
static inline size_t tokens_of_line(const tk_counter *counter, const tk_block_note *note, unsigned first, uint64_t line_end) {
    const uint64_t before = line_end - 1;
    size_t tokens = (size_t)__builtin_popcountll(note->plain & (line_end | before)) + note->line_long_tokens;
    const unsigned pieces = (unsigned)__builtin_popcountll(note->asked & before);
    for (unsigned i = 0; i < pieces; i++) tokens += counter->key_tokens[first + i];
    return tokens;
}

static inline uint64_t last_bit(uint64_t bits) { return bits == 0 ? 0 : (uint64_t)1 << (63 - __builtin_clzll(bits)); }

/// Takes the line ends of a block all of which fit; `before` are the tokens before it.
static inline void take_line_ends(
    const tk_counter *counter, tk_progress *progress, const tk_block_note *note, unsigned first, size_t before) {
    if (note->line_ends != 0) {
        const uint64_t last = last_bit(note->line_ends);
        progress->fit.line_end = note->at + (unsigned)__builtin_ctzll(last) + 1;
        progress->fit.line_tokens = before + tokens_of_line(counter, note, first, last);
        progress->inner_end = 0;
    }
    if (note->is_inner_last) {
        progress->inner_at = note->at;
        progress->inner_word = note->word;
        progress->inner_tokens = before;
        progress->inner_end = note->at + note->byte_count;
    }
}

/// For a batch that is far from the limit: its last line ends are all that matters.
static inline void settle_far(tk_counter *counter, tk_progress *progress, size_t all) {
    size_t before = all;
    progress->tokens = all;
    unsigned piece = counter->notes[counter->note_count - 1].pieces;
    for (unsigned i = counter->note_count; i-- > 0;) {
        const tk_block_note *note = &counter->notes[i];
        const unsigned first = i == 0 ? 0 : counter->notes[i - 1].pieces;
        before -= (size_t)__builtin_popcountll(note->plain) + note->long_tokens;
        while (piece > first) before -= counter->key_tokens[--piece];
        if (note->line_ends == 0 && !note->is_inner_last) continue;
        take_line_ends(counter, progress, note, first, before);
        break;
    }
}

/// Ends the batch. If line ends or the border are asked for, goes through its blocks one by one where the limit may be passed.
/// False if then one had to be gone through in the slow way, and counting goes on behind it.
static bool settle(tk_counter *counter, tk_text *text, tk_progress *progress) {
    const size_t looked_up = look_up(counter);
    const unsigned note_count = counter->note_count;
    if (note_count == 0) {
        progress->tokens += looked_up;
        return true;
    }
    size_t all = progress->tokens + looked_up;
    for (unsigned i = 0; i < note_count; i++) {
        all += (size_t)__builtin_popcountll(counter->notes[i].plain) + counter->notes[i].long_tokens;
    }
    if (all + TK_BLOCK <= progress->token_limit) {
        settle_far(counter, progress, all);
        counter->note_count = 0;
        return true;
    }
    counter->note_count = 0;
    for (unsigned i = 0; i < note_count; i++) {
        const tk_block_note *note = &counter->notes[i];
        const unsigned first = i == 0 ? 0 : counter->notes[i - 1].pieces;
        const size_t before = progress->tokens;
        size_t tokens = before + (size_t)__builtin_popcountll(note->plain) + note->long_tokens;
        for (unsigned piece = first; piece < note->pieces; piece++) tokens += counter->key_tokens[piece];
        const bool is_above = tokens > progress->token_limit;
        if ((note->has_inner_line_end && tokens + TK_BLOCK > progress->token_limit)
            || (is_above && (progress->wants_border || (note->long_tokens != 0 && note->line_ends != 0)))) {
            // Which line end or pre-token is the first above the limit has to be seen one by one.
            progress->at = note->at;
            progress->word = note->word;
            tk_count_slow(counter, text, progress, note->at + note->byte_count);
            return false;
        }
        if (!is_above) {
            take_line_ends(counter, progress, note, first, before);
            progress->tokens = tokens;
            continue;
        }
        for (uint64_t left = note->line_ends; left != 0; left &= left - 1) {
            const uint64_t line_end = left & -left;
            const size_t line_tokens = before + tokens_of_line(counter, note, first, line_end);
            if (line_tokens > progress->token_limit) break;
            progress->fit.line_end = note->at + (unsigned)__builtin_ctzll(line_end) + 1;
            progress->fit.line_tokens = line_tokens;
            progress->inner_end = 0;
        }
        progress->tokens = tokens;
        progress->fit.is_above = true;
        progress->fit.has_seen_end = note->is_final;
        break;
    }
    return true;
}

/// Of `starts`, those behind which there is no end in 15 bytes.
static inline uint64_t long_of(uint64_t starts, uint64_t ends) {
    uint64_t near = ends | ends >> 1;
    near |= near >> 2;
    near |= near >> 4;
    near |= near >> 7;
    return starts & ~near;
}

/// Counts from `progress->at` to the text's end, or until the count is above the limit.
void KERNEL_NAME(tk_counter *counter, tk_text *text, tk_progress *progress) {
    const bool is_o200k = counter->tokenizer == TK_O200K_BASE;
    const bool wants_lines = progress->wants_lines, wants_notes = wants_lines || progress->wants_border;
    uint8_t padded[TK_BLOCK + TK_BEHIND];
    wide w;
    size_t known_in_batch = 0;
again:
    while (progress->at < text->count && !progress->fit.is_above) {
        const uint8_t *p = text->bytes + progress->at;
        const size_t left = text->count - progress->at;
        unsigned count = TK_BLOCK;
        bool is_final = false;
        if (left < TK_BLOCK + TK_BEHIND) {
            if (left <= TK_BLOCK) {
                count = (unsigned)left;
                is_final = true;
            }
            memset(padded, 0, sizeof padded);
            memcpy(padded, p, left);
            p = padded;
        }
        const block loaded = load_block(p);
        uint64_t high = high_of(&loaded) & low_bits(count);
        tk_masks m;
        if (high != 0) {
            classify_wide(counter->tables, p, count, is_final, high, &w);
            is_final &= w.count == count;
            count = w.count;
            if (count == 0) {
                // No whole character, so it is invalid.
                known_in_batch = 0;
                if (!settle(counter, text, progress) || progress->fit.is_above) continue;
                tk_count_slow(counter, text, progress, progress->at + 1);
                continue;
            }
            high &= low_bits(count);
            masks_of_wide(&loaded, w.classes, high, low_bits(count), &m);
        } else {
            masks_of(&loaded, low_bits(count), &m);
        }
        const borders b = borders_of(p, count, is_final, &m, high, &w, is_o200k);

        // Pieces in [0, end). Those of one byte and the numbers are one token; the others are looked up.
        const uint64_t inside = low_bits(b.end);
        const uint64_t cuts = (b.starts | b.splits) & inside;
        const uint64_t ends = cuts >> 1 | (inside & ~(inside >> 1));
        const uint64_t plain = cuts & (ends | b.number);
        uint64_t asked = cuts & ~plain;
        uint64_t asked_ends = deposit(extract(asked, cuts), ends);
        const uint64_t line_ends = wants_lines ? newlines_of(&loaded) & inside : 0, at_borders = line_ends & ends;
        size_t long_tokens = 0, line_long_tokens = 0;
        for (uint64_t longs = long_of(asked, ends); __builtin_expect(longs != 0, 0); longs &= longs - 1) {
            const uint64_t start = longs & -longs, end = ends & -start & -(ends & -start);
            const size_t found = tk_count_cached(
                counter, p + __builtin_ctzll(start), (size_t)(__builtin_ctzll(end) + 1 - __builtin_ctzll(start)));
            long_tokens += found;
            line_long_tokens += start < at_borders ? found : 0;
            asked &= ~start;
            asked_ends &= ~end;
        }
        const uint64_t asked_here = asked;
        unsigned place = counter->key_count;
        for (; asked != 0; place++) {
            const unsigned start = (unsigned)__builtin_ctzll(asked);
            const unsigned length = (unsigned)__builtin_ctzll(asked_ends) + 1 - start;
            asked &= asked - 1;
            asked_ends &= asked_ends - 1;
            const tk_key key = key_of(p + start, length);
            const uint32_t line = tk_line_of(key, length < 8);
            counter->keys[place] = key;
            counter->key_lines[place] = line;
            __builtin_prefetch(&counter->lines[line]);
        }
        counter->key_count = place;
        const size_t known = (size_t)__builtin_popcountll(plain) + long_tokens;
        if (!wants_notes) {
            progress->tokens += known;
        } else {
            counter->notes[counter->note_count++] = (tk_block_note){
                progress->at, progress->word, b.end, plain, asked_here, at_borders, long_tokens, line_long_tokens, place,
                line_ends != at_borders, (line_ends & ~at_borders) > at_borders, is_final};
            known_in_batch += known;
        }
        const uint64_t words = b.starts & inside & ~(uint64_t)1;
        if (words != 0) progress->word = progress->at + 63 - (unsigned)__builtin_clzll(words);
        progress->at += b.end;
        if (b.is_start) progress->word = progress->at;
        const size_t slow_end = b.slow_end > b.end ? progress->at - b.end + b.slow_end : b.end == 0 ? progress->at + 1 : 0;
        // Each piece has a token at least.
        if (counter->key_count >= TK_BATCH_PIECES || counter->note_count == TK_BATCH_BLOCKS
            || (wants_notes
                && (slow_end != 0 || progress->tokens + known_in_batch + counter->key_count > progress->token_limit))) {
            known_in_batch = 0;
            if (!settle(counter, text, progress)) continue;
        }
        if (slow_end != 0 && !progress->fit.is_above) tk_count_slow(counter, text, progress, slow_end);
    }
    if (!progress->fit.is_above && !settle(counter, text, progress)) goto again;
    counter->key_count = counter->note_count = 0;
}
