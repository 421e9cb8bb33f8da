// Chunks of whole lines, in one pass over the text. The rule is in rule.h.
//
// The kernels count on without regard for where chunks end. A batch's notes then say how many tokens there are up to
// each line end, and a chunk ends at the last one that fits: a number is compared, and the next chunk has its own
// number to be subtracted. What is behind a chunk's end is not counted again, because a line end between two pre-tokens
// of the text changes neither:
// - Patterns never look behind, so from there on all pre-tokens are the same.
// - Of the text up to there alone all pre-tokens but the last are the same, as below, and the last one ends at the
//   newline in both.
// A line end inside a pre-token (the first of two newlines, say) is counted as the part of the pre-token before it,
// which alone is one too. What follows it is another pre-token. Mostly that ends where the whole one does (at the
// second of two newlines): then only this rest is counted, and what is behind is the same again. Else counting begins
// anew.
//
// ## Why a newline keeps pre-tokens as they are
// All pre-tokens but the last of a text that ends with a newline stay when text is appended. For both patterns: a match
// depends on the characters it takes and on those it looks at behind them.
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
// ## Overlaps
// A candidate is between two pre-tokens. So a chunk that begins there has as many tokens as the text has up to the
// chunk's end, less those up to the candidate, wherever the end is; and it takes all lines up to the end of the chunk
// before, as these fitted in that one with more before them. Nothing is counted again. It costs that the numbers of
// candidates are kept, as far back as an overlap reaches; and that counting goes on above the limit until it is known
// whether the line behind the chunk fits behind a candidate: the reach is `token_max` behind the last one.
//
// ## Lines that do not fit
// As a pattern never looks behind, a line that is cut where a pre-token of the text starts leaves all that is counted
// behind it right. So where the cut is inside the batch that is told of, it is made there (`cut_line`), and the rest of
// the line is the open chunk. Alone, the part before the cut has the pre-tokens that it has in the text: what a match
// would take behind the cut is its own, and then no pre-token starts there. But of white space before what is no
// letter, the last character stands alone in the text, and at a text's end it does not. A part that ends with two such
// characters, and all other cuts, are made by cuts.c, and counting begins anew.
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
// - Candidates only between pre-tokens, and told only as far back as an overlap reaches, on an Intel Xeon with AVX-512
//   that others used too: with 512/64 English 21 % where 43 % was, code 33 for 178, multilingual 16 for 39, JSON lines
//   18 for 20. To tell of a line end in registers, not by a structure, whose parts were read as one before they were
//   written: 12, 18, 9 and 10 %; without overlap English and code 0 to 7 % for 12, JSON lines 5 to 14 for 13.
// - To go on where a chunk ends inside a pre-token: a letter and 13 newlines 377 MB/s where 189 was.
// - White space by tables (counter/space_walk.h), on that Xeon: random spaces and newlines 57 MB/s where 5 was, random
//   runs of up to 40 of them 43 for 0.3, newlines with chunks of 16 tokens 1,150 for 68.
// - With small chunks, line ends inside a run of newlines or spaces taken together, the counts of newlines from a
//   table, in place of a look into the caches for each: a letter and 13 newlines with 16 tokens 210 MB/s where 44 was
//   (a walk in place of the table: 100), with 512 tokens 661 for 474.
// - Batches that begin small where chunks are: with 16 tokens pages with 40 blank lines between 192 MB/s where 39 was,
//   English 78 for 33, JSON lines 50 for 17, with 64 tokens 141 for 50. How small (3 to 10 blocks) made no difference.
// - To cut a line by what the batch has counted, and go on: these pages 276 MB/s for 184, English 192 for 75, JSON
//   lines 160 for 36, with 64 tokens 282 for 95; words in one line with 512 tokens 901 for 469.
// Did not:
// - Sums of eight blocks at once where the limit is far: 17 / 23 % where 15 / 21 % was without.
// - Batches of 32 or 128 blocks: no difference that is not noise. Of 256: JSON lines 12 % where 15 % was, but code 35 %
//   for 20 %: 4 % of its chunks end inside a pre-token (a blank line), which then threw away what of the batch was
//   behind. Not tried again since that is rare.
// - On that Xeon, for usual text with 512 tokens (English and code 13 to 18 % over counting, JSON lines 11 to 20; of
//   each 4 to 8 are notes and sums, which chunks of a million tokens cost too): a tighter bound for blocks with a
//   newline inside a piece, by bits or one by one: 40 % fewer line ends told, no difference that is not noise. Sums by
//   masked loads: none. Room for 256 or 1,024 chunks at once, where 64 lose a batch each time: 1 % at most.
// - Not built: to keep a batch where one pre-token is counted on its own, which halves the batches of English.
#include "chunks/rule.h"

#include <string.h>

#include "assertions.h"
#include "counter/pieces.h"
#include "counter/space_walk.h"
#include "unicode/classes.h"
#include "unicode/utf8.h"

/// Why counting was stopped.
typedef enum {
    /// A chunk has ended where counting has to begin anew, or there is room for no more.
    AT_CHUNK,
    /// Not even the chunk's first line fits.
    AT_LINE_ABOVE,
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
    /// The last line end that fits into it (at `start` if there is none), as it was told.
    struct {
        size_t end, tokens, pretoken_end, pretoken_tokens;
    } line;
    /// The candidates, kept in a ring of the counter. The last line end that was one (the chunk's start: none yet).
    size_t first_candidate, candidate_count, last_candidate;
} chunking;

static chunking *chunking_of(tk_progress *progress) { return (chunking *)(void *)progress->lines; }

/// Whether the last line ends inside a pre-token of the text.
static bool is_inner(const chunking *c) { return c->line.end != c->line.pretoken_end; }

static bool take_line_end(
    tk_progress *progress, size_t end, size_t tokens, size_t pretoken_end, size_t pretoken_tokens);

static bool stop(tk_progress *progress, stop_reason reason) {
    chunking_of(progress)->reason = reason;
    progress->stop = TK_STOPPED_BY_LINES;
    return false;
}

static tk_line_end first_candidate(const chunking *c) {
    return c->t.counter->candidates[c->first_candidate % TK_CANDIDATES_MAX];
}

static void drop_candidate(chunking *c) {
    c->first_candidate++;
    c->candidate_count--;
}

static void keep_candidate(chunking *c, tk_line_end candidate) {
    if (c->candidate_count == TK_CANDIDATES_MAX) drop_candidate(c);
    const size_t place = c->first_candidate + c->candidate_count++;
    c->t.counter->candidates[place % TK_CANDIDATES_MAX] = candidate;
}

/// Where the next chunk starts, if up to the line end behind the open one there are so many tokens.
static tk_line_end next_start(chunking *c, size_t next_tokens) {
    // The chunk's end is a candidate too.
    if (is_inner(c) && c->candidate_count == TK_CANDIDATES_MAX) drop_candidate(c);
    while (c->candidate_count > 0) {
        const tk_line_end candidate = first_candidate(c);
        // What is before a chunk's start is no candidate in it.
        drop_candidate(c);
        const bool is_fitting = next_tokens - candidate.tokens <= c->t.token_max;
        if (c->line.tokens - candidate.tokens <= c->t.overlap && is_fitting) return candidate;
    }
    return (tk_line_end){c->line.end, c->line.tokens};
}

/// The next chunk starts at `start`.
static void begin_chunk(tk_progress *progress, size_t start, size_t tokens_before) {
    chunking *c = chunking_of(progress);
    TK_ASSERT(start > c->start && start <= c->line.end);
    c->start = start;
    c->tokens_before = tokens_before;
    if (c->last_candidate < start) c->last_candidate = start;
    progress->token_limit = tokens_before + c->t.token_max;
    if (progress->token_reach < progress->token_limit) progress->token_reach = progress->token_limit;
}

/// The most tokens that a line end in a piece has before it, from the piece's begin; SIZE_MAX if it is not white space.
static size_t most_in_space(const chunking *c, size_t start, size_t end) {
    tk_space_walk w;
    tk_space_walk_begin(&w, c->t.counter->tables);
    size_t most = 0;
    for (size_t at = start; at < end; at++) {
        if (!tk_is_space_byte(c->t.bytes[at])) return SIZE_MAX;
        const size_t tokens = tk_space_walk_byte(&w, c->t.bytes[at]);
        if (c->t.bytes[at] == '\n' && tokens > most) most = tokens;
    }
    return most;
}

/// The open chunk starts inside a pre-token. What is left of this is another one, but mostly it ends at the same place;
/// then the counts behind are right but for a difference, and counting need not begin anew. `reach`: up to so many
/// tokens may have been counted.
static bool go_on_inside(tk_progress *progress, size_t reach) {
    enum { SEEN_MAX = 1024 };
    chunking *c = chunking_of(progress);
    const size_t start = c->start, end = c->line.pretoken_end, tokens = c->line.pretoken_tokens;
    if (tokens == SIZE_MAX) return false;
    // All of its lines have to fit; then only the last one matters.
    if (end - start > c->t.token_max && most_in_space(c, start, end) > c->t.token_max) return false;
    tk_text text = {c->t.bytes, c->t.count - end < SEEN_MAX ? c->t.count : end + SEEN_MAX, false, false};
    if (tk_next_pretoken_end(c->t.counter->tokenizer, &text, start) != end || text.has_seen_invalid) return false;
    if (text.has_seen_end && !(c->t.is_end && text.count == c->t.count)) return false;
    const size_t left = tk_count_piece(c->t.counter, text.bytes + start, end - start);
    if (tokens < left || tokens - left + c->t.token_max < reach) return false;
    c->tokens_before = c->line.tokens = tokens - left;
    progress->token_limit = progress->token_reach = c->tokens_before + c->t.token_max;
    size_t last = end;
    while (last > start && text.bytes[last - 1] != '\n') last--;
    if (last == start) return true;
    const size_t last_tokens = last == end ? left : tk_count_piece(c->t.counter, text.bytes + start, last - start);
    return take_line_end(progress, last, c->tokens_before + last_tokens, end, tokens);
}

/// Where the character before `at` starts, not below `start`.
static size_t character_before(const uint8_t *text, size_t start, size_t at) {
    do at--;
    while (at > start && (text[at] & 0xC0) == 0x80);
    return at;
}

static bool is_space_at(const chunking *c, size_t at) {
    const unsigned class = tk_class_of(tk_decode(c->t.bytes + at, c->t.count - at).code_point);
    return class == TK_SPACE || class == TK_NEWLINE;
}

/// The open chunk's first line does not fit: cuts it by the rule where the batch says that this may be done, at a
/// pre-token of the text. What is counted behind stays right. False if it is to be cut in another way.
static bool cut_line(tk_progress *progress) {
    chunking *c = chunking_of(progress);
    const size_t start = c->start, left = c->t.count - start, token_max = c->t.token_max;
    const size_t byte_count = TK_CUT_BYTES_PER_TOKEN * token_max;
    const tk_pretoken above = tk_told_above(c->t.counter, c->t.bytes, c->tokens_before + token_max);
    if (!above.is_there || above.start <= start) return false;
    // Alone, the part has the same pre-tokens, but that white space may join at its end: the last of some spaces stands
    // alone before what is no letter.
    const size_t last = character_before(c->t.bytes, start, above.start);
    if (is_space_at(c, last) && last > start && is_space_at(c, character_before(c->t.bytes, start, last))) return false;
    const uint8_t *text = c->t.bytes + start;
    const size_t newline = tk_find_newline(text, left < byte_count ? left : byte_count);
    if (newline < byte_count) {
        // That is the line, if the text does not end first. Its pre-tokens start where those of the text do.
        if (newline == left || above.start > start + newline) return false;
    } else {
        // The rule looks at the first bytes of the line. The pre-token has to be in them, whatever follows.
        enum { CHARACTER_BYTES_MAX = 4 };
        if (left < byte_count + CHARACTER_BYTES_MAX) return false;
        tk_text seen = {text, tk_utf8_boundary(text, left, byte_count), false, false};
        if (above.start - start >= seen.count) return false;
        tk_next_pretoken_end(c->t.counter->tokenizer, &seen, above.start - start);
        if (seen.has_seen_end) return false;
    }
    c->chunks[c->count++] = (tk_chunk){start, above.start, above.tokens_before - c->tokens_before};
    c->line.end = c->line.pretoken_end = above.start;
    c->line.tokens = c->line.pretoken_tokens = above.tokens_before;
    c->candidate_count = 0;
    begin_chunk(progress, above.start, above.tokens_before);
    progress->token_reach = progress->token_limit;
    return true;
}

/// Ends the open chunk at the last line end that fits. Up to the next one there are so many tokens, SIZE_MAX if there
/// are more than the progress reaches. False if counting has to stop.
static bool end_chunk(tk_progress *progress, size_t next_tokens) {
    chunking *c = chunking_of(progress);
    if (c->line.end == c->start) {
        if (!cut_line(progress)) return stop(progress, AT_LINE_ABOVE);
        return c->count < c->capacity || stop(progress, AT_CHUNK);
    }
    TK_ASSERT(c->count < c->capacity && c->start < c->line.end && c->tokens_before < c->line.tokens);
    TK_ASSERT(c->line.tokens - c->tokens_before <= c->t.token_max);
    c->chunks[c->count++] = (tk_chunk){c->start, c->line.end, c->line.tokens - c->tokens_before};
    const tk_line_end next = next_start(c, next_tokens);
    const size_t reach = progress->token_reach;
    begin_chunk(progress, next.end, next.tokens);
    // What is left of the pre-token is another one.
    const bool is_anew = is_inner(c) && next.end == c->line.end;
    if (c->count == c->capacity || (is_anew && !go_on_inside(progress, reach))) return stop(progress, AT_CHUNK);
    return true;
}

/// As in `tk_lines`.
static void stop_above(tk_progress *progress) {
    if (end_chunk(progress, SIZE_MAX)) stop(progress, AT_CHUNK);
}

/// As in `tk_lines`.
static bool pass_reach(tk_progress *progress, size_t tokens) {
    while (tokens > progress->token_reach && end_chunk(progress, SIZE_MAX)) {}
    return progress->stop == TK_NOT_STOPPED;
}

/// As in `tk_lines`.
static bool take_line_end(
    tk_progress *progress, size_t end, size_t tokens, size_t pretoken_end, size_t pretoken_tokens) {
    chunking *c = chunking_of(progress);
    TK_ASSERT(end <= c->t.count);
    while (end > c->line.end && tokens > progress->token_limit) {
        if (!end_chunk(progress, tokens)) return false;
    }
    // Behind a walk over many lines, or where a chunk starts inside a pre-token, lines are told that are known.
    if (end <= c->line.end) return true;
    c->line.end = end;
    c->line.tokens = tokens;
    c->line.pretoken_end = pretoken_end;
    c->line.pretoken_tokens = pretoken_tokens;
    if (c->t.overlap != 0 && end == pretoken_end) {
        // No chunk that ends here or behind repeats so much.
        while (c->candidate_count > 0 && first_candidate(c).tokens + c->t.overlap < tokens) drop_candidate(c);
        keep_candidate(c, (tk_line_end){end, tokens});
        c->last_candidate = end;
        progress->token_reach = tokens + c->t.token_max;
    }
    return true;
}

/// As in `tk_lines`. Goes on from chunk to chunk in the pre-token.
static bool take_many_lines(tk_progress *progress) {
    chunking *c = chunking_of(progress);
    tk_counter *counter = c->t.counter;
    if (progress->word != progress->at) return false;
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
            lines = tk_walk_lines(counter, bytes, left, tk_room(progress), progress->token_reach - before,
                c->lines.byte_count_max);
        }
        if (lines.end == TK_LINES_OPEN) return false;
        if (lines.line_end != 0) {
            // Where the pre-token ends is not known then, but it is further on.
            const size_t end = lines.end == TK_LINES_ABOVE ? lines.line_end + 1 : lines.pretoken_end;
            take_line_end(progress, start + lines.line_end, before + lines.line_tokens, start + end, SIZE_MAX);
        }
        if (lines.end == TK_LINES_PRETOKEN) {
            progress->at = progress->word = start + lines.pretoken_end;
            progress->tokens = before + lines.pretoken_tokens;
            // It may end behind its last line.
            if (progress->tokens > progress->token_reach) stop_above(progress);
            return true;
        }
        const bool is_whole = c->start == start && lines.line_end != 0;
        last = is_whole ? lines : (tk_pretoken_lines){0};
        last_start = start;
        const size_t next_tokens = lines.next_tokens == SIZE_MAX ? SIZE_MAX : before + lines.next_tokens;
        if (!end_chunk(progress, next_tokens) && (c->reason != AT_CHUNK || c->count == c->capacity)) return true;
        // The chunk starts here or before: more of these lines may fit.
        if (progress->stop == TK_NOT_STOPPED) continue;
        // What is left is another pre-token, of the same kind or not.
        progress->stop = TK_NOT_STOPPED;
        progress->at = progress->word = c->line.end;
        progress->tokens = c->line.tokens;
    }
}

/// Where chunks are small and counting begins anew, the next time may be near: what of a batch is behind is lost then.
static unsigned first_batch_blocks(const chunking *c) {
    const size_t blocks = 2 + c->t.token_max / 8;
    return blocks < TK_BATCH_BLOCKS ? (unsigned)blocks : TK_BATCH_BLOCKS;
}

/// Counts on from where the open chunk starts, and finds chunks, until it stops for a reason. False if all is found
/// that can be decided.
static bool find_chunks(chunking *c) {
    tk_text text = {c->t.bytes, c->t.count, false, false};
    tk_progress progress = {.at = c->start, .word = c->start, .token_limit = c->t.token_max,
        .token_reach = c->t.token_max, .wants = TK_WANTS_LINES, .lines = &c->lines,
        .batch_blocks = first_batch_blocks(c)};
    c->last_candidate = c->start;
    c->line.end = c->line.pretoken_end = c->start;
    c->line.tokens = c->line.pretoken_tokens = 0;
    c->tokens_before = c->candidate_count = 0;
    c->t.counter->kernel(c->t.counter, &text, &progress);
    if (progress.stop == TK_STOPPED_BY_LINES) return true;
    if (progress.stop == TK_NOT_STOPPED && c->t.is_end) {
        // The last line may be the one that does not fit.
        const bool is_above = progress.tokens > progress.token_limit;
        const size_t end = c->t.count, tokens = progress.tokens;
        if (is_above && !take_line_end(&progress, end, tokens, end, tokens)) return true;
        TK_ASSERT(progress.tokens - c->tokens_before <= c->t.token_max && c->count < c->capacity);
        c->chunks[c->count++] = (tk_chunk){c->start, c->t.count, progress.tokens - c->tokens_before};
        c->start = c->t.count;
        return false;
    }
    // More text could change what was counted last, but nothing that matters if there is no room for so many bytes.
    if (c->t.count - c->last_candidate < c->lines.byte_count_max) return false;
    stop_above(&progress);
    return true;
}

/// Goes on where `find_chunks` stopped. False if that depends on text behind this one.
static bool go_on(chunking *c) {
    if (c->reason == AT_CHUNK) return true;
    const size_t cuts = tk_cut_line(&c->t, c->start, c->chunks + c->count, c->capacity - c->count);
    if (cuts == 0) return false;
    c->count += cuts;
    c->start = c->chunks[c->count - 1].end;
    return true;
}

tk_chunks tk_counter_chunks(tk_counter *counter, const uint8_t *text, size_t count, bool is_end,
    tk_chunk_settings settings, tk_chunk *chunks, size_t capacity) {
    TK_ASSERT(settings.token_max >= TK_CHUNK_TOKENS_MIN && settings.overlap < settings.token_max && capacity > 0);
    const tk_chunked_text t = {counter, text, count, is_end, settings.token_max, settings.overlap};
    chunking c = {
        .lines = {take_line_end, pass_reach, stop_above, take_many_lines, settings.overlap, is_end,
            tk_byte_count_above(&t)},
        .t = t, .chunks = chunks, .capacity = capacity,
    };
    while (c.start < count && c.count < capacity && find_chunks(&c) && (c.count == capacity || go_on(&c))) {}
    TK_ASSERT(c.count == capacity || !is_end || c.start == count);
    return (tk_chunks){c.count, c.start};
}
