// The merges of up to 64 bytes, once per instruction set: the minimum of the pending merges is where the time goes. The
// file that includes this defines WINDOW_NAME before. How it works is told in windows.c.

unsigned WINDOW_NAME(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts) {
    const tk_counting_tables *tables = counter->tables;
    const uint64_t *slots = counter->slots;
    uint32_t ranks[TK_WINDOW];
    // Signed, as SSE2 can compare such only; rank and place have 24 bits.
    int32_t pending[TK_WINDOW];
    const unsigned padded = (count + 15) & ~15u;
    for (unsigned i = 0; i < count; i++) ranks[i] = tables->rank_of_byte[bytes[i]];
    for (unsigned i = 0; i + 1 < count; i++) {
        const uint32_t merged = tables->merge_of_bytes[bytes[i] | (unsigned)bytes[i + 1] << 8];
        pending[i] = merged == TK_NO_MERGE ? INT32_MAX : (int32_t)(merged << 6 | i);
    }
    for (unsigned i = count - 1; i < padded; i++) pending[i] = INT32_MAX;
    uint64_t parts = count == 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
    const uint64_t replaced = tk_replaced(bytes, count);
    if (replaced != 0) {
        const uint32_t rank = tk_replacement_rank(tables, slots);
        parts &= ~(replaced << 1 | replaced << 2);
        for (uint64_t left = replaced; left != 0; left &= left - 1) {
            const unsigned i = (unsigned)__builtin_ctzll(left);
            ranks[i] = rank;
            pending[i] = pending[i + 1] = pending[i + 2] = INT32_MAX;
        }
        // What changed are the merges of those and of the parts before them.
        uint64_t changed = replaced;
        for (uint64_t left = replaced; left != 0; left &= left - 1) {
            const uint64_t before = parts & ((left & -left) - 1);
            if (before != 0) changed |= (uint64_t)1 << (63 - __builtin_clzll(before));
        }
        for (; changed != 0; changed &= changed - 1) {
            const unsigned i = (unsigned)__builtin_ctzll(changed);
            const uint64_t behind = parts & ~(uint64_t)1 << i;
            if (behind == 0) break;
            const uint32_t merged = tk_merge_of(tables, slots, ranks[i], ranks[__builtin_ctzll(behind)]);
            pending[i] = merged == TK_NO_MERGE ? INT32_MAX : (int32_t)(merged << 6 | i);
        }
    }
    for (;;) {
        int32_t best = INT32_MAX;
        for (unsigned i = 0; i < padded; i += 16) {
            for (unsigned j = 0; j < 16; j++) best = pending[i + j] < best ? pending[i + j] : best;
        }
        if (best == INT32_MAX) break;
        const unsigned left = (unsigned)best & 63;
        // There is a next part, as the merge was pending.
        const uint64_t behind_left = parts & ~(uint64_t)1 << left;
        const unsigned right = (unsigned)__builtin_ctzll(behind_left);
        const uint64_t behind = behind_left & (behind_left - 1);
        parts &= ~((uint64_t)1 << right);
        pending[right] = INT32_MAX;
        const uint32_t rank = (uint32_t)best >> 6;
        ranks[left] = rank;
        uint32_t merged = TK_NO_MERGE;
        if (behind != 0) merged = tk_merge_of(tables, slots, rank, ranks[__builtin_ctzll(behind)]);
        pending[left] = merged == TK_NO_MERGE ? INT32_MAX : (int32_t)(merged << 6 | left);
        const uint64_t before = parts & (((uint64_t)1 << left) - 1);
        if (before != 0) {
            const unsigned previous = 63 - (unsigned)__builtin_clzll(before);
            merged = tk_merge_of(tables, slots, ranks[previous], rank);
            pending[previous] = merged == TK_NO_MERGE ? INT32_MAX : (int32_t)(merged << 6 | previous);
        }
    }
    *starts = parts;
    return (unsigned)__builtin_popcountll(parts);
}
#undef WINDOW_NAME
