// Chunks of whole lines, in one pass over the text. The rule is in rule.h.
//
// The kernels count on without regard for where chunks end. A batch's notes then say how many tokens there are up to
// each line end, and a chunk ends at the last one that fits: a number is compared, and the next chunk has its own
// number to be subtracted. What is behind a chunk's end is not counted again, because a line end between two pre-tokens
// of the text changes neither:
// - Patterns never look behind, so from there on all pre-tokens are the same.
// - Of the text up to there alone all pre-tokens but the last are the same (by_counting.c says why), and the last one
//   ends at the newline in both.
// A line end inside a pre-token (the first of two newlines, say) is counted as the part of the pre-token before it,
// which alone is one too. What follows it is another pre-token, so where a chunk ends there counting begins anew.
//
// ## Overlaps
// A chunk may begin at a line end inside the one before. By the same reasoning it has as many tokens as the text has up
// to its end, less those up to where it begins; if that is inside a pre-token, what is left of this is counted alone.
// So nothing is counted twice; it costs that each line end's number is kept, not only the last one's. What is rare is
// left to by_counting.c: chunks that end inside a pre-token, lines that do not fit, many blank lines, more than
// TK_LINE_ENDS lines.
//
// ## Many lines in one pre-token
// Blank lines, or symbols with newlines behind: all of it may be one pre-token, and each line end in it another count.
// One walk over prefixes (many_lines.c) gives them all, up to the first that does not fit; what is behind is the next
// chunk, which begins in the same way, at once, without a look at where the pre-token ends. What a walk finds depends
// only on the bytes it saw; where the same bytes follow on its chunk, so does the same chunk.
//
// ## What was tried (Zen 5, AVX-512, o200k_base, chunks of 512 tokens; what chunks cost over counting, repeated English
// / JSON lines)
// Paid:
// - To look back instead of stopping: 26 / 23 % where 31 / 34 % was, with the sums below still piece by piece.
// - Sums of a block's pieces without a branch: 14 / 13 %; notes of one cache line, and looking one by one only at
//   blocks that may pass the limit: 5 / 6 %. (Of a counter that has become 1.6 and 2.3 times as fast since: 15 / 21 %.)
// - Sums by one vector operation, on the faster counter: 13 / 18 % where 18 / 24 % was.
// - To walk from chunk to chunk in a pre-token: newlines 1,974 MB/s where 32 was (the pre-token was looked at for 64
//   KiB from each chunk on), 60 spaces and a newline 675 for 14, random spaces and newlines 11 for 4.
// - Sums of all blocks first, then a search for the limit by vectors: JSON lines 18 % where 21 % was, code 21 for 23,
//   English no difference.
// Did not:
// - Sums of eight blocks at once where the limit is far: 17 / 23 % where 15 / 21 % was without.
// - Batches of 32 or 128 blocks: no difference that is not noise. Of 256: JSON lines 12 % where 15 % was, but code 35 %
//   for 20 %: 4 % of its chunks end inside a pre-token (a blank line), which throws away what of the batch is behind.
#include "chunks/rule.h"

#include <string.h>

#include "assertions.h"
#include "counter/pieces.h"

/// Why counting was stopped.
typedef enum {
    /// A chunk has ended where counting has to begin anew, or there is room for no more.
    AT_CHUNK,
    /// Not even the chunk's first line fits.
    AT_LINE_ABOVE,
    /// How the open chunk and the one behind it overlap has to be found by counting.
    AT_RARE_OVERLAP,
} stop_reason;

/// Chunks on the way.
typedef struct {
    /// What the counter tells of lines; `chunking_of` relies on its place.
    tk_lines lines;
    tk_chunked_text t;
    tk_chunk *chunks;
    size_t count, capacity;
    stop_reason reason;
    /// Where the open chunk starts. From there to a place it has as many tokens as the progress has there, less
    /// `tokens_before`.
    size_t start, tokens_before;
    /// The last line end that fits into it (`start`: none) and the tokens of the progress there.
    size_t line_end, line_tokens;
    /// That line end is inside a pre-token of the text.
    bool is_inner;
    /// For chunks that overlap: the open chunk's line ends, the last TK_LINE_ENDS of `line_count`, are kept in a ring
    /// of the counter. `inner_run` of them in a row are inside a pre-token.
    size_t line_count;
    unsigned inner_run;
} chunking;

static chunking *chunking_of(tk_progress *progress) { return (chunking *)(void *)progress->lines; }

static tk_line_end *line_at(const chunking *c, size_t index) {
    return &c->t.counter->line_ends[index % TK_LINE_ENDS];
}

static bool stop(tk_progress *progress, stop_reason reason) {
    chunking_of(progress)->reason = reason;
    progress->stop = TK_STOPPED_BY_LINES;
    return false;
}

static void emit(tk_progress *progress) {
    chunking *c = chunking_of(progress);
    TK_ASSERT(c->count < c->capacity && c->start < c->line_end && c->tokens_before < c->line_tokens);
    TK_ASSERT(c->line_tokens - c->tokens_before <= c->t.token_max);
    c->chunks[c->count++] = (tk_chunk){c->start, c->line_end, c->line_tokens - c->tokens_before};
    if (c->count == c->capacity) stop(progress, AT_CHUNK);
}

/// The next chunk starts at `start`.
static void begin_chunk(tk_progress *progress, size_t start, size_t tokens_before) {
    chunking *c = chunking_of(progress);
    TK_ASSERT(start > c->start && start <= c->line_end);
    c->start = start;
    c->tokens_before = tokens_before;
    progress->token_limit = tokens_before + c->t.token_max;
}

/// Ends the open chunk at the last line end that fits. False if counting has to stop.
static bool end_chunk(tk_progress *progress) {
    chunking *c = chunking_of(progress);
    if (c->line_end == c->start) return stop(progress, AT_LINE_ABOVE);
    emit(progress);
    begin_chunk(progress, c->line_end, c->line_tokens);
    c->line_count = 0;
    if (c->is_inner && progress->stop == TK_NOT_STOPPED) stop(progress, AT_CHUNK);
    return progress->stop == TK_NOT_STOPPED;
}

/// As in `tk_lines`.
static void stop_above(tk_progress *progress) {
    const chunking *c = chunking_of(progress);
    if (c->t.overlap != 0 && c->line_end != c->start) stop(progress, AT_RARE_OVERLAP);
    else if (end_chunk(progress)) stop(progress, AT_CHUNK);
}

/// As in `tk_lines`.
static bool pass_limit(tk_progress *progress, size_t tokens) {
    const chunking *c = chunking_of(progress);
    if (c->t.overlap != 0 && c->line_end != c->start) {
        // What follows depends on the next line, if that fits.
        if (tokens - c->line_tokens <= c->t.token_max) return true;
        if (c->is_inner) return stop(progress, AT_RARE_OVERLAP);
    }
    while (progress->stop == TK_NOT_STOPPED && tokens > progress->token_limit) end_chunk(progress);
    return progress->stop == TK_NOT_STOPPED;
}

/// The tokens that are to be subtracted of those up to places behind, if a chunk starts at a line end; SIZE_MAX if that
/// is not known.
static size_t tokens_before_line(const chunking *c, size_t index) {
    const tk_line_end *line = line_at(c, index);
    if (!line->is_inner) return line->tokens;
    // What is left of the pre-token has to end where that does, with the next line end.
    const tk_line_end *next = line_at(c, index + 1);
    if (index + 1 == c->line_count || next->is_inner) return SIZE_MAX;
    const size_t end = tk_pretoken_end(c->t.counter->tokenizer, c->t.bytes, c->t.count, line->end);
    if (end != next->end) return SIZE_MAX;
    return next->tokens - tk_count_piece(c->t.counter, c->t.bytes + line->end, end - line->end);
}

/// The open chunk ends at the last line end that fits, as the next one, up to which there are so many tokens, does not.
/// The next chunk begins at a line end in it if the rule says so. False if counting has to stop.
static bool end_overlapping(tk_progress *progress, size_t tokens) {
    chunking *c = chunking_of(progress);
    if (c->line_end == c->start) return stop(progress, AT_LINE_ABOVE);
    if (c->is_inner || c->line_count > TK_LINE_ENDS) return stop(progress, AT_RARE_OVERLAP);
    const size_t next_line = tokens - c->line_tokens;
    if (next_line > c->t.token_max) return end_chunk(progress) && pass_limit(progress, tokens);
    const size_t room = c->t.token_max - next_line, repeated_max = c->t.overlap < room ? c->t.overlap : room;
    unsigned candidates = 0;
    // The last of them is where the chunk ends.
    for (size_t i = 0; i + 1 < c->line_count && candidates < TK_OVERLAP_CANDIDATES_MAX; i++) {
        const bool is_odd = line_at(c, i)->tokens > c->line_tokens;
        if (!is_odd && line_at(c, i)->tokens + repeated_max < c->line_tokens) continue;
        const size_t before = tokens_before_line(c, i);
        if (is_odd || before == SIZE_MAX || before > c->line_tokens) return stop(progress, AT_RARE_OVERLAP);
        candidates++;
        if (c->line_tokens - before > c->t.overlap || tokens - before > c->t.token_max) continue;
        emit(progress);
        begin_chunk(progress, line_at(c, i)->end, before);
        // The line ends behind are of the next chunk too.
        size_t kept = 0;
        for (size_t j = i + 1; j < c->line_count; j++) *line_at(c, kept++) = *line_at(c, j);
        c->line_count = kept;
        return progress->stop == TK_NOT_STOPPED;
    }
    return end_chunk(progress) && pass_limit(progress, tokens);
}

/// As in `tk_lines`.
static bool take_line_end(tk_progress *progress, size_t end, size_t tokens, bool is_inner) {
    chunking *c = chunking_of(progress);
    TK_ASSERT(end > c->line_end && end <= c->t.count && tokens >= c->tokens_before);
    if (c->t.overlap != 0) {
        c->inner_run = is_inner ? c->inner_run + 1 : 0;
        // Some of them may be passed over.
        if (c->inner_run >= TK_LINES_OF_PRETOKEN_MAX) return stop(progress, AT_RARE_OVERLAP);
        if (tokens > progress->token_limit && !end_overlapping(progress, tokens)) return false;
        *line_at(c, c->line_count++) = (tk_line_end){end, tokens, is_inner};
    } else if (tokens > progress->token_limit && !pass_limit(progress, tokens)) {
        return false;
    }
    c->line_end = end;
    c->line_tokens = tokens;
    c->is_inner = is_inner;
    return true;
}

/// As in `tk_lines`. Goes on from chunk to chunk in the pre-token.
static bool take_many_lines(tk_progress *progress) {
    chunking *c = chunking_of(progress);
    tk_counter *counter = c->t.counter;
    if (c->t.overlap != 0 || progress->word != progress->at) return false;
    // The chunk before, all of which was such lines: where the same bytes follow, so does the same chunk.
    size_t last_start = 0;
    tk_pretoken_lines last = {0};
    for (;;) {
        const size_t start = progress->at, before = progress->tokens, left = c->t.count - start;
        const uint8_t *bytes = c->t.bytes + start;
        tk_pretoken_lines lines = last;
        const bool is_repeated =
            last.seen != 0 && last.seen <= left && memcmp(bytes, c->t.bytes + last_start, last.seen) == 0;
        if (!is_repeated) {
            if (!tk_has_many_lines(counter->tokenizer, bytes, left)) return false;
            lines = tk_walk_lines(counter, bytes, left, progress->token_limit - before, c->lines.byte_count_max);
        }
        if (lines.end == TK_LINES_OPEN) return false;
        if (lines.line_end != 0) {
            c->line_end = start + lines.line_end;
            c->line_tokens = before + lines.line_tokens;
            c->is_inner = lines.end == TK_LINES_ABOVE || lines.line_end != lines.pretoken_end;
        }
        if (lines.end == TK_LINES_PRETOKEN) {
            progress->at = progress->word = start + lines.pretoken_end;
            progress->tokens = before + lines.pretoken_tokens;
            // It may end behind its last line.
            if (progress->tokens > progress->token_limit) stop_above(progress);
            return true;
        }
        const bool is_whole = c->start == start && lines.line_end != 0;
        last = is_whole ? lines : (tk_pretoken_lines){0};
        last_start = start;
        if (!end_chunk(progress) && (c->reason != AT_CHUNK || c->count == c->capacity)) return true;
        if (!c->is_inner) continue;
        // What is left is another pre-token, of the same kind or not.
        progress->stop = TK_NOT_STOPPED;
        progress->at = progress->word = c->line_end;
        progress->tokens = c->line_tokens;
    }
}

/// Counts on from where the open chunk starts, and finds chunks, until it stops for a reason. False if all is found
/// that can be decided.
static bool find_chunks(chunking *c) {
    tk_text text = {c->t.bytes, c->t.count, false, false};
    tk_progress progress = {.at = c->start, .word = c->start, .token_limit = c->t.token_max, .wants = TK_WANTS_LINES,
        .lines = &c->lines};
    c->line_end = c->start;
    c->tokens_before = c->line_tokens = c->line_count = 0;
    c->inner_run = 0;
    c->t.counter->kernel(c->t.counter, &text, &progress);
    if (progress.stop == TK_STOPPED_BY_LINES) return true;
    if (progress.stop == TK_NOT_STOPPED && c->t.is_end) {
        // With overlaps, the last line may be the one that does not fit.
        const bool is_above = progress.tokens > progress.token_limit;
        if (is_above && !take_line_end(&progress, c->t.count, progress.tokens, false)) return true;
        TK_ASSERT(progress.tokens - c->tokens_before <= c->t.token_max && c->count < c->capacity);
        c->chunks[c->count++] = (tk_chunk){c->start, c->t.count, progress.tokens - c->tokens_before};
        c->start = c->t.count;
        return false;
    }
    // More text could change what was counted last, but nothing that matters if there is no room for so many bytes.
    if (c->t.count - c->start < c->lines.byte_count_max) return false;
    stop_above(&progress);
    return true;
}

/// Goes on where `find_chunks` stopped. False if that depends on text behind this one.
static bool go_on(chunking *c) {
    tk_chunk_verdict verdict = c->reason == AT_LINE_ABOVE ? TK_CHUNK_LINE_ABOVE : TK_CHUNK_FOUND;
    if (c->reason == AT_RARE_OVERLAP) {
        size_t next;
        verdict = tk_chunk_by_counting(&c->t, c->start, &c->chunks[c->count], &next);
        if (verdict == TK_CHUNK_FOUND) {
            TK_ASSERT(next > c->start && next <= c->chunks[c->count].end);
            c->count++;
            c->start = next;
        }
    }
    if (verdict == TK_CHUNK_LINE_ABOVE) {
        const size_t cuts = tk_cut_line(&c->t, c->start, c->chunks + c->count, c->capacity - c->count);
        if (cuts == 0) return false;
        c->count += cuts;
        c->start = c->chunks[c->count - 1].end;
    }
    return verdict != TK_CHUNK_OPEN;
}

tk_chunks tk_counter_chunks(tk_counter *counter, const uint8_t *text, size_t count, bool is_end,
    tk_chunk_settings settings, tk_chunk *chunks, size_t capacity) {
    TK_ASSERT(settings.token_max >= TK_CHUNK_TOKENS_MIN && settings.overlap < settings.token_max && capacity > 0);
    const tk_chunked_text t = {counter, text, count, is_end, settings.token_max, settings.overlap};
    chunking c = {
        .lines = {take_line_end, pass_limit, stop_above, take_many_lines, settings.overlap != 0, is_end,
            tk_byte_count_above(&t)},
        .t = t, .chunks = chunks, .capacity = capacity,
    };
    while (c.start < count && c.count < capacity && find_chunks(&c) && (c.count == capacity || go_on(&c))) {}
    TK_ASSERT(c.count == capacity || !is_end || c.start == count);
    return (tk_chunks){c.count, c.start};
}
