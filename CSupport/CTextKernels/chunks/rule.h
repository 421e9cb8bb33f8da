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
/// 3. **Overlap.** A chunk ends at E. With an `overlap` above 0, if chunk S ..< E is whole lines and the line behind E,
///    alone, has at most `token_max` tokens, L, the next chunk may start inside this one. Its candidates are the line
///    starts C behind S for which count(S ..< E) - count(S ..< C) <= min(`overlap`, `token_max` - L), the first eight
///    of them. The next chunk starts at the first candidate for which count(C ..< E) <= `overlap` and from which, by 1,
///    a chunk ends behind E. If there is none, it starts at E.
///
///    In a pre-token of many lines not all line starts can be candidates: so that its lines need not be counted one by
///    one, some are passed over. Let P be where the last pre-token of the text from S to a line end starts. From the
///    tenth line end with the same P on (the ninth, if P is S), one at E' passes over the line ends behind it, and
///    itself, up to P + 2 x (E' - P) + 8 x `token_max` bytes within the pre-token, but not over the last of these. The
///    next line end behind does the same.
///
/// The chunks of a document do not depend on the windows in which it comes; none has more than `token_max` tokens; and
/// without overlap they tile the document.
///
/// The files: chunks.c packs and overlaps by sums of what the kernels count in one pass, and leaves what is rare to
/// by_counting.c, which does as is written here; cuts.c cuts lines; many_lines.c finds all lines of a pre-token in one
/// walk.
#pragma once
#include "counter/progress.h"

enum {
    /// Of a line that does not fit, so many bytes for each token of `token_max` are looked at first.
    TK_CUT_BYTES_PER_TOKEN = 8,
    /// So many candidates are tried. Nearly always the first will do, as counts from inside a text differ little from
    /// counts alone.
    TK_OVERLAP_CANDIDATES_MAX = 8,
    /// After so many line ends behind the first one in a pre-token, some are passed over.
    TK_LINES_OF_PRETOKEN_MAX = 8,
    /// What is passed over reaches so many times as far as the line end that does it, and `TK_CUT_BYTES_PER_TOKEN`
    /// further.
    TK_PASSED_OVER_FACTOR = 2,
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

typedef enum {
    /// A chunk is found, and where the next one starts.
    TK_CHUNK_FOUND,
    /// Its first line does not fit.
    TK_CHUNK_LINE_ABOVE,
    /// It depends on text behind this one.
    TK_CHUNK_OPEN,
} tk_chunk_verdict;

/// The chunk that starts at `start`, by 1 and 3 as they are written, line by line.
tk_chunk_verdict tk_chunk_by_counting(const tk_chunked_text *t, size_t start, tk_chunk *chunk, size_t *next);

/// Cuts the line that starts at `start`, which does not fit, by 2. Returns how many chunks, at most `capacity`, are
/// decided; the first at least, if that does not depend on text behind this one.
size_t tk_cut_line(const tk_chunked_text *t, size_t start, tk_chunk *chunks, size_t capacity);

/// Why a walk over the lines of a pre-token ended.
typedef enum {
    /// The pre-token did.
    TK_LINES_PRETOKEN,
    /// The next line end, and all that are behind, are above the limit.
    TK_LINES_ABOVE,
    /// The text did, or something is met that is to be counted in another way.
    TK_LINES_OPEN,
} tk_lines_end;

/// Lines of a pre-token, up to the first that does not fit. Offsets are from its start.
typedef struct {
    tk_lines_end end;
    /// The last line end that fits (0: none), and the tokens up to there.
    size_t line_end, line_tokens;
    /// For `TK_LINES_PRETOKEN`: the pre-token's end, and its tokens.
    size_t pretoken_end, pretoken_tokens;
    /// What was found depends on so many bytes.
    size_t seen;
} tk_pretoken_lines;

/// Whether a pre-token starts here that has many line ends and is white space, or symbols and what may follow these.
bool tk_has_many_lines(tk_tokenizer tokenizer, const uint8_t *bytes, size_t count);
/// The lines of such a pre-token. A text of `byte_count_above` bytes has more tokens than the limit.
tk_pretoken_lines tk_walk_lines(
    tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit, size_t byte_count_above);
