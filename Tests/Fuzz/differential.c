// Random texts through a fuzz entry, without libFuzzer: for compilers that lack it, and for other processors.
// Usage: differential ROUNDS [SEED]. With the argument --canary it reads one byte too far: the sanitizers must end it.
#include "fuzz.h"

static uint64_t state;

static uint64_t next_random(void) {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static const char *const pieces[] = {
    "a", "word", "Word", "WORD", "don't", "'LL", "'s", "\xC5\xBF", " ", "  ", "\t", "\n", "\n\n", "\r\n", "/",
    "//", ".", "!?", "---",
    "1", "1234", "\xE6\x97\xA5", "\xD8\xB9", "\xCC\x81", "\xF0\x9F\x98\x80", "\xE2\x80\x8D", "\xC2\xA0",
    "\xE3\x80\x80", "\xFF",
    "\xE2\x82", "\xF0\x9F", "\x80", "\xED\xA0\x80",
    // Two-byte letters, Han, kana, Hangul, Devanagari with marks, wide and Arabic digits, quotation marks, rare
    // letters.
    "\xD1\x81\xD0\xBB\xD0\xBE\xD0\xB2\xD0\xBE", "\xD0\x9C", "\xCE\xB1\xCE\xBB",
    "\xE4\xB8\xAD\xE5\x9B\xBD\xE4\xBA\xBA",
    "\xE3\x81\xA7\xE3\x81\x99", "\xE3\x82\xAB\xE3\x83\xBC", "\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4",
    "\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8",
    "\xE0\xA5\x8D", "\xEF\xBC\x91", "\xD9\xA3", "\xE2\x80\x99", "\xE3\x80\x82", "\xC7\x85", "\xF0\x90\x90\xA8",
    "iPhone", "_", "\"",
    "        ", "0x3f", "camelCaseWord", "----------------", "\0", "'", "''", "'t", "'re", "'Ve",
    "internationalization",
};
enum { PIECES = sizeof pieces / sizeof *pieces, TEXT_MAX = 2048 };

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--canary") == 0) {
        uint8_t *text = exact_copy((const uint8_t *)"canary", 6);
        volatile size_t one_too_far = 7;
        printf("%zu\n", tk_find_newline(text, one_too_far));
        free(text);
        return 0;
    }
    const unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    const unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    printf("%s path, %lu rounds, seed %lu\n", tk_path_name(tk_path_active()), rounds, seed);
    state = seed;
    static uint8_t text[TEXT_MAX];
    for (unsigned long round = 0; round < rounds; round++) {
        const size_t kind = next_random() % 4, pick = next_random() % PIECES;
        const size_t size_max = next_random() % (round % 8 == 0 ? 1500 : 200);
        size_t size = 0;
        while (size < size_max) {
            const uint64_t random = next_random();
            if (kind == 0) {
                text[size++] = (uint8_t)random;
                continue;
            }
            const char *piece = pieces[kind == 1 && random % 8 != 0 ? pick : random % PIECES];
            memcpy(text + size, piece, strlen(piece));
            size += strlen(piece);
        }
        LLVMFuzzerTestOneInput(text, size);
    }
    return 0;
}
