// Pre-tokens one by one: the way for what the block kernels do not do.
#include "counter/one_by_one.h"

#include <string.h>

#include "assertions.h"
#include "counter/pieces.h"
#include "counter/prefixes.h"
#include "counter/windows.h"
#include "unicode/classes.h"
#include "unicode/utf8.h"

/// Tokens of one valid pre-token, taken apart at the borders between letters of three bytes that no merge crosses.
static size_t count_split(tk_counter *counter, const uint8_t *bytes, size_t count) {
    size_t tokens = 0, from = 0, previous_end = SIZE_MAX;
    uint32_t previous = 0;
    for (size_t i = 0; i < count;) {
        const unsigned lead = bytes[i];
        if (lead < 0xE0 || lead >= 0xF0) {
            i += lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 4;
            continue;
        }
        const uint32_t code_point = (lead & 15) << 12 | (uint32_t)(bytes[i + 1] & 63) << 6 | (bytes[i + 2] & 63);
        const unsigned class = tk_class_of(code_point);
        if (class == TK_CASELESS && previous_end == i && !tk_may_join(counter->tables, previous, code_point)) {
            tokens += tk_count_piece(counter, bytes + from, i - from);
            if (tokens > counter->tokens_enough) return tokens;
            from = i;
        }
        i += 3;
        previous = code_point;
        previous_end = class == TK_CASELESS || class == TK_MARK ? i : SIZE_MAX;
    }
    return tokens + tk_count_piece(counter, bytes + from, count - from);
}

/// Tokens of one pre-token in which U+FFFD stands for what is invalid.
static size_t count_invalid(tk_counter *counter, const uint8_t *bytes, size_t count) {
    tk_seam s = {0, 0, 0};
    size_t source = 0, filled = 0, settled = 0;
    for (;;) {
        while (source < count && filled + 4 <= TK_FEED) {
            const tk_unit unit = tk_decode(bytes + source, count - source);
            memcpy(counter->feed + filled, unit.is_invalid ? (const uint8_t *)"\xEF\xBF\xBD" : bytes + source,
                unit.is_invalid ? 3 : unit.byte_count);
            filled += unit.is_invalid ? 3 : unit.byte_count;
            source += unit.byte_count;
        }
        const bool is_last = source == count;
        if (is_last && s.first_length == 0) return settled + tk_count_piece(counter, counter->feed, filled);
        s.settled = 0;
        s.offset = 0;
        if (!tk_count_windows(counter, counter->feed, filled, is_last, &s)) break;
        settled += s.settled;
        if (is_last && s.offset == filled) return settled;
        if (is_last || settled > counter->tokens_enough) break;
        memmove(counter->feed, counter->feed + s.offset, filled - s.offset);
        filled -= s.offset;
    }
    return tk_count_prefixes(counter, bytes, count);
}

/// Tokens of one pre-token of any bytes.
static size_t count_piece(tk_counter *counter, const uint8_t *bytes, size_t count, bool is_invalid) {
    if (is_invalid) return count_invalid(counter, bytes, count);
    return count < 16 ? tk_count_piece(counter, bytes, count) : count_split(counter, bytes, count);
}

/// Tells of the line ends in a piece that follows on what is counted. False if counting stops, or one is out of reach.
static bool take_lines(
    tk_counter *counter, const tk_text *text, tk_progress *progress, size_t end, size_t tokens, bool is_invalid) {
    const tk_lines *lines = progress->lines;
    const size_t start = progress->at;
    unsigned line_count = 0;
    size_t walked_limit = 0;
    for (size_t from = start;;) {
        from += tk_find_newline(text->bytes + from, end - from);
        if (from == end) return true;
        from++;
        if (from < end && ++line_count > TK_LINES_ONE_BY_ONE_MAX && progress->token_limit != walked_limit) {
            walked_limit = progress->token_limit;
            size_t line_tokens = 0;
            const size_t room = tk_room(progress);
            const size_t length = tk_line_prefix(counter, text->bytes + start, end - start, room, &line_tokens);
            if (length >= from - start) {
                from = start + length;
                lines->take_line_end(progress, from, progress->tokens + line_tokens, end, SIZE_MAX);
                continue;
            }
        }
        // Up to a line end in it, the piece is a pre-token too.
        const size_t line_tokens = progress->tokens
            + (from == end ? tokens : count_piece(counter, text->bytes + start, from - start, is_invalid));
        if (line_tokens > progress->token_reach) return false;
        if (!lines->take_line_end(progress, from, line_tokens, end, SIZE_MAX)) return false;
    }
}

/// As long as more is invalid, counts a copy in which it is replaced: the kernel is far faster than going one by one.
///
/// A copy ends where a pre-token starts, whatever is around it: behind a letter or number, at what is none, no mark and
/// no apostrophe (see `seam_of` in borders.inc.h).
static void count_replaced(tk_counter *counter, const tk_text *text, tk_progress *progress) {
    enum {
        WORDS = 1 << TK_UPPER | 1 << TK_LOWER | 1 << TK_CASELESS | 1 << TK_NUMBER,
        GO_ON = WORDS | 1 << TK_MARK,
    };
    for (;;) {
        size_t source = progress->at, filled = 0, seam_source = source, seam_filled = 0, invalid_end = source;
        bool is_behind_word = false;
        while (filled + 4 <= TK_FEED && source < invalid_end + TK_BLOCK) {
            if (source == text->count) {
                seam_source = source;
                seam_filled = filled;
                break;
            }
            const uint8_t *bytes = text->bytes + source;
            const tk_unit unit = tk_decode(bytes, text->count - source);
            const unsigned class = 1u << tk_class_of(unit.code_point);
            if (is_behind_word && (class & GO_ON) == 0 && *bytes != '\'') {
                seam_source = source;
                seam_filled = filled;
            }
            is_behind_word = (class & WORDS) != 0;
            memcpy(counter->feed + filled, unit.is_invalid ? (const uint8_t *)"\xEF\xBF\xBD" : bytes,
                unit.is_invalid ? 3 : unit.byte_count);
            filled += unit.is_invalid ? 3 : unit.byte_count;
            source += unit.byte_count;
            if (unit.is_invalid) invalid_end = source;
        }
        if (invalid_end == progress->at || seam_filled == 0) return;
        tk_text copy = {counter->feed, seam_filled, false, false};
        tk_progress inner = {.token_limit = SIZE_MAX};
        counter->kernel(counter, &copy, &inner);
        progress->tokens += inner.tokens;
        progress->at = progress->word = seam_source;
        if (seam_source == text->count) return;
    }
}

void tk_count_slow(tk_counter *counter, tk_text *text, tk_progress *progress, size_t until) {
    TK_ASSERT(progress->at < text->count && progress->word <= progress->at && progress->stop == TK_NOT_STOPPED);
    const tk_lines *lines = progress->lines;
    const bool wants_lines = progress->wants == TK_WANTS_LINES;
    do {
        tk_text seen = *text;
        seen.has_seen_invalid = seen.has_seen_end = false;
        if (wants_lines && lines->take_many_lines(progress)) {
            if (progress->stop != TK_NOT_STOPPED) return;
            continue;
        }
        size_t limit = wants_lines ? progress->token_reach : progress->token_limit;
        TK_ASSERT(progress->tokens <= limit);
        // A pre-token that is longer than that passes the limit, wherever it ends.
        if (wants_lines && text->count - progress->word > lines->byte_count_max) {
            seen.count = progress->word + lines->byte_count_max;
        }
        const size_t start = progress->at;
        size_t end = tk_next_pretoken_end(counter->tokenizer, &seen, progress->word);
        TK_ASSERT(end > start && end <= seen.count);
        const bool is_invalid = seen.has_seen_invalid, is_too_long = seen.has_seen_end && seen.count < text->count;
        // Where it ends depends on what is behind: of its line ends only those count that are seen, each up to itself.
        if (is_too_long) end = seen.count;
        counter->tokens_enough = limit - progress->tokens;
        size_t tokens = is_too_long ? counter->tokens_enough + 1
            : count_piece(counter, text->bytes + start, end - start, is_invalid);
        const bool is_line_above =
            wants_lines && !take_lines(counter, text, progress, end, tokens, is_invalid);
        // A line end in it may have ended a chunk; then more is in reach.
        if (wants_lines && progress->stop == TK_NOT_STOPPED && !is_too_long && tokens > limit - progress->tokens
            && progress->token_reach > limit) {
            limit = progress->token_reach;
            counter->tokens_enough = limit - progress->tokens;
            tokens = count_piece(counter, text->bytes + start, end - start, is_invalid);
        }
        counter->tokens_enough = SIZE_MAX;
        if (progress->stop != TK_NOT_STOPPED) return;
        const bool is_above = is_line_above || tokens > limit - progress->tokens;
        if (is_above && wants_lines) {
            const bool is_open = !is_line_above && !is_too_long && seen.has_seen_end && !lines->is_end;
            if (is_open) progress->stop = TK_STOPPED_OPEN;
            else lines->stop_above(progress);
            return;
        }
        if (is_above) {
            progress->stop = TK_STOPPED_ABOVE;
            size_t before = progress->tokens;
            if (progress->word < start) {
                before -= count_piece(counter, text->bytes + progress->word, start - progress->word, false);
            }
            progress->border =
                (tk_pretoken){.is_there = true, .start = progress->word, .end = end, .tokens_before = before};
            return;
        }
        progress->tokens += tokens;
        progress->at = progress->word = end;
        // Where something is invalid, more will be: a block would be given up at once.
        if (is_invalid && progress->wants == TK_WANTS_COUNT) count_replaced(counter, text, progress);
        else if (is_invalid && until < end + TK_BLOCK) until = end + TK_BLOCK;
    } while (progress->at < until && progress->at < text->count);
}

void tk_count_scalar(tk_counter *counter, tk_text *text, tk_progress *progress) {
    tk_count_slow(counter, text, progress, text->count);
}
