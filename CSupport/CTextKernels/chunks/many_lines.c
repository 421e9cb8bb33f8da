// All lines of one pre-token in one walk over its prefixes.
#include "chunks/rule.h"
#include "counter/prefix_walk.inc.h"
#include "counter/space_walk.h"
#include "unicode/classes.h"

/// What a pre-token is made of that may hold many line ends: white space up to a newline; or symbols (only those of
/// ASCII here), and then newlines (in o200k_base also slashes).
typedef enum { OF_SPACE, OF_SYMBOLS, BEHIND_SYMBOLS } line_kind;

/// Whether a character continues such a pre-token, or may.
static inline bool goes_on(tk_tokenizer tokenizer, line_kind *kind, unsigned class, uint32_t code_point) {
    if (*kind == OF_SPACE) return class == TK_SPACE || class == TK_NEWLINE;
    if (*kind == OF_SYMBOLS && class == TK_OTHER && code_point < 0x80) return true;
    *kind = BEHIND_SYMBOLS;
    return class == TK_NEWLINE || (code_point == '/' && tokenizer == TK_O200K_BASE);
}

bool tk_has_many_lines(tk_tokenizer tokenizer, const uint8_t *bytes, size_t count) {
    enum { SEEN_MAX = 1024, LINES_MIN = 9 };
    line_kind kind = tk_class_of(bytes[0]) == TK_OTHER ? OF_SYMBOLS : OF_SPACE;
    unsigned line_count = 0;
    for (size_t i = 0; i < count && i < SEEN_MAX && bytes[i] < 0x80; i++) {
        if (!goes_on(tokenizer, &kind, tk_class_of(bytes[i]), bytes[i])) return false;
        if (bytes[i] == '\n' && ++line_count == LINES_MIN) return true;
    }
    return false;
}

/// As `tk_walk_lines`, in white space. False if some of it is another than that walk knows.
static bool walk_space_lines(const tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit,
    size_t token_reach, size_t byte_count_above, tk_pretoken_lines *found) {
    tk_space_walk w;
    tk_space_walk_begin(&w, counter->tables);
    // The last so many prefixes have more tokens than the reach: see prefix_walk.inc.h.
    size_t above = 0;
    for (size_t at = 0; at < count; at++) {
        const uint8_t byte = bytes[at];
        if (!tk_is_space_byte(byte)) {
            const tk_unit unit = tk_decode(bytes + at, count - at);
            const unsigned class = tk_class_of(unit.code_point);
            found->seen = at + (unit.is_truncated ? 0 : unit.byte_count);
            found->end = unit.is_truncated ? TK_LINES_OPEN : TK_LINES_PRETOKEN;
            return unit.is_truncated || unit.is_invalid || (class != TK_SPACE && class != TK_NEWLINE);
        }
        found->seen = at + 1;
        const bool is_certain = above >= TK_WALK_REACH, may_end = byte == '\n' || byte == '\r';
        if (is_certain && (may_end || at >= byte_count_above)) {
            found->end = TK_LINES_ABOVE;
            return true;
        }
        if (is_certain) continue;
        const size_t tokens = tk_space_walk_byte(&w, byte);
        above = tokens > token_reach ? above + 1 : 0;
        if (!may_end) continue;
        if (byte == '\n') {
            if (tokens > token_limit) {
                found->end = TK_LINES_ABOVE;
                found->next_tokens = tokens;
                return true;
            }
            found->line_end = found->seen;
            found->line_tokens = tokens;
        }
        found->pretoken_end = found->seen;
        found->pretoken_tokens = tokens;
    }
    found->seen = count;
    found->end = TK_LINES_OPEN;
    return true;
}

tk_pretoken_lines tk_walk_lines(
    tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, size_t token_reach,
    size_t byte_count_above) {
    tk_pretoken_lines found = {.next_tokens = SIZE_MAX};
    line_kind kind = tk_class_of(bytes[0]) == TK_OTHER ? OF_SYMBOLS : OF_SPACE;
    if (kind == OF_SPACE) {
        const bool is_done =
            walk_space_lines(counter, bytes, count, token_limit, token_reach, byte_count_above, &found);
        if (is_done) return found;
        found = (tk_pretoken_lines){.next_tokens = SIZE_MAX};
    }
    tk_walk w;
    tk_walk_begin(&w, counter, SIZE_MAX);
    bool is_certain = false;
    for (;;) {
        const size_t at = found.seen;
        if (at == count) {
            found.end = TK_LINES_OPEN;
            return found;
        }
        const tk_unit unit = tk_decode(bytes + at, count - at);
        const unsigned class = tk_class_of(unit.code_point);
        if (unit.is_truncated || (kind == OF_SYMBOLS && bytes[at] >= 0x80)) {
            found.end = TK_LINES_OPEN;
            return found;
        }
        found.seen += unit.byte_count;
        if (unit.is_invalid || !goes_on(counter->tokenizer, &kind, class, unit.code_point)) {
            found.end = TK_LINES_PRETOKEN;
            return found;
        }
        const bool may_end = kind != OF_SPACE || class == TK_NEWLINE;
        // All that is longer, up to where the pre-token may end, is out of reach; and so is any text of so many bytes.
        if (is_certain && (may_end || at >= byte_count_above)) {
            found.end = TK_LINES_ABOVE;
            return found;
        }
        if (is_certain) continue;
        tk_walk_unit(&w, bytes + at, count - at, unit);
        const size_t tokens = tk_walk_prefix(&w, w.offset)->tokens;
        if (unit.code_point == '\n') {
            if (tokens > token_limit) {
                found.end = TK_LINES_ABOVE;
                found.next_tokens = tokens;
                return found;
            }
            found.line_end = found.seen;
            found.line_tokens = tokens;
        }
        if (may_end) {
            found.pretoken_end = found.seen;
            found.pretoken_tokens = tokens;
        }
        is_certain = tokens > token_reach && tk_walk_is_above(&w, token_reach);
    }
}
