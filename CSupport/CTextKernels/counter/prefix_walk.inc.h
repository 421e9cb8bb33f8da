// Token counts of all prefixes of a pre-token, in one pass and constant memory: for what windows (windows.c) do not do.
// The code is included by each file that walks, as a call for each byte would cost a fifth where text repeats itself.
//
// Two facts about byte-pair encoding, shown in the essay of github/rust-gems, crates/bpe/README.md:
//   1. Tokens t1 ... tn are the encoding of their joined bytes if and only if each pair of neighbours is the encoding
//      of its own joined bytes. So a prefix of an encoding is the encoding of its bytes.
//   2. Hence each prefix of a text has exactly one last token: the token that ends there and is compatible, in the
//      sense of 1, with the last token of the prefix that ends where it starts.
// They need that merging finds every token from its own bytes, which Scripts/pack_vocabularies.py checks.
//
// We have only the table of merges, and find the tokens that end at a place from it: a single byte is one; and as each
// token is the merge of two of which the right one ends at the same place, and the left one where that begins, all
// others are merges of a token that ends here, and was found already, with one that ends where it begins. So the tokens
// come with their halves, which is what the test of compatibility asks for. No more than 86 tokens end at one place of
// any text.
//
// ## What is certain whatever follows
// A token has at most 128 bytes, so that of any 128 offsets in a row each encoding of a longer text has a border at
// one. When the prefixes that end at the last 128 offsets agree on something (that they have more than n tokens; where
// the nth of their tokens ends), all longer texts do.
//
// ## Text that repeats itself
// Where the text has had a period of up to 64 bytes for long enough, the tokens that end at a place are those of a
// period before. And where also the last 128 prefixes have the same last tokens as those of some periods before, so
// will the next one: then it is copied.
//
// ## What was tried (Zen 5, random letters, MB/s, o200k_base / cl100k_base)
// Paid: to ask for a merge across a border where the tokens that end behind it are, not in the table: 16 / 20 where 15
// / 19 was; to fetch ahead what the next byte will ask for: 18 / 20 where 16 / 20 was, and to keep where that is: 18 /
// 22 for 14 / 18; to take two bytes' merge from its own table, and the byte without a test where no longer token is
// compatible: 19 / 22. To copy where text repeats itself: 150 on one letter.
// Did not: to remember (2048 entries each) which merges a token has with those before it, and which two tokens are
// compatible: random spaces and newlines 12 / 13 where 11 / 13 was, as what they ask for is too much for a small
// memory (white space has tables of both now: space_walk.h). To write each token found and count it or not, without a
// branch: 15 / 16 where 18 / 20 was.
#include <string.h>

#include "counter/state.h"
#include "unicode/utf8.h"

enum {
    /// Of so many offsets in a row, each encoding has a border at one.
    TK_WALK_REACH = TK_TOKEN_BYTES_MAX,
    /// No more tokens end at one place.
    TK_WALK_ENDING_MAX = 86,
};

/// A walk over the prefixes of a text. Its memory is in the counter.
typedef struct {
    const tk_counting_tables *tables;
    const uint64_t *slots;
    tk_forest *forest;
    /// Bytes walked over, with U+FFFD in place of what is invalid.
    size_t offset;
    /// The mark of a prefix is the offset at which its `mark_tokens`th token ends.
    size_t mark_tokens;
    /// The text's period, and for how many bytes it has been that (0: not at all).
    size_t period, repeated;
    /// Last tokens have been those of so many bytes before (0: not).
    size_t copied;
    unsigned node;
    /// What was fetched for the byte that was foreseen (-1: none): the slots of the merges of each token that ends here
    /// with that byte, and, if `has_kept_pairs`, of those that end a byte before with the token of both bytes.
    int kept_byte;
    bool has_kept_pairs;
    const uint64_t *kept[TK_WALK_ENDING_MAX], *kept_pairs[TK_WALK_ENDING_MAX];
} tk_walk;

/// The prefix of so many bytes, one of the last TK_PREFIXES.
static inline tk_prefix *tk_walk_prefix(const tk_walk *w, size_t offset) {
    return &w->forest->prefixes[offset & (TK_PREFIXES - 1)];
}

enum {
    REACH = TK_WALK_REACH,
    PERIOD_MAX = 62,
    /// How often repetitions are looked for.
    LOOK_EVERY = 64,
    /// How far back the same last tokens are looked for.
    COPY_MAX = 256,
    NODE_MASK = (1 << TK_FOREST_BITS) - 1,
    RING_MASK = TK_PREFIXES - 1,
    ENDING_MAX = TK_WALK_ENDING_MAX,
};
// Only tokens that end at the last REACH offsets are asked for, which may be those of up to PERIOD_MAX others before.
_Static_assert((REACH + PERIOD_MAX) * ENDING_MAX <= 1 << TK_FOREST_BITS, "no node is replaced in use");
_Static_assert(TK_PREFIXES >= REACH + COPY_MAX, "as far back as is looked");

static inline void tk_walk_begin(tk_walk *w, tk_counter *counter, size_t mark_tokens) {
    w->tables = counter->tables;
    w->slots = counter->slots;
    w->forest = &counter->forest;
    w->offset = w->period = w->repeated = w->copied = 0;
    w->mark_tokens = mark_tokens;
    w->node = 0;
    w->kept_byte = -1;
    w->has_kept_pairs = false;
    *tk_walk_prefix(w, 0) = (tk_prefix){0};
}

/// The rank of the token that two neighbours merge to, which meet at `border`; TK_NO_MERGE if they do not. It ends
/// where the right one does, so it was found there.
static inline uint32_t merge_at(
    const tk_walk *w, size_t border, const tk_forest_node *left, const tk_forest_node *right) {
    const tk_prefix *end = tk_walk_prefix(w, border + right->byte_count);
    const unsigned byte_count = left->byte_count + right->byte_count;
    for (unsigned i = 1; i < end->node_count; i++) {
        const tk_forest_node *node = &w->forest->nodes[(end->first_node + i) & NODE_MASK];
        if (node->byte_count != byte_count) continue;
        return node->right_byte_count == right->byte_count ? node->rank : TK_NO_MERGE;
    }
    return TK_NO_MERGE;
}

/// Whether two tokens that meet at `border` are the encoding of their joined bytes: see the head of this file.
static bool are_compatible(const tk_walk *w, size_t border, unsigned left, unsigned right) {
    const tk_forest_node *nodes = w->forest->nodes;
    uint32_t limit = UINT32_MAX;
    for (;;) {
        const tk_forest_node *l = &nodes[left], *r = &nodes[right];
        if (merge_at(w, border, l, r) < limit) return false;
        // Of equal ranks the leftmost merges first, so that one on the right is taken back first.
        if (l->byte_count > 1 && (l->rank > r->rank || r->byte_count == 1)) {
            limit = l->rank;
            left = l->right;
        } else if (r->byte_count > 1) {
            // A merge across the border of the same rank would be further left, so it would come before.
            limit = r->rank + 1;
            right = r->left;
        } else {
            return true;
        }
    }
}

/// Adds the tokens that are merges of `right`, the `i`th that was found, and a token that ends where it begins. Returns
/// how many are found then.
static inline unsigned find_merges(tk_walk *w, const tk_prefix *before, unsigned first, unsigned i, unsigned count) {
    tk_forest_node *nodes = w->forest->nodes;
    const unsigned right = (first + i) & NODE_MASK;
    const uint32_t right_rank = nodes[right].rank, right_bytes = nodes[right].byte_count;
    const bool is_pair = i == 1 && right_bytes == 2 && w->has_kept_pairs;
    const uint64_t *const *kept = w->kept_byte < 0 ? NULL : i == 0 ? w->kept : is_pair ? w->kept_pairs : NULL;
    unsigned j = 0;
    if (i == 0 && before->node_count != 0) {
        // The first that ends at a place is its byte.
        const unsigned left = before->first_node;
        const uint8_t *bytes = w->forest->bytes;
        const uint32_t merged = w->tables->merge_of_bytes[
            bytes[(w->offset - 2) & RING_MASK] | (uint32_t)bytes[(w->offset - 1) & RING_MASK] << 8];
        nodes[(first + count) & NODE_MASK] =
            (tk_forest_node){.rank = merged & 0x3FFFF, .left = left, .right = right, .byte_count = 2,
                .right_byte_count = 1};
        count += merged != TK_NO_MERGE;
        j = 1;
    }
    for (; j < before->node_count; j++) {
        const unsigned left = (before->first_node + j) & NODE_MASK;
        const uint64_t key = tk_pair_key(nodes[left].rank, right_rank);
        const uint64_t slot = *(kept != NULL ? kept[j] : tk_slot_of(w->tables, w->slots, key));
        if (slot >> 18 != key) continue;
        nodes[(first + count) & NODE_MASK] = (tk_forest_node){
            .rank = slot & 0x3FFFF, .left = left, .right = right,
            .byte_count = nodes[left].byte_count + right_bytes, .right_byte_count = right_bytes};
        count++;
    }
    return count;
}

/// Finds the tokens that end behind `byte`, the last one; `next` follows on it, or any other.
static inline void find_tokens(tk_walk *w, tk_prefix *here, uint8_t byte, uint8_t next) {
    tk_forest_node *nodes = w->forest->nodes;
    const unsigned first = w->node;
    unsigned count = 1;
    nodes[first] = (tk_forest_node){.rank = w->tables->rank_of_byte[byte], .byte_count = 1};
    if (w->kept_byte != byte) w->kept_byte = -1;
    for (unsigned i = 0; i < count; i++) {
        const unsigned right = (first + i) & NODE_MASK;
        if (nodes[right].byte_count == w->offset) continue;
        const tk_prefix *before = tk_walk_prefix(w, w->offset - nodes[right].byte_count);
        count = find_merges(w, before, first, i, count);
    }
    w->node = (first + count) & NODE_MASK;
    here->first_node = (uint16_t)first;
    here->node_count = (uint16_t)count;
    // What will be asked for next.
    const uint32_t next_rank = w->tables->rank_of_byte[next];
    const uint32_t pair = w->tables->merge_of_bytes[byte | (uint32_t)next << 8];
    for (unsigned i = 1; i < count; i++) {
        w->kept[i] = tk_slot_of(w->tables, w->slots, tk_pair_key(nodes[(first + i) & NODE_MASK].rank, next_rank));
        __builtin_prefetch(w->kept[i]);
    }
    w->kept_byte = next;
    w->has_kept_pairs = pair != TK_NO_MERGE && w->offset >= 2;
    if (!w->has_kept_pairs) return;
    const tk_prefix *before = tk_walk_prefix(w, w->offset - 1);
    for (unsigned i = 0; i < before->node_count; i++) {
        const tk_forest_node *node = &nodes[(before->first_node + i) & NODE_MASK];
        w->kept_pairs[i] = tk_slot_of(w->tables, w->slots, tk_pair_key(node->rank, pair));
        __builtin_prefetch(w->kept_pairs[i]);
    }
}

/// Looks for a period of the text.
static void find_period(tk_walk *w) {
    // The last bytes are in a row, as each is written twice.
    const uint8_t *end = w->forest->bytes + (w->offset & RING_MASK) + TK_PREFIXES;
    const size_t seen = w->offset < TK_PREFIXES ? w->offset : TK_PREFIXES;
    for (size_t period = 1; period <= PERIOD_MAX && PERIOD_MAX + period <= seen; period++) {
        uint64_t last, before;
        memcpy(&last, end - 8, 8);
        memcpy(&before, end - 8 - period, 8);
        if (last != before || memcmp(end - PERIOD_MAX, end - PERIOD_MAX - period, PERIOD_MAX) != 0) continue;
        w->period = period;
        w->repeated = PERIOD_MAX;
        return;
    }
}

/// Looks whether the last prefixes have the same last tokens as those some periods before.
static void find_copied(tk_walk *w) {
    for (size_t distance = w->period; distance <= COPY_MAX; distance += w->period) {
        const size_t more = tk_walk_prefix(w, w->offset)->tokens - tk_walk_prefix(w, w->offset - distance)->tokens;
        size_t same = 0;
        for (; same < REACH; same++) {
            const tk_prefix *prefix = tk_walk_prefix(w, w->offset - same);
            const tk_prefix *before = tk_walk_prefix(w, w->offset - same - distance);
            if (prefix->last != before->last || prefix->tokens - before->tokens != more) break;
        }
        if (same == REACH) {
            w->copied = distance;
            return;
        }
    }
}

/// Goes on by one byte, on which `next` or any other follows.
static inline void step(tk_walk *w, uint8_t byte, uint8_t next) {
    tk_forest *forest = w->forest;
    const size_t place = w->offset & RING_MASK;
    w->offset++;
    forest->bytes[place] = forest->bytes[place + TK_PREFIXES] = byte;
    tk_prefix *here = tk_walk_prefix(w, w->offset);
    if (w->repeated != 0) {
        if (forest->bytes[(w->offset - 1 - w->period) & RING_MASK] == byte) w->repeated++;
        else w->repeated = w->copied = 0;
    }
    if ((w->offset & (LOOK_EVERY - 1)) == 0) {
        if (w->repeated == 0) find_period(w);
        else if (w->copied == 0 && w->repeated > 2 * REACH + PERIOD_MAX + COPY_MAX) w->copied = SIZE_MAX;
    }
    if (w->repeated > REACH) {
        const tk_prefix *before = tk_walk_prefix(w, w->offset - w->period);
        here->first_node = before->first_node;
        here->node_count = before->node_count;
        w->kept_byte = -1;
    } else {
        find_tokens(w, here, byte, next);
    }
    if (w->copied != 0 && w->copied != SIZE_MAX) {
        here->last = tk_walk_prefix(w, w->offset - w->copied)->last;
    } else {
        // There is one. If it is no other, it is the byte.
        unsigned last = here->first_node;
        for (unsigned i = here->node_count; --i > 0;) {
            const unsigned node = (here->first_node + i) & NODE_MASK, byte_count = forest->nodes[node].byte_count;
            const size_t border = w->offset - byte_count;
            const unsigned before = tk_walk_prefix(w, border)->last;
            if (border == 0 || are_compatible(w, border, before, node)) {
                last = node;
                break;
            }
        }
        here->last = (uint16_t)last;
    }
    const tk_prefix *before = tk_walk_prefix(w, w->offset - forest->nodes[here->last].byte_count);
    here->tokens = before->tokens + 1;
    here->mark = here->tokens == w->mark_tokens ? w->offset : before->mark;
    if (w->copied == SIZE_MAX) {
        w->copied = 0;
        find_copied(w);
    }
}

/// Goes on by one unit, which is at the begin of `bytes`.
static inline void tk_walk_unit(tk_walk *w, const uint8_t *bytes, size_t count, tk_unit unit) {
    const uint8_t *from = unit.is_invalid ? (const uint8_t *)"\xEF\xBF\xBD" : bytes;
    const uint32_t byte_count = unit.is_invalid ? 3 : unit.byte_count;
    for (uint32_t i = 0; i + 1 < byte_count; i++) step(w, from[i], from[i + 1]);
    step(w, from[byte_count - 1], unit.byte_count < count ? bytes[unit.byte_count] : 0);
}

/// Whether each longer text has the mark that the last prefix has, and more tokens than those up to there.
static inline bool tk_walk_is_mark_certain(const tk_walk *w) {
    const size_t mark = tk_walk_prefix(w, w->offset)->mark;
    if (mark == 0 || w->offset < mark + REACH) return false;
    for (size_t back = 1; back < REACH; back++) {
        if (tk_walk_prefix(w, w->offset - back)->mark != mark) return false;
    }
    return true;
}

/// Whether each longer text has more than so many tokens.
static inline bool tk_walk_is_above(const tk_walk *w, size_t tokens) {
    if (w->offset < REACH) return false;
    for (size_t back = 0; back < REACH; back++) {
        if (tk_walk_prefix(w, w->offset - back)->tokens <= tokens) return false;
    }
    return true;
}

/// Sets another mark. It is right for all prefixes that have a border at `start`.
static inline void tk_walk_rebase(tk_walk *w, size_t start, size_t mark_tokens) {
    w->mark_tokens = mark_tokens;
    tk_walk_prefix(w, start)->mark = 0;
    for (size_t offset = start + 1; offset <= w->offset; offset++) {
        tk_prefix *here = tk_walk_prefix(w, offset);
        const size_t before = offset - w->forest->nodes[here->last].byte_count;
        here->mark = before < start ? 0 : here->tokens == mark_tokens ? offset : tk_walk_prefix(w, before)->mark;
    }
}
