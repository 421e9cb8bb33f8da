/// What the passes of the encoder share. How it works is told in encoder.c.
#pragma once
#include <string.h>

#include "compression.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the loads and stores of the encoder are written for little-endian CPUs"
#endif

/// For functions that must become part of their caller, so that their values stay in registers.
#define CZ_INLINE static inline __attribute__((always_inline))
#define CZ_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

enum {
    /// The table of earlier positions has 8192 entries of 4 bytes, which fit into an L1 cache.
    CZ_TABLE_BITS = 13,
    /// Chunks that are parsed side by side.
    CZ_CHAINS = 6,
    /// Bytes of a chunk.
    CZ_CHUNK = 4096,
    /// Bytes that go through the three passes at once.
    CZ_GROUP = CZ_CHAINS * CZ_CHUNK,
    /// A group is full if the source has so many bytes behind it. The passes over a full group read up to 64 of them.
    CZ_FULL_GROUP_MARGIN = 96,
    /// The format's shortest match,
    CZ_MATCH_MIN = 4,
    /// how many bytes at the end of a block are literals,
    CZ_LAST_LITERALS = 5,
    /// and how many bytes before the end the last match starts at the latest.
    CZ_MATCH_START_MARGIN = 12,
};

struct cz_encoder {
    cz_path path;
    /// By hash: the last position that had it, as `cz_entry` says.
    uint32_t table[1 << CZ_TABLE_BITS];
    /// For each position of the group, and for its end, how far back the candidate is.
    uint16_t distance[CZ_GROUP + 1];
    /// For each position of the group, one bit: whether it has a candidate. Eight bytes are read at once.
    uint8_t hits[CZ_GROUP / 8 + 8];
    /// The matches of each chunk, as `cz_match` says. One place more is written than counts.
    uint32_t matches[CZ_CHAINS][CZ_CHUNK / CZ_MATCH_MIN + 2];
    uint32_t match_count[CZ_CHAINS];
};

/// Pass 1, for `count` positions of the source from `start` on, which become the first positions of the group.
void cz_find_portable(cz_encoder *encoder, const uint8_t *source, size_t start, size_t count);
/// Pass 2, for a full group.
void cz_parse_portable(cz_encoder *encoder, const uint8_t *group);
/// Pass 2, for a group near the end of the source: nothing at or behind `match_end` is read.
void cz_parse_careful(cz_encoder *encoder, const uint8_t *group, const uint8_t *match_end);

#if defined(__x86_64__)
#define CZ_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define CZ_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi,bmi2")))

/// As `cz_find_portable` and `cz_parse_portable`, for a full group.
void cz_find_avx2(cz_encoder *encoder, const uint8_t *source, size_t start);
void cz_parse_avx2(cz_encoder *encoder, const uint8_t *group);
void cz_find_avx512(cz_encoder *encoder, const uint8_t *source, size_t start);
void cz_parse_avx512(cz_encoder *encoder, const uint8_t *group);
#endif

/// Where the block is written.
typedef struct {
    /// The first byte of the source that is not written yet, and the end of the source.
    const uint8_t *anchor, *end;
    uint8_t *out;
} cz_writer;

/// Pass 3, for a group.
void cz_emit(const cz_encoder *encoder, cz_writer *writer, const uint8_t *group);
/// Ends the block: all that is left is literals.
void cz_emit_last_literals(cz_writer *writer);

CZ_INLINE uint32_t cz_load32(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

CZ_INLINE uint64_t cz_load64(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}
