/// What a kernel is asked for, and how far it has come.
#pragma once
#include "counter/state.h"

/// Why counting stopped before the text's end.
typedef enum {
    /// It did not.
    TK_NOT_STOPPED,
    /// There are more tokens than the limit.
    TK_STOPPED_ABOVE,
    /// So there are, but perhaps not with more text behind this one.
    TK_STOPPED_OPEN,
    /// What is told of lines has said so.
    TK_STOPPED_BY_LINES,
} tk_stop;

typedef enum { TK_WANTS_COUNT, TK_WANTS_BORDER, TK_WANTS_LINES } tk_wants;

/// A pre-token: where it starts, the tokens before, and where it ends.
typedef struct {
    bool is_there;
    size_t start, tokens_before, end;
} tk_pretoken;

/// What is told of a text's lines while it is counted: the chunk rule, which is built upon the counter, implements it.
/// Each function returns whether counting goes on; if not, it has set `progress->stop`.
typedef struct {
    /// A line ends at `end`, up to which there are so many tokens. The pre-token that this place is in, or at the end
    /// of, ends at `pretoken_end`, up to which there are so many tokens (SIZE_MAX if they are not known).
    bool (*take_line_end)(
        tk_progress *progress, size_t end, size_t tokens, size_t pretoken_end, size_t pretoken_tokens);
    /// No line end from here on has less than so many tokens before it, which are more than the reach.
    bool (*pass_reach)(tk_progress *progress, size_t tokens);
    /// The next line end, wherever it is, has more tokens before it than the reach. Counting stops.
    void (*stop_above)(tk_progress *progress);
    /// At a pre-token's start: takes all its lines at once, if it has many. False: it is to be counted as others.
    bool (*take_many_lines)(tk_progress *progress);
    /// Of the line ends below the limit the last one is told; and if this is not 0, so are those between two pre-tokens
    /// behind which there are at most so many tokens up to the last one.
    size_t overlap;
    /// No text follows on this one.
    bool is_end;
    /// A text of so many bytes has more tokens than a chunk.
    size_t byte_count_max;
} tk_lines;

struct tk_progress {
    /// Counted up to here.
    size_t at;
    /// Where the pre-token starts that `at` is in: `at`, unless that is a border inside a pre-token which no merge
    /// crosses.
    size_t word;
    size_t tokens;
    /// Where there are more, something is to be decided.
    size_t token_limit;
    /// For `TK_WANTS_LINES`: a line end above the limit matters up to so many tokens. Not below the limit.
    size_t token_reach;
    tk_wants wants;
    tk_stop stop;
    /// For `TK_WANTS_BORDER`: the pre-token that passed the limit.
    tk_pretoken border;
    /// For `TK_WANTS_LINES`.
    tk_lines *lines;
    /// A batch ends when it has so many blocks (0: no limit of its own). Each has twice as many as the one before.
    unsigned batch_blocks;
};

/// How many tokens more there may be up to the limit.
static inline size_t tk_room(const tk_progress *progress) {
    return progress->tokens < progress->token_limit ? progress->token_limit - progress->tokens : 0;
}
