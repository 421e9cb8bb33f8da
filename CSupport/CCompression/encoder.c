// The encoder.
//
// ## The way of a text
// liblz4 walks a text in one loop that searches, extends and writes; on text, nearly each step of it ends in a branch
// that the CPU cannot foresee. Here a group of 24 KiB goes through three passes that take few branches:
// 1. Find (find.c): hashes the six bytes at every position, looks up the table's entry, and notes how far back that is
//    and one bit, whether the tags are equal. The text of the candidate is not touched. Odd positions are put into the
//    table; all look-ups of 32 positions come before their insertions, so that a vector can make them.
// 2. Parse (parse.c): goes from set bit to set bit, takes the length of each match by one wide comparison, and goes on
//    behind the match. Each step waits for the one before. So six chunks of the group are parsed side by side, each
//    from its own start, and their waits overlap.
// 3. Emit (emit.c): writes the sequences. What the last match of a chunk covers of the next chunk is cut off there.
//
// ## Why the output is right
// A candidate is only a guess: its tag has 16 bits, and its position is known modulo 64 KiB. Pass 2 compares the bytes,
// and drops what has less than four in common. Distances are from 1 to 65535, as the format wants them.
//
// A candidate is never before position 1 of the source, so that the byte before it can be read. Position 0 is even and
// never put into the table; an empty entry says 1. Of the positions that an entry may mean, the last before the current
// one is taken, which is the one that was put in or behind it. Position 0 itself has no candidate: its bit is cleared.
//
// The last match must start 12 bytes before the end, and the last 5 bytes are literals. So the last group, and one with
// less than 96 bytes behind it, takes the portable pass 1 up to where a match may start, and a pass 2 that reads no
// byte behind the last match's end.
//
// All paths give the same bytes, as all take the same candidates and lengths; tests hold them to that.
//
// ## Figures
// Seconds of processor time for 1 GB, and the size to that of liblz4 1.9.4 at level 1. Intel Xeon (Emerald Rapids),
// the first 64 MB of each corpus in blocks of 1 MiB, taken by turns with liblz4.
//                   liblz4   AVX-512   size      AVX2: times as fast as liblz4   portable
//     English       3.26     1.34      -1.1 %    1.90                            1.04
//     code          2.83     1.29      +0.9 %    1.58                            0.80
//     JSON lines    2.27     1.15      -4.3 %    1.50                            0.67
//     multilingual  3.15     1.36      -0.8 %    1.72                            0.92
// So liblz4 is the better choice where only the portable path is: on arm, where nothing was measured, too.
//
// ## What was tried
// Speed and size to what is built, if nothing else is said.
// - One or two chunks side by side: 1.07 and 1.46 times as fast as liblz4 where four gave 1.78. Eight: as fast as six.
// - A table of 14 bits: 5 to 10 % slower, 2 to 5 % smaller. Of 12 bits: 5 to 10 % faster, 3 to 6 % larger.
// - Every position put into the table: 15 to 20 % slower, 2 to 4 % smaller.
// - A hash of 5 bytes: 5 to 12 % slower. Of 7 or 8 bytes: 2 to 10 % faster, but 4 to 12 % larger.
// - Matches extended backward by more than one byte, in pass 3: 10 points more of liblz4's time.
// - A gather, then scalar stores in place of the scatter: slower.
// - Comparing 32 bytes at first, not 64: between no difference and 9 % slower.
// - liblz4 with an acceleration of 2 or 4: 1 to 16 % faster than at 1, for 1 to 17 % more bytes. Built with -O3
//   -march=native: no faster.
#include "encoder.h"

#include <stdlib.h>

#include "assertions.h"

cz_encoder *cz_encoder_create(void) { return cz_encoder_create_on(cz_best_path()); }

cz_encoder *cz_encoder_create_on(cz_path path) {
    if (!cz_path_is_supported(path)) return NULL;
    // Nothing but the path is read before it is written.
    cz_encoder *encoder = malloc(sizeof *encoder);
    if (encoder != NULL) encoder->path = path;
    return encoder;
}

void cz_encoder_destroy(cz_encoder *encoder) { free(encoder); }

cz_path cz_encoder_path(const cz_encoder *encoder) { return encoder->path; }

/// Pass 1 for a full group.
static void find(cz_encoder *encoder, const uint8_t *source, size_t start) {
    switch (encoder->path) {
#if defined(__x86_64__)
    case CZ_PATH_AVX512: cz_find_avx512(encoder, source, start); break;
    case CZ_PATH_AVX2: cz_find_avx2(encoder, source, start); break;
#endif
    default: cz_find_portable(encoder, source, start, CZ_GROUP);
    }
}

/// Pass 2 for a full group.
static void parse(cz_encoder *encoder, const uint8_t *group) {
    switch (encoder->path) {
#if defined(__x86_64__)
    case CZ_PATH_AVX512: cz_parse_avx512(encoder, group); break;
    case CZ_PATH_AVX2: cz_parse_avx2(encoder, group); break;
#endif
    default: cz_parse_portable(encoder, group);
    }
}

/// Passes 1 and 2 for the group at `start`, which is a full one.
static void search_full(cz_encoder *encoder, const uint8_t *source, size_t start) {
    // The search for the next candidate ends behind the group: there are bits that are set, and the distance is 0.
    memset(encoder->hits + CZ_GROUP / 8, 0xFF, sizeof encoder->hits - CZ_GROUP / 8);
    encoder->distance[CZ_GROUP] = 0;
    find(encoder, source, start);
    if (start == 0) encoder->hits[0] &= 0xFE;
    parse(encoder, source + start);
}

/// The same near the end of the source. `count` positions of the group may start a match, none of which goes on at or
/// behind `match_end`.
static void search_last(
    cz_encoder *encoder, const uint8_t *source, size_t start, size_t count, const uint8_t *match_end) {
    memset(encoder->hits, 0, sizeof encoder->hits);
    cz_find_portable(encoder, source, start, count);
    if (start == 0) encoder->hits[0] &= 0xFE;
    cz_parse_careful(encoder, source + start, match_end);
}

size_t cz_compress(cz_encoder *encoder, const uint8_t *source, size_t count, uint8_t *target, size_t capacity) {
    if (count > CZ_SOURCE_MAX || capacity < cz_bound(count)) return 0;
    if (count == 0) source = (const uint8_t *)"";
    cz_writer writer = {source, source + count, target};
    // Positions from here on start no match.
    const size_t starts_end = count > CZ_MATCH_START_MARGIN ? count - CZ_MATCH_START_MARGIN + 1 : 0;
    for (size_t i = 0; starts_end > 0 && i < 1 << CZ_TABLE_BITS; i++) encoder->table[i] = 1;
    for (size_t start = 0; start < starts_end; start += CZ_GROUP) {
        const size_t left = starts_end - start, in_group = left < CZ_GROUP ? left : CZ_GROUP;
        if (count - start >= CZ_GROUP + CZ_FULL_GROUP_MARGIN) search_full(encoder, source, start);
        else search_last(encoder, source, start, in_group, source + count - CZ_LAST_LITERALS);
        cz_emit(encoder, &writer, source + start);
        CZ_ASSERT((size_t)(writer.out - target) <= cz_bound((size_t)(writer.anchor - source)));
    }
    cz_emit_last_literals(&writer);
    CZ_ASSERT((size_t)(writer.out - target) <= cz_bound(count));
    return (size_t)(writer.out - target);
}
