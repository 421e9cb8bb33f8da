// Units tile the text; a boundary is a unit's start, the nearest.
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = exact_copy(data, size);
    bool has_nul = false;
    for (size_t start = 0, unit; start < size; start += unit) {
        bool is_invalid;
        unit = tr_unit(text + start, size - start, &is_invalid);
        REQUIRE(unit >= 1 && unit <= 4 && unit <= size - start);
        for (size_t i = 0; i < unit; i++) {
            REQUIRE(tr_unit_boundary(text, size, start + i) == start);
            has_nul |= text[start + i] == 0;
        }
    }
    REQUIRE(tr_unit_boundary(text, size, size) == size);
    REQUIRE(tk_contains_nul(text, size) == has_nul);
    free(text);
    return 0;
}
