// One walk over the document finds where each text stands. Keys are decoded when it is done: only then is it known
// whether they are URL-encoded.
//
// What is read is a small part of XML: no attributes but the root's, no comments, no sections, no bytes but ASCII. A
// carriage return is refused because XML makes a new line of it, and a `>` in a text because XML forbids `]]>`.
#include <string.h>

#include "listpage.h"

// DEBUG is defined in debug builds, and by Scripts/sanitize.
#if defined(DEBUG)
#include <assert.h>
#define LP_ASSERT(condition) assert(condition)
#else
#define LP_ASSERT(condition) ((void)sizeof(condition))
#endif

enum { KEY_MAX = 1024, ETAG_MAX = 1024, CLASS_MAX = 64, TOKEN_MAX = 8191 };
/// Well below what the general reader takes. Each level is a call.
enum { DEPTH_MAX = 8, ELEMENT_COUNT_MAX = 100000 };
static const uint64_t size_max = (uint64_t)1 << 46;

/// A part of the document. At NULL there is none.
typedef struct {
    const uint8_t *at;
    size_t count;
} span;

/// What is still to be read. The last byte of the document is a `>`: a loop that ends at one stays inside, and what
/// follows a byte that is none is inside too.
typedef struct {
    const uint8_t *at, *end;
    unsigned element_count;
} cursor;

/// STOP: what a text ends at, and what is not in one.
enum { STOP = 1, LETTER = 2, DIGIT = 4, MARK = 8 };
static const uint8_t kinds[256] = {[0 ... 8] = STOP, [11 ... 31] = STOP, [0x80 ... 0xFF] = STOP, ['<'] = STOP,
    ['>'] = STOP, ['&'] = STOP, ['A' ... 'Z'] = LETTER, ['a' ... 'z'] = LETTER, ['0' ... '9'] = DIGIT, ['_'] = MARK,
    ['-'] = MARK};

static inline bool is(uint8_t byte, int kind) { return (kinds[byte] & kind) != 0; }

static inline bool is_space(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\t'; }

/// Whether bytes of which there are `room` begin with a literal.
#define BEGINS(at, room, literal) \
    ((size_t)(room) >= sizeof(literal) - 1 && memcmp(at, literal, sizeof(literal) - 1) == 0)
#define EQUALS(span, literal) ((span).count == sizeof(literal) - 1 && BEGINS((span).at, (span).count, literal))

/// The value of a hexadecimal digit; 16 for all else.
static inline unsigned digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - (unsigned)'0';
    const unsigned small = byte | 0x20u;
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : 16;
}

// MARK: Markup

/// The length of the reference that begins here (`&amp;`, `&#34;`), and the byte that it stands for. 0: it is none, or
/// stands for no printable ASCII.
static size_t read_reference(const uint8_t *at, size_t room, uint8_t *byte) {
    if (BEGINS(at, room, "&quot;")) return *byte = '"', 6;
    if (BEGINS(at, room, "&amp;")) return *byte = '&', 5;
    if (BEGINS(at, room, "&lt;")) return *byte = '<', 4;
    if (BEGINS(at, room, "&gt;")) return *byte = '>', 4;
    if (BEGINS(at, room, "&apos;")) return *byte = '\'', 6;
    if (!BEGINS(at, room, "&#")) return 0;
    const unsigned base = BEGINS(at, room, "&#x") ? 16 : 10;
    const size_t first = base == 16 ? 3 : 2;
    size_t i = first;
    unsigned value = 0;
    for (; i < room && i < first + 3 && digit(at[i]) < base; i++) value = value * base + digit(at[i]);
    *byte = (uint8_t)value;
    return i > first && i < room && at[i] == ';' && value >= 0x20 && value < 0x7F ? i + 1 : 0;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first of some bytes is the lowest of their number");

static inline uint64_t load(const uint8_t *at) {
    uint64_t bytes;
    memcpy(&bytes, at, 8);
    return bytes;
}

/// The next byte of the kind STOP.
static inline const uint8_t *find_stop(const uint8_t *at, const uint8_t *end) {
    typedef int8_t wide __attribute__((vector_size(64)));
    typedef bool bits __attribute__((ext_vector_type(64)));
    for (; end - at >= 64; at += 64) {
        wide bytes;
        memcpy(&bytes, at, sizeof bytes);
        // 2 is what `<` and `>` differ by. As numbers with a sign, bytes that are not ASCII are below all others.
        const bits stops = __builtin_convertvector(((bytes | 2) == '>') | (bytes == '&') | (bytes < ' '), bits);
        uint64_t found;
        memcpy(&found, &stops, sizeof found);
        // Tabs and new lines are found too, and passed over.
        for (; found != 0; found &= found - 1)
            if (is(at[__builtin_ctzll(found)], STOP)) return at + __builtin_ctzll(found);
    }
    while (!is(*at, STOP)) at++;
    return at;
}

/// Reads what stands before the next tag.
static inline bool read_text(cursor *c, span *text) {
    if (c->at == c->end) return false;
    const uint8_t *at = c->at;
    for (;;) {
        at = find_stop(at, c->end);
        if (*at != '&') break;
        uint8_t byte;
        const size_t count = read_reference(at, (size_t)(c->end - at), &byte);
        if (count == 0) return false;
        at += count;
    }
    *text = (span){c->at, (size_t)(at - c->at)};
    c->at = at;
    return *at == '<';
}

/// Goes to the next tag where there is only space before it.
static inline bool find_tag(cursor *c) {
    if (c->at == c->end) return false;
    while (is_space(*c->at)) c->at++;
    return *c->at == '<';
}

static inline bool is_at_end_tag(const cursor *c) { return c->at[1] == '/'; }

/// Reads a start tag: its name, and whether it is the end of its element too (`<Prefix/>`).
static inline bool read_start(cursor *c, span *name, bool *is_empty) {
    LP_ASSERT(c->at < c->end && *c->at == '<');
    const uint8_t *at = c->at + 1;
    if (++c->element_count > ELEMENT_COUNT_MAX || !is(*at, LETTER)) return false;
    name->at = at;
    while (is(*at, LETTER | DIGIT)) at++;
    name->count = (size_t)(at - name->at);
    while (is_space(*at)) at++;
    *is_empty = *at == '/';
    if (*is_empty) at++;
    c->at = at + 1;
    return *at == '>';
}

/// Reads the end tag of that name.
static inline bool read_end(cursor *c, span name) {
    if ((size_t)(c->end - c->at) < name.count + 3 || !is_at_end_tag(c) || c->at[name.count + 2] != '>') return false;
    const uint8_t *at = c->at + 2;
    c->at = at + name.count + 1;
    // Eight bytes that end with the name, of which the earlier ones are shifted out. As many are there: before either
    // name is the root's.
    size_t count = name.count;
    for (; count > 8; count -= 8)
        if (load(at + count - 8) != load(name.at + count - 8)) return false;
    return (load(at + count - 8) ^ load(name.at + count - 8)) >> (64 - 8 * count) == 0;
}

/// Reads what follows the start tag of an element that has only text. An element that was there before is refused.
static inline bool read_field(cursor *c, span name, bool is_empty, span *text) {
    if (text->at != NULL) return false;
    *text = (span){name.at, 0};
    return is_empty || (read_text(c, text) && read_end(c, name));
}

/// Reads over what follows the start tag of an element.
static bool skip(cursor *c, span name, unsigned depth) {
    span text, child;
    bool is_empty;
    for (;;) {
        if (!read_text(c, &text)) return false;
        if (is_at_end_tag(c)) return read_end(c, name);
        if (depth == DEPTH_MAX || !read_start(c, &child, &is_empty)) return false;
        if (!is_empty && !skip(c, child, depth + 1)) return false;
    }
}

/// Reads an attribute, with the space before it.
static bool read_attribute(cursor *c, const char *name, span *value) {
    const size_t count = strlen(name);
    const uint8_t *at = c->at;
    while (at < c->end && is_space(*at)) at++;
    if (at == c->at || (size_t)(c->end - at) < count + 2 || memcmp(at, name, count) != 0) return false;
    at += count;
    const uint8_t quote = at[1];
    if (*at != '=' || (quote != '"' && quote != '\'')) return false;
    value->at = at += 2;
    while (at < c->end && !is(*at, STOP) && *at != quote) at++;
    value->count = (size_t)(at - value->at);
    if (at == c->end || *at != quote) return false;
    c->at = at + 1;
    return true;
}

/// Reads what stands before the first element, and its start tag.
static bool read_root(cursor *c) {
    span value;
    if (BEGINS(c->at, c->end - c->at, "<?xml")) {
        c->at += 5;
        if (!read_attribute(c, "version", &value) || !EQUALS(value, "1.0")) return false;
        if (read_attribute(c, "encoding", &value) && !EQUALS(value, "UTF-8") && !EQUALS(value, "utf-8")) return false;
        if (read_attribute(c, "standalone", &value) && !EQUALS(value, "yes") && !EQUALS(value, "no")) return false;
        while (is_space(*c->at)) c->at++;
        if (!BEGINS(c->at, c->end - c->at, "?>")) return false;
        c->at += 2;
    }
    if (!find_tag(c) || !BEGINS(c->at, c->end - c->at, "<ListBucketResult")) return false;
    c->at += strlen("<ListBucketResult");
    (void)read_attribute(c, "xmlns", &value);
    return c->at < c->end && *c->at++ == '>';
}

// MARK: Values

/// Up to 2^46.
static bool read_size(span text, uint64_t *size) {
    if (text.count == 0 || text.count > 20) return false;
    uint64_t value = 0;
    for (size_t i = 0; i < text.count; i++) {
        if (!is(text.at[i], DIGIT)) return false;
        value = value * 10 + digit(text.at[i]);
        if (value > size_max) return false;
    }
    *size = value;
    return true;
}

/// A number of two digits; more than 99 if they are none.
static inline unsigned two_digits(const uint8_t *at) {
    return is(at[0], DIGIT) && is(at[1], DIGIT) ? digit(at[0]) * 10 + digit(at[1]) : 100;
}

/// Days since 1970 of a day of the Gregorian calendar; years that begin in March have their leap day last.
static int64_t days_of(unsigned year, unsigned month, unsigned day) {
    // 400 years more, whose days are subtracted again: the first months of the year 0 belong to the one before.
    const unsigned years = year + 400 - (month <= 2 ? 1 : 0), months = month > 2 ? month - 3 : month + 9;
    const unsigned days = 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 1;
    return (int64_t)days - 719468 - 146097;
}

/// `2025-01-31T12:34:56Z`, with one to nine digits of a fraction of which three count.
static bool read_time(span text, int64_t *milliseconds) {
    const uint8_t *at = text.at;
    if (text.count < 20 || text.count == 21 || text.count > 30 || at[text.count - 1] != 'Z') return false;
    if (at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':') return false;
    const unsigned century = two_digits(at), year = two_digits(at + 2), month = two_digits(at + 5);
    const unsigned day = two_digits(at + 8), hour = two_digits(at + 11), minute = two_digits(at + 14);
    const unsigned second = two_digits(at + 17);
    if (century > 99 || year > 99 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    // 60 is a leap second.
    if (hour > 23 || minute > 59 || second > 60) return false;
    unsigned fraction = 0, weight = 100;
    if (text.count > 20 && at[19] != '.') return false;
    for (size_t i = 20; i + 1 < text.count; i++, weight /= 10) {
        if (!is(at[i], DIGIT)) return false;
        fraction += digit(at[i]) * weight;
    }
    const int64_t seconds = days_of(century * 100 + year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *milliseconds = seconds * 1000 + fraction;
    return true;
}

/// Writes a text with its references decoded; returns how long it is.
static uint32_t unescape(span text, uint8_t *target) {
    size_t done = 0;
    while (text.count > 0) {
        const uint8_t *const found = memchr(text.at, '&', text.count);
        size_t count = found != NULL ? (size_t)(found - text.at) : text.count;
        memcpy(target + done, text.at, count);
        done += count;
        if (found != NULL) {
            const size_t reference = read_reference(found, text.count - count, &target[done++]);
            LP_ASSERT(reference > 0);
            count += reference;
        }
        text = (span){text.at + count, text.count - count};
    }
    return (uint32_t)done;
}

/// Writes a text behind those before it.
static void take(span text, struct lp_page *page, uint32_t *place, uint32_t *count) {
    // The texts are parts of the document that don't overlap, and there is room for all of it.
    LP_ASSERT(text.count <= page->text_capacity - page->text_count);
    *place = (uint32_t)page->text_count;
    *count = unescape(text, page->text + page->text_count);
    page->text_count += *count;
}

/// Decodes `%2B` and the like where it stands, and `+`, which is a space. False if an escape is broken.
static bool decode_url(uint8_t *text, uint32_t *count) {
    size_t i = 0;
    while (i < *count && text[i] != '%' && text[i] != '+') i++;
    size_t done = i;
    for (; i < *count; i++) {
        uint8_t byte = text[i];
        if (byte == '%') {
            if (*count - i < 3) return false;
            const unsigned high = digit(text[i + 1]), low = digit(text[i + 2]);
            if (high > 15 || low > 15) return false;
            byte = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (byte == '+') {
            byte = ' ';
        }
        text[done++] = byte;
    }
    *count = (uint32_t)done;
    return true;
}

static bool is_printable(const uint8_t *text, size_t count) {
    bool is_so = true;
    for (size_t i = 0; i < count; i++) is_so &= text[i] >= 0x20 && text[i] < 0x7F;
    return is_so;
}

static bool read_class(span text, struct lp_page *page, struct lp_entry *entry) {
    for (size_t i = 0; i < text.count; i++)
        if (!is(text.at[i], LETTER | DIGIT | MARK)) return false;
    if (EQUALS(text, "STANDARD")) text.count = 0;
    take(text, page, &entry->class_at, &entry->class_count);
    return text.count <= CLASS_MAX;
}

// MARK: The page

/// The texts of an entry.
typedef struct {
    span key, size, etag, modified, storage_class;
} fields;

/// The place for an element of that name; NULL if it is none of these.
static inline span *field_of(fields *f, span name) {
    if (EQUALS(name, "Key")) return &f->key;
    if (EQUALS(name, "LastModified")) return &f->modified;
    if (EQUALS(name, "ETag")) return &f->etag;
    if (EQUALS(name, "Size")) return &f->size;
    if (EQUALS(name, "StorageClass")) return &f->storage_class;
    return NULL;
}

/// Takes an entry from its texts, but for the key: until the document's end, `key_at` is where it stands there.
static bool take_entry(const fields *f, const uint8_t *document, struct lp_page *page) {
    struct lp_entry *const entry = &page->entries[page->entry_count++];
    if (f->key.count == 0 || !read_size(f->size, &entry->size)) return false;
    entry->key_at = (uint32_t)(f->key.at - document);
    entry->key_count = (uint32_t)f->key.count;
    take(f->etag, page, &entry->etag_at, &entry->etag_count);
    if (entry->etag_count > ETAG_MAX || !is_printable(page->text + entry->etag_at, entry->etag_count)) return false;
    entry->has_modified = f->modified.at != NULL;
    entry->modified_ms = 0;
    if (entry->has_modified && !read_time(f->modified, &entry->modified_ms)) return false;
    return read_class(f->storage_class, page, entry);
}

/// Reads what follows `<Contents>`.
static bool read_entry(cursor *c, span contents, const uint8_t *document, struct lp_page *page) {
    if (page->entry_count == page->entry_capacity || page->entry_count == LP_ENTRY_COUNT_MAX) return false;
    fields f = {0};
    span name;
    bool is_empty;
    for (;;) {
        if (!find_tag(c)) return false;
        if (is_at_end_tag(c)) return read_end(c, contents) && take_entry(&f, document, page);
        if (!read_start(c, &name, &is_empty)) return false;
        span *const field = field_of(&f, name);
        if (field != NULL ? !read_field(c, name, is_empty, field) : !is_empty && !skip(c, name, 3)) return false;
    }
}

/// Takes the keys to the texts.
static bool take_keys(
    const uint8_t *document, bool is_encoded, const uint8_t *prefix, size_t prefix_count, struct lp_page *page) {
    for (size_t i = 0; i < page->entry_count; i++) {
        struct lp_entry *const entry = &page->entries[i];
        take((span){document + entry->key_at, entry->key_count}, page, &entry->key_at, &entry->key_count);
        uint8_t *const key = page->text + entry->key_at;
        if (is_encoded && !decode_url(key, &entry->key_count)) return false;
        page->text_count = entry->key_at + entry->key_count;
        if (entry->key_count > KEY_MAX || entry->key_count < prefix_count) return false;
        if (prefix_count > 0 && memcmp(key, prefix, prefix_count) != 0) return false;
    }
    return true;
}

/// Takes whether the page is the last, and the token of the next one if not.
static bool take_token(span truncated, span token, struct lp_page *page) {
    page->is_truncated = EQUALS(truncated, "true") || EQUALS(truncated, "1");
    if (!page->is_truncated) return EQUALS(truncated, "false") || EQUALS(truncated, "0");
    take(token, page, &page->token_at, &page->token_count);
    return page->token_count > 0 && page->token_count <= TOKEN_MAX
        && is_printable(page->text + page->token_at, page->token_count);
}

bool lp_read(const uint8_t *document, size_t count, const uint8_t *prefix, size_t prefix_count, struct lp_page *page) {
    page->entry_count = page->text_count = 0;
    page->token_at = page->token_count = 0;
    while (count > 0 && is_space(document[count - 1])) count--;
    if (count == 0 || document[count - 1] != '>' || count > UINT32_MAX || count > page->text_capacity) return false;
    cursor c = {document, document + count, 1};
    if (!read_root(&c)) return false;
    span truncated = {0}, token = {0}, encoding = {0}, name;
    bool is_empty;
    for (;;) {
        if (!find_tag(&c)) return false;
        if (is_at_end_tag(&c)) break;
        if (!read_start(&c, &name, &is_empty)) return false;
        if (EQUALS(name, "Contents")) {
            if (is_empty || !read_entry(&c, name, document, page)) return false;
            continue;
        }
        span *const field = EQUALS(name, "IsTruncated") ? &truncated
            : EQUALS(name, "NextContinuationToken")     ? &token
            : EQUALS(name, "EncodingType")              ? &encoding
                                                        : NULL;
        if (field != NULL ? !read_field(&c, name, is_empty, field) : !is_empty && !skip(&c, name, 2)) return false;
    }
    if (!BEGINS(c.at, c.end - c.at, "</ListBucketResult>") || c.end - c.at != 19) return false;
    const bool is_encoded = EQUALS(encoding, "url");
    if (encoding.count > 0 && !is_encoded) return false;
    return take_keys(document, is_encoded, prefix, prefix_count, page) && take_token(truncated, token, page);
}
