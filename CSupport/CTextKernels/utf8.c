#include "utf8.h"

#include <string.h>

bool tk_contains_nul(const uint8_t *text, size_t count) { return count != 0 && memchr(text, 0, count) != NULL; }

size_t tk_utf8_valid_prefix(const uint8_t *text, size_t count) {
    size_t i = 0;
    while (i < count) {
        // ASCII, eight bytes at a time.
        while (count - i >= 8) {
            uint64_t word;
            memcpy(&word, text + i, 8);
            if (word & 0x8080808080808080u) break;
            i += 8;
        }
        if (i == count) break;
        const tk_unit unit = tk_decode(text + i, count - i);
        if (unit.is_invalid) break;
        i += unit.byte_count;
    }
    return i;
}

size_t tk_utf8_unit(const uint8_t *text, size_t count) {
    return count == 0 ? 0 : tk_decode(text, count).byte_count;
}

size_t tk_utf8_boundary(const uint8_t *text, size_t count, size_t offset) {
    if (offset == 0 || offset >= count || (text[offset] & 0xC0) != 0x80) return offset;
    // The byte is a continuation byte. It belongs to the unit of the nearest lead byte, if that reaches so far; a lead byte
    // always starts a unit, and a continuation byte that belongs to none is one of its own.
    for (size_t back = 1; back <= 3 && back <= offset; back++) {
        const size_t start = offset - back;
        if ((text[start] & 0xC0) == 0x80) continue;
        return start + tk_decode(text + start, count - start).byte_count > offset ? start : offset;
    }
    return offset;
}
