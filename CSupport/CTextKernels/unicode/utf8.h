#pragma once
#include "textkernels.h"

/// One unit of text: a character, or a maximal invalid sequence, which stands for U+FFFD.
typedef struct {
    uint32_t code_point;
    /// 1 to 4.
    uint32_t byte_count;
    bool is_invalid;
    /// The text ended inside the unit: with more text it could have been another one.
    bool is_truncated;
} tk_unit;

/// The unit at `text`, for `count` > 0.
///
/// A maximal invalid sequence is as many bytes as begin some valid character, or else one byte (the same rule as
/// Python's and the WHATWG's decoder). Which second bytes a lead byte allows keeps out overlong forms, surrogates and
/// code points above U+10FFFF (Unicode 16, table 3-7).
static inline tk_unit tk_decode(const uint8_t *text, size_t count) {
    const uint8_t lead = text[0];
    if (lead < 0x80) return (tk_unit){lead, 1, false, false};
    uint32_t length, code_point;
    uint8_t low = 0x80, high = 0xBF;
    if (lead < 0xC2) {
        return (tk_unit){0xFFFD, 1, true, false};
    } else if (lead < 0xE0) {
        length = 2;
        code_point = lead & 0x1F;
    } else if (lead < 0xF0) {
        length = 3;
        code_point = lead & 0x0F;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead < 0xF5) {
        length = 4;
        code_point = lead & 0x07;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else {
        return (tk_unit){0xFFFD, 1, true, false};
    }
    for (uint32_t i = 1; i < length; i++) {
        if (i >= count) return (tk_unit){0xFFFD, i, true, true};
        if (text[i] < low || text[i] > high) return (tk_unit){0xFFFD, i, true, false};
        code_point = code_point << 6 | (text[i] & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    return (tk_unit){code_point, length, false, false};
}

/// The last offset <= `offset` at which no unit is split. At most 3 bytes back; reads up to 4 bytes behind `offset` if
/// they are there. `offset` is at most `count`, and offset 0 must be a unit's start.
size_t tk_utf8_boundary(const uint8_t *text, size_t count, size_t offset);
