#include "counter/prefixes.h"

#include "counter/prefix_walk.inc.h"

size_t tk_count_prefixes(tk_counter *counter, const uint8_t *bytes, size_t count) {
    tk_walk w;
    tk_walk_begin(&w, counter, SIZE_MAX);
    for (size_t at = 0; at < count;) {
        const tk_unit unit = tk_decode(bytes + at, count - at);
        tk_walk_unit(&w, bytes + at, count - at, unit);
        at += unit.byte_count;
        const size_t tokens = tk_walk_prefix(&w, w.offset)->tokens;
        if (tokens > counter->tokens_enough && tk_walk_is_above(&w, counter->tokens_enough)) break;
    }
    return tk_walk_prefix(&w, w.offset)->tokens;
}

size_t tk_line_prefix(tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, size_t *tokens) {
    tk_walk w;
    tk_walk_begin(&w, counter, SIZE_MAX);
    size_t line_end = 0;
    *tokens = 0;
    for (size_t at = 0; at < count;) {
        const tk_unit unit = tk_decode(bytes + at, count - at);
        tk_walk_unit(&w, bytes + at, count - at, unit);
        at += unit.byte_count;
        const size_t here = tk_walk_prefix(&w, w.offset)->tokens;
        if (here > token_limit && (unit.code_point == '\n' || tk_walk_is_above(&w, token_limit))) break;
        if (unit.code_point != '\n') continue;
        line_end = at;
        *tokens = here;
    }
    return line_end;
}

size_t tk_token_prefix(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit) {
    tk_walk w;
    tk_walk_begin(&w, counter, token_limit);
    for (size_t at = 0; at < count && !((w.offset & 15) == 0 && tk_walk_is_mark_certain(&w));) {
        const tk_unit unit = tk_decode(text + at, count - at);
        tk_walk_unit(&w, text + at, count - at, unit);
        at += unit.byte_count;
    }
    const tk_prefix *last = tk_walk_prefix(&w, w.offset);
    if (last->tokens <= token_limit) return count;
    // Back to the text's own bytes, and down to a unit's start.
    size_t at = 0;
    for (size_t offset = 0;;) {
        const tk_unit unit = tk_decode(text + at, count - at);
        offset += unit.is_invalid ? 3 : unit.byte_count;
        if (offset > last->mark) return at;
        at += unit.byte_count;
    }
}
