/// What the paths of pass 1 share.
#pragma once
#include "encoder.h"

enum {
    /// Positions that are looked up before any of them is put into the table. All paths do this alike, as the output
    /// depends on it.
    CZ_BATCH = 32,
    /// Positions that are hashed at once where scalar code reads and writes the table.
    CZ_RUN = 8 * CZ_BATCH,
};

#define CZ_PRIME_A 0x9E3779B1u
#define CZ_PRIME_B 0x85EBCA77u

/// The hash of six bytes: of the first four and the last four of them, which overlap. Its high bits say which entry of
/// the table is meant, its low 16 bits are the tag.
CZ_INLINE uint32_t cz_hash(const uint8_t *bytes) {
    return cz_load32(bytes) * CZ_PRIME_A ^ cz_load32(bytes + 2) * CZ_PRIME_B;
}

CZ_INLINE uint32_t cz_slot(uint32_t hash) { return hash >> (32 - CZ_TABLE_BITS); }

/// An entry of the table: the tag, and the low 16 bits of the position.
CZ_INLINE uint32_t cz_entry(uint32_t hash, size_t position) { return hash << 16 | (uint16_t)position; }

/// Reads the entries of at most CZ_BATCH slots into `old`, then puts those of the odd positions into the table. The
/// batch begins at an even position.
CZ_INLINE void cz_look_up(
    cz_encoder *encoder, const uint32_t *slots, const uint32_t *entries, uint32_t *old, size_t count) {
    for (size_t i = 0; i < count; i++) old[i] = encoder->table[slots[i]];
    for (size_t i = 1; i < count; i += 2) encoder->table[slots[i]] = entries[i];
}
