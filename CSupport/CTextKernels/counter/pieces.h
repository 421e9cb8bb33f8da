/// Tokens of one piece, by the caches: a pre-token of valid UTF-8, or what is between two borders in one that no merge
/// crosses.
#pragma once
#include "counter/progress.h"

/// Of any length but 0.
size_t tk_count_piece(tk_counter *counter, const uint8_t *bytes, size_t count);
/// While lines are told of a batch: the pre-token behind whose start there are more than so many tokens, as `progress`
/// counts them, but not before it. It is not there if that is not in the batch. Its end is not told.
tk_pretoken tk_told_above(tk_counter *counter, const uint8_t *text, size_t token_limit);
/// Of 16 bytes or more.
size_t tk_count_cached(tk_counter *counter, const uint8_t *bytes, size_t count);
