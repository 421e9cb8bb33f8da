#pragma once
#include "textkernels.h"

/// Pre-tokens longer than this, in bytes with U+FFFD in place, are counted by `tk_walk_prefixes` in constant memory.
enum { TK_MERGE_BYTES_MAX = 1 << 18 };

typedef struct {
    uint32_t rank;
    /// Rank of the merge of this part with the next one; TK_NO_RANK if there is none.
    uint32_t merged;
    /// Places of the neighbours; TK_NO_RANK at the ends.
    uint32_t previous, next;
} tk_part;

/// Scratch of one counter: 8.25 MiB, of which only what a text's longest pre-token needs is ever touched.
typedef struct {
    tk_part parts[TK_MERGE_BYTES_MAX];
    /// At most two per merge are added to those of the start, and each merge takes one away.
    uint64_t heap[2 * TK_MERGE_BYTES_MAX];
    uint8_t replaced[TK_MERGE_BYTES_MAX];
} tk_scratch;

/// Tokens of one pre-token of valid UTF-8, `count` in 1 ... TK_MERGE_BYTES_MAX.
size_t tk_count_merged(const tk_vocabulary *vocabulary, tk_scratch *scratch, const uint8_t *bytes, size_t count);

/// Merges the same bytes, whole token or not, and returns the length in bytes of the first `token_limit` tokens; `count` if
/// there are not that many.
size_t tk_merged_prefix(
    const tk_vocabulary *vocabulary, tk_scratch *scratch, const uint8_t *bytes, size_t count, size_t token_limit);

/// Copies `count` bytes with U+FFFD in place of what is invalid. Returns the copy's length, SIZE_MAX if it is above `capacity`.
size_t tk_replace_invalid(uint8_t *copy, size_t capacity, const uint8_t *bytes, size_t count);

/// Walks over the prefixes, cut between units, of a text taken as one pre-token, for as long as they have at most
/// `token_limit` tokens; with `lines_only`, over those that end with 0x0A. Returns the length in bytes of the last one, 0 if
/// there is none; `tokens` (may be NULL) receives its tokens. Any length; 0.1 microseconds a byte, 8 on runs of spaces.
size_t tk_walk_prefixes(
    const tk_vocabulary *vocabulary, const uint8_t *text, size_t count, size_t token_limit, bool lines_only, size_t *tokens);
