/// Byte-pair merging of what is in no cache: windows.c tells how.
#pragma once
#include "counter/state.h"

/// Tokens of one pre-token of valid UTF-8 (or of what is between two borders of it that no merge crosses), any length >
/// 0.
size_t tk_count_long(tk_counter *counter, const uint8_t *bytes, size_t count);

/// Where a text is in its windows. Tokens before `offset` are settled; the token that starts there has `first_length`
/// bytes as the last window has it (0: not known yet).
typedef struct {
    size_t offset, settled, first_length;
} tk_seam;

/// Counts tokens of `bytes` up to at least two big windows before its end, or all if `is_last`. False if windows do not
/// do.
bool tk_count_windows(tk_counter *counter, const uint8_t *bytes, size_t count, bool is_last, tk_seam *seam);

/// Tokens of 1 to TK_WINDOW bytes, without caches. `starts` receives a bit for the first byte of each.
unsigned tk_merge_window_scalar(const tk_counter *counter, const uint8_t *bytes, unsigned count, uint64_t *starts);
