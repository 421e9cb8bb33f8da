/// Tokens of one piece, by the caches: a pre-token of valid UTF-8, or what is between two borders in one that no merge
/// crosses.
#pragma once
#include "counter/state.h"

/// Of any length but 0.
size_t tk_count_piece(tk_counter *counter, const uint8_t *bytes, size_t count);
/// Of 16 bytes or more.
size_t tk_count_cached(tk_counter *counter, const uint8_t *bytes, size_t count);
