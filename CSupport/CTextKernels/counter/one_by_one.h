/// Pre-tokens one by one: the way for what the block kernels do not do.
#pragma once
#include "counter/progress.h"

/// After so many lines in one pre-token, its further lines are counted in one pass, which is slower for few.
enum { TK_LINES_ONE_BY_ONE_MAX = 8 };

/// Counts at least one pre-token, and on until `until`.
void tk_count_slow(tk_counter *counter, tk_text *text, tk_progress *progress, size_t until);

/// The kernel of processors without one of their own.
void tk_count_scalar(tk_counter *counter, tk_text *text, tk_progress *progress);
