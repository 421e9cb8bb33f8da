/// What the fuzz entries share.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "textreference.h"

/// Ends the process with a message, in every build.
#define REQUIRE(condition)                                                                    \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);     \
            abort();                                                                          \
        }                                                                                     \
    } while (0)

enum { TOKENIZERS = 2 };

/// A copy in an allocation of exactly this length, so that one byte too far is found. NULL for none.
static inline uint8_t *exact_copy(const uint8_t *bytes, size_t count) {
    if (count == 0) return NULL;
    uint8_t *copy = malloc(count);
    REQUIRE(copy != NULL);
    memcpy(copy, bytes, count);
    return copy;
}

/// The plain counter of a tokenizer. It lives on.
static inline tr_counter *reference_of(tk_tokenizer tokenizer) {
    static tr_counter *references[TOKENIZERS];
    if (references[tokenizer] == NULL) references[tokenizer] = tr_counter_create(tokenizer);
    return references[tokenizer];
}

/// The fast counter of a tokenizer on a path; NULL if this machine has not the path. It lives on, so that what is in
/// its caches is met too.
static inline tk_counter *counter_of(tk_tokenizer tokenizer, tk_path path) {
    static tk_counter *counters[TOKENIZERS][TK_PATH_COUNT];
    if (!tk_path_is_supported(path)) return NULL;
    if (counters[tokenizer][path] == NULL) counters[tokenizer][path] = tk_counter_create_on(path, tokenizer);
    REQUIRE(counters[tokenizer][path] != NULL);
    return counters[tokenizer][path];
}

/// The name of a counter, and a text in hexadecimal.
static inline void show(const tk_counter *counter, const uint8_t *text, size_t size) {
    fprintf(stderr, "%s:", tk_counter_path_name(counter));
    for (size_t i = 0; i < size; i++) fprintf(stderr, " %02x", text[i]);
    fprintf(stderr, "\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
