/// A walk over the prefixes of a text taken as one pre-token, of any bytes: prefixes.c tells how.
#pragma once
#include "counter/state.h"
#include "unicode/utf8.h"

enum {
    /// Of so many offsets in a row, each encoding has a border at one.
    TK_WALK_REACH = TK_TOKEN_BYTES_MAX,
    /// No more tokens end at one place.
    TK_WALK_ENDING_MAX = 86,
};

/// A walk over the prefixes of a text. Its memory is in the counter.
typedef struct {
    const tk_counting_tables *tables;
    const uint64_t *slots;
    tk_forest *forest;
    /// Bytes walked over, with U+FFFD in place of what is invalid.
    size_t offset;
    /// The mark of a prefix is the offset at which its `mark_tokens`th token ends.
    size_t mark_tokens;
    /// The text's period, and for how many bytes it has been that (0: not at all).
    size_t period, repeated;
    /// Last tokens have been those of so many bytes before (0: not).
    size_t copied;
    unsigned node;
    /// What was fetched for the byte that was foreseen (-1: none): the slots of the merges of each token that ends here
    /// with that byte, and, if `has_kept_pairs`, of those that end a byte before with the token of both bytes.
    int kept_byte;
    bool has_kept_pairs;
    const uint64_t *kept[TK_WALK_ENDING_MAX], *kept_pairs[TK_WALK_ENDING_MAX];
} tk_walk;

/// The prefix of so many bytes, one of the last TK_PREFIXES.
static inline tk_prefix *tk_walk_prefix(const tk_walk *w, size_t offset) {
    return &w->forest->prefixes[offset & (TK_PREFIXES - 1)];
}

void tk_walk_begin(tk_walk *w, tk_counter *counter, size_t mark_tokens);
/// Goes on by one unit, which is at the begin of `bytes`.
void tk_walk_unit(tk_walk *w, const uint8_t *bytes, size_t count, tk_unit unit);
/// Whether each longer text has the mark that the last prefix has, and more tokens than those up to there.
bool tk_walk_is_mark_certain(const tk_walk *w);
/// Whether each longer text has more than so many tokens.
bool tk_walk_is_above(const tk_walk *w, size_t tokens);
/// Sets another mark. It is right for all prefixes that have a border at `start`.
void tk_walk_rebase(tk_walk *w, size_t start, size_t mark_tokens);

/// Tokens of a pre-token. If there are more than `counter->tokens_enough`, any number that is.
size_t tk_count_prefixes(tk_counter *counter, const uint8_t *bytes, size_t count);

/// The longest prefix that ends with 0x0A such that it and all shorter ones that end so have at most `token_limit`
/// tokens. Returns its length in bytes, 0 if there is none; `tokens` receives its tokens.
size_t tk_line_prefix(tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, size_t *tokens);

/// Where the first `token_limit` tokens end, moved back to a unit's start; `count` if there are no more. Not below the
/// first unit's end if `token_limit` is at least 4 (a character has at most 4 bytes, so 4 tokens).
size_t tk_token_prefix(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit);
