// Units tile the text; the valid prefix is the units before the first invalid one; a boundary is a unit's start, the nearest.
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = exact_copy(data, size);
    size_t valid = 0, start = 0, nul_free = 1;
    bool is_valid_so_far = true;
    while (start < size) {
        const size_t unit = tk_utf8_unit(text + start, size - start);
        REQUIRE(unit >= 1 && unit <= 4 && unit <= size - start);
        is_valid_so_far = is_valid_so_far && tk_utf8_valid_prefix(text + start, unit) == unit;
        if (is_valid_so_far) valid = start + unit;
        for (size_t i = 0; i < unit; i++) {
            REQUIRE(tk_utf8_boundary(text, size, start + i) == start);
            if (text[start + i] == 0) nul_free = 0;
        }
        start += unit;
    }
    REQUIRE(tk_utf8_unit(text, 0) == 0);
    REQUIRE(tk_utf8_boundary(text, size, size) == size);
    REQUIRE(tk_utf8_valid_prefix(text, size) == valid);
    REQUIRE(tk_contains_nul(text, size) == (nul_free == 0));
    free(text);
    return 0;
}
