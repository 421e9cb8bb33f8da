/// The fast counter as a whole: what is built upon it calls these, or `counter->kernel`.
#pragma once
#include "counter/progress.h"

/// The pre-token with which a text has more than `token_limit` tokens.
tk_pretoken tk_pretoken_above(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit);
