#include "utf8.h"

#include <string.h>

bool tk_contains_nul(const uint8_t *text, size_t count) { return count != 0 && memchr(text, 0, count) != NULL; }

size_t tk_utf8_boundary(const uint8_t *text, size_t count, size_t offset) {
    if (offset == 0 || offset >= count || (text[offset] & 0xC0) != 0x80) return offset;
    // The byte is a continuation byte. It belongs to the unit of the nearest lead byte, if that reaches so far; a lead
    // byte always starts a unit, and a continuation byte that belongs to none is one of its own.
    for (size_t back = 1; back <= 3 && back <= offset; back++) {
        const size_t start = offset - back;
        if ((text[start] & 0xC0) == 0x80) continue;
        return start + tk_decode(text + start, count - start).byte_count > offset ? start : offset;
    }
    return offset;
}
