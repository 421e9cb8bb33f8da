/// The entries of an ordinary page of ListObjectsV2, as S3, Ceph, MinIO and moto write it.
///
/// What is unusual in any way is refused, whether it is wrong or not: a general XML reader has the last word on it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The most entries of a page.
enum { LP_ENTRY_COUNT_MAX = 1000 };

/// An object of the page. Each `…_at` is a place in the page's `text`, and each `…_count` a number of bytes there.
typedef struct lp_entry {
    /// 1 to 1,024 bytes of any value, which begin with the prefix.
    uint32_t key_at, key_count;
    /// As the document has it, with quotes or without, in printable ASCII; 0 bytes: the service named none.
    uint32_t etag_at, etag_count;
    /// Letters, digits, `_` and `-`; 0 bytes for none and for STANDARD.
    uint32_t class_at, class_count;
    /// At most 2^46.
    uint64_t size;
    /// Milliseconds since 1970. Where these become seconds in floating point, the whole seconds come first, and the
    /// rest (0 to 999 milliseconds) is added to them: a thousandth of all can have other bits.
    int64_t modified_ms;
    /// Whether the service named a time.
    bool has_modified;
} lp_entry;

/// The page, and the memory that it is written to.
typedef struct lp_page {
    struct lp_entry *entries;
    size_t entry_capacity, entry_count;
    /// The decoded texts, one after the other. There is room for as many bytes as the document has, at least.
    uint8_t *text;
    size_t text_capacity, text_count;
    /// The token of the next page, 1 to 8,191 bytes of printable ASCII; 0 bytes where this page is the last.
    uint32_t token_at, token_count;
    bool is_truncated;
} lp_page;

/// Reads `document` of `count` bytes into `page`, whose arrays and capacities the caller has set. `prefix` may be NULL
/// where `prefix_count` is 0. Arrays and texts do not overlap; no byte outside of them is read or written.
///
/// Returns whether the page is an ordinary one. If not, what is in `page` and its arrays has no meaning.
bool lp_read(const uint8_t *document, size_t count, const uint8_t *prefix, size_t prefix_count, struct lp_page *page);

#ifdef __cplusplus
}
#endif
