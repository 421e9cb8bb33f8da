// Byte-pair merging for the fast counter: what is not in a cache comes here.
//
// Up to 64 bytes, the parts are bits of a word and their pending merges an array of 64 numbers whose minimum is the
// next merge to make: rank of the merged token (18 bits) | place of the left part (6 bits), so that of equal ranks the
// leftmost is first.
//
// Longer text is taken through windows, in constant memory. Two facts (shown in the essay of github/rust-gems,
// crates/bpe/README.md), for vocabularies in which merging finds each token from its own bytes, which
// Scripts/pack_vocabularies.py checks:
//   1. Tokens t1 ... tn are the encoding of their joined bytes if and only if each two neighbours are.
//   2. So any run of tokens out of an encoding is the encoding of its bytes.
// Let A be the encoding of the window [a, a'), and x one of its tokens, which starts at b. Let B be the encoding of the
// window [b, b') with b' > a'. If B's first token is x too, then A up to x followed by B behind x is the encoding of
// [a, b'): each two neighbours in it are neighbours in A or in B. So A's tokens before x are final, and we go on from
// b. If B begins with another token, an earlier x is tried, then longer windows, and in the end the walk over prefixes
// (prefix_walk.inc.h), which needs no windows. That is never seen on real text, but costs only time when it is.
//
// All this is about the text up to the last window's end: with more text behind, the encoding could be another one. So
// where it is enough to know that there are more tokens than some limit, windows only guess, and the walk over
// prefixes, which needs to see no more than 128 bytes behind, says whether it is so (`is_certainly_above`).
//
// Text that repeats itself (a line of dashes, 50 MB of one letter) fills window after window with the same bytes: then
// the last answers are taken again, for the price of comparing.
#include "counter/windows.h"

#include <string.h>

#include "counter/prefixes.h"

#define WINDOW_NAME tk_merge_window_scalar
#include "counter/merge_window.inc.h"

static void sift_down(uint64_t *heap, size_t count, size_t hole, uint64_t entry) {
    for (;;) {
        size_t child = 2 * hole + 1;
        if (child >= count) break;
        if (child + 1 < count && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= entry) break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = entry;
}

static void sift_up(uint64_t *heap, size_t hole, uint64_t entry) {
    while (hole > 0 && heap[(hole - 1) / 2] > entry) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = entry;
}

/// Tokens of 1 to TK_BIG_WINDOW bytes: the same by a heap. `counter->big_starts` receives their first bytes.
static size_t merge_big_window(tk_counter *counter, const uint8_t *bytes, size_t count) {
    enum { NONE = UINT16_MAX };
    const tk_counting_tables *tables = counter->tables;
    const uint64_t *slots = counter->slots;
    tk_window_part *parts = counter->parts;
    uint64_t *heap = counter->heap;
    size_t heap_count = 0;
    for (size_t i = 0; i < count; i++) {
        parts[i].rank = tables->rank_of_byte[bytes[i]];
        parts[i].merged = TK_NO_MERGE;
        parts[i].previous = i == 0 ? NONE : (uint16_t)(i - 1);
        parts[i].next = i + 1 == count ? NONE : (uint16_t)(i + 1);
    }
    for (size_t i = 0; i + 1 < count; i++) {
        parts[i].merged = tk_merge_of(tables, slots, parts[i].rank, parts[i + 1].rank);
        if (parts[i].merged != TK_NO_MERGE) heap[heap_count++] = (uint64_t)parts[i].merged << 32 | i;
    }
    for (size_t i = heap_count / 2; i-- > 0;) sift_down(heap, heap_count, i, heap[i]);
    while (heap_count > 0) {
        const uint64_t entry = heap[0];
        heap_count--;
        if (heap_count > 0) sift_down(heap, heap_count, 0, heap[heap_count]);
        const uint16_t place = (uint16_t)entry;
        tk_window_part *part = &parts[place];
        // An entry is stale if its parts have changed since.
        if (part->merged != entry >> 32) continue;
        tk_window_part *removed = &parts[part->next];
        part->rank = part->merged;
        part->next = removed->next;
        removed->merged = TK_NO_MERGE;
        part->merged = TK_NO_MERGE;
        if (part->next != NONE) {
            parts[part->next].previous = place;
            part->merged = tk_merge_of(tables, slots, part->rank, parts[part->next].rank);
            if (part->merged != TK_NO_MERGE) sift_up(heap, heap_count++, (uint64_t)part->merged << 32 | place);
        }
        if (part->previous != NONE) {
            tk_window_part *previous = &parts[part->previous];
            previous->merged = tk_merge_of(tables, slots, previous->rank, part->rank);
            const uint64_t entry_before = (uint64_t)previous->merged << 32 | part->previous;
            if (previous->merged != TK_NO_MERGE) sift_up(heap, heap_count++, entry_before);
        }
    }
    memset(counter->big_starts, 0, sizeof counter->big_starts);
    size_t tokens = 0;
    for (uint16_t i = 0; i != NONE; i = parts[i].next) {
        counter->big_starts[i >> 6] |= (uint64_t)1 << (i & 63);
        tokens++;
    }
    return tokens;
}

/// The highest start below `limit`, 0 if there is none but the first.
static size_t start_below(const uint64_t *starts, size_t limit) {
    size_t word = limit >> 6;
    uint64_t bits = limit & 63 ? starts[word] & (((uint64_t)1 << (limit & 63)) - 1) : 0;
    while (bits == 0 && word > 0) bits = starts[--word];
    return bits == 0 ? 0 : word * 64 + 63 - (size_t)__builtin_clzll(bits);
}

static size_t start_above(const uint64_t *starts, size_t place, size_t count) {
    for (size_t i = place + 1; i < count; i++) {
        if (starts[i >> 6] >> (i & 63) & 1) return i;
    }
    return count;
}

static size_t starts_before(const uint64_t *starts, size_t place) {
    size_t tokens = 0;
    for (size_t word = 0; word < place >> 6; word++) tokens += (size_t)__builtin_popcountll(starts[word]);
    if (place & 63) tokens += (size_t)__builtin_popcountll(starts[place >> 6] & (((uint64_t)1 << (place & 63)) - 1));
    return tokens;
}

enum {
    /// A token is taken as a seam that leaves so many bytes of the window behind its start.
    MARGIN = 24,
    BIG_MARGIN = 512,
    /// After so many, only big windows are tried.
    SMALL_FAILURES_MAX = 8,
};

/// Takes `window` bytes at the seam, and moves it forward to a token of them that leaves `margin` bytes behind its
/// start. False if this window contradicts the last one, or is one token.
static bool advance(tk_counter *counter, const uint8_t *bytes, size_t window, size_t margin, tk_seam *s) {
    uint64_t small;
    const uint64_t *starts = &small;
    if (window <= TK_WINDOW) {
        counter->merge_window(counter, bytes + s->offset, (unsigned)window, &small);
    } else {
        merge_big_window(counter, bytes + s->offset, window);
        starts = counter->big_starts;
    }
    if (s->first_length != 0 && start_above(starts, 0, window) != s->first_length) return false;
    const size_t place = start_below(starts, window - margin);
    if (place == 0) return false;
    s->settled += starts_before(starts, place);
    s->offset += place;
    s->first_length = start_above(starts, place, window) - place;
    return true;
}

/// Takes all of the `left` bytes at the seam. False if that contradicts the last window.
static bool finish(tk_counter *counter, const uint8_t *bytes, size_t left, tk_seam *s) {
    uint64_t small;
    const uint64_t *starts = &small;
    size_t tokens;
    if (left <= TK_WINDOW) {
        tokens = counter->merge_window(counter, bytes + s->offset, (unsigned)left, &small);
    } else {
        tokens = merge_big_window(counter, bytes + s->offset, left);
        starts = counter->big_starts;
    }
    if (s->first_length != 0 && start_above(starts, 0, left) != s->first_length) return false;
    s->settled += tokens;
    s->offset += left;
    return true;
}

bool tk_count_windows(tk_counter *counter, const uint8_t *bytes, size_t count, bool is_last, tk_seam *s) {
    // A window's tokens and how far they lead, to be taken again where the same bytes follow.
    struct { size_t offset, window, length, settled, first, next_first; } memo[TK_WINDOW_MEMO] = {0};
    unsigned memo_next = 0;
    unsigned failures = 0;
    tk_seam previous = *s;
    for (;;) {
        const size_t left = count - s->offset;
        if (s->settled > counter->tokens_enough) return true;
        if (!is_last && left < 2 * TK_BIG_WINDOW) return true;
        bool is_known = false;
        for (unsigned i = 0; i < TK_WINDOW_MEMO; i++) {
            if (memo[i].length == 0 || memo[i].window > left) continue;
            if (s->first_length != 0 && s->first_length != memo[i].first) continue;
            if (memcmp(bytes + s->offset, bytes + memo[i].offset, memo[i].window) != 0) continue;
            previous = *s;
            s->offset += memo[i].length;
            s->settled += memo[i].settled;
            s->first_length = memo[i].next_first;
            is_known = true;
            break;
        }
        if (is_known) continue;
        tk_seam before = *s;
        size_t window = TK_WINDOW;
        bool is_taken = false;
        if (failures < SMALL_FAILURES_MAX) {
            is_taken = left > TK_WINDOW ? advance(counter, bytes, TK_WINDOW, MARGIN, s)
                : finish(counter, bytes, left, s);
            if (is_taken && s->offset == count) return true;
            if (!is_taken) {
                // Back to the last seam but one, to take more at once from there.
                failures++;
                *s = before = previous;
            }
        }
        if (!is_taken) {
            window = count - s->offset < TK_BIG_WINDOW ? count - s->offset : TK_BIG_WINDOW;
            if (window == count - s->offset) return finish(counter, bytes, window, s);
            if (!advance(counter, bytes, TK_BIG_WINDOW, BIG_MARGIN, s)) return false;
        }
        previous = before;
        const unsigned at = memo_next++ % TK_WINDOW_MEMO;
        memo[at].offset = before.offset;
        memo[at].window = window;
        memo[at].length = s->offset - before.offset;
        memo[at].settled = s->settled - before.settled;
        memo[at].first = before.first_length;
        memo[at].next_first = s->first_length;
    }
}

size_t tk_count_long(tk_counter *counter, const uint8_t *bytes, size_t count) {
    if (count <= TK_WINDOW) {
        uint64_t starts;
        return counter->merge_window(counter, bytes, (unsigned)count, &starts);
    }
    tk_seam s = {0, 0, 0};
    // What windows say of a part of the text need not be so in the whole: that there are enough tokens is for the walk
    // to show.
    if (tk_count_windows(counter, bytes, count, true, &s) && s.offset == count) return s.settled;
    return tk_count_prefixes(counter, bytes, count);
}
