// Token counts of all prefixes of a pre-token, in one pass and constant memory: for what windows (counter_merges.c) do not do.
//
// As in prefixes.c, each prefix has exactly one last token: the one that ends there and is compatible with the last token of the
// prefix before it. prefixes.c finds the tokens that begin at a place in the vocabulary's bytes. We have only the table of merges,
// and find those that end at a place from it: a single byte is one; and as each token is the merge of two of which the right one
// ends at the same place, and the left one where that begins, all others are merges of a token that ends here, and was found
// already, with one that ends where it begins. So the tokens come with their halves, which is what the test of compatibility asks
// for. No more than 86 tokens end at one place of any text.
//
// ## What is certain whatever follows
// A token has at most 128 bytes, so that of any 128 offsets in a row each encoding of a longer text has a border at one. When the
// prefixes that end at the last 128 offsets agree on something (that they have more than n tokens; where the nth of their tokens
// ends), all longer texts do.
//
// ## Text that repeats itself
// Where the text has had a period of up to 64 bytes for long enough, the tokens that end at a place are those of a period before.
// And where also the last 128 prefixes have the same last tokens as those of some periods before, so will the next one: then it is
// copied.
//
// ## What was tried (Zen 5, random letters, MB/s, o200k_base / cl100k_base)
// Paid: to ask for a merge across a border where the tokens that end behind it are, not in the table: 16 / 20 where 15 / 19 was;
// to fetch ahead what the next byte will ask for: 18 / 20 where 16 / 20 was; to take two bytes' merge from its own table, and the
// byte without a test where no longer token is compatible: 19 / 22. To copy where text repeats itself: 150 on one letter.
// Did not: to write each token found and count it or not, without a branch: 15 / 16 where 18 / 20 was.
#include "counter.h"
#include "unicode_classes.h"
#include "utf8.h"

enum {
    /// Offsets at one of which there is a border.
    REACH = TK_TOKEN_BYTES_MAX,
    PERIOD_MAX = 62,
    /// How often repetitions are looked for.
    LOOK_EVERY = 64,
    /// How far back the same last tokens are looked for.
    COPY_MAX = 256,
    NODE_MASK = (1 << TK_FOREST_BITS) - 1,
    RING_MASK = TK_PREFIXES - 1,
};
// Only tokens that end at the last REACH offsets are asked for, which may be those of up to PERIOD_MAX others before.
_Static_assert((REACH + PERIOD_MAX) * 86 <= 1 << TK_FOREST_BITS, "no node is replaced in use");
_Static_assert(TK_PREFIXES >= REACH + COPY_MAX, "as far back as is looked");

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
} walk;

static inline tk_prefix *prefix_at(const walk *w, size_t offset) { return &w->forest->prefixes[offset & RING_MASK]; }

static walk begin_walk(tk_counter *counter, size_t mark_tokens) {
    walk w = {.tables = counter->tables, .slots = counter->slots, .forest = &counter->forest, .mark_tokens = mark_tokens};
    *prefix_at(&w, 0) = (tk_prefix){0};
    return w;
}

/// The rank of the token that two neighbours merge to, which meet at `border`; TK_NO_MERGE if they do not. It ends where the right
/// one does, so it was found there.
static inline uint32_t merge_at(const walk *w, size_t border, const tk_forest_node *left, const tk_forest_node *right) {
    const tk_prefix *end = prefix_at(w, border + right->byte_count);
    const unsigned byte_count = left->byte_count + right->byte_count;
    for (unsigned i = 1; i < end->node_count; i++) {
        const tk_forest_node *node = &w->forest->nodes[(end->first_node + i) & NODE_MASK];
        if (node->byte_count == byte_count) return node->right_byte_count == right->byte_count ? node->rank : TK_NO_MERGE;
    }
    return TK_NO_MERGE;
}

/// Whether two tokens that meet at `border` are the encoding of their joined bytes: see prefixes.c.
static bool are_compatible(const walk *w, size_t border, unsigned left, unsigned right) {
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

/// Finds the tokens that end behind `byte`, the last one; `next` follows on it, or any other.
static inline void find_tokens(walk *w, tk_prefix *here, uint8_t byte, uint8_t next) {
    tk_forest_node *nodes = w->forest->nodes;
    const unsigned first = w->node;
    unsigned count = 1;
    nodes[first] = (tk_forest_node){.rank = w->tables->rank_of_byte[byte], .byte_count = 1};
    for (unsigned i = 0; i < count; i++) {
        const unsigned right = (first + i) & NODE_MASK;
        const uint32_t right_rank = nodes[right].rank, right_bytes = nodes[right].byte_count;
        if (right_bytes == w->offset) continue;
        const tk_prefix *before = prefix_at(w, w->offset - right_bytes);
        for (unsigned j = 0; j < before->node_count; j++) {
            const unsigned left = (before->first_node + j) & NODE_MASK;
            // The first that ends at a place is its byte.
            const uint32_t merged = (i | j) == 0
                ? w->tables->merge_of_bytes[w->forest->bytes[(w->offset - 2) & RING_MASK] | (uint32_t)byte << 8]
                : tk_merge_of(w->tables, w->slots, nodes[left].rank, right_rank);
            if (merged == TK_NO_MERGE) continue;
            nodes[(first + count) & NODE_MASK] = (tk_forest_node){
                .rank = merged, .left = left, .right = right,
                .byte_count = nodes[left].byte_count + right_bytes, .right_byte_count = right_bytes};
            count += merged != TK_NO_MERGE;
        }
    }
    w->node = (first + count) & NODE_MASK;
    here->first_node = (uint16_t)first;
    here->node_count = (uint16_t)count;
    // What will be asked for next.
    const uint32_t next_rank = w->tables->rank_of_byte[next];
    const uint32_t pair = w->tables->merge_of_bytes[byte | (uint32_t)next << 8];
    for (unsigned i = 1; i < count; i++) {
        __builtin_prefetch(tk_slot_of(w->tables, w->slots, tk_pair_key(nodes[(first + i) & NODE_MASK].rank, next_rank)));
    }
    if (pair == TK_NO_MERGE || w->offset < 2) return;
    const tk_prefix *before = prefix_at(w, w->offset - 1);
    for (unsigned i = 0; i < before->node_count; i++) {
        __builtin_prefetch(tk_slot_of(w->tables, w->slots, tk_pair_key(nodes[(before->first_node + i) & NODE_MASK].rank, pair)));
    }
}

/// Looks for a period of the text.
static void find_period(walk *w) {
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
static void find_copied(walk *w) {
    for (size_t distance = w->period; distance <= COPY_MAX; distance += w->period) {
        const size_t more = prefix_at(w, w->offset)->tokens - prefix_at(w, w->offset - distance)->tokens;
        size_t same = 0;
        for (; same < REACH; same++) {
            const tk_prefix *prefix = prefix_at(w, w->offset - same), *before = prefix_at(w, w->offset - same - distance);
            if (prefix->last != before->last || prefix->tokens - before->tokens != more) break;
        }
        if (same == REACH) {
            w->copied = distance;
            return;
        }
    }
}

/// Goes on by one byte, on which `next` or any other follows.
static inline void step(walk *w, uint8_t byte, uint8_t next) {
    tk_forest *forest = w->forest;
    const size_t place = w->offset & RING_MASK;
    w->offset++;
    forest->bytes[place] = forest->bytes[place + TK_PREFIXES] = byte;
    tk_prefix *here = prefix_at(w, w->offset);
    if (w->repeated != 0) {
        if (forest->bytes[(w->offset - 1 - w->period) & RING_MASK] == byte) w->repeated++;
        else w->repeated = w->copied = 0;
    }
    if ((w->offset & (LOOK_EVERY - 1)) == 0) {
        if (w->repeated == 0) find_period(w);
        else if (w->copied == 0 && w->repeated > 2 * REACH + PERIOD_MAX + COPY_MAX) w->copied = SIZE_MAX;
    }
    if (w->repeated > REACH) {
        const tk_prefix *before = prefix_at(w, w->offset - w->period);
        here->first_node = before->first_node;
        here->node_count = before->node_count;
    } else {
        find_tokens(w, here, byte, next);
    }
    if (w->copied != 0 && w->copied != SIZE_MAX) {
        here->last = prefix_at(w, w->offset - w->copied)->last;
    } else {
        // There is one. If it is no other, it is the byte.
        unsigned last = here->first_node;
        for (unsigned i = here->node_count; --i > 0;) {
            const unsigned node = (here->first_node + i) & NODE_MASK, byte_count = forest->nodes[node].byte_count;
            if (byte_count == w->offset
                || are_compatible(w, w->offset - byte_count, prefix_at(w, w->offset - byte_count)->last, node)) {
                last = node;
                break;
            }
        }
        here->last = (uint16_t)last;
    }
    const tk_prefix *before = prefix_at(w, w->offset - forest->nodes[here->last].byte_count);
    here->tokens = before->tokens + 1;
    here->mark = here->tokens == w->mark_tokens ? w->offset : before->mark;
    if (w->copied == SIZE_MAX) {
        w->copied = 0;
        find_copied(w);
    }
}

/// Goes on by one unit of the text.
static inline void step_unit(walk *w, const uint8_t *bytes, size_t count, tk_unit unit) {
    const uint8_t *from = unit.is_invalid ? (const uint8_t *)"\xEF\xBF\xBD" : bytes;
    const uint32_t byte_count = unit.is_invalid ? 3 : unit.byte_count;
    for (uint32_t i = 0; i + 1 < byte_count; i++) step(w, from[i], from[i + 1]);
    step(w, from[byte_count - 1], unit.byte_count < count ? bytes[unit.byte_count] : 0);
}

/// Whether each longer text has the mark that the last prefix has, and more tokens than those up to there.
static bool is_mark_certain(const walk *w) {
    const size_t mark = prefix_at(w, w->offset)->mark;
    if (mark == 0 || w->offset < mark + REACH) return false;
    for (size_t back = 1; back < REACH; back++) {
        if (prefix_at(w, w->offset - back)->mark != mark) return false;
    }
    return true;
}

/// Whether each longer text has more than so many tokens.
static bool is_certainly_above(const walk *w, size_t tokens) {
    if (w->offset < REACH) return false;
    for (size_t back = 0; back < REACH; back++) {
        if (prefix_at(w, w->offset - back)->tokens <= tokens) return false;
    }
    return true;
}

/// Sets another mark. It is right for all prefixes that have a border at `start`.
static void rebase(walk *w, size_t start, size_t mark_tokens) {
    w->mark_tokens = mark_tokens;
    prefix_at(w, start)->mark = 0;
    for (size_t offset = start + 1; offset <= w->offset; offset++) {
        tk_prefix *here = prefix_at(w, offset);
        const size_t before = offset - w->forest->nodes[here->last].byte_count;
        here->mark = before < start ? 0 : here->tokens == mark_tokens ? offset : prefix_at(w, before)->mark;
    }
}

size_t tk_count_prefixes(tk_counter *counter, const uint8_t *bytes, size_t count) {
    walk w = begin_walk(counter, SIZE_MAX);
    for (size_t at = 0; at < count;) {
        const tk_unit unit = tk_decode(bytes + at, count - at);
        step_unit(&w, bytes + at, count - at, unit);
        at += unit.byte_count;
        if (prefix_at(&w, w.offset)->tokens > counter->tokens_enough && is_certainly_above(&w, counter->tokens_enough)) break;
    }
    return prefix_at(&w, w.offset)->tokens;
}

size_t tk_counter_line_prefix(tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, size_t *tokens) {
    walk w = begin_walk(counter, SIZE_MAX);
    size_t line_end = 0;
    *tokens = 0;
    for (size_t at = 0; at < count;) {
        const tk_unit unit = tk_decode(bytes + at, count - at);
        step_unit(&w, bytes + at, count - at, unit);
        at += unit.byte_count;
        const size_t here = prefix_at(&w, w.offset)->tokens;
        if (here > token_limit && (unit.code_point == '\n' || is_certainly_above(&w, token_limit))) break;
        if (unit.code_point != '\n') continue;
        line_end = at;
        *tokens = here;
    }
    return line_end;
}

size_t tk_counter_token_prefix(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit) {
    walk w = begin_walk(counter, token_limit);
    for (size_t at = 0; at < count && !((w.offset & 15) == 0 && is_mark_certain(&w));) {
        const tk_unit unit = tk_decode(text + at, count - at);
        step_unit(&w, text + at, count - at, unit);
        at += unit.byte_count;
    }
    const tk_prefix *last = prefix_at(&w, w.offset);
    if (last->tokens <= token_limit) return count;
    // Back to the text's own bytes, and down to a unit's start.
    size_t at = 0;
    for (size_t offset = 0;;) {
        const tk_unit unit = tk_decode(text + at, count - at);
        offset += unit.is_invalid ? 3 : unit.byte_count;
        if (offset > last->mark) return at;
        at += unit.byte_count;
    }
}

/// Whether a text of characters of these classes alone is one pre-token, of which each part is one too, and which longer text does
/// not make shorter (but for the last of some spaces).
static bool is_uniform(tk_tokenizer tokenizer, unsigned classes) {
    const unsigned upper = 1u << TK_UPPER, lower = 1u << TK_LOWER, caseless = 1u << TK_CASELESS, mark = 1u << TK_MARK;
    const unsigned sets[2][4] = {
        {upper, lower | caseless, 1u << TK_OTHER, 1u << TK_SPACE},
        {upper | lower | caseless, 1u << TK_OTHER | mark, 1u << TK_SPACE, 1u << TK_SPACE},
    };
    for (unsigned i = 0; i < 4; i++) {
        if ((classes & ~sets[tokenizer == TK_CL100K_BASE][i]) == 0) return true;
    }
    return false;
}

/// The last character's start at or before `at`.
static inline size_t character_start(const uint8_t *text, size_t at) {
    while ((text[at] & 0xC0) == 0x80) at--;
    return at;
}

size_t tk_counter_cut(
    tk_counter *counter, const uint8_t *text, size_t count, size_t token_max, tk_chunk *chunks, size_t capacity) {
    size_t chunk_count = 0, origin = 0;
    unsigned classes = 0;
    // A walk begins at `origin`; the open chunk starts at `start` (an offset from there, as all that follow), before which there
    // are `before` tokens; what is behind `known` is known to have a border there.
    while (chunk_count < capacity) {
        walk w = begin_walk(counter, token_max);
        size_t start = 0, before = 0, known = 0, byte_count = 8 * token_max;
        // Where the chunk has to end because its first bytes, taken alone, have too many tokens (0: not yet), and its tokens.
        size_t cut = 0, cut_tokens = 0;
        bool is_over = false;
        while (!is_over) {
            const size_t at = origin + w.offset;
            if (at == count) return chunk_count;
            const tk_unit unit = tk_decode(text + at, count - at);
            const unsigned class = 1u << tk_class_of(unit.code_point);
            if (unit.is_invalid || ((class & ~classes) != 0 && !is_uniform(counter->tokenizer, classes | class))) return chunk_count;
            classes |= class;
            const bool is_checkpoint = cut == 0 && w.offset + unit.byte_count > start + byte_count;
            const tk_prefix *last = prefix_at(&w, w.offset);
            const bool is_certain = last->mark != 0 && w.offset >= last->mark + REACH && (is_checkpoint || (w.offset & 15) < unit.byte_count) && is_mark_certain(&w);
            if (cut == 0 && (is_certain || (is_checkpoint && last->tokens - before > token_max))) {
                cut = character_start(text, origin + last->mark) - origin;
                if (w.offset - cut >= TK_PREFIXES - 4) return chunk_count;
                if (cut != last->mark && cut <= known) {
                    // Its tokens from the chunk's start are not known.
                    origin += start;
                    break;
                }
                while (prefix_at(&w, cut)->tokens - before > token_max) {
                    cut = character_start(text, origin + cut - 1) - origin;
                    if (cut <= known || w.offset - cut >= TK_PREFIXES - 4) return chunk_count;
                }
                cut_tokens = prefix_at(&w, cut)->tokens - before;
            } else if (is_checkpoint) {
                byte_count *= 2;
            }
            // No line end fits if there are too many tokens before any that may come.
            if (cut != 0 && (is_certain || is_certainly_above(&w, before + token_max))) {
                chunks[chunk_count++] = (tk_chunk){origin + start, origin + cut, cut_tokens};
                is_over = chunk_count == capacity || !is_certain || cut != last->mark || cut + 8 * token_max <= w.offset;
                if (is_over) {
                    origin += cut;
                } else {
                    start = cut;
                    before = prefix_at(&w, cut)->tokens;
                    known = w.offset;
                    byte_count = 8 * token_max;
                    rebase(&w, start, before + token_max);
                }
                cut = 0;
                if (is_over) break;
            }
            step_unit(&w, text + at, count - at, unit);
        }
    }
    return chunk_count;
}
