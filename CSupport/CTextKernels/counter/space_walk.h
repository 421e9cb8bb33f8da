/// The walk of prefix_walk.inc.h for white space: spaces, tabs, CR and LF.
///
/// Only some 400 tokens are made of these alone, so tables say which of them end at a place, the longest first, and
/// which two are compatible. So a prefix takes a few loads, where the general walk asks for merges, some thousand at a
/// place in long runs of spaces.
#pragma once
#include "assertions.h"
#include "counter/tables.h"

typedef struct {
    const tk_counting_tables *tables;
    size_t offset;
    unsigned state;
    /// By offset, of the last ones: the last token of the prefix, and how many it has.
    uint16_t last[2 * TK_TOKEN_BYTES_MAX];
    size_t tokens[2 * TK_TOKEN_BYTES_MAX];
} tk_space_walk;

static inline bool tk_is_space_byte(uint8_t byte) {
    return byte <= ' ' && ((uint64_t)1 << ' ' | 1 << '\t' | 1 << '\r' | 1 << '\n') >> byte & 1;
}

/// A number below 4 for each of these bytes.
static inline unsigned tk_space_kind(uint8_t byte) { return byte * 3u >> 2 & 3; }

static inline void tk_space_walk_begin(tk_space_walk *w, const tk_counting_tables *tables) {
    w->tables = tables;
    w->offset = w->state = 0;
    w->last[0] = 0;
    w->tokens[0] = 0;
}

/// Goes on by one byte of white space. Returns the tokens of all up to there.
static inline size_t tk_space_walk_byte(tk_space_walk *w, uint8_t byte) {
    enum { MASK = 2 * TK_TOKEN_BYTES_MAX - 1 };
    const tk_space_state *states = w->tables->space_states;
    w->offset++;
    w->state = states[w->state].next[tk_space_kind(byte)];
    // One of the tokens that end here is compatible with what is before it.
    for (unsigned token = states[w->state].token;; token = states[token].shorter) {
        TK_ASSERT(token != 0 && states[token].byte_count <= w->offset);
        const size_t border = (w->offset - states[token].byte_count) & MASK, here = w->offset & MASK;
        const unsigned before = w->last[border];
        if ((w->tables->space_compatible[token][before >> 6] >> (before & 63) & 1) == 0) continue;
        w->last[here] = (uint16_t)token;
        return w->tokens[here] = w->tokens[border] + 1;
    }
}
