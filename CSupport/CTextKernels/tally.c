#include "merges.h"
#include "pretokens.h"
#include "utf8.h"
#include "vocabulary.h"

size_t tk_scratch_byte_count(void) { return sizeof(tk_scratch); }

size_t tk_replace_invalid(uint8_t *copy, size_t capacity, const uint8_t *bytes, size_t count) {
    size_t length = 0;
    for (size_t i = 0; i < count;) {
        const tk_unit unit = tk_decode(bytes + i, count - i);
        const uint8_t *from = unit.is_invalid ? (const uint8_t *)"\xEF\xBF\xBD" : bytes + i;
        const size_t unit_length = unit.is_invalid ? 3 : unit.byte_count;
        if (unit_length > capacity - length) return SIZE_MAX;
        memcpy(copy + length, from, unit_length);
        length += unit_length;
        i += unit.byte_count;
    }
    return length;
}

static size_t count_pretoken(
    const tk_vocabulary *vocabulary, tk_scratch *scratch, const uint8_t *bytes, size_t count, bool may_be_invalid) {
    if (count <= TK_MERGE_BYTES_MAX) {
        if (!may_be_invalid) return tk_count_merged(vocabulary, scratch, bytes, count);
        const size_t length = tk_replace_invalid(scratch->replaced, TK_MERGE_BYTES_MAX, bytes, count);
        if (length != SIZE_MAX) return tk_count_merged(vocabulary, scratch, scratch->replaced, length);
    }
    size_t tokens;
    tk_walk_prefixes(vocabulary, bytes, count, SIZE_MAX, false, &tokens);
    return tokens;
}

tk_tally tk_tally_tokens(
    const tk_vocabulary *vocabulary, void *scratch, const uint8_t *bytes, size_t count, size_t token_limit, bool is_open) {
    tk_tally tally = {0, 0, 0, 0, false};
    tk_text text = {bytes, count, false, false};
    const bool is_o200k = vocabulary->tokenizer == TK_O200K_BASE;
    while (tally.end < count) {
        const size_t start = tally.end;
        text.has_seen_invalid = text.has_seen_end = false;
        const size_t end = is_o200k ? tk_pretoken_end_o200k(&text, start) : tk_pretoken_end_cl100k(&text, start);
        if (is_open && text.has_seen_end) break;
        tally.token_count += tally.last_token_count;
        tally.last_token_count = count_pretoken(vocabulary, scratch, bytes + start, end - start, text.has_seen_invalid);
        tally.last_start = start;
        tally.end = end;
        if (tally.token_count + tally.last_token_count > token_limit) {
            tally.is_above_limit = true;
            break;
        }
    }
    return tally;
}

size_t tk_token_prefix(
    const tk_vocabulary *vocabulary, void *scratch_memory, const uint8_t *text, size_t count, size_t token_limit) {
    if (count == 0) return 0;
    tk_scratch *scratch = scratch_memory;
    const size_t length = count <= TK_MERGE_BYTES_MAX
        ? tk_replace_invalid(scratch->replaced, TK_MERGE_BYTES_MAX, text, count) : SIZE_MAX;
    if (length == SIZE_MAX) return tk_walk_prefixes(vocabulary, text, count, token_limit, false, NULL);
    const size_t prefix = tk_merged_prefix(vocabulary, scratch, scratch->replaced, length, token_limit);
    // Back from the copy's offset to the text's, down to a unit's start.
    size_t at = 0;
    for (size_t copied = 0; at < count;) {
        const tk_unit unit = tk_decode(text + at, count - at);
        copied += unit.is_invalid ? 3 : unit.byte_count;
        if (copied > prefix) break;
        at += unit.byte_count;
    }
    return at;
}

size_t tk_line_prefix(const tk_vocabulary *vocabulary, const uint8_t *text, size_t count, size_t token_limit, size_t *tokens) {
    return tk_walk_prefixes(vocabulary, text, count, token_limit, true, tokens);
}
