// Token counts of all prefixes of a pre-token, in one pass and constant memory.
//
// Two facts about byte-pair encoding, shown in the essay of github/rust-gems, crates/bpe/README.md:
//   1. Tokens t1 ... tn are the encoding of their joined bytes if and only if each pair of neighbours is the encoding of its
//      own joined bytes. So a prefix of an encoding is the encoding of its bytes.
//   2. Hence each prefix of a text has exactly one last token: the token t ending there that is compatible, in the sense of 1,
//      with the last token of the prefix that ends where t starts.
// So we walk over the text with a table (offset -> last token, token count of the prefix). From each offset, all tokens that
// begin the text there are tried against the last token at that offset, and those that are compatible fill in the entry at
// their end. Only the entries of the next TK_TOKEN_BYTES_MAX offsets are ever needed: a ring.
//
// It needs that merging finds every token from its own bytes, which Scripts/pack_vocabularies.py checks.
#include "merges.h"
#include "utf8.h"
#include "vocabulary.h"

enum {
    RING = 256,
    /// Bytes of text with U+FFFD in place that are held at once: what is looked at ahead, and some more to convert in one go.
    BUFFER = 4096,
};
_Static_assert(RING > TK_TOKEN_BYTES_MAX && (RING & (RING - 1)) == 0, "entries ahead must not meet those behind");

typedef struct {
    /// The prefix's length in bytes: tells an entry from the one that had its place before.
    size_t byte_count;
    size_t token_count;
    uint32_t last;
} prefix;

typedef struct {
    const tk_vocabulary *vocabulary;
    const uint8_t *source;
    size_t source_count, source_offset;  // converted so far
    uint8_t buffer[BUFFER];
    size_t begin, end;  // of what is in the buffer and still ahead
    size_t offset;      // in converted bytes, of buffer[begin]
    prefix ring[RING];
} walk;

/// Whether `left`, `right` are the encoding of their joined bytes: whether no merge across their border would have come first.
/// Takes the merges back, the latest first, and looks at each stage for a merge across the border with a lower rank than the
/// merge taken back last.
static bool are_compatible(const tk_vocabulary *vocabulary, uint32_t left, uint32_t right) {
    uint32_t limit = UINT32_MAX;
    for (;;) {
        if (tk_merged_rank(vocabulary, left, right) < limit) return false;
        const uint32_t left_right = vocabulary->tokens[left].right, right_left = vocabulary->tokens[right].left;
        // Of equal ranks the leftmost merges first, so that one on the right is taken back first.
        if (left_right != left && (left > right || right_left == right)) {
            limit = left;
            left = left_right;
        } else if (right_left != right) {
            // A merge across the border of the same rank would be further left, so it would come before.
            limit = right + 1;
            right = right_left;
        } else {
            return true;
        }
    }
}

/// Converts more of the source, so that the buffer holds all that a token can cover.
static void refill(walk *w) {
    if (w->end - w->begin >= TK_TOKEN_BYTES_MAX || w->source_offset == w->source_count) return;
    memmove(w->buffer, w->buffer + w->begin, w->end - w->begin);
    w->end -= w->begin;
    w->begin = 0;
    while (w->source_offset < w->source_count && w->end + 4 <= BUFFER) {
        const uint8_t *at = w->source + w->source_offset;
        const tk_unit unit = tk_decode(at, w->source_count - w->source_offset);
        if (unit.is_invalid) {
            memcpy(w->buffer + w->end, "\xEF\xBF\xBD", 3);
            w->end += 3;
        } else {
            memcpy(w->buffer + w->end, at, unit.byte_count);
            w->end += unit.byte_count;
        }
        w->source_offset += unit.byte_count;
    }
}

/// The place in `sorted` of the longest token that begins the text.
static uint32_t longest_token(const tk_vocabulary *vocabulary, const uint8_t *text, size_t count) {
    // Look for the last token that is not above the text. The longest one that begins the text is it, or a prefix of it: what
    // lies in order between a prefix of the text and the text begins with that prefix too.
    const uint32_t two_bytes = (uint32_t)text[0] << 8 | (count > 1 ? text[1] : 0);
    uint32_t low = vocabulary->sorted_by_two_bytes[two_bytes], high = vocabulary->sorted_by_two_bytes[two_bytes + 1];
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const tk_token *token = &vocabulary->tokens[vocabulary->sorted[middle].rank];
        const size_t common = token->byte_count < count ? token->byte_count : count;
        const int order = memcmp(vocabulary->bytes + token->byte_offset, text, common);
        if (order > 0 || (order == 0 && token->byte_count > count)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    // The token of the text's first byte is not above it, so there is one.
    uint32_t place = low - 1;
    for (;;) {
        const tk_token *token = &vocabulary->tokens[vocabulary->sorted[place].rank];
        if (token->byte_count <= count && memcmp(vocabulary->bytes + token->byte_offset, text, token->byte_count) == 0) {
            return place;
        }
        place = vocabulary->sorted[place].prefix;
    }
}

/// Goes on by one byte.
static void step(walk *w) {
    refill(w);
    const prefix here = w->ring[w->offset & (RING - 1)];
    const size_t count = w->end - w->begin;
    uint32_t place = longest_token(w->vocabulary, w->buffer + w->begin, count < TK_TOKEN_BYTES_MAX ? count : TK_TOKEN_BYTES_MAX);
    for (; place != TK_NO_RANK; place = w->vocabulary->sorted[place].prefix) {
        const uint32_t rank = w->vocabulary->sorted[place].rank;
        const size_t end = w->offset + w->vocabulary->tokens[rank].byte_count;
        prefix *there = &w->ring[end & (RING - 1)];
        // By 2, an entry that is filled is the only one.
        if (there->byte_count != end && (w->offset == 0 || are_compatible(w->vocabulary, here.last, rank))) {
            *there = (prefix){end, here.token_count + 1, rank};
        }
    }
    w->offset++;
    w->begin++;
}

size_t tk_walk_prefixes(
    const tk_vocabulary *vocabulary, const uint8_t *text, size_t count, size_t token_limit, bool lines_only, size_t *tokens) {
    walk w;
    w.vocabulary = vocabulary;
    w.source = text;
    w.source_count = count;
    w.source_offset = w.begin = w.end = w.offset = 0;
    memset(w.ring, 0, sizeof w.ring);
    size_t best = 0, best_tokens = 0;
    for (size_t at = 0; at < count;) {
        const tk_unit unit = tk_decode(text + at, count - at);
        for (uint32_t i = 0; i < (unit.is_invalid ? 3 : unit.byte_count); i++) step(&w);
        at += unit.byte_count;
        if (lines_only && unit.code_point != '\n') continue;
        const size_t token_count = w.ring[w.offset & (RING - 1)].token_count;
        if (token_count > token_limit) break;
        best = at;
        best_tokens = token_count;
    }
    if (tokens != NULL) *tokens = best_tokens;
    return best;
}
