/// What the fuzz entries share.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "textkernels.h"

/// Ends the process with a message, in every build.
#define REQUIRE(condition)                                                        \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            abort();                                                              \
        }                                                                         \
    } while (0)

/// A copy in an allocation of exactly this length, so that one byte too far is found. NULL for none.
static inline uint8_t *exact_copy(const uint8_t *bytes, size_t count) {
    if (count == 0) return NULL;
    uint8_t *copy = malloc(count);
    REQUIRE(copy != NULL);
    memcpy(copy, bytes, count);
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
