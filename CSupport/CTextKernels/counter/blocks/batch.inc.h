// Looks up a batch of pieces, and merges those that are in no cache. Included by kernel.inc.h; it calls `near_of`,
// `find` and `lowest_of`.

/// A piece of up to 31 bytes on its way through the merges, several of which are made by turns: while one waits for
/// memory, others go on.
typedef struct {
    /// Ranks of the parts, at their first bytes.
    uint32_t ranks[32];
    /// The merge of the part at each byte with the next one: rank << 5 | place, UINT32_MAX if there is none.
    _Alignas(64) uint32_t pending[32];
    /// First bytes of the parts.
    uint32_t parts;
    /// The part merged last, and the one before it; the merges of both are still to be looked up: where, and for which
    /// pair (`NO_PAIR` if there is none).
    uint32_t left, previous;
    const uint64_t *left_slot, *previous_slot;
    uint64_t left_key, previous_key;
    /// Receives the tokens.
    uint8_t *tokens;
} lane;

enum { LANES = 16 };

/// Is in no slot.
#define NO_PAIR UINT64_MAX

static inline tk_key absent_key(const tk_counter *counter, unsigned place) {
    return (tk_key){counter->absent_low[place], counter->absent_high[place]};
}

/// `bytes` has `width` bytes, `count` < `width` of the piece.
static inline void begin(
    const tk_counter *counter, lane *l, const uint8_t *bytes, unsigned count, unsigned width, uint8_t *tokens) {
    for (unsigned i = 0; i < width; i++) {
        const uint32_t pair = bytes[i] | (uint32_t)bytes[(i + 1) & (width - 1)] << 8;
        const uint32_t merged = counter->tables->merge_of_bytes[pair];
        l->ranks[i] = counter->tables->rank_of_byte[bytes[i]];
        l->pending[i] = merged == TK_NO_MERGE || i + 1 >= count ? UINT32_MAX : merged << 5 | i;
    }
    l->parts = (1u << count) - 1;
    l->left = l->previous = width - 1;
    l->left_key = l->previous_key = NO_PAIR;
    l->left_slot = l->previous_slot = counter->slots;
    l->tokens = tokens;
}

static inline uint32_t pending_merge(uint64_t slot, uint64_t key, uint32_t place) {
    return unpredictable(slot >> 18 == key) ? ((uint32_t)slot & 0x3FFFF) << 5 | place : UINT32_MAX;
}

/// Makes a merge. False if there is none to make: then `parts` stays as it is, and the other numbers mean nothing.
static inline bool make_merge(
    const tk_counting_tables *tables, const uint64_t *slots, lane *l, unsigned width) {
    const uint32_t of_previous = pending_merge(*l->previous_slot, l->previous_key, l->previous);
    const uint32_t of_left = pending_merge(*l->left_slot, l->left_key, l->left);
    const uint32_t of_others = lowest_of(l->pending, width), of_these = of_left < of_previous ? of_left : of_previous;
    const uint32_t best = of_others < of_these ? of_others : of_these;
    // In this order: where there is no part before, `previous` is `left`.
    l->pending[l->previous] = of_previous;
    l->pending[l->left] = of_left;
    const uint32_t left = best & 31, rank = best >> 5, last = 1u << (width - 1);
    const uint32_t behind_left = l->parts & ~1u << left;
    const uint32_t right = (uint32_t)__builtin_ctz(behind_left | last);
    const uint32_t behind = behind_left & (behind_left - 1);
    const uint32_t before = l->parts & ((1u << left) - 1);
    l->parts &= ~(1u << right);
    l->ranks[left] = rank;
    const uint32_t next = (uint32_t)__builtin_ctz(behind | last);
    const uint32_t previous = 31 - (uint32_t)__builtin_clz(before | 1);
    const uint64_t left_key = tk_pair_key(rank, l->ranks[next]), previous_key = tk_pair_key(l->ranks[previous], rank);
    l->left = left;
    l->left_key = unpredictable(behind != 0) ? left_key : NO_PAIR;
    l->previous = previous;
    // Now, so that the next round does not have to wait for its load of all.
    l->pending[left] = l->pending[previous] = l->pending[right] = UINT32_MAX;
    l->previous_key = unpredictable(before != 0) ? previous_key : NO_PAIR;
    l->left_slot = tk_slot_of(tables, slots, l->left_key);
    l->previous_slot = tk_slot_of(tables, slots, l->previous_key);
    __builtin_prefetch(l->left_slot);
    __builtin_prefetch(l->previous_slot);
    return best != UINT32_MAX;
}

static inline void begin_short(tk_counter *counter, lane *l, unsigned waiting) {
    uint8_t bytes[16];
    const tk_key key = absent_key(counter, waiting);
    memcpy(bytes, &key, 16);
    begin(counter, l, bytes, (unsigned)(key.high >> 60), 16, &counter->key_tokens[counter->absent_places[waiting]]);
}

static inline void begin_long(tk_counter *counter, lane *l, unsigned waiting) {
    uint8_t bytes[32];
    memcpy(bytes, counter->longs[waiting].key.words, 32);
    begin(counter, l, bytes, 16 + (bytes[31] >> 4), 32, &counter->longs[waiting].tokens);
}

/// Counts `count` pieces that wait: short ones if `width` is 16, long ones if it is 32. Which of the lanes are done
/// could not be foreseen, so a round takes no branch for it.
static inline void merge(tk_counter *counter, unsigned count, unsigned width) {
    const tk_counting_tables *tables = counter->tables;
    const uint64_t *slots = counter->slots;
    lane lanes[LANES];
    // One place more is written than kept.
    uint8_t active[LANES + 1], done[LANES + 1];
    unsigned next = 0, active_count = 0, done_count = 0;
    for (; done_count < LANES && done_count < count; done_count++) done[done_count] = (uint8_t)done_count;
    do {
        for (unsigned i = 0; i < done_count && next < count; i++, next++) {
            lane *l = &lanes[done[i]];
            if (width == 16) begin_short(counter, l, counter->waiting[next]);
            else begin_long(counter, l, counter->unknown_longs[next]);
            active[active_count++] = done[i];
        }
        const unsigned round = active_count;
        active_count = done_count = 0;
        for (unsigned i = 0; i < round; i++) {
            lane *l = &lanes[active[i]];
            const bool goes_on = make_merge(tables, slots, l, width);
            active[active_count] = done[done_count] = active[i];
            active_count += goes_on;
            done_count += !goes_on;
        }
        for (unsigned i = 0; i < done_count; i++) {
            const lane *l = &lanes[done[i]];
            *l->tokens = (uint8_t)__builtin_popcount(l->parts);
        }
    } while (active_count > 0 || next < count);
}

/// Leaves a piece of 16 to 31 bytes to the batch.
static inline void take_long(tk_counter *counter, const uint8_t *p, size_t count) {
    tk_waiting_long *taken = &counter->longs[counter->long_count++];
    taken->key = tk_long_key(p, count);
    taken->set = tk_long_set(&taken->key);
    taken->note = (uint16_t)counter->note_count;
    __builtin_prefetch(&counter->long_entries[TK_LONG_WAYS * taken->set]);
}

/// Looks up the long pieces of a batch, and adds their tokens to their blocks' notes, if there are such. Returns the
/// sum.
static size_t look_up_longs(tk_counter *counter) {
    size_t tokens = 0;
    unsigned unknown_count = 0;
    for (unsigned i = 0; i < counter->long_count; i++) {
        tk_waiting_long *taken = &counter->longs[i];
        taken->tokens = (uint8_t)tk_find_long(counter, &taken->key, taken->set);
        if (taken->tokens == 0) counter->unknown_longs[unknown_count++] = (uint8_t)i;
    }
    if (unknown_count != 0) merge(counter, unknown_count, 32);
    for (unsigned i = 0; i < unknown_count; i++) {
        const tk_waiting_long *taken = &counter->longs[counter->unknown_longs[i]];
        if (tk_find_long(counter, &taken->key, taken->set) != 0) continue;
        tk_keep_long(counter, &taken->key, taken->set, taken->tokens);
    }
    for (unsigned i = 0; i < counter->long_count; i++) {
        const tk_waiting_long *taken = &counter->longs[i];
        tokens += taken->tokens;
        if (counter->note_count == 0) continue;
        tk_block_note *note = &counter->notes[taken->note];
        note->known = (uint8_t)(note->known + taken->tokens);
    }
    counter->long_count = 0;
    return tokens;
}

/// Looks up what of the batch is not near, counts what is in no cache, and keeps that. Returns the sum.
static inline size_t look_up(tk_counter *counter) {
    ask_rest(counter);
    fetch_absent(counter);
    TK_ASSERT(counter->key_count <= TK_BATCH_PIECES_MAX && counter->long_count <= TK_BATCH_LONGS_MAX);
    TK_ASSERT(counter->absent_count <= TK_BATCH_ABSENT_MAX && counter->fetched_count == counter->absent_count);
    size_t tokens = 0;
    unsigned waiting_count = 0, twin_count = 0;
    const unsigned count = counter->absent_count;
    for (unsigned i = 0; i < count; i++) {
        const tk_key key = absent_key(counter, i);
        uint64_t *near = counter->near + near_of(key);
        // The batch may have had it before.
        const uint64_t entry = tk_find_near(near, key);
        unsigned found = tk_tokens_of(entry);
        if (entry == 0) {
            found = find(counter->lines[counter->absent_lines[i]].words, key);
            tk_keep_near(near, key, found);
        }
        counter->key_tokens[counter->absent_places[i]] = (uint8_t)found;
        tokens += found;
        // Without a branch, as it could not be foreseen.
        counter->waiting[waiting_count] = counter->twins[twin_count] = (uint16_t)i;
        waiting_count += entry == 0 && found == 0;
        twin_count += entry != 0 && found == 0;
    }
    if (waiting_count != 0) {
        merge(counter, waiting_count, 16);
        for (unsigned i = 0; i < waiting_count; i++) {
            const unsigned waiting = counter->waiting[i], found = counter->key_tokens[counter->absent_places[waiting]];
            const tk_key key = absent_key(counter, waiting);
            tk_keep(counter, key, found);
            tk_keep_near(counter->near + near_of(key), key, found);
            tokens += found;
        }
    }
    for (unsigned i = 0; i < twin_count; i++) {
        const tk_key key = absent_key(counter, counter->twins[i]);
        const unsigned found = (unsigned)tk_count_piece(counter, (const uint8_t *)&key, key.high >> 60);
        counter->key_tokens[counter->absent_places[counter->twins[i]]] = (uint8_t)found;
        tokens += found;
    }
    for (unsigned i = 0; i < counter->key_count; i++) TK_ASSERT(counter->key_tokens[i] != 0);
    for (unsigned i = 0; i < 8; i++) tokens += counter->near_tokens[i];
    memset(counter->near_tokens, 0, sizeof counter->near_tokens);
    if (counter->long_count != 0) tokens += look_up_longs(counter);
    counter->absent_count = counter->fetched_count = counter->key_count = counter->sought_count = 0;
    return tokens;
}

