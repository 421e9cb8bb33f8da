// How fast hostile text is cut into chunks of 512 tokens: one line or one pre-token of 16 MiB, by random letters from a
// seed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "textkernels.h"

enum { BYTES = 16 << 20, CHUNKS = 64, TOKENS = 512 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t state = 1;

static uint64_t next_random(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static size_t chunk(tk_counter *counter, const uint8_t *text, size_t count) {
    static tk_chunk found[CHUNKS];
    const tk_chunk_settings settings = {TOKENS, 0};
    size_t chunk_count = 0;
    for (size_t at = 0; at < count;) {
        const tk_chunks chunks = tk_counter_chunks(counter, text + at, count - at, true, settings, found, CHUNKS);
        at += chunks.next;
        chunk_count += chunks.count;
    }
    return chunk_count;
}

int main(void) {
    static const struct { const char *name, *units; int unit_bytes, period; } texts[] = {
        {"one letter", "a", 1, 1}, {"spaces", " ", 1, 1}, {"newlines", "\n", 1, 1}, {"-=", "-=", 1, 2},
        {"60 spaces and a newline", "                                                            \n", 1, 61},
        {"random letters", "abcdefghijklmnopqrstuvwxyz", 1, 0},
        {"random base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 1, 0},
        {"random Chinese", "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里", 3, 0},
        {"spaces and newlines", " \n", 1, 0},
    };
    uint8_t *text = malloc(BYTES);
    if (text == NULL) return 1;
    for (int tokenizer = 0; tokenizer < 2; tokenizer++) {
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            const size_t bytes = (size_t)texts[i].unit_bytes, units = strlen(texts[i].units) / bytes;
            size_t count = 0;
            for (size_t unit = 0; count + bytes <= BYTES; unit++, count += bytes) {
                const size_t which = texts[i].period != 0 ? unit % (size_t)texts[i].period : next_random() % units;
                memcpy(text + count, texts[i].units + which * bytes, bytes);
            }
            tk_counter *counter = tk_counter_create((tk_tokenizer)tokenizer);
            if (counter == NULL) return 1;
            const double start = seconds();
            const size_t chunks = chunk(counter, text, count);
            printf("%s, %s: %zu chunks, %.0f MB/s\n", tokenizer == 0 ? "o200k_base" : "cl100k_base", texts[i].name,
                chunks, (double)count / (seconds() - start) / 1e6);
            fflush(stdout);
            tk_counter_destroy(counter);
        }
    }
    return 0;
}
