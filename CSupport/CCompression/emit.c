// Pass 3: the matches of a group become sequences of the block.
//
// A sequence is a token (two halves of four bits: how many literals, and the match's length less 4), the literals, and
// the distance of the match in two bytes. A half that is 15 goes on in bytes of their own, each of which is added, up
// to one that is not 255.
#include "assertions.h"
#include "encoder.h"

enum {
    /// Literals that the short way copies, always as many, without a branch on their number.
    COPIED = 32,
    /// What half of a token holds at most, and a length byte.
    HALF_MAX = 15,
    LENGTH_BYTE_MAX = 255,
};

static uint8_t *put_length(uint8_t *out, size_t length) {
    for (; length >= LENGTH_BYTE_MAX; length -= LENGTH_BYTE_MAX) *out++ = LENGTH_BYTE_MAX;
    *out++ = (uint8_t)length;
    return out;
}

/// The token, the length of the literals, and the literals. Reads and writes no byte too much.
static uint8_t *put_literals(uint8_t *out, const uint8_t *from, size_t count, size_t match_half) {
    *out++ = (uint8_t)((count < HALF_MAX ? count : HALF_MAX) << 4 | match_half);
    if (count >= HALF_MAX) out = put_length(out, count - HALF_MAX);
    if (count > 0) memcpy(out, from, count);
    return out + count;
}

static uint8_t *put_distance(uint8_t *out, uint16_t distance) {
    memcpy(out, &distance, sizeof distance);
    return out + sizeof distance;
}

/// A sequence of any lengths. `match_rest` is the length of the match less CZ_MATCH_MIN.
static uint8_t *put_any(uint8_t *out, const uint8_t *from, size_t literals, size_t match_rest, uint16_t distance) {
    out = put_literals(out, from, literals, match_rest < HALF_MAX ? match_rest : HALF_MAX);
    out = put_distance(out, distance);
    return match_rest >= HALF_MAX ? put_length(out, match_rest - HALF_MAX) : out;
}

/// The same for at most COPIED literals, and no more than one length byte each. Length bytes and literals are written
/// in any case, and `out` goes on by as many as count. It reads COPIED bytes from `from` on, and writes at most
/// 2 + COPIED + 3 from `out` on. `cz_bound` has room for that as long as COPIED bytes of the source are left, as what
/// was written so far is longer than what it stands for by at most a length byte for each 255 literals.
CZ_INLINE uint8_t *put_short(
    uint8_t *out, const uint8_t *from, size_t literals, size_t match_rest, uint16_t distance) {
    const bool has_literal_byte = literals >= HALF_MAX, has_match_byte = match_rest >= HALF_MAX;
    out[0] = (uint8_t)((has_literal_byte ? HALF_MAX : literals) << 4 | (has_match_byte ? HALF_MAX : match_rest));
    out[1] = (uint8_t)(literals - HALF_MAX);
    out += 1 + has_literal_byte;
    memcpy(out, from, COPIED);
    out = put_distance(out + literals, distance);
    out[0] = (uint8_t)(match_rest - HALF_MAX);
    return out + has_match_byte;
}

static void emit_chunk(const cz_encoder *encoder, cz_writer *writer, const uint8_t *group, size_t chunk) {
    const uint8_t *anchor = writer->anchor, *end = writer->end;
    uint8_t *out = writer->out;
    for (size_t i = 0; i < encoder->match_count[chunk]; i++) {
        const uint32_t match = encoder->matches[chunk][i];
        const size_t at = match & 0xFFFF, before = match >> 31;
        const uint16_t distance = encoder->distance[at];
        size_t length = (match >> 16 & 0x7FFF) + before;
        const uint8_t *from = group + at - before, *next = from + length;
        if (CZ_UNLIKELY(from < anchor)) {
            // The last match of the chunk before covers a part of this one. What is left of it is a match too, if it is
            // long enough and not too near the end.
            if (next < anchor + CZ_MATCH_MIN || end - anchor < CZ_MATCH_START_MARGIN) continue;
            from = anchor;
            length = (size_t)(next - from);
        }
        CZ_ASSERT(distance > 0 && end - from >= CZ_MATCH_START_MARGIN && end - next >= CZ_LAST_LITERALS);
        const size_t literals = (size_t)(from - anchor), match_rest = length - CZ_MATCH_MIN;
        const bool is_long = (literals > COPIED) | (match_rest >= HALF_MAX + LENGTH_BYTE_MAX);
        if (CZ_UNLIKELY(is_long | (end - anchor < COPIED))) {
            out = put_any(out, anchor, literals, match_rest, distance);
        } else {
            out = put_short(out, anchor, literals, match_rest, distance);
        }
        anchor = next;
    }
    writer->anchor = anchor;
    writer->out = out;
}

void cz_emit(const cz_encoder *encoder, cz_writer *writer, const uint8_t *group) {
    for (size_t k = 0; k < CZ_CHAINS; k++) emit_chunk(encoder, writer, group, k);
}

void cz_emit_last_literals(cz_writer *writer) {
    const size_t count = (size_t)(writer->end - writer->anchor);
    writer->out = put_literals(writer->out, writer->anchor, count, 0);
    writer->anchor = writer->end;
}
