/// Kernels over text: newline scanning, exact token counts, chunks.
///
/// Rules of every function here:
/// - Text is a pointer and a `size_t` count of bytes. NULL with 0 is legal. Nothing at or behind `text + count` is
///   read.
/// - Text may be any bytes. What is not valid UTF-8 is handled as if each maximal invalid sequence were one U+FFFD,
///   just as Python's `bytes.decode("utf-8", "replace")` (Unicode 16, section 3.9, table 3-8, "U+FFFD Substitution of
///   Maximal Subparts").
/// - Only `tk_counter_create` and `tk_counter_create_on` allocate. Nothing locks or logs.
/// - All functions may be called from any thread; a counter belongs to one call at a time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: CPU paths

/// An implementation of newline scanning and of the counter.
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
/// Makes all later scans, and counters that are created later, take `path`, for tests. Returns false, and changes
/// nothing, if it is not supported.
bool tk_path_force(tk_path path);
/// "scalar", "avx2", "avx512bw" or "neon".
const char *tk_path_name(tk_path path);

// MARK: Bytes

/// The offset of the first 0x0A in the text; `count` if there is none.
size_t tk_find_newline(const uint8_t *text, size_t count);
/// Whether a byte of the text is 0.
bool tk_contains_nul(const uint8_t *text, size_t count);

// MARK: Counting

typedef enum {
    TK_O200K_BASE = 0,
    TK_CL100K_BASE = 1,
} tk_tokenizer;

/// The longest token of both vocabularies, in bytes: no text of n tokens is longer than n times this.
enum { TK_TOKEN_BYTES_MAX = 128 };

/// Counts tokens. It owns caches, which change no result, and scratch: at most 8 MiB, whatever is counted.
typedef struct tk_counter tk_counter;

/// Maps its memory, which is touched as it is needed; NULL if there is none. Takes microseconds, as the tables are part
/// of the executable and used where they lie. It counts on the path that is active now.
tk_counter *tk_counter_create(tk_tokenizer tokenizer);
/// The same on a given path, for tests. NULL also if the path is not supported.
tk_counter *tk_counter_create_on(tk_path path, tk_tokenizer tokenizer);
/// NULL is legal.
void tk_counter_destroy(tk_counter *counter);
/// "scalar", "avx2", "avx512vbmi" or "neon": the instructions that this counter uses.
const char *tk_counter_path_name(const tk_counter *counter);

/// The exact token count of a text of any bytes. Linear in the text, whatever it holds.
size_t tk_counter_count(tk_counter *counter, const uint8_t *text, size_t count);

// MARK: Chunks

/// The least `token_max`. It leaves room for any single character.
enum { TK_CHUNK_TOKENS_MIN = 16 };

typedef struct {
    /// No chunk has more tokens. TK_CHUNK_TOKENS_MIN or more.
    size_t token_max;
    /// Tokens that a chunk may repeat of the one before, in whole lines. Below `token_max`.
    size_t overlap;
} tk_chunk_settings;

/// No text needs to be longer than this, in bytes, for its first chunk to be decided: the length of a text of the
/// longest tokens, and with overlap that of two such.
static inline size_t tk_chunk_lookahead(tk_chunk_settings settings) {
    const size_t chunk = (settings.token_max + 2) * TK_TOKEN_BYTES_MAX;
    return settings.overlap > 0 ? 2 * chunk : chunk;
}

/// Some bytes of a text, [start, end), and what they count alone.
typedef struct {
    size_t start, end, tokens;
} tk_chunk;

typedef struct {
    /// How many chunks were found.
    size_t count;
    /// Where the next one starts.
    size_t next;
} tk_chunks;

/// The chunks of a text that starts where a chunk does, in order, by the rule in chunks/rule.h: as many as there is
/// room for (`capacity`, 1 or more) and as can be decided. With `is_end` that is all of them. Without it, more text
/// follows, and only chunks are found that are the same whatever it is: one at least in a text of `tk_chunk_lookahead`
/// bytes.
///
/// Linear in the text, whatever it holds: nothing is looked for further than `token_max` tokens can reach. It counts
/// each byte about once; twice where lines are cut.
tk_chunks tk_counter_chunks(tk_counter *counter, const uint8_t *text, size_t count, bool is_end,
    tk_chunk_settings settings, tk_chunk *chunks, size_t capacity);

#ifdef __cplusplus
}
#endif
