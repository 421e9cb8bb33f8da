/// Kernels over text: newline scanning, UTF-8 validation, exact token counts.
///
/// Rules of every function here:
/// - Text is a pointer and a `size_t` count of bytes. NULL with 0 is legal. Nothing at or behind `text + count` is read.
/// - Text may be any bytes. What is not valid UTF-8 is handled as if each maximal invalid sequence were one U+FFFD, just as
///   Python's `bytes.decode("utf-8", "replace")` (Unicode 16, section 3.9, table 3-8, "U+FFFD Substitution of Maximal Subparts").
/// - Nothing allocates, locks or logs but `tk_vocabulary_shared` on its first call. Scratch memory comes from the caller.
/// - All functions may be called from any thread; a scratch belongs to one call at a time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: CPU paths

/// An implementation of the newline kernels and of the fast counter.
typedef enum {
    TK_PATH_SCALAR = 0,
    TK_PATH_AVX2 = 1,
    TK_PATH_AVX512BW = 2,
    TK_PATH_NEON = 3,
} tk_path;
enum { TK_PATH_COUNT = 4 };

/// Whether this build has the path and this CPU can run it.
bool tk_path_is_supported(tk_path path);
/// The path in use. The best supported one is chosen at the first call of a kernel, or by this query.
tk_path tk_path_active(void);
/// Makes all later calls in the process take `path`, for tests. Returns false, and changes nothing, if it is not supported.
bool tk_path_force(tk_path path);
/// "scalar", "avx2", "avx512bw" or "neon".
const char *tk_path_name(tk_path path);

// MARK: Bytes

/// The offset of the first 0x0A in the text; `count` if there is none.
size_t tk_find_newline(const uint8_t *text, size_t count);
/// How many bytes are 0x0A.
size_t tk_count_newlines(const uint8_t *text, size_t count);
/// Whether a byte of the text is 0.
bool tk_contains_nul(const uint8_t *text, size_t count);

// MARK: UTF-8

/// The length in bytes of the longest prefix that is valid UTF-8: `count` if all of it is.
size_t tk_utf8_valid_prefix(const uint8_t *text, size_t count);
/// The length in bytes of the first unit: a character, or a maximal invalid sequence. 0 if and only if `count` is 0.
size_t tk_utf8_unit(const uint8_t *text, size_t count);
/// The last offset <= `offset` at which no unit is split. At most 3 bytes back; reads up to 4 bytes behind `offset` if they
/// are there. `offset` is at most `count`, and offset 0 must be a unit's start.
size_t tk_utf8_boundary(const uint8_t *text, size_t count, size_t offset);

// MARK: Tokens

typedef enum {
    TK_O200K_BASE = 0,
    TK_CL100K_BASE = 1,
} tk_tokenizer;

/// The longest token of both vocabularies, in bytes: no text of n tokens is longer than n times this.
enum { TK_TOKEN_BYTES_MAX = 128 };

/// Ranks, merges and the look-up tables over them. Immutable; lives as long as the process.
typedef struct tk_vocabulary tk_vocabulary;

/// The vocabulary of a tokenizer. The first call for each builds its tables (some 15 ms; 13 MB for o200k_base, 6 MB for
/// cl100k_base), others wait for it. NULL if there was no memory for them.
const tk_vocabulary *tk_vocabulary_shared(tk_tokenizer tokenizer);

/// Bytes of scratch (aligned for a pointer) that the functions below need. It bounds their memory whatever the text holds:
/// a pre-token of more than 256 KiB is counted by another, slower way (`prefixes.c`). 8.25 MiB, of which
/// only 32 bytes per byte of the longest pre-token seen are ever touched.
size_t tk_scratch_byte_count(void);

/// Class of a code point in the split patterns: 0 other, 1 upper or title case, 2 lower case, 3 letter without case,
/// 4 mark, 5 number, 6 white space, 7 CR or LF. Code points above 0x10FFFF are 0.
unsigned tk_code_point_class(uint32_t code_point);

/// The end (exclusive offset) of the pre-token that starts at `start`, in a text that ends at `count`. `start` < `count`.
size_t tk_pretoken_end(tk_tokenizer tokenizer, const uint8_t *text, size_t count, size_t start);

/// What `tk_tally_tokens` counted: the pre-tokens in [0, end), the last of them apart.
typedef struct {
    /// Tokens of all pre-tokens but the last.
    size_t token_count;
    /// Tokens of the last pre-token; 0 if there was none.
    size_t last_token_count;
    /// Offset in bytes at which the last pre-token starts.
    size_t last_start;
    /// Offset in bytes (exclusive) at which the last pre-token ends.
    size_t end;
    /// The sum of both counts is above `token_limit`, and counting stopped there.
    bool is_above_limit;
} tk_tally;

/// Counts the tokens of a text, pre-token after pre-token, until the sum is above `token_limit` or the text ends.
/// With `is_open`, more text follows that is not here: counting stops at the first pre-token for which the end of the text
/// was looked at, as it may be another one then.
tk_tally tk_tally_tokens(
    const tk_vocabulary *vocabulary, void *scratch, const uint8_t *text, size_t count, size_t token_limit, bool is_open);

/// Where the first `token_limit` tokens of a text taken as one pre-token end, moved back to a unit's start; `count` if it has
/// no more. Not below the text's first unit if `token_limit` is at least 4 (a character has at most 4 bytes, so 4 tokens).
size_t tk_token_prefix(
    const tk_vocabulary *vocabulary, void *scratch, const uint8_t *text, size_t count, size_t token_limit);

/// The longest prefix that ends with 0x0A, of a text taken as one pre-token, such that it and all shorter ones that end so
/// have at most `token_limit` tokens. Returns its length in bytes, 0 if there is none; `tokens` receives its tokens.
/// It takes one pass, where counting each prefix anew would take a time quadratic in the text.
size_t tk_line_prefix(
    const tk_vocabulary *vocabulary, const uint8_t *text, size_t count, size_t token_limit, size_t *tokens);

// MARK: Fast counting

/// Counts as `tk_tally_tokens` does, several times as fast. It owns caches, which change no result, and scratch: at most 8 MiB.
/// It belongs to one thread at a time. No function but create and destroy allocates, locks, or writes outside of it.
typedef struct tk_counter tk_counter;

/// NULL if there is no memory. It takes the path that is active now (`tk_path_force`); microseconds, as the tables are part of
/// the executable and used where they lie.
tk_counter *tk_counter_create(tk_tokenizer tokenizer);
/// The same on a given path, for tests. NULL also if the path is not supported.
tk_counter *tk_counter_create_on(tk_path path, tk_tokenizer tokenizer);
/// NULL is legal.
void tk_counter_destroy(tk_counter *counter);
/// "scalar", "avx2" or "avx512vbmi": the instructions that this counter uses.
const char *tk_counter_path_name(const tk_counter *counter);

/// The exact token count of a text of any bytes. Linear in the text, whatever it holds.
size_t tk_counter_count(tk_counter *counter, const uint8_t *text, size_t count);

/// Some bytes of a text and what they count alone.
typedef struct {
    size_t start, end, tokens;
} tk_chunk;

/// Why no more chunks were found.
typedef enum {
    /// All that can be decided is.
    TK_CHUNKS_DECIDED,
    /// There is room for no more.
    TK_CHUNKS_FULL,
    /// Not even the line that starts at `start` fits into a chunk.
    TK_CHUNKS_LINE_ABOVE,
    /// How the chunk that starts at `start` and the one behind it overlap has to be found in another way.
    TK_CHUNKS_OVERLAP,
} tk_chunks_end;

typedef struct {
    /// How many chunks were found. Nothing is known from `start` on.
    size_t count, start;
    tk_chunks_end end;
} tk_chunks;

/// Takes whole lines from the text's begin, as many as have at most `token_max` tokens, counted alone, up to each of their ends;
/// then again from there, until `capacity` (1 or more) chunks are found or a line does not fit. Chunks may repeat up to `overlap`
/// tokens of the one before, by the rule that the chunker states. Without `is_end` more text follows, and only chunks are
/// returned that are the same whatever it is. One pass: what is behind a chunk's end is not counted again.
tk_chunks tk_counter_chunks(tk_counter *counter, const uint8_t *text, size_t count, bool is_end, size_t token_max, size_t overlap,
    tk_chunk *chunks, size_t capacity);

typedef struct {
    bool is_there;
    /// Where it starts, the tokens before, and where it ends.
    size_t start, tokens_before, end;
} tk_pretoken;

/// The pre-token with which a text has more than `token_limit` tokens.
tk_pretoken tk_counter_pretoken_above(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit);

/// The same as `tk_tally_tokens`; if it is above the limit, the last count may be any that is.
tk_tally tk_counter_tally(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit, bool is_open);
/// The same as `tk_line_prefix`.
size_t tk_counter_line_prefix(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit, size_t *tokens);
/// The same as `tk_token_prefix`.
size_t tk_counter_token_prefix(tk_counter *counter, const uint8_t *text, size_t count, size_t token_limit);

/// Cuts a line that does not fit where it is one long pre-token of characters of one kind: each chunk is as many of its tokens as
/// fit, by the rule that the chunker states. Returns how many chunks, at most `capacity`, are decided without the text's end;
/// 0 says that the line is to be cut in another way.
size_t tk_counter_cut(
    tk_counter *counter, const uint8_t *text, size_t count, size_t token_max, tk_chunk *chunks, size_t capacity);

#ifdef __cplusplus
}
#endif
