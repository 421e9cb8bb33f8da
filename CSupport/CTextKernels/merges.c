// Byte-pair merging: start with one part a byte; as long as two neighbours merge to a token, merge the two whose token has the
// lowest rank, of equals the leftmost. The number of parts in the end is the token count.
#include "merges.h"

#include "vocabulary.h"

/// Up to this many bytes, looking at all pairs for each merge is quicker than a heap.
enum { SCAN_BYTES_MAX = 96 };

static size_t count_by_scan(const tk_vocabulary *vocabulary, const uint8_t *bytes, size_t count) {
    // merged[i] is the rank of the merge of parts i and i + 1.
    uint32_t ranks[SCAN_BYTES_MAX], merged[SCAN_BYTES_MAX];
    for (size_t i = 0; i < count; i++) ranks[i] = vocabulary->rank_of_byte[bytes[i]];
    for (size_t i = 0; i + 1 < count; i++) merged[i] = tk_merged_rank(vocabulary, ranks[i], ranks[i + 1]);
    while (count > 1) {
        size_t best = 0;
        uint32_t best_rank = merged[0];
        for (size_t i = 1; i + 1 < count; i++) {
            if (merged[i] < best_rank) {
                best_rank = merged[i];
                best = i;
            }
        }
        if (best_rank == TK_NO_RANK) break;
        ranks[best] = best_rank;
        memmove(ranks + best + 1, ranks + best + 2, (count - best - 2) * sizeof *ranks);
        if (best + 2 < count) memmove(merged + best, merged + best + 1, (count - best - 2) * sizeof *merged);
        count--;
        if (best + 1 < count) merged[best] = tk_merged_rank(vocabulary, ranks[best], ranks[best + 1]);
        if (best > 0) merged[best - 1] = tk_merged_rank(vocabulary, ranks[best - 1], ranks[best]);
    }
    return count;
}

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

/// The same with a heap of pairs: O(n log n). An entry is rank of the merge (high 32 bits) | place of the left part, so that
/// equals come out leftmost first. Entries are not removed when their parts change: one is stale, and skipped, if the part at
/// its place no longer merges to its rank. Returns the number of parts; they stay linked in the scratch, first at place 0.
static size_t merge_by_heap(const tk_vocabulary *vocabulary, tk_scratch *scratch, const uint8_t *bytes, size_t count) {
    tk_part *parts = scratch->parts;
    uint64_t *heap = scratch->heap;
    size_t heap_count = 0, part_count = count;
    for (uint32_t i = 0; i < count; i++) {
        parts[i].rank = vocabulary->rank_of_byte[bytes[i]];
        parts[i].previous = i == 0 ? TK_NO_RANK : i - 1;
        parts[i].next = i + 1 == count ? TK_NO_RANK : i + 1;
        parts[i].merged = TK_NO_RANK;
    }
    for (uint32_t i = 0; i + 1 < count; i++) {
        parts[i].merged = tk_merged_rank(vocabulary, parts[i].rank, parts[i + 1].rank);
        if (parts[i].merged != TK_NO_RANK) heap[heap_count++] = (uint64_t)parts[i].merged << 32 | i;
    }
    for (size_t i = heap_count / 2; i-- > 0;) sift_down(heap, heap_count, i, heap[i]);

    while (heap_count > 0) {
        const uint64_t entry = heap[0];
        heap_count--;
        if (heap_count > 0) sift_down(heap, heap_count, 0, heap[heap_count]);
        const uint32_t place = (uint32_t)entry;
        tk_part *part = &parts[place];
        if (part->merged != entry >> 32) continue;

        tk_part *removed = &parts[part->next];
        part->rank = part->merged;
        part->next = removed->next;
        removed->merged = TK_NO_RANK;
        part_count--;
        part->merged = TK_NO_RANK;
        if (part->next != TK_NO_RANK) {
            parts[part->next].previous = place;
            part->merged = tk_merged_rank(vocabulary, part->rank, parts[part->next].rank);
            if (part->merged != TK_NO_RANK) sift_up(heap, heap_count++, (uint64_t)part->merged << 32 | place);
        }
        if (part->previous != TK_NO_RANK) {
            tk_part *previous = &parts[part->previous];
            previous->merged = tk_merged_rank(vocabulary, previous->rank, part->rank);
            if (previous->merged != TK_NO_RANK) sift_up(heap, heap_count++, (uint64_t)previous->merged << 32 | part->previous);
        }
    }
    return part_count;
}

size_t tk_count_merged(const tk_vocabulary *vocabulary, tk_scratch *scratch, const uint8_t *bytes, size_t count) {
    if (count == 1 || tk_rank_of(vocabulary, bytes, count) != TK_NO_RANK) return 1;
    if (count <= SCAN_BYTES_MAX) return count_by_scan(vocabulary, bytes, count);
    return merge_by_heap(vocabulary, scratch, bytes, count);
}

size_t tk_merged_prefix(
    const tk_vocabulary *vocabulary, tk_scratch *scratch, const uint8_t *bytes, size_t count, size_t token_limit) {
    if (merge_by_heap(vocabulary, scratch, bytes, count) <= token_limit) return count;
    uint32_t place = 0;
    for (size_t i = 0; i < token_limit; i++) place = scratch->parts[place].next;
    return place;
}
