/// What a walk over the prefixes of a text taken as one pre-token, of any bytes, finds: prefix_walk.inc.h tells how.
#pragma once
#include "counter/state.h"

/// Tokens of a pre-token. If there are more than `counter->tokens_enough`, any number that is.
size_t tk_count_prefixes(tk_counter *counter, const uint8_t *bytes, size_t count);

/// The longest prefix that ends with 0x0A such that it and all shorter ones that end so have at most `token_limit`
/// tokens. Returns its length in bytes, 0 if there is none; `tokens` receives its tokens.
size_t tk_line_prefix(tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, size_t *tokens);

/// Where the first `token_limit` tokens end, moved back to a unit's start; `count` if there are no more. Not below the
/// first unit's end if `token_limit` is at least 4 (a character has at most 4 bytes, so 4 tokens).
size_t tk_token_prefix(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit);
