/// Pre-tokens one by one: the way for what the block kernels do not do.
#pragma once
#include "counter/progress.h"

/// After so many lines in one pre-token, its further lines are counted in one pass, which is slower for few.
enum { TK_LINES_ONE_BY_ONE_MAX = 8 };

/// Counts at least one pre-token, and on until `until`.
void tk_count_slow(tk_counter *counter, tk_text *text, tk_progress *progress, size_t until);

/// The kernel of processors without one of their own.
void tk_count_scalar(tk_counter *counter, tk_text *text, tk_progress *progress);

/// The pre-tokens in [0, end) of a text, the last of them apart.
typedef struct {
    /// Tokens of all pre-tokens but the last.
    size_t token_count;
    /// Tokens of the last pre-token; 0 if there was none.
    size_t last_token_count;
    /// Offset in bytes at which the last pre-token starts.
    size_t last_start;
    /// Offset in bytes (exclusive) at which the last pre-token ends.
    size_t end;
    /// The sum of both counts is above `token_limit`, and counting stopped there. The last count may be any that is.
    bool is_above_limit;
} tk_tally;

/// Counts the tokens of a text, pre-token after pre-token, until the sum is above `token_limit` or the text ends.
/// With `is_open`, more text follows that is not here: counting stops at the first pre-token for which the end of the
/// text was looked at, as it may be another one then.
tk_tally tk_counter_tally(
    tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit, bool is_open);
