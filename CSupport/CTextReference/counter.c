// Byte-pair encoding as tiktoken defines it: start with one part a byte; as long as two neighbours join to a token,
// join the two whose token has the lowest rank, of equals the leftmost. The parts in the end are the tokens.
//
// A heap finds the lowest rank. An entry is rank (high 32 bits) | place of the left part, so that equals come out
// leftmost first. Entries are not removed when their parts change: one is stale, and skipped, if the part at its place
// no longer joins to its rank.
#include <stdlib.h>
#include <string.h>

#include "pretokens/pretokens.h"
#include "unicode/classes.h"
#include "unicode/utf8.h"
#include "vocabulary.h"

/// A part starts at the byte of its own place.
typedef struct {
    /// Rank of the token that it and the next one join to; TR_NO_RANK if they do not.
    uint32_t joined;
    /// Places of the neighbours. `next` is the text's length if there is none; `previous` of the first is not used.
    uint32_t previous, next;
} part;

struct tr_counter {
    tk_tokenizer tokenizer;
    tr_vocabulary vocabulary;
    /// Room for so many bytes, U+FFFD in place: a copy of a pre-token, its parts, and two entries a part.
    size_t capacity;
    uint8_t *copy;
    part *parts;
    uint64_t *heap;
};

tr_counter *tr_counter_create(tk_tokenizer tokenizer) {
    tr_counter *counter = tr_allocate(sizeof *counter);
    *counter = (tr_counter){.tokenizer = tokenizer};
    tr_vocabulary_open(&counter->vocabulary, tokenizer);
    return counter;
}

static void free_room(tr_counter *counter) {
    free(counter->copy);
    free(counter->parts);
    free(counter->heap);
}

void tr_counter_destroy(tr_counter *counter) {
    if (counter == NULL) return;
    free_room(counter);
    tr_vocabulary_close(&counter->vocabulary);
    free(counter);
}

/// Copies a pre-token with U+FFFD in place of what is invalid. Returns the copy's length.
static size_t copy_valid(tr_counter *counter, const uint8_t *text, size_t count) {
    if (3 * count > counter->capacity) {
        free_room(counter);
        counter->capacity = 6 * count;
        counter->copy = tr_allocate(counter->capacity);
        counter->parts = tr_allocate(counter->capacity * sizeof *counter->parts);
        counter->heap = tr_allocate(2 * counter->capacity * sizeof *counter->heap);
    }
    size_t length = 0;
    for (size_t at = 0; at < count;) {
        const tk_unit unit = tk_decode(text + at, count - at);
        const size_t unit_length = unit.is_invalid ? 3 : unit.byte_count;
        memcpy(counter->copy + length, unit.is_invalid ? (const uint8_t *)"\xEF\xBF\xBD" : text + at, unit_length);
        length += unit_length;
        at += unit.byte_count;
    }
    return length;
}

static void push(uint64_t *heap, size_t hole, uint64_t entry) {
    for (; hole > 0 && heap[(hole - 1) / 2] > entry; hole = (hole - 1) / 2) heap[hole] = heap[(hole - 1) / 2];
    heap[hole] = entry;
}

/// Takes the least of `count` entries out.
static uint64_t pop(uint64_t *heap, size_t count) {
    const uint64_t least = heap[0], entry = heap[count - 1];
    size_t hole = 0;
    for (size_t child; (child = 2 * hole + 1) < count - 1; hole = child) {
        if (child + 1 < count - 1 && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= entry) break;
        heap[hole] = heap[child];
    }
    heap[hole] = entry;
    return least;
}

/// Finds what the part at `place` and the next one join to, and adds that to the heap. Returns the entries in it then.
static size_t look_up(tr_counter *counter, size_t place, size_t count, size_t heap_count) {
    part *parts = counter->parts, *left = &parts[place];
    left->joined = TR_NO_RANK;
    if (left->next == count) return heap_count;
    const size_t end = parts[left->next].next;
    left->joined = tr_rank_of(&counter->vocabulary, counter->copy + place, end - place);
    if (left->joined == TR_NO_RANK) return heap_count;
    push(counter->heap, heap_count, (uint64_t)left->joined << 32 | place);
    return heap_count + 1;
}

/// Encodes a pre-token. Its tokens are the parts that are left, from place 0 on, in a copy of the length that it
/// returns.
static size_t encode(tr_counter *counter, const uint8_t *text, size_t text_count) {
    const size_t count = copy_valid(counter, text, text_count);
    part *parts = counter->parts;
    for (size_t i = 0; i < count; i++) parts[i] = (part){TR_NO_RANK, (uint32_t)i - 1, (uint32_t)i + 1};
    // A join removes an entry and adds two at most, and there are fewer joins than bytes.
    size_t heap_count = 0;
    for (size_t i = 0; i < count; i++) heap_count = look_up(counter, i, count, heap_count);
    while (heap_count > 0) {
        const uint64_t entry = pop(counter->heap, heap_count--);
        const size_t place = (uint32_t)entry;
        if (parts[place].joined != entry >> 32) continue;
        part *removed = &parts[parts[place].next];
        removed->joined = TR_NO_RANK;
        parts[place].next = removed->next;
        if (removed->next != count) parts[removed->next].previous = (uint32_t)place;
        heap_count = look_up(counter, place, count, heap_count);
        if (place != 0) heap_count = look_up(counter, parts[place].previous, count, heap_count);
    }
    return count;
}

size_t tr_count_pretoken(tr_counter *counter, const uint8_t *text, size_t count) {
    const size_t length = encode(counter, text, count);
    size_t tokens = 0;
    for (size_t place = 0; place < length; place = counter->parts[place].next) tokens++;
    return tokens;
}

size_t tr_count(tr_counter *counter, const uint8_t *text, size_t count) {
    size_t tokens = 0;
    for (size_t start = 0; start < count;) {
        const size_t end = tr_pretoken_end(counter->tokenizer, text, count, start);
        tokens += tr_count_pretoken(counter, text + start, end - start);
        start = end;
    }
    return tokens;
}

size_t tr_token_prefix(tr_counter *counter, const uint8_t *text, size_t count, size_t token_count) {
    const size_t length = encode(counter, text, count);
    size_t end = 0;
    for (size_t i = 0; i < token_count && end < length; i++) end = counter->parts[end].next;
    // Back from the copy's offset to the text's, down to a unit's start.
    size_t at = 0;
    for (size_t copied = 0; at < count;) {
        const tk_unit unit = tk_decode(text + at, count - at);
        copied += unit.is_invalid ? 3 : unit.byte_count;
        if (copied > end) break;
        at += unit.byte_count;
    }
    return at;
}

size_t tr_pretoken_end(tk_tokenizer tokenizer, const uint8_t *text, size_t count, size_t start) {
    return tk_pretoken_end(tokenizer, text, count, start);
}

unsigned tr_code_point_class(uint32_t code_point) {
    return code_point > 0x10FFFF ? TK_OTHER : (unsigned)tk_class_of(code_point);
}

size_t tr_unit(const uint8_t *text, size_t count, bool *is_invalid) {
    const tk_unit unit = tk_decode(text, count);
    *is_invalid = unit.is_invalid;
    return unit.byte_count;
}

size_t tr_unit_boundary(const uint8_t *text, size_t count, size_t offset) {
    return tk_utf8_boundary(text, count, offset);
}
