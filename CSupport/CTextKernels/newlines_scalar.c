// The portable twin: says what the vector paths must compute.
#include "newlines.h"

static size_t find(const uint8_t *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '\n') return i;
    }
    return count;
}

static size_t count_all(const uint8_t *text, size_t count) {
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += text[i] == '\n';
    return sum;
}

const tk_newline_kernels tk_newlines_scalar = {find, count_all};
