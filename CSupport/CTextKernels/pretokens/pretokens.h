#pragma once
#include "textkernels.h"

/// A text on the way through the pre-tokenizer.
typedef struct {
    const uint8_t *bytes;
    size_t count;
    /// Set when a decision hung on where the text ends, and when an invalid sequence was looked at. Never cleared here.
    bool has_seen_end, has_seen_invalid;
} tk_text;

/// The end (exclusive offset) of the pre-token that starts at `start` < `text->count`. Its cost is linear in the
/// pre-token and the white space behind it.
size_t tk_next_pretoken_end(tk_tokenizer tokenizer, tk_text *text, size_t start);
/// The same for a text that ends at `count`.
size_t tk_pretoken_end(tk_tokenizer tokenizer, const uint8_t *bytes, size_t count, size_t start);
