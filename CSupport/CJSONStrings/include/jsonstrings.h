/// Strings of JSON (https://www.rfc-editor.org/rfc/rfc8259#section-7).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that a byte of text takes at the most.
enum { CJ_ESCAPE_MAX = 6 };
/// Bytes behind the escaped text that may be written too, with no meaning.
enum { CJ_ESCAPE_SLACK = 32 };

/// Writes `text` as it stands between the quotes of a string: quotes, backslashes and control characters escaped,
/// everything else as it is. `target` has room for CJ_ESCAPE_MAX * `count` + CJ_ESCAPE_SLACK bytes; the two do not
/// overlap. `text` may be NULL where `count` is 0.
///
/// Returns how many bytes were written. `is_ascii` becomes whether all bytes of `text` are below 0x80.
size_t cj_escape(const uint8_t *text, size_t count, uint8_t *target, bool *is_ascii);

#ifdef __cplusplus
}
#endif
