/// The plain counter: token counts by the definition, with no thought of speed. The fast one in CTextKernels is held to
/// it.
///
/// Only tests, fuzzers and benchmarks build this. It shares with the product the pre-tokenizer, the decoder of UTF-8
/// and the classes of characters, which golden files from tiktoken check; its vocabularies and merges are its own.
///
/// Text is as in `textkernels.h`: any bytes, in which a maximal invalid sequence counts as U+FFFD.
#pragma once
#include <textkernels.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A tokenizer's vocabulary, and room for the merges of its longest pre-token so far. It belongs to one thread at a
/// time.
typedef struct tr_counter tr_counter;

/// Builds the tables of the vocabulary: some 10 ms and 8 MB. It ends the process if there is no memory.
tr_counter *tr_counter_create(tk_tokenizer tokenizer);
/// NULL is legal.
void tr_counter_destroy(tr_counter *counter);

/// The tokens of a text. O(n log n) in its longest pre-token.
size_t tr_count(tr_counter *counter, const uint8_t *text, size_t count);
/// The tokens of a text taken as one pre-token, whatever it is.
size_t tr_count_pretoken(tr_counter *counter, const uint8_t *text, size_t count);
/// Where the first `token_count` tokens of a text taken as one pre-token end, moved back to a unit's start; `count` if
/// it has no more.
size_t tr_token_prefix(tr_counter *counter, const uint8_t *text, size_t count, size_t token_count);

/// The end (exclusive offset) of the pre-token that starts at `start`, in a text that ends at `count`. `start` <
/// `count`.
size_t tr_pretoken_end(tk_tokenizer tokenizer, const uint8_t *text, size_t count, size_t start);

// MARK: Inner functions of CTextKernels, for tests

/// Class of a code point in the split patterns: 0 other, 1 upper or title case, 2 lower case, 3 letter without case,
/// 4 mark, 5 number, 6 white space, 7 CR or LF. Code points above 0x10FFFF are 0.
unsigned tr_code_point_class(uint32_t code_point);
/// The length in bytes of the unit at the begin of a text that is not empty: a character, or a maximal invalid
/// sequence.
size_t tr_unit(const uint8_t *text, size_t count, bool *is_invalid);
/// The last offset <= `offset` at which no unit is split.
size_t tr_unit_boundary(const uint8_t *text, size_t count, size_t offset);

#ifdef __cplusplus
}
#endif
