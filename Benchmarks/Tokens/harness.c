// One measurement of our counter: `harness TOKENIZER PATHS CORPUS DOCUMENTS [OVERLAP]`.
// PATHS are digits, one for each path to measure, as 20 for AVX-512 and scalar: each has a counter of its own, and
// they take turns. DOCUMENTS holds the documents' lengths in bytes, 32 bits each. The first half of them is counted
// first, so that caches are as those of a stream; then the second half (unseen text) and the same again (repeated).
// With the last argument, the second half is chunked in lines of 512 tokens instead, of which each repeats so many of
// the one before (1: none). Prints a line of JSON for each path: processor seconds, bytes, and the counts of the second
// half as a hash. Exit code 2: this machine has not all of the paths.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "textkernels.h"

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint8_t *read_file(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) exit(1);
    *count = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*count);
    if (bytes == NULL || fread(bytes, 1, *count, file) != *count) exit(1);
    fclose(file);
    return bytes;
}

enum { PATHS_MAX = 8 };

typedef struct {
    tk_counter *counter;
    double ready, times[3];
    uint64_t hash, tokens;
} measured;

static size_t count_document(tk_counter *counter, const uint8_t *text, size_t count, size_t chunks) {
    if (chunks == 0) return tk_counter_count(counter, text, count);
    static tk_chunk found[64];
    size_t tokens = 0;
    while (count > 0) {
        const tk_chunk_settings settings = {512, chunks == 1 ? 0 : chunks};
        const tk_chunks chunks_found = tk_counter_chunks(counter, text, count, true, settings, found, 64);
        for (size_t i = 0; i < chunks_found.count; i++) tokens += found[i].tokens;
        text += chunks_found.next;
        count -= chunks_found.next;
    }
    return tokens;
}

int main(int argc, char **argv) {
    if (argc < 5) return 1;
    const size_t path_count = strlen(argv[2]);
    if (path_count == 0 || path_count > PATHS_MAX) return 1;
    const size_t chunks = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;
    size_t byte_count, length_bytes;
    uint8_t *corpus = read_file(argv[3], &byte_count), *lengths = read_file(argv[4], &length_bytes);
    const size_t document_count = length_bytes / 4, half = document_count / 2;
    measured all[PATHS_MAX] = {0};
    for (size_t path = 0; path < path_count; path++) {
        if (!tk_path_is_supported((tk_path)(argv[2][path] - '0'))) return 2;
        const double start = seconds();
        all[path].counter = tk_counter_create_on(
            (tk_path)(argv[2][path] - '0'), strcmp(argv[1], "o200k_base") == 0 ? TK_O200K_BASE : TK_CL100K_BASE);
        if (all[path].counter == NULL) return 1;
        tk_counter_count(all[path].counter, (const uint8_t *)"ready", 5);
        all[path].ready = seconds() - start;
    }
    size_t bytes = 0, second = 0;
    for (int round = 0; round < 3; round++) {
        const size_t from = round == 0 ? 0 : half, to = round == 0 ? half : document_count;
        size_t at = 0;
        for (size_t path = 0; path < path_count; path++) {
            measured *const one = &all[path];
            at = round == 0 ? 0 : second;
            one->hash = one->tokens = 0;
            const double begin = seconds();
            for (size_t i = from; i < to; i++) {
                uint32_t length;
                memcpy(&length, lengths + 4 * i, 4);
                const size_t count = count_document(one->counter, corpus + at, length, chunks);
                one->hash = one->hash * 1000003 + count;
                one->tokens += count;
                at += length;
            }
            one->times[round] = seconds() - begin;
        }
        if (round == 0) second = at;
        bytes = at - second;
    }
    for (size_t path = 0; path < path_count; path++) {
        const measured *const one = &all[path];
        printf(
            "{\"unseen\": %.6f, \"repeated\": %.6f, \"bytes\": %zu, \"tokens\": %llu, \"hash\": %llu, "
            "\"ready\": %.6f, \"path\": \"%s\"}\n",
            one->times[1], one->times[2], bytes, (unsigned long long)one->tokens, (unsigned long long)one->hash,
            one->ready, tk_counter_path_name(one->counter));
        tk_counter_destroy(one->counter);
    }
    return 0;
}
