/// What the instruction sets have of their own.
#pragma once
#include "counter/progress.h"

void tk_count_avx2(tk_counter *counter, tk_text *text, tk_progress *progress);
void tk_count_avx512(tk_counter *counter, tk_text *text, tk_progress *progress);
void tk_count_neon(tk_counter *counter, tk_text *text, tk_progress *progress);

/// As `tk_merge_window_scalar`.
unsigned tk_merge_window_avx2(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts);
unsigned tk_merge_window_avx512(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts);

/// One bit a byte of a block: what it is.
typedef struct {
    uint64_t upper, lower, caseless, mark, number, space, newline, other;
    /// Particular characters.
    uint64_t blank, slash, apostrophe;
} tk_masks;
