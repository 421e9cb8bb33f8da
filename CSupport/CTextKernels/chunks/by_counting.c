// A chunk that overlaps the next one, line by line: each text that the rule names is counted.
//
// Text is not counted from the chunk's start again for each line, because all pre-tokens but the last of a text that
// ends with a newline stay as they are when text is appended. Why, for both patterns: a match depends on the characters
// it takes and on those it looks at behind them.
// - A word, a number or a contraction looks at most at the characters behind it up to the first that does not belong to
//   it, or at `'` and the two letters of a contraction. None of these is a newline, so the newline at the text's end
//   stops it: it sees nothing of what is appended.
// - Symbols with the newlines (and slashes) behind them: as these are taken greedily, the match sees the text's end
//   only if it reaches it, and so is the last.
// - White space looks at its whole run and one character more. If that run ends inside the text, this is inside the
//   text too. If it reaches the end, it ends with the newline, so the match (`\s*[\r\n]+`; in cl100k_base also `\s++$`)
//   takes all of it and is the last.
// - Characters and invalid sequences: a newline continues no UTF-8 sequence, so what is before it is decoded the same.
//
// So counting goes on where the last pre-token starts. That would count a pre-token of many lines (a run of blank
// lines, say) again for each of them, which is why line ends are passed over. When the pre-token that starts there in
// the whole text reaches to R, then the last pre-token of a text that ends at any newline before R starts there too,
// and takes all up to that newline.
#include <stddef.h>

#include "assertions.h"
#include "chunks/rule.h"
#include "counter/one_by_one.h"
#include "counter/prefixes.h"

/// Lines that fit into a chunk, from its start to the last line end that was taken.
typedef struct {
    const tk_chunked_text *t;
    size_t start, end;
    /// The count from `start` to `end`.
    size_t tokens;
    /// Tokens before the last pre-token, and where that one starts.
    size_t settled, last_start;
    unsigned lines_of_last;
    bool is_full;
} packing;

static packing begin_packing(const tk_chunked_text *t, size_t start) {
    return (packing){.t = t, .start = start, .end = start, .last_start = start};
}

typedef enum { LINE_TAKEN, LINE_ABOVE, LINE_OPEN, NO_LINE } line_verdict;

/// Takes as many lines of the last pre-token at once as are passed over.
static void pass_over_lines(packing *p, size_t limit) {
    const tk_chunked_text *t = p->t;
    const size_t seen = TK_PASSED_OVER_FACTOR * (p->end - p->last_start) + TK_CUT_BYTES_PER_TOKEN * t->token_max;
    const size_t seen_end = limit - p->last_start < seen ? limit : p->last_start + seen;
    const uint8_t *bytes = t->bytes + p->last_start;
    const size_t length = tk_pretoken_end(t->counter->tokenizer, bytes, seen_end - p->last_start, 0);
    size_t line_tokens;
    const size_t line_end = tk_line_prefix(t->counter, bytes, length, t->token_max - p->settled, &line_tokens);
    if (p->last_start + line_end > p->end) {
        p->end = p->last_start + line_end;
        p->tokens = p->settled + line_tokens;
    }
    const size_t behind = p->last_start + length - p->end;
    p->is_full = tk_find_newline(t->bytes + p->end, behind) < behind;
    p->lines_of_last = TK_LINES_OF_PRETOKEN_MAX;
}

/// Takes the next line, and those behind it that are passed over.
static line_verdict take_line(packing *p) {
    const tk_chunked_text *t = p->t;
    if (p->end == t->count) return t->is_end ? NO_LINE : LINE_OPEN;
    if (p->is_full) return LINE_ABOVE;
    // Behind this, nothing fits.
    const bool is_longer = t->count - p->start >= tk_byte_count_above(t);
    const size_t limit = is_longer ? p->start + tk_byte_count_above(t) - 1 : t->count;
    size_t line_end = p->end < limit ? p->end + tk_find_newline(t->bytes + p->end, limit - p->end) : limit;
    if (line_end < limit) {
        line_end++;
    } else if (is_longer) {
        return LINE_ABOVE;
    } else if (!t->is_end) {
        // The line's end is not here, but perhaps enough of it to see that it does not fit.
        const tk_tally rest = tk_counter_tally(
            t->counter, t->bytes + p->last_start, t->count - p->last_start, t->token_max - p->settled, true);
        return rest.is_above_limit ? LINE_ABOVE : LINE_OPEN;
    }
    const tk_tally tally = tk_counter_tally(
        t->counter, t->bytes + p->last_start, line_end - p->last_start, t->token_max - p->settled, false);
    if (tally.is_above_limit) return LINE_ABOVE;
    p->lines_of_last = tally.last_start == 0 ? p->lines_of_last + 1 : 0;
    p->settled += tally.token_count;
    p->last_start += tally.last_start;
    p->end = line_end;
    p->tokens = p->settled + tally.last_token_count;
    if (p->lines_of_last > TK_LINES_OF_PRETOKEN_MAX) pass_over_lines(p, limit);
    return LINE_TAKEN;
}

/// Whether a chunk that starts at `candidate` may follow on the one that ends at `end`.
static tk_chunk_verdict may_follow(const tk_chunked_text *t, size_t candidate, size_t end) {
    packing next = begin_packing(t, candidate);
    line_verdict line = LINE_TAKEN;
    while (line == LINE_TAKEN && next.end < end) line = take_line(&next);
    if (line != LINE_TAKEN) return TK_CHUNK_LINE_ABOVE;
    size_t repeated = next.tokens;
    // The line end may have been passed over.
    if (next.end > end) repeated = tk_counter_count(t->counter, t->bytes + candidate, end - candidate);
    if (repeated > t->overlap) return TK_CHUNK_LINE_ABOVE;
    if (next.end == end) line = take_line(&next);
    return line == LINE_TAKEN ? TK_CHUNK_FOUND : line == LINE_OPEN ? TK_CHUNK_OPEN : TK_CHUNK_LINE_ABOVE;
}

/// Where the chunk behind `start` ..< `end`, which has so many tokens, starts.
static tk_chunk_verdict find_next(const tk_chunked_text *t, const packing *chunk, size_t *next) {
    *next = chunk->end;
    if (t->overlap == 0 || (t->is_end && chunk->end == t->count)) return TK_CHUNK_FOUND;
    packing next_line = begin_packing(t, chunk->end);
    const line_verdict line = take_line(&next_line);
    if (line == LINE_OPEN) return TK_CHUNK_OPEN;
    if (line != LINE_TAKEN) return TK_CHUNK_FOUND;
    const size_t room = t->token_max - next_line.tokens;
    const ptrdiff_t repeated_max = (ptrdiff_t)(t->overlap < room ? t->overlap : room);
    packing lines = begin_packing(t, chunk->start);
    for (unsigned candidates = 0; candidates < TK_OVERLAP_CANDIDATES_MAX;) {
        if (take_line(&lines) != LINE_TAKEN || lines.end >= chunk->end) return TK_CHUNK_FOUND;
        if ((ptrdiff_t)chunk->tokens - (ptrdiff_t)lines.tokens > repeated_max) continue;
        candidates++;
        const tk_chunk_verdict verdict = may_follow(t, lines.end, chunk->end);
        if (verdict == TK_CHUNK_FOUND) *next = lines.end;
        if (verdict != TK_CHUNK_LINE_ABOVE) return verdict;
    }
    return TK_CHUNK_FOUND;
}

tk_chunk_verdict tk_chunk_by_counting(const tk_chunked_text *t, size_t start, tk_chunk *chunk, size_t *next) {
    packing lines = begin_packing(t, start);
    line_verdict line;
    do {
        line = take_line(&lines);
    } while (line == LINE_TAKEN);
    if (line == LINE_OPEN) return TK_CHUNK_OPEN;
    if (lines.end == start) return TK_CHUNK_LINE_ABOVE;
    *chunk = (tk_chunk){start, lines.end, lines.tokens};
    TK_ASSERT(chunk->tokens <= t->token_max);
    return find_next(t, &lines, next);
}
