// A text is escaped as the plain rule says, byte for byte; nothing outside of it is read, and nothing outside of the
// room for it is written.
#include <string.h>

#include "fuzz.h"
#include "jsonstrings.h"

static const char escaped_bytes[] = "\n\t\r\"\\", letters[] = "ntr\"\\";

static size_t escape_plainly(const uint8_t *text, size_t count, uint8_t *target) {
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        const char *found = text[i] == 0 ? NULL : strchr(escaped_bytes, text[i]);
        if (found != NULL) {
            target[end++] = '\\';
            target[end++] = (uint8_t)letters[found - escaped_bytes];
        } else if (text[i] < 0x20) {
            memcpy(target + end, "\\u00", 4);
            target[end + 4] = (uint8_t)"01"[text[i] >> 4];
            target[end + 5] = (uint8_t)"0123456789abcdef"[text[i] & 15];
            end += 6;
        } else {
            target[end++] = text[i];
        }
    }
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = exact_copy(data, size);
    uint8_t *escaped = malloc(size * CJ_ESCAPE_MAX + CJ_ESCAPE_SLACK), *plain = malloc(size * CJ_ESCAPE_MAX + 1);
    REQUIRE(escaped != NULL && plain != NULL);
    bool is_ascii = false, is_plainly_ascii = true;
    for (size_t i = 0; i < size; i++) is_plainly_ascii = is_plainly_ascii && data[i] < 0x80;
    const size_t count = cj_escape(text, size, escaped, &is_ascii);
    REQUIRE(count == escape_plainly(data, size, plain));
    REQUIRE(memcmp(escaped, plain, count) == 0);
    REQUIRE(is_ascii == is_plainly_ascii);
    free(text);
    free(escaped);
    free(plain);
    return 0;
}
