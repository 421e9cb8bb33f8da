/// An encoder of LZ4 blocks, made for text. Any LZ4 decoder reads its output, which follows
/// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md.
///
/// Rules of every function here:
/// - Only `cz_encoder_create` and `cz_encoder_create_on` allocate. Nothing locks or logs.
/// - All functions may be called from any thread; an encoder belongs to one call at a time.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: CPU paths

/// An implementation of the encoder. All give the same bytes.
typedef enum {
    CZ_PATH_PORTABLE = 0,
    CZ_PATH_AVX2 = 1,
    CZ_PATH_AVX512 = 2,
} cz_path;
enum { CZ_PATH_COUNT = 3 };

/// Whether this build has the path and this CPU can run it.
bool cz_path_is_supported(cz_path path);
/// The fastest supported path.
cz_path cz_best_path(void);
/// "portable", "avx2" or "avx512".
const char *cz_path_name(cz_path path);

// MARK: Compression

/// The scratch memory of a call, about 110 KiB. It carries nothing from one call to the next.
typedef struct cz_encoder cz_encoder;

/// An encoder on the best path; NULL if there is no memory. The caller destroys it.
cz_encoder *cz_encoder_create(void);
/// The same on a given path, for tests. NULL also if the path is not supported.
cz_encoder *cz_encoder_create_on(cz_path path);
/// NULL is legal.
void cz_encoder_destroy(cz_encoder *encoder);
/// The path that the encoder takes.
cz_path cz_encoder_path(const cz_encoder *encoder);

/// The longest source of one block, 2,016 MiB: what liblz4 takes too (LZ4_MAX_INPUT_SIZE).
enum { CZ_SOURCE_MAX = 0x7E000000 };

/// The most bytes that the block of a source of `count` bytes takes, as LZ4_compressBound has it; 0 if no block holds
/// so many.
static inline size_t cz_bound(size_t count) {
    return count > CZ_SOURCE_MAX ? 0 : count + count / 255 + 16;
}

/// Compresses a source of any bytes into one LZ4 block, which depends on nothing but these bytes: not on the path, nor
/// on what the encoder did before.
///
/// `source` has `count` bytes, and may be NULL where `count` is 0. `target` has room for `capacity` bytes, `cz_bound`
/// of them at least; the two do not overlap. No byte outside of both is read or written. Behind the block, up to the
/// bound, `target` may hold anything afterwards. Both stay the caller's.
///
/// Returns the bytes of the block, 1 or more. Returns 0, and writes nothing, if `count` is above CZ_SOURCE_MAX or
/// `capacity` is below `cz_bound(count)`.
///
/// Costs time linear in `count`, whatever the bytes are, and one or two microseconds for the call itself. On text it
/// takes about half of liblz4's time with AVX-512, half to two thirds with AVX2, and up to one and a half times as much
/// on the portable path. The figures are in encoder.c.
size_t cz_compress(cz_encoder *encoder, const uint8_t *source, size_t count, uint8_t *target, size_t capacity);

#ifdef __cplusplus
}
#endif
