// Lines that do not fit into a chunk.
#include <string.h>

#include "assertions.h"
#include "chunks/rule.h"
#include "counter/counter.h"
#include "counter/prefix_walk.inc.h"
#include "counter/prefixes.h"
#include "unicode/classes.h"
#include "unicode/utf8.h"

/// Whether a text of characters of these classes alone is one pre-token, of which each part is one too, and which
/// longer text does not make shorter (but for the last of some spaces).
static bool is_uniform(tk_tokenizer tokenizer, unsigned classes) {
    const unsigned upper = 1u << TK_UPPER, lower = 1u << TK_LOWER, caseless = 1u << TK_CASELESS, mark = 1u << TK_MARK;
    const unsigned sets[2][4] = {
        {upper, lower | caseless, 1u << TK_OTHER, 1u << TK_SPACE},
        {upper | lower | caseless, 1u << TK_OTHER | mark, 1u << TK_SPACE, 1u << TK_SPACE},
    };
    for (unsigned i = 0; i < 4; i++) {
        if ((classes & ~sets[tokenizer == TK_CL100K_BASE][i]) == 0) return true;
    }
    return false;
}

/// A character has at most this many bytes; whether one straddles an offset shows within as many behind it.
enum { CHARACTER_BYTES_MAX = 4 };

/// The last character's start at or before `at`.
static inline size_t character_start(const uint8_t *text, size_t at) {
    while ((text[at] & 0xC0) == 0x80) at--;
    return at;
}

/// Cuts a line that is one long pre-token of characters of one kind: each chunk is as many of its tokens as fit.
/// Returns how many chunks are decided without the text's end; 0 says that the line is to be cut in another way.
static size_t cut_pretoken(
    tk_counter *counter, const uint8_t *text, size_t count, size_t token_max, tk_chunk *chunks, size_t capacity) {
    // So many bytes behind the end of a chunk it is mostly certain whatever follows, so that the walk can go on.
    enum { CERTAIN_BYTES = TK_WALK_REACH + 32 };
    size_t chunk_count = 0, origin = 0;
    unsigned classes = 0;
    // The last chunk that had a walk of its own: it depends on so many bytes from its start on.
    size_t seen = 0;
    // A walk begins at `origin`; the open chunk starts at `start` (an offset from there, as all that follow), before
    // which there are `before` tokens; what is behind `known` is known to have a border there.
    while (chunk_count < capacity) {
        if (seen != 0) {
            const tk_chunk last = chunks[chunk_count - 1];
            const bool is_same = seen <= count - origin && memcmp(text + origin, text + last.start, seen) == 0;
            if (is_same) {
                origin += last.end - last.start;
                chunks[chunk_count++] = (tk_chunk){last.end, origin, last.tokens};
                continue;
            }
            seen = 0;
        }
        tk_walk w;
        tk_walk_begin(&w, counter, token_max);
        size_t start = 0, before = 0, known = 0, byte_count = TK_CUT_BYTES_PER_TOKEN * token_max;
        // Where the chunk has to end because its first bytes, taken alone, have too many tokens (0: not yet), and its
        // tokens.
        size_t cut = 0, cut_tokens = 0;
        bool is_over = false;
        while (!is_over) {
            const size_t at = origin + w.offset;
            if (at == count) return chunk_count;
            const tk_unit unit = tk_decode(text + at, count - at);
            const unsigned class = 1u << tk_class_of(unit.code_point);
            const bool is_other = (class & ~classes) != 0 && !is_uniform(counter->tokenizer, classes | class);
            if (unit.is_invalid || is_other) return chunk_count;
            classes |= class;
            const bool is_checkpoint = cut == 0 && w.offset + unit.byte_count > start + byte_count;
            const tk_prefix *last = tk_walk_prefix(&w, w.offset);
            const bool may_be_certain = last->mark != 0 && w.offset >= last->mark + TK_WALK_REACH
                && (is_checkpoint || (w.offset & 15) < unit.byte_count);
            const bool is_certain = may_be_certain && tk_walk_is_mark_certain(&w);
            if (cut == 0 && (is_certain || (is_checkpoint && last->tokens - before > token_max))) {
                cut = character_start(text, origin + last->mark) - origin;
                if (w.offset - cut >= TK_PREFIXES - 4) return chunk_count;
                if (cut != last->mark && cut <= known) {
                    // Its tokens from the chunk's start are not known.
                    origin += start;
                    break;
                }
                while (tk_walk_prefix(&w, cut)->tokens - before > token_max) {
                    cut = character_start(text, origin + cut - 1) - origin;
                    if (cut <= known || w.offset - cut >= TK_PREFIXES - 4) return chunk_count;
                }
                cut_tokens = tk_walk_prefix(&w, cut)->tokens - before;
            } else if (is_checkpoint) {
                byte_count *= 2;
            }
            // No line end fits if there are too many tokens before any that may come.
            const bool is_late = cut != 0 && w.offset >= cut + CERTAIN_BYTES;
            if (cut != 0 && (is_certain || (is_late && tk_walk_is_above(&w, before + token_max)))) {
                chunks[chunk_count++] = (tk_chunk){origin + start, origin + cut, cut_tokens};
                is_over = chunk_count == capacity || !is_certain || cut != last->mark;
                if (is_over && start == 0) seen = w.offset + unit.byte_count;
                start = cut;
                cut = 0;
                if (!is_over) {
                    before = tk_walk_prefix(&w, start)->tokens;
                    known = w.offset;
                    byte_count = TK_CUT_BYTES_PER_TOKEN * token_max;
                    tk_walk_rebase(&w, start, before + token_max);
                }
                // Small chunks: that many bytes may have been walked over already, up to the unit that is next.
                for (; !is_over && cut == 0 && start + byte_count < w.offset + unit.byte_count; byte_count *= 2) {
                    const size_t end = character_start(text, origin + start + byte_count) - origin;
                    const tk_prefix *first = tk_walk_prefix(&w, end);
                    is_over = w.offset - end >= TK_WALK_REACH;
                    if (is_over || first->tokens - before <= token_max) continue;
                    cut = first->mark;
                    cut_tokens = token_max;
                    is_over = character_start(text, origin + cut) != origin + cut;
                }
                if (is_over) origin += start;
                if (is_over) break;
            }
            tk_walk_unit(&w, text + at, count - at, unit);
        }
    }
    return chunk_count;
}

/// The longest prefix of a text that is at most `byte_count` long and fits when counted alone. Where text is cut, what
/// is left of a word may split into other pre-tokens; then it has a token or two more than it had, and loses as much.
static tk_chunk shrink(tk_counter *counter, const uint8_t *text, size_t count, size_t byte_count, size_t token_max) {
    for (;;) {
        const size_t tokens = tk_counter_count(counter, text, byte_count);
        if (tokens <= token_max) return (tk_chunk){0, byte_count, tokens};
        byte_count = tk_utf8_boundary(text, count, byte_count - 1);
        // A character has at most 4 tokens.
        TK_ASSERT(byte_count > 0);
    }
}

/// The next part of a line that is cut, if it can be told from the first bytes of what is left, without a look at where
/// the line ends; false if it can't.
static bool find_next_part(tk_counter *counter, const uint8_t *text, size_t count, size_t token_max, tk_chunk *part) {
    const size_t byte_count = TK_CUT_BYTES_PER_TOKEN * token_max;
    if (count < byte_count + CHARACTER_BYTES_MAX || tk_find_newline(text, byte_count) < byte_count) return false;
    tk_text seen = {text, tk_utf8_boundary(text, count, byte_count), false, false};
    const tk_pretoken above = tk_pretoken_above(counter, text, seen.count, token_max);
    // What does not depend on where these bytes end is so in the line too, which then does not fit either.
    if (!above.is_there || above.start == 0) return false;
    tk_next_pretoken_end(counter->tokenizer, &seen, above.start);
    if (seen.has_seen_end) return false;
    *part = shrink(counter, text, seen.count, above.start, token_max);
    return true;
}

/// The first part of a line. False if it depends on text behind this one.
static bool find_first_part(
    tk_counter *counter, const uint8_t *text, size_t count, bool is_end, size_t token_max, tk_chunk *part) {
    // Text of this many bytes has more than `token_max` tokens, also when a character is cut off its end.
    const size_t byte_count_max = (token_max + 1) * TK_TOKEN_BYTES_MAX;
    for (size_t byte_count = TK_CUT_BYTES_PER_TOKEN * token_max;; byte_count *= 2) {
        if (byte_count > byte_count_max) byte_count = byte_count_max;
        const size_t limit = count < byte_count ? count : byte_count, newline = tk_find_newline(text, limit);
        size_t end = newline + 1;
        if (newline == limit) {
            const bool is_seen = is_end || count >= byte_count + CHARACTER_BYTES_MAX;
            if (!is_seen) return false;
            end = is_end && count <= byte_count ? count : tk_utf8_boundary(text, count, byte_count);
        }
        const tk_pretoken above = tk_pretoken_above(counter, text, end, token_max);
        if (above.is_there) {
            const size_t fitting =
                above.start > 0 ? above.start : tk_token_prefix(counter, text, above.end, token_max);
            *part = shrink(counter, text, end, fitting, token_max);
            return true;
        }
        // The line fits. It would be looked at for ever, so this ends the process in release builds too.
        if (byte_count == byte_count_max) __builtin_trap();
    }
}

size_t tk_cut_line(const tk_chunked_text *t, size_t start, tk_chunk *chunks, size_t capacity) {
    const uint8_t *text = t->bytes + start;
    size_t count = cut_pretoken(t->counter, text, t->count - start, t->token_max, chunks, capacity);
    if (count == 0 && find_first_part(t->counter, text, t->count - start, t->is_end, t->token_max, chunks)) {
        for (count = 1; count < capacity; count++) {
            const size_t at = chunks[count - 1].end;
            if (!find_next_part(t->counter, text + at, t->count - start - at, t->token_max, &chunks[count])) break;
            chunks[count].start += at;
            chunks[count].end += at;
        }
    }
    for (size_t i = 0; i < count; i++) {
        chunks[i].start += start;
        chunks[i].end += start;
    }
    return count;
}
