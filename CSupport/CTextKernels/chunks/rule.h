/// # The chunk rule
/// It says where a document is cut. What a store holds depends on it: a change makes other chunks of the same
/// documents.
///
/// The *count* of a text is the number of its tokens when it is counted alone. A *line* ends behind its newline (0x0A);
/// the last line of a document may lack one. A *unit* is a character or a maximal invalid sequence.
///
/// 1. **Packing.** A chunk that starts at S takes whole lines, one after another, for as long as the count from S to
///    the line's end is at most `token_max`.
/// 2. **Cutting.** If not even the first line fits, the chunk is a part of it. Let T be the first 8 x `token_max` bytes
///    of the line, moved back to a unit's start (all of the line, if it is shorter). As long as the count of T is not
///    above `token_max`, so many bytes are doubled, but not beyond 128 x (`token_max` + 1). The part is as many of T's
///    pre-tokens as have at most `token_max` tokens together. If the first of them has more alone, the part is its
///    first `token_max` tokens, moved back to a unit's start. As long as the part's count is above `token_max`, the
///    part loses its last unit. What is left of the line is a line like others.
/// 3. **Overlap.** Without `overlap`, or behind a part of a line, the next chunk starts where this one ends. With an
///    `overlap` above 0, the next chunk behind one of whole lines, S ..< E, may start inside it, so that it repeats
///    some lines. Its candidates are the line ends of S ..< E at which a pre-token of the text S ..< E ends; of
///    these the last 2,048. (E is the last of them. A run of blank lines is one pre-token, so there is none inside
///    it but E.) Let F be where the line behind E ends. The next chunk starts at the first candidate C for which
///    count(C ..< E) <= `overlap` and count(C ..< F) <= `token_max`; if there is none, at E.
///
/// The chunks of a document do not depend on the windows in which it comes; none has more than `token_max` tokens; and
/// without overlap they tile the document.
///
/// The files: chunks.c packs and overlaps by sums of what the kernels count in one pass; cuts.c cuts lines;
/// many_lines.c finds all lines of a pre-token in one walk.
#pragma once
#include "counter/progress.h"

enum {
    /// Of a line that does not fit, so many bytes for each token of `token_max` are looked at first.
    TK_CUT_BYTES_PER_TOKEN = 8,
};

/// A text that is cut, and how.
typedef struct {
    tk_counter *counter;
    const uint8_t *bytes;
    size_t count;
    /// No text follows on this one.
    bool is_end;
    size_t token_max, overlap;
} tk_chunked_text;

/// A text of so many bytes has more tokens than a chunk.
static inline size_t tk_byte_count_above(const tk_chunked_text *t) { return t->token_max * TK_TOKEN_BYTES_MAX + 1; }

/// Cuts the line that starts at `start`, which does not fit, by 2. Returns how many chunks, at most `capacity`, are
/// decided; the first at least, if that does not depend on text behind this one.
size_t tk_cut_line(const tk_chunked_text *t, size_t start, tk_chunk *chunks, size_t capacity);

/// Why a walk over the lines of a pre-token ended.
typedef enum {
    /// The pre-token did.
    TK_LINES_PRETOKEN,
    /// The next line end does not fit.
    TK_LINES_ABOVE,
    /// The text did, or something is met that is to be counted in another way.
    TK_LINES_OPEN,
} tk_lines_end;

/// Lines of a pre-token, up to the first that does not fit. Offsets are from its start.
typedef struct {
    tk_lines_end end;
    /// The last line end that fits (0: none), and the tokens up to there.
    size_t line_end, line_tokens;
    /// For `TK_LINES_ABOVE`: the tokens up to the next line end, SIZE_MAX if it is out of reach.
    size_t next_tokens;
    /// For `TK_LINES_PRETOKEN`: the pre-token's end, and its tokens.
    size_t pretoken_end, pretoken_tokens;
    /// What was found depends on so many bytes.
    size_t seen;
} tk_pretoken_lines;

/// Whether a pre-token starts here that has many line ends and is white space, or symbols and what may follow these.
bool tk_has_many_lines(tk_tokenizer tokenizer, const uint8_t *bytes, size_t count);
/// The lines of such a pre-token that have at most `token_limit` tokens; of the next one it is told whether it has more
/// than `token_reach`, which is not below. A text of `byte_count_above` bytes has more.
tk_pretoken_lines tk_walk_lines(
    tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, size_t token_reach,
    size_t byte_count_above);
