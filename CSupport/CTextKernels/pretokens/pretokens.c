// The split patterns of tiktoken (`tiktoken_ext/openai_public.py`) by hand. A regular expression takes the first
// alternative that matches at a place, not the longest match; the functions below try them in that order, and where an
// alternative can give characters back, they say why what they return is what backtracking ends at.
#include "pretokens.h"

#include "unicode/classes.h"
#include "unicode/utf8.h"

#define BIT(class) (1u << (class))
enum {
    LETTERS = BIT(TK_UPPER) | BIT(TK_LOWER) | BIT(TK_CASELESS),
    // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] and [\p{Ll}\p{Lm}\p{Lo}\p{M}]
    UPPER_SET = BIT(TK_UPPER) | BIT(TK_CASELESS) | BIT(TK_MARK),
    LOWER_SET = BIT(TK_LOWER) | BIT(TK_CASELESS) | BIT(TK_MARK),
    // [^\s\p{L}\p{N}]
    SYMBOLS = BIT(TK_OTHER) | BIT(TK_MARK),
    // [^\r\n\p{L}\p{N}]
    PREFIXES = BIT(TK_OTHER) | BIT(TK_MARK) | BIT(TK_SPACE),
    SPACES = BIT(TK_SPACE) | BIT(TK_NEWLINE),
};

static inline bool is_in(tk_class class, unsigned set) { return (BIT(class) & set) != 0; }

/// The class of the character at `at`; `next` receives where the one behind it starts.
static inline tk_class class_at(tk_text *text, size_t at, size_t *next) {
    if (at >= text->count) {
        text->has_seen_end = true;
        *next = at;
        return TK_END;
    }
    const uint8_t byte = text->bytes[at];
    if (byte < 0x80) {
        *next = at + 1;
        return (tk_class)tk_class_blocks[0][byte];
    }
    const tk_unit unit = tk_decode(text->bytes + at, text->count - at);
    text->has_seen_invalid |= unit.is_invalid;
    text->has_seen_end |= unit.is_truncated;
    *next = at + unit.byte_count;
    return tk_class_of(unit.code_point);
}

/// The byte at `at`; 0 (which no caller looks for) at the end.
static inline uint8_t byte_at(tk_text *text, size_t at) {
    if (at < text->count) return text->bytes[at];
    text->has_seen_end = true;
    return 0;
}

/// (?i:'s|'t|'re|'ve|'m|'ll|'d)? at `at`: the end of the match, `at` itself if there is none.
/// Ignoring case, an s is also U+017F (LATIN SMALL LETTER LONG S); the other letters have no third form.
static size_t contraction_end(tk_text *text, size_t at) {
    if (byte_at(text, at) != '\'') return at;
    const uint8_t first = byte_at(text, at + 1);
    switch (first | 0x20) {
    case 's': case 't': case 'm': case 'd':
        // 0x20 also maps bytes that are no letters, but none onto these letters except their capitals.
        return at + 2;
    case 'r': case 'v':
        return (byte_at(text, at + 2) | 0x20) == 'e' ? at + 3 : at;
    case 'l':
        return (byte_at(text, at + 2) | 0x20) == 'l' ? at + 3 : at;
    default:
        return first == 0xC5 && byte_at(text, at + 2) == 0xBF ? at + 3 : at;
    }
}

/// U*L+ at `at`, with U and L the sets of o200k_base. Returns the end of the match, 0 if there is none; `upper_end`
/// receives where the run of U ends.
///
/// U* takes the whole run of U. If a lower case letter follows, L+ takes it and what comes behind. If not, U* gives
/// characters back until L+ can start: at the last one of the run that is in both sets. Behind it are only upper case
/// letters, so L+ is that one character.
static size_t word_end(tk_text *text, size_t at, size_t *upper_end) {
    size_t end = at, next, last_in_both_end = 0;
    tk_class class;
    while (is_in(class = class_at(text, end, &next), UPPER_SET)) {
        end = next;
        if (class != TK_UPPER) last_in_both_end = end;
    }
    *upper_end = end;
    if (class != TK_LOWER) return last_in_both_end;
    do {
        end = next;
    } while (is_in(class_at(text, end, &next), LOWER_SET));
    return end;
}

/// The run of white space at `start`, which is not empty.
typedef struct {
    size_t end;
    /// Where its last CR or LF ends; 0 if it has none.
    size_t newline_end;
    /// Where its last character starts.
    size_t last_start;
} space_run;

static space_run space_run_at(tk_text *text, size_t start) {
    space_run run = {start, 0, start};
    size_t next;
    tk_class class;
    while (is_in(class = class_at(text, run.end, &next), SPACES)) {
        run.last_start = run.end;
        run.end = next;
        if (class == TK_NEWLINE) run.newline_end = next;
    }
    return run;
}

/// \s+(?!\S)|\s+ on a run of white space without newline: all of it at the end of the text; else the last character is
/// left to what follows, if that does not leave nothing.
static size_t inner_space_end(const tk_text *text, space_run run, size_t start) {
    return run.end == text->count || run.last_start == start ? run.end : run.last_start;
}

/// The end of a run of `set` that starts at `at`.
static inline size_t run_end(tk_text *text, size_t at, unsigned set) {
    size_t next;
    while (is_in(class_at(text, at, &next), set)) at = next;
    return at;
}

/// Up to three numbers, of which the first ends at `end`.
static size_t number_end(tk_text *text, size_t end) {
    size_t next;
    for (int digits = 1; digits < 3 && class_at(text, end, &next) == TK_NUMBER; digits++) end = next;
    return end;
}

/// ` ?[^\s\p{L}\p{N}]+` at `start`, whose character has class `class` and ends at `next`: where it ends, 0 if it does
/// not match.
static size_t symbols_end(tk_text *text, size_t start, tk_class class, size_t next) {
    size_t ignored;
    if (text->bytes[start] == ' ') {
        if (!is_in(class_at(text, next, &ignored), SYMBOLS)) return 0;
    } else if (!is_in(class, SYMBOLS)) {
        return 0;
    }
    return run_end(text, next, SYMBOLS);
}

//   1  [^\r\n\p{L}\p{N}]?U*L+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//   2  [^\r\n\p{L}\p{N}]?U+L*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//   3  \p{N}{1,3}
//   4   ?[^\s\p{L}\p{N}]+[\r\n/]*
//   5  \s*[\r\n]+
//   6  \s+(?!\S)
//   7  \s+
static size_t o200k_end(tk_text *text, size_t start) {
    size_t next, upper_end;
    const tk_class class = class_at(text, start, &next);
    if (class == TK_NUMBER) return number_end(text, next);
    if (is_in(class, LETTERS)) {
        // If 1 does not match, the run of U is not empty and nothing but upper case, and 2 takes it.
        const size_t end = word_end(text, start, &upper_end);
        return contraction_end(text, end != 0 ? end : upper_end);
    }
    if (is_in(class, PREFIXES)) {
        size_t end = word_end(text, next, &upper_end);
        // Without the optional prefix a word can only start with a mark, which 1 then matches.
        if (end == 0 && class == TK_MARK) end = word_end(text, start, &upper_end);
        if (end == 0 && upper_end > next) end = upper_end;
        if (end != 0) return contraction_end(text, end);
        end = symbols_end(text, start, class, next);
        if (end != 0) {
            uint8_t byte = byte_at(text, end);
            while (byte == '\r' || byte == '\n' || byte == '/') byte = byte_at(text, ++end);
            return end;
        }
    }
    // White space. \s* takes the run and gives back up to the last newline, which [\r\n]+ needs.
    const space_run run = space_run_at(text, start);
    return run.newline_end != 0 ? run.newline_end : inner_space_end(text, run, start);
}

//   1  '(?i:[sdmt]|ll|ve|re)
//   2  [^\r\n\p{L}\p{N}]?+\p{L}++
//   3  \p{N}{1,3}+
//   4   ?[^\s\p{L}\p{N}]++[\r\n]*+
//   5  \s++$
//   6  \s*[\r\n]
//   7  \s+(?!\S)
//   8  \s
static size_t cl100k_end(tk_text *text, size_t start) {
    size_t next, behind;
    const size_t contraction = contraction_end(text, start);
    if (contraction != start) return contraction;
    const tk_class class = class_at(text, start, &next);
    if (class == TK_NUMBER) return number_end(text, next);
    if (is_in(class, LETTERS)) return run_end(text, next, LETTERS);
    if (is_in(class, PREFIXES)) {
        if (is_in(class_at(text, next, &behind), LETTERS)) return run_end(text, behind, LETTERS);
        size_t end = symbols_end(text, start, class, next);
        if (end != 0) {
            for (uint8_t byte = byte_at(text, end); byte == '\r' || byte == '\n';) byte = byte_at(text, ++end);
            return end;
        }
    }
    const space_run run = space_run_at(text, start);
    if (run.end == text->count) return run.end;
    return run.newline_end != 0 ? run.newline_end : inner_space_end(text, run, start);
}

size_t tk_next_pretoken_end(tk_tokenizer tokenizer, tk_text *text, size_t start) {
    return tokenizer == TK_O200K_BASE ? o200k_end(text, start) : cl100k_end(text, start);
}

size_t tk_pretoken_end(tk_tokenizer tokenizer, const uint8_t *bytes, size_t count, size_t start) {
    tk_text text = {bytes, count, false, false};
    return tk_next_pretoken_end(tokenizer, &text, start);
}
