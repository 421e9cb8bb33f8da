// The block kernel of the fast counter, once per instruction set: the file that includes this defines KERNEL_NAME (of
// the function) and the vector operations that it calls before.
// The essay is in counter.c.
#include "counter/space_walk.h"

#include "borders.inc.h"
#include "batch.inc.h"
#include "notes.inc.h"

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
    const bool wants_lines = progress->wants == TK_WANTS_LINES, wants_border = progress->wants == TK_WANTS_BORDER;
    const bool wants_notes = wants_lines || wants_border;
    unsigned batch_blocks = progress->batch_blocks != 0 ? progress->batch_blocks : TK_BATCH_BLOCKS;
    uint8_t padded[TK_BLOCK + TK_BEHIND];
    wide w;
    size_t known_in_batch = 0;
again:;
    // As in `progress`, but in registers: the next block waits for them.
    size_t at = progress->at, word = progress->word;
    while (at < text->count && progress->stop == TK_NOT_STOPPED) {
        const uint8_t *p = text->bytes + at;
        const size_t left = text->count - at;
        unsigned count = TK_BLOCK, seam = 0;
        bool is_final = false;
        if (__builtin_expect(left < TK_BLOCK + TK_BEHIND, 0)) {
            if (left <= TK_BLOCK) {
                count = (unsigned)left;
                is_final = true;
            }
            copy_end(padded, p, left);
            p = padded;
        }
        // The processor's own read-ahead ends with each page.
        __builtin_prefetch((const void *)((uintptr_t)text->bytes + at + TK_READ_AHEAD));
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
                progress->at = at;
                progress->word = word;
                const bool goes_on = !wants_notes || settle(counter, text, progress);
                if (goes_on && progress->stop == TK_NOT_STOPPED) tk_count_slow(counter, text, progress, at + 1);
                goto again;
            }
            high &= low_bits(count);
            masks_of_wide(&loaded, w.classes, high, low_bits(count), &m);
        } else {
            masks_of(&loaded, low_bits(count), &m);
            if (count == TK_BLOCK) seam = seam_of(&m);
        }
        const borders b = borders_of(p, count, is_final, seam, &m, high, &w, is_o200k);

        TK_ASSERT(b.end <= count && (b.starts & 1) != 0 && (b.slow_end == 0 || b.slow_end > b.end));

        // Pieces in [0, end). Those of one byte and the numbers are one token; the others are looked up.
        const uint64_t inside = low_bits(b.end);
        const uint64_t cuts = (b.starts | b.splits) & inside;
        const uint64_t ends = cuts >> 1 | (inside & ~(inside >> 1));
        const uint64_t plain = cuts & (ends | b.number);
        uint64_t asked = cuts & ~plain;
        // A piece ends with a number if it starts with one, and else not.
        uint64_t asked_ends = ends & ~(cuts | b.number);
        size_t long_tokens = 0;
        for (uint64_t longs = long_of(asked, ends); __builtin_expect(longs != 0, 0); longs &= longs - 1) {
            const uint64_t start = longs & -longs, end = ends & -start & -(ends & -start);
            const uint8_t *piece = p + __builtin_ctzll(start);
            const size_t length = (size_t)(__builtin_ctzll(end) + 1 - __builtin_ctzll(start));
            if (length < 32) {
                take_long(counter, piece, length);
            } else {
                long_tokens += tk_count_cached(counter, piece, length);
            }
            asked &= ~start;
            asked_ends &= ~end;
        }
        ask(counter, p, &loaded, asked, asked_ends);
        const size_t known = (size_t)__builtin_popcountll(plain) + long_tokens;
        if (!wants_notes) {
            progress->tokens += known;
        } else {
            TK_ASSERT(counter->note_count < TK_BATCH_BLOCKS);
            tk_block_note *note = &counter->notes[counter->note_count++];
            note->at = at;
            note->word = word;
            note->starts = cuts;
            note->splits = b.splits & ~b.starts;
            note->plain = plain;
            note->asked = asked;
            note->newlines = wants_lines ? newlines_of(&loaded) & inside : 0;
            note->known = (uint8_t)known;
            note->byte_count = (uint8_t)b.end;
            note->pieces = (uint16_t)counter->key_count;
            note->is_final = is_final;
            known_in_batch += known;
        }
        TK_ASSERT(counter->key_count <= TK_BATCH_PIECES_MAX && counter->long_count <= TK_BATCH_LONGS_MAX);
        if (seam != 0 && b.end == seam) {
            word = at += seam;
        } else {
            const uint64_t words = b.starts & inside & ~(uint64_t)1;
            if (words != 0) word = at + 63 - (unsigned)__builtin_clzll(words);
            at += b.end;
            if (b.is_start) word = at;
        }
        const size_t slow_end = b.slow_end > b.end ? at - b.end + b.slow_end : b.end == 0 ? at + 1 : 0;
        const bool is_full = counter->absent_count >= TK_BATCH_ABSENT || counter->long_count >= TK_BATCH_LONGS
            || counter->key_count > TK_BATCH_PIECES - TK_BLOCK / 2 || counter->note_count == batch_blocks;
        // Each piece has a token at least.
        if (is_full || slow_end != 0
            || (wants_border && progress->tokens + known_in_batch + counter->key_count > progress->token_limit)) {
            progress->at = at;
            progress->word = word;
            known_in_batch = 0;
            batch_blocks = batch_blocks < TK_BATCH_BLOCKS / 2 ? 2 * batch_blocks : TK_BATCH_BLOCKS;
            const bool goes_on = (!is_full && !wants_notes) || settle(counter, text, progress);
            if (goes_on && slow_end != 0 && progress->stop == TK_NOT_STOPPED) {
                tk_count_slow(counter, text, progress, slow_end);
            }
            at = progress->at;
            word = progress->word;
        }
    }
    progress->at = at;
    progress->word = word;
    if (progress->stop == TK_NOT_STOPPED && !settle(counter, text, progress)) goto again;
    counter->absent_count = counter->fetched_count = counter->key_count = counter->sought_count = 0;
    counter->long_count = counter->note_count = 0;
    memset(counter->near_tokens, 0, sizeof counter->near_tokens);
}
