// Every path finds and counts what a plain loop does, and reads nothing outside of the text.
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = exact_copy(data, size);
    size_t first = size, number = 0;
    for (size_t i = size; i-- > 0;) {
        if (text[i] == '\n') {
            first = i;
            number++;
        }
    }
    for (int path = 0; path < TK_PATH_COUNT; path++) {
        if (!tk_path_force((tk_path)path)) continue;
        REQUIRE(tk_find_newline(text, size) == first);
        REQUIRE(tk_count_newlines(text, size) == number);
    }
    free(text);
    return 0;
}
