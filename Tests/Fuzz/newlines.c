// Every path finds what a plain loop does, and reads nothing outside of the text.
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = exact_copy(data, size);
    size_t first = size;
    for (size_t i = size; i-- > 0;) {
        if (text[i] == '\n') first = i;
    }
    for (int path = 0; path < TK_PATH_COUNT; path++) {
        if (tk_path_force((tk_path)path)) REQUIRE(tk_find_newline(text, size) == first);
    }
    free(text);
    return 0;
}
