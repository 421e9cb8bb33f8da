// How fast hostile text is cut into chunks: `hostile [MIB] [NAME]`. Texts of 16 MiB, or of so many: one line, one
// pre-token, many blank lines; of them those whose names begin with NAME. Random letters are from a seed.
//
// Each row is a text, each column the most tokens of a chunk / its overlap, in MB/s of processor time with a fresh
// counter; behind it, how many bytes the chunks have for each byte of the text.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "textkernels.h"

enum { CHUNKS = 64 };

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

/// The bytes of all chunks.
static size_t chunk(tk_counter *counter, const uint8_t *text, size_t count, tk_chunk_settings settings) {
    static tk_chunk found[CHUNKS];
    size_t bytes = 0;
    for (size_t at = 0; at < count;) {
        const tk_chunks chunks = tk_counter_chunks(counter, text + at, count - at, true, settings, found, CHUNKS);
        at += chunks.next;
        for (size_t i = 0; i < chunks.count; i++) bytes += found[i].end - found[i].start;
    }
    return bytes;
}

/// A text is its units in a row, over and over; or if each has so many bytes, units at random.
typedef struct {
    const char *name, *units;
    size_t random_bytes;
} hostile_text;

#define BLANK_LINES_10 "\n\n\n\n\n\n\n\n\n\n"
#define WORDS "He put the letter down, and said nothing for a while. "

static const hostile_text texts[] = {
    {"one letter", "a", 0}, {"spaces", " ", 0}, {"newlines", "\n", 0}, {"-=", "-=", 0},
    {"60 spaces and a newline", "                                                            \n", 0},
    {"letter and 13 newlines", "a\n\n\n\n\n\n\n\n\n\n\n\n\n", 0},
    {"pages", WORDS "\n" WORDS WORDS "\n" WORDS "\n" WORDS WORDS "\n" WORDS "\n" WORDS WORDS "\n"
        BLANK_LINES_10 BLANK_LINES_10 BLANK_LINES_10 BLANK_LINES_10, 0},
    {"short lines", "one\ntwo\nthree four\nand\nfive\nnine lives\n", 0},
    {"lines of one token", "};\n", 0},
    {"words in one line", WORDS, 0},
    {"random letters", "abcdefghijklmnopqrstuvwxyz", 1},
    {"random base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 1},
    {"random Chinese", "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里", 3},
    {"random spaces and newlines", " \n", 1},
    {"random symbols and newlines", "!\n/ ", 1},
};

static void write_text(const hostile_text *from, uint8_t *text, size_t byte_count) {
    const size_t unit = from->random_bytes == 0 ? 1 : from->random_bytes, units = strlen(from->units) / unit;
    memset(text, '\n', byte_count);
    for (size_t i = 0, at = 0; at + unit <= byte_count; i++, at += unit) {
        const size_t which = from->random_bytes == 0 ? i % units : next_random() % units;
        memcpy(text + at, from->units + which * unit, unit);
    }
}

int main(int argc, char **argv) {
    static const tk_chunk_settings settings[] = {{512, 0}, {512, 64}, {64, 32}, {8192, 512}, {16, 0}};
    enum { SETTINGS = sizeof settings / sizeof *settings };
    const size_t byte_count = (argc > 1 ? strtoul(argv[1], NULL, 10) : 16) << 20;
    const char *name = argc > 2 ? argv[2] : "";
    uint8_t *text = malloc(byte_count);
    if (text == NULL) return 1;
    for (int tokenizer = 0; tokenizer < 2; tokenizer++) {
        printf("%-27s", tokenizer == 0 ? "o200k_base" : "cl100k_base");
        for (size_t i = 0; i < SETTINGS; i++) printf(" %8zu/%-6zu", settings[i].token_max, settings[i].overlap);
        printf("\n");
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            if (strncmp(texts[i].name, name, strlen(name)) != 0) continue;
            write_text(&texts[i], text, byte_count);
            printf("%-27s", texts[i].name);
            for (size_t j = 0; j < SETTINGS; j++) {
                tk_counter *counter = tk_counter_create((tk_tokenizer)tokenizer);
                if (counter == NULL) return 1;
                const double start = seconds();
                const size_t chunk_bytes = chunk(counter, text, byte_count, settings[j]);
                const double rate = (double)byte_count / (seconds() - start) / 1e6;
                printf(" %8.1f (%.2f)", rate, (double)chunk_bytes / (double)byte_count);
                fflush(stdout);
                tk_counter_destroy(counter);
            }
            printf("\n");
        }
    }
    return 0;
}
