// Chunks of whole lines, in one pass over the text.
//
// The kernels count on without regard for where chunks end. A batch's notes then say how many tokens there are up to each line end,
// and a chunk ends at the last one that fits: a number is compared, and the next chunk has its own number to be subtracted. What
// is behind a chunk's end is not counted again, because a line end between two pre-tokens of the text changes neither:
// - Patterns never look behind, so from there on all pre-tokens are the same.
// - Of the text up to there alone all pre-tokens but the last are the same (Chunker+Packing.swift), and the last one ends at the
//   newline in both.
// A line end inside a pre-token (the first of two newlines, say) is counted as the part of the pre-token before it, which alone is
// one too. What follows it is another pre-token, so where a chunk ends there counting begins anew.
//
// ## Overlaps
// A chunk may begin at a line end inside the one before. By the same reasoning it has as many tokens as the text has up to its end,
// less those up to where it begins; if that is inside a pre-token, what is left of this is counted alone. So nothing is counted
// twice; it costs that each line end's number is kept, not only the last one's. What is rare is left to Chunker+Overlap.swift,
// which states the rule: chunks that end inside a pre-token, lines that do not fit, many blank lines, more than TK_LINE_ENDS lines.
//
// ## Many lines in one pre-token
// Blank lines, or symbols with newlines behind: all of it may be one pre-token, and each line end in it another count. One walk over
// prefixes (counter_prefixes.c) gives them all, up to the first that does not fit; what is behind is the next chunk, which begins
// in the same way, at once, without a look at where the pre-token ends. What a walk finds depends only on the bytes it saw; where
// the same bytes follow on its chunk, so does the same chunk.
//
// ## What was tried (Zen 5, AVX-512, o200k_base, chunks of 512 tokens; what chunks cost over counting, repeated English / JSON
// lines)
// Paid:
// - To look back instead of stopping: 26 / 23 % where 31 / 34 % was, with the sums below still piece by piece.
// - Sums of a block's pieces without a branch: 14 / 13 %; notes of one cache line, and looking one by one only at blocks that
//   may pass the limit: 5 / 6 %. (Of a counter that has become 1.6 and 2.3 times as fast since: 15 / 21 %.)
// - Sums by one vector operation, on the faster counter: 13 / 18 % where 18 / 24 % was.
// - To walk from chunk to chunk in a pre-token: newlines 1,974 MB/s where 32 was (the pre-token was looked at for 64 KiB from
//   each chunk on), 60 spaces and a newline 675 for 14, random spaces and newlines 11 for 4.
// - Sums of all blocks first, then a search for the limit by vectors: JSON lines 18 % where 21 % was, code 21 for 23, English no
//   difference.
// Did not:
// - Sums of eight blocks at once where the limit is far: 17 / 23 % where 15 / 21 % was without.
// - Batches of 32 or 128 blocks: no difference that is not noise. Of 256: JSON lines 12 % where 15 % was, but code 35 % for 20 %:
//   4 % of its chunks end inside a pre-token (a blank line), which throws away what of the batch is behind.
#include "counter.h"

static tk_line_end *line_at(const tk_chunking *c, size_t index) { return &c->counter->line_ends[index % TK_LINE_ENDS]; }

static void emit(tk_progress *progress) {
    tk_chunking *c = progress->chunking;
    c->chunks[c->count++] = (tk_chunk){c->start, c->line_end, c->line_tokens - c->tokens_before};
    if (c->count == c->capacity) progress->stop = TK_STOPPED_FULL;
}

/// The next chunk starts at `start`.
static void begin_chunk(tk_progress *progress, size_t start, size_t tokens_before) {
    tk_chunking *c = progress->chunking;
    c->start = start;
    c->tokens_before = tokens_before;
    progress->token_limit = tokens_before + c->token_max;
}

/// Ends the open chunk at the last line end that fits. False if counting has to stop.
static bool end_chunk(tk_progress *progress) {
    tk_chunking *c = progress->chunking;
    if (c->line_end == c->start) {
        progress->stop = TK_STOPPED_ABOVE;
        return false;
    }
    emit(progress);
    begin_chunk(progress, c->line_end, c->line_tokens);
    c->line_count = 0;
    if (c->is_inner && progress->stop == TK_NOT_STOPPED) progress->stop = TK_STOPPED_AT_CHUNK;
    return progress->stop == TK_NOT_STOPPED;
}

void tk_end_chunk(tk_progress *progress) {
    if (progress->chunking->overlap != 0 && progress->chunking->line_end != progress->chunking->start) {
        progress->stop = TK_STOPPED_FOR_CARE;
    } else if (end_chunk(progress)) {
        progress->stop = TK_STOPPED_AT_CHUNK;
    }
}

bool tk_pass_limit(tk_progress *progress, size_t tokens) {
    const tk_chunking *c = progress->chunking;
    // With overlaps, what follows depends on the next line, if that fits.
    if (c->overlap != 0 && c->line_end != c->start && tokens - c->line_tokens <= c->token_max) return true;
    if (c->overlap != 0 && c->is_inner && c->line_end != c->start) progress->stop = TK_STOPPED_FOR_CARE;
    while (progress->stop == TK_NOT_STOPPED && tokens > progress->token_limit) end_chunk(progress);
    return progress->stop == TK_NOT_STOPPED;
}

/// The tokens that are to be subtracted of those up to places behind, if a chunk starts at a line end; SIZE_MAX if that is not
/// known.
static size_t tokens_before_line(const tk_chunking *c, size_t index) {
    const tk_line_end *line = line_at(c, index);
    if (!line->is_inner) return line->tokens;
    // What is left of the pre-token has to end where that does, with the next line end.
    const tk_line_end *next = line_at(c, index + 1);
    if (index + 1 == c->line_count || next->is_inner) return SIZE_MAX;
    const size_t end = tk_pretoken_end(c->counter->tokenizer, c->text->bytes, c->text->count, line->end);
    if (end != next->end) return SIZE_MAX;
    return next->tokens - tk_count_piece(c->counter, c->text->bytes + line->end, end - line->end);
}

/// The open chunk ends at the last line end that fits, as the one at `end` does not. The next one begins at a line end in it if the
/// rule says so. False if counting has to stop.
static bool end_overlapping(tk_progress *progress, size_t tokens) {
    enum { CANDIDATES_MAX = 8 };
    tk_chunking *c = progress->chunking;
    if (c->line_end == c->start) {
        progress->stop = TK_STOPPED_ABOVE;
        return false;
    }
    if (c->is_inner || c->line_count > TK_LINE_ENDS) {
        progress->stop = TK_STOPPED_FOR_CARE;
        return false;
    }
    const size_t next_line = tokens - c->line_tokens;
    if (next_line > c->token_max) return end_chunk(progress) && tk_pass_limit(progress, tokens);
    const size_t room = c->token_max - next_line, repeated_max = c->overlap < room ? c->overlap : room;
    unsigned candidates = 0;
    // The last of them is where the chunk ends.
    for (size_t i = 0; i + 1 < c->line_count && candidates < CANDIDATES_MAX; i++) {
        if (line_at(c, i)->tokens > c->line_tokens) candidates = UINT_MAX;
        if (line_at(c, i)->tokens + repeated_max < c->line_tokens) continue;
        const size_t before = tokens_before_line(c, i);
        if (candidates == UINT_MAX || before == SIZE_MAX || before > c->line_tokens) {
            progress->stop = TK_STOPPED_FOR_CARE;
            return false;
        }
        candidates++;
        if (c->line_tokens - before > c->overlap || tokens - before > c->token_max) continue;
        emit(progress);
        begin_chunk(progress, line_at(c, i)->end, before);
        // The line ends behind are of the next chunk too.
        size_t kept = 0;
        for (size_t j = i + 1; j < c->line_count; j++) *line_at(c, kept++) = *line_at(c, j);
        c->line_count = kept;
        return progress->stop == TK_NOT_STOPPED;
    }
    return end_chunk(progress) && tk_pass_limit(progress, tokens);
}

/// After so many line ends inside one pre-token not all of them are looked at: see Chunker+Packing.swift.
enum { INNER_RUN_MAX = 8 };

bool tk_take_line_end(tk_progress *progress, size_t end, size_t tokens, bool is_inner) {
    tk_chunking *c = progress->chunking;
    if (c->overlap != 0) {
        c->inner_run = is_inner ? c->inner_run + 1 : 0;
        if (c->inner_run >= INNER_RUN_MAX) {
            progress->stop = TK_STOPPED_FOR_CARE;
            return false;
        }
        if (tokens > progress->token_limit && !end_overlapping(progress, tokens)) return false;
        *line_at(c, c->line_count++) = (tk_line_end){end, tokens, is_inner};
    } else if (tokens > progress->token_limit && !tk_pass_limit(progress, tokens)) {
        return false;
    }
    c->line_end = end;
    c->line_tokens = tokens;
    c->is_inner = is_inner;
    return true;
}

bool tk_take_many_lines(tk_progress *progress) {
    tk_chunking *c = progress->chunking;
    tk_counter *counter = c->counter;
    const uint8_t *bytes = c->text->bytes;
    const size_t count = c->text->count;
    if (c->overlap != 0 || progress->word != progress->at) return false;
    // The chunk before, all of which was such lines: where the same bytes follow, so does the same chunk.
    size_t last_start = 0;
    tk_pretoken_lines last = {0};
    for (;;) {
        const size_t start = progress->at, before = progress->tokens;
        tk_pretoken_lines lines = last;
        const bool is_repeated = last.seen != 0 && last.seen <= count - start
            && memcmp(bytes + start, bytes + last_start, last.seen) == 0;
        if (!is_repeated) {
            if (!tk_has_many_lines(counter->tokenizer, bytes + start, count - start)) return false;
            lines = tk_walk_lines(counter, bytes + start, count - start, progress->token_limit - before, c->byte_count_max);
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
            if (progress->tokens > progress->token_limit) tk_end_chunk(progress);
            return true;
        }
        const bool is_whole = c->start == start && lines.line_end != 0;
        last = is_whole ? lines : (tk_pretoken_lines){0};
        last_start = start;
        if (!end_chunk(progress) && progress->stop != TK_STOPPED_AT_CHUNK) return true;
        if (!c->is_inner) continue;
        // What is left is another pre-token, of the same kind or not.
        progress->stop = TK_NOT_STOPPED;
        progress->at = progress->word = c->line_end;
        progress->tokens = c->line_tokens;
    }
}

tk_chunks tk_counter_chunks(tk_counter *counter, const uint8_t *bytes, size_t count, bool is_end, size_t token_max, size_t overlap,
    tk_chunk *chunks, size_t capacity) {
    tk_text text = {bytes, count, false, false};
    tk_chunking c = {.chunks = chunks, .capacity = capacity, .token_max = token_max, .is_end = is_end,
        .byte_count_max = token_max * TK_TOKEN_BYTES_MAX + 1, .counter = counter, .text = &text, .overlap = overlap};
    tk_progress progress = {.wants = TK_WANTS_CHUNKS, .chunking = &c};
    while (c.start < count && c.count < capacity) {
        progress.at = progress.word = c.line_end = c.start;
        progress.tokens = c.tokens_before = c.line_tokens = c.line_count = 0;
        c.inner_run = 0;
        progress.token_limit = token_max;
        progress.stop = TK_NOT_STOPPED;
        counter->kernel(counter, &text, &progress);
        if (progress.stop == TK_NOT_STOPPED && is_end) {
            // With overlaps, the last line may be the one that does not fit.
            if (progress.tokens > progress.token_limit && !tk_take_line_end(&progress, count, progress.tokens, false)) goto stopped;
            c.chunks[c.count++] = (tk_chunk){c.start, count, progress.tokens - c.tokens_before};
            c.start = count;
        } else if (progress.stop == TK_STOPPED_OPEN || progress.stop == TK_NOT_STOPPED) {
            // More text could change what was counted last, but nothing that matters if there is no room for so many bytes.
            if (count - c.start < c.byte_count_max) break;
            tk_end_chunk(&progress);
        }
    stopped:
        if (progress.stop == TK_STOPPED_ABOVE) return (tk_chunks){c.count, c.start, TK_CHUNKS_LINE_ABOVE};
        if (progress.stop == TK_STOPPED_FOR_CARE) return (tk_chunks){c.count, c.start, TK_CHUNKS_OVERLAP};
    }
    return (tk_chunks){c.count, c.start, c.count == capacity ? TK_CHUNKS_FULL : TK_CHUNKS_DECIDED};
}
