// The portable twin: says what the vector paths must compute.
#include "newlines.h"

size_t tk_find_newline_scalar(const uint8_t *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '\n') return i;
    }
    return count;
}
