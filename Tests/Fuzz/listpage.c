// What is accepted is read as a general XML reader reads it, entry for entry; an ordinary page is accepted; nothing
// outside of the document is read, and nothing outside of the two arrays is written. The texts are pages that the data
// choose, most of them changed in some places, and the data as they are.
#define _GNU_SOURCE
#include <time.h>

#include "fuzz.h"
#include "listpage.h"

enum { PAGE_MAX = 1 << 15, SEEN_MAX = 64 };

/// A text that is cut where there is no room.
typedef struct {
    uint8_t bytes[PAGE_MAX];
    size_t count;
} text;

// MARK: The plain reading

#ifndef WITHOUT_EXPAT
#include <expat.h>

enum { DEPTH_MAX = 32, TEXT_MAX = 8192, FIELDS = 5 };
static const char *const field_names[FIELDS] = {"Key", "Size", "ETag", "LastModified", "StorageClass"};
enum { KEY, SIZE, ETAG, MODIFIED, CLASS };

/// The text of an element. NULL: it was not there.
typedef struct {
    uint8_t *bytes;
    size_t count;
} value;

typedef struct {
    XML_Parser parser;
    size_t depth, element_count, entry_count;
    char *names[DEPTH_MAX + 1];
    value texts[DEPTH_MAX + 1];
    value entries[LP_ENTRY_COUNT_MAX + 1][FIELDS];
    value truncated, token, encoding;
    bool is_list, is_in_entry, is_refused;
} plain;

static void begin(void *context, const XML_Char *name, const XML_Char **attributes) {
    plain *p = context;
    (void)attributes;
    p->is_refused |= ++p->element_count > 200000 || p->depth == DEPTH_MAX || p->entry_count > LP_ENTRY_COUNT_MAX;
    if (p->is_refused) return;
    const char *colon = strrchr(name, ':');
    p->depth++;
    p->names[p->depth] = strdup(colon != NULL ? colon + 1 : name);
    p->texts[p->depth] = (value){malloc(TEXT_MAX), 0};
    if (p->depth == 1) p->is_list = strcmp(p->names[1], "ListBucketResult") == 0;
    if (p->depth == 2) p->is_in_entry = strcmp(p->names[2], "Contents") == 0;
    if (p->depth == 2 && p->is_in_entry) p->entry_count++;
}

static void add(void *context, const XML_Char *bytes, int count) {
    plain *p = context;
    if (p->is_refused || p->depth == 0) return;
    value *target = &p->texts[p->depth];
    const size_t room = TEXT_MAX - target->count, added = (size_t)count < room ? (size_t)count : room;
    memcpy(target->bytes + target->count, bytes, added);
    target->count += added;
}

static void replace(value *old, value new) {
    free(old->bytes);
    *old = new;
}

static void end(void *context, const XML_Char *name) {
    plain *p = context;
    (void)name;
    if (p->is_refused) return;
    value *place = NULL;
    const char *of = p->names[p->depth];
    if (p->depth == 2 && strcmp(of, "IsTruncated") == 0) place = &p->truncated;
    if (p->depth == 2 && strcmp(of, "NextContinuationToken") == 0) place = &p->token;
    if (p->depth == 2 && strcmp(of, "EncodingType") == 0) place = &p->encoding;
    for (int i = 0; i < FIELDS; i++)
        if (p->depth == 3 && p->is_in_entry && strcmp(of, field_names[i]) == 0)
            place = &p->entries[p->entry_count - 1][i];
    if (place != NULL) replace(place, p->texts[p->depth]);
    else free(p->texts[p->depth].bytes);
    free(p->names[p->depth]);
    p->depth--;
}

static void refuse_type(void *context, const XML_Char *a, const XML_Char *b, const XML_Char *c, int d) {
    (void)a, (void)b, (void)c, (void)d;
    ((plain *)context)->is_refused = true;
}

static plain *read_plainly(const uint8_t *document, size_t count) {
    plain *p = calloc(1, sizeof *p);
    XML_Parser parser = XML_ParserCreate("UTF-8");
    REQUIRE(p != NULL && parser != NULL);
    XML_SetUserData(parser, p);
    XML_SetElementHandler(parser, begin, end);
    XML_SetCharacterDataHandler(parser, add);
    XML_SetStartDoctypeDeclHandler(parser, refuse_type);
    if (XML_Parse(parser, (const char *)document, (int)count, 1) != XML_STATUS_OK) p->is_refused = true;
    XML_ParserFree(parser);
    return p;
}

static void destroy(plain *p) {
    for (; p->depth > 0; p->depth--) {
        free(p->names[p->depth]);
        free(p->texts[p->depth].bytes);
    }
    for (size_t i = 0; i < p->entry_count; i++)
        for (int j = 0; j < FIELDS; j++) free(p->entries[i][j].bytes);
    free(p->truncated.bytes);
    free(p->token.bytes);
    free(p->encoding.bytes);
    free(p);
}

static bool is_text(value v, const char *expected) {
    return v.bytes != NULL && v.count == strlen(expected) && memcmp(v.bytes, expected, v.count) == 0;
}

/// The number that a hexadecimal digit stands for; -1 for all else.
static int hexadecimal(uint8_t byte) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = byte == 0 ? NULL : strchr(digits, byte);
    return found == NULL ? -1 : (int)(found - digits) % 16;
}

/// Decodes a key where it stands.
static void decode_plainly(value *key) {
    size_t done = 0;
    for (size_t i = 0; i < key->count; i++, done++) {
        uint8_t byte = key->bytes[i];
        if (byte == '+') byte = ' ';
        if (byte == '%') {
            REQUIRE(i + 2 < key->count && hexadecimal(key->bytes[i + 1]) >= 0 && hexadecimal(key->bytes[i + 2]) >= 0);
            byte = (uint8_t)(hexadecimal(key->bytes[i + 1]) * 16 + hexadecimal(key->bytes[i + 2]));
            i += 2;
        }
        key->bytes[done] = byte;
    }
    key->count = done;
}

static int64_t milliseconds_of(value time) {
    char text[40] = {0}, rest[12] = {0}, fraction[4] = "000";
    REQUIRE(time.count < sizeof text);
    memcpy(text, time.bytes, time.count);
    struct tm tm = {0};
    REQUIRE(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%11s", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                &tm.tm_sec, rest) == 7);
    REQUIRE(tm.tm_mon >= 1 && tm.tm_mon <= 12 && tm.tm_mday >= 1 && tm.tm_mday <= 31 && tm.tm_hour < 24);
    REQUIRE(tm.tm_min < 60 && tm.tm_sec < 61 && rest[strlen(rest) - 1] == 'Z');
    for (size_t i = 0; i < 3 && rest[0] == '.' && rest[i + 1] != 'Z'; i++) fraction[i] = rest[i + 1];
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000 + strtol(fraction, NULL, 10);
}

static void require_same(const lp_page *page, uint32_t at, uint32_t count, value expected) {
    REQUIRE(at <= page->text_count && count <= page->text_count - at && count == expected.count);
    REQUIRE(count == 0 || memcmp(page->text + at, expected.bytes, count) == 0);
}

static void compare(const uint8_t *document, size_t count, const lp_page *page, const uint8_t *prefix, size_t length) {
    plain *p = read_plainly(document, count);
    REQUIRE(!p->is_refused && p->is_list && page->entry_count == p->entry_count);
    REQUIRE(page->is_truncated ? is_text(p->truncated, "true") || is_text(p->truncated, "1")
                               : is_text(p->truncated, "false") || is_text(p->truncated, "0"));
    if (page->is_truncated) {
        require_same(page, page->token_at, page->token_count, p->token);
        REQUIRE(p->token.count > 0 && p->token.count < TEXT_MAX);
    } else {
        REQUIRE(page->token_count == 0);
    }
    for (size_t i = 0; i < page->entry_count; i++) {
        const lp_entry *entry = &page->entries[i];
        value *fields = p->entries[i], size = fields[SIZE];
        REQUIRE(fields[KEY].count <= 3072);
        if (is_text(p->encoding, "url")) decode_plainly(&fields[KEY]);
        require_same(page, entry->key_at, entry->key_count, fields[KEY]);
        REQUIRE(entry->key_count >= 1 && entry->key_count <= 1024 && entry->key_count >= length);
        REQUIRE(length == 0 || memcmp(page->text + entry->key_at, prefix, length) == 0);
        char digits[24] = {0};
        REQUIRE(size.count > 0 && size.count <= 20);
        memcpy(digits, size.bytes, size.count);
        REQUIRE(strspn(digits, "0123456789") == size.count && strtoull(digits, NULL, 10) == entry->size);
        REQUIRE(entry->size <= (uint64_t)1 << 46);
        require_same(page, entry->etag_at, entry->etag_count, fields[ETAG]);
        REQUIRE(entry->etag_count <= 1024);
        for (size_t j = 0; j < entry->etag_count; j++)
            REQUIRE(fields[ETAG].bytes[j] >= 0x20 && fields[ETAG].bytes[j] < 0x7F);
        if (is_text(fields[CLASS], "STANDARD")) fields[CLASS].count = 0;
        require_same(page, entry->class_at, entry->class_count, fields[CLASS]);
        REQUIRE(entry->class_count <= 64);
        REQUIRE(entry->has_modified == (fields[MODIFIED].bytes != NULL));
        REQUIRE(!entry->has_modified || entry->modified_ms == milliseconds_of(fields[MODIFIED]));
    }
    destroy(p);
}
#else
static void compare(const uint8_t *document, size_t count, const lp_page *page, const uint8_t *prefix, size_t length) {
    (void)document, (void)count, (void)page, (void)prefix, (void)length;
}
#endif

/// Whether a page is accepted; then it is as the plain reading has it.
static bool check(const uint8_t *data, size_t size, const char *start, size_t capacity) {
    const size_t length = strlen(start);
    uint8_t *document = exact_copy(data, size), *prefix = exact_copy((const uint8_t *)start, length);
    lp_page page = {.entry_capacity = capacity, .text_capacity = size};
    page.entries = malloc(capacity * sizeof *page.entries + 1);
    page.text = malloc(size + 1);
    REQUIRE(page.entries != NULL && page.text != NULL);
    // One byte behind each stays as it is. Digits that are read where nothing was written would be part of an escape.
    memset(page.entries, '4', capacity * sizeof *page.entries + 1);
    memset(page.text, '4', size + 1);
    const bool is_accepted = lp_read(document, size, prefix, length, &page);
    REQUIRE(page.text[size] == '4' && ((uint8_t *)page.entries)[capacity * sizeof *page.entries] == '4');
    REQUIRE(size == 0 || memcmp(document, data, size) == 0);
    REQUIRE(page.entry_count <= capacity && page.text_count <= size);
    if (is_accepted) compare(document, size, &page, prefix, length);
    free(document);
    free(prefix);
    free(page.entries);
    free(page.text);
    return is_accepted;
}

// MARK: Pages

/// Choices that the data make: each byte one, and then what follows from all of them. A page becomes odd by what may
/// have to be refused.
typedef struct {
    const uint8_t *data;
    size_t size, at;
    uint64_t all;
    bool is_odd;
} choices;

static size_t choose(choices *c, size_t count) {
    uint64_t z = c->at < c->size ? c->data[c->at] : c->all + c->at;
    z = (z + 1) * 0x9E3779B97F4A7C15u + c->at++;
    z = (z ^ z >> 31) * 0xBF58476D1CE4E5B9u;
    return (size_t)(z >> 33) % count;
}

/// Sometimes a length about the longest that may be.
static size_t choose_length(choices *c, size_t one_of, size_t most, size_t usual) {
    if (choose(c, one_of) != 0) return choose(c, usual);
    c->is_odd = true;
    return most + choose(c, 12);
}

static void append_bytes(text *t, const void *bytes, size_t count) {
    if (count > PAGE_MAX - t->count) return;
    memcpy(t->bytes + t->count, bytes, count);
    t->count += count;
}

static void set(text *t, const text *from) {
    t->count = 0;
    append_bytes(t, from->bytes, from->count);
}

static void append(text *t, const char *string) { append_bytes(t, string, strlen(string)); }

#define COUNT(array) (sizeof(array) / sizeof *(array))
/// Appends one of these strings.
#define ONE_OF(t, c, ...)                                                \
    do {                                                                 \
        static const char *const strings[] = {__VA_ARGS__};              \
        append(t, strings[choose(c, COUNT(strings))]);                   \
    } while (0)

static void append_number(text *t, choices *c, size_t count) {
    for (size_t i = 0; i < count; i++) ONE_OF(t, c, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
}

static void append_key(text *t, choices *c) {
    append(t, "p/");
    append_number(t, c, choose_length(c, 60, 1016, 2));
    const size_t count = choose(c, 12);
    for (size_t i = 0; i < count; i++)
        ONE_OF(t, c, "a", "folder/", "2024-01-31", "part-0000", "%20", "+", "%2B", "%2f", "&amp;", "&quot;", "&lt;",
            "&gt;", "&apos;", "&#39;", "&#x41;", "%F0%9F%98%80", "%00", "%0A", "]]", "'", "\"", "\n", "\t", " ",
            "=", ";", "%C3%A4", "a-long-name-of-a-file-in-a-folder.json.gz");
}

static void append_time(text *t, choices *c) {
    append_number(t, c, 4);
    ONE_OF(t, c, "-01-31T", "-02-29T", "-03-01T", "-12-31T", "-06-30T", "-10-09T", "-02-31T");
    ONE_OF(t, c, "00:00:00", "23:59:59", "23:59:60", "12:34:56");
    ONE_OF(t, c, "Z", ".000Z", ".001Z", ".999Z", ".123456789Z", ".5Z", ".25Z");
}

/// What may stand in the place of a value, and makes the page odd.
static bool append_odd(text *t, choices *c, size_t one_of) {
    if (choose(c, one_of) != 0) return false;
    c->is_odd = true;
    ONE_OF(t, c, "", " ", "]]>", "\r", "\r\n", "\n", "&", "&amp", "&#9;", "&#13;", "&#11;", "&#128512;", "&#x1F600;",
        "&#0;", "&#x;", "&#;", "&#x100041;", "&bad;", "\xC3\xA4", "\xFF", "\x01", "\x7F", "&#x7E;", "&#127;",
        "&#00065;", "%", "%4", "%zz", "%g0", "%2B", "+", "&#37;41", "<b/>", "<b>x</b>", "<!-- x -->", "<![CDATA[x]]>",
        "<?x y?>", ">", "a b", "url", "maybe", "q/", "-1", "+5", "0x5", "1e3", "70368744177665", "99999999999999999999",
        "2024-01-31T12:34:56", "2024-01-31T12:34:56+01:00", "2024-13-31T12:34:56Z", "2024-01-31T12:34:56.Z",
        "2024-01-31 12:34:56Z", "2024-01-31T12:34:56.1234567890Z", "2024-01-31T24:00:00Z", "2024-01-31T23:59:61Z",
        "2024-01-32T00:00:00Z",
        "12345678901234567890123456789012345678901234567890123456789012345");
    return true;
}

static void append_space(text *t, choices *c, size_t style) {
    if (style == 1) append(t, "\n  ");
    if (style == 2) ONE_OF(t, c, "", "\n", " ", "\t", "\n\n        ");
}

static void append_etag(text *t, choices *c) {
    const char *const quotes[] = {"&quot;", "\"", "&#34;", ""};
    const char *quote = quotes[choose(c, COUNT(quotes))];
    append(t, quote);
    append_number(t, c, choose_length(c, 50, 1015, 40));
    ONE_OF(t, c, "", "-12", "abcdef", "&amp;");
    append(t, quote);
}

/// A child of an entry.
static void append_child(text *t, choices *c, size_t which) {
    static const char *const names[] = {"Key", "Size", "ETag", "LastModified", "StorageClass"};
    const char *name = names[which % COUNT(names)];
    append(t, "<");
    append(t, name);
    if (choose(c, 60) == 0) append(t, " ");
    append(t, ">");
    if (!append_odd(t, c, 400)) {
        if (which == 0) append_key(t, c);
        else if (which == 1) ONE_OF(t, c, "0", "1", "12345", "70368744177664", "00000000000000000017");
        else if (which == 2) append_etag(t, c);
        else if (which == 3) append_time(t, c);
        else ONE_OF(t, c, "STANDARD", "STANDARD_IA", "GLACIER", "", "NEWER-than_us2", "INTELLIGENT_TIERING");
    }
    if (choose(c, 800) == 0) append_odd(t, c, 1);
    append(t, "</");
    append(t, name);
    append(t, ">");
}

static void append_other(text *t, choices *c) {
    ONE_OF(t, c, "<Owner><ID>02d6&amp;</ID><DisplayName>a &quot;b&#34;</DisplayName></Owner>", "<Owner/>", "<Prefix />",
        "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>", "<Marker></Marker>",
        "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus>", "<Type>Normal</Type>",
        "<Deep><a><b><c>]</c>]</b><Key>no</Key> </a></Deep>", "<Other> <Contents><Key>no</Key></Contents></Other>");
}

static void append_entry(text *t, choices *c, size_t style) {
    append(t, "<Contents>");
    // Most have the order of S3; each child once, but for Key and Size at most.
    size_t order[] = {0, 3, 2, 1, 4};
    if (choose(c, 4) == 0) {
        const size_t a = choose(c, 5), b = choose(c, 5), moved = order[a];
        order[a] = order[b];
        order[b] = moved;
    }
    for (size_t i = 0; i < COUNT(order); i++) {
        append_space(t, c, style);
        if (choose(c, 6) == 0) append_other(t, c);
        if (order[i] < 2 || choose(c, 20) != 0) append_child(t, c, order[i]);
    }
    if (choose(c, 300) == 0) {
        c->is_odd = true;
        append_child(t, c, choose(c, 5));
    }
    append_space(t, c, style);
    append(t, "</Contents>");
    append_space(t, c, style);
}

/// What a page says of itself: a bit of `parts` for each.
static void append_facts(text *t, choices *c, size_t parts, bool is_encoded) {
    static const char *const truncated[] = {"<IsTruncated>false</IsTruncated>", "<IsTruncated>true</IsTruncated>",
        "<IsTruncated>0</IsTruncated>", "<IsTruncated>1</IsTruncated>"};
    const size_t choice = choose(c, 4);
    if ((parts & 1) != 0) append(t, "<Name>bucket</Name><Prefix>p/</Prefix><KeyCount>3</KeyCount><MaxKeys/>");
    if ((parts & 2) != 0) append(t, truncated[choice]);
    if ((parts & 2) != 0 && (choice % 2 == 1 || choose(c, 3) == 0)) {
        append(t, "<NextContinuationToken>");
        if (!append_odd(t, c, 40)) {
            append(t, "t");
            append_number(t, c, choose_length(c, 60, 8185, 60));
            ONE_OF(t, c, "==", "/+a=", "&amp;&#x20;", "");
        }
        append(t, "</NextContinuationToken>");
    }
    if ((parts & 4) != 0 && is_encoded) append(t, "<EncodingType>url</EncodingType>");
    if ((parts & 4) != 0 && !is_encoded) ONE_OF(t, c, "", "", "<EncodingType></EncodingType>", "<EncodingType/>");
    if (choose(c, 4) == 0) append_other(t, c);
}

/// Returns how many entries it has.
static size_t append_page(text *t, choices *c) {
    ONE_OF(t, c, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "",
        "<?xml version='1.0' encoding='utf-8'?>\n", "<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" ?>\n",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>");
    ONE_OF(t, c, "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", "<ListBucketResult>",
        "<ListBucketResult  xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>");
    const size_t style = choose(c, 3), before = choose(c, 8), count = choose(c, 6);
    const bool is_encoded = choose(c, 3) != 0;
    append_space(t, c, style);
    append_facts(t, c, before, is_encoded);
    append_space(t, c, style);
    for (size_t i = 0; i < count; i++) append_entry(t, c, style);
    append_facts(t, c, 7 & ~before, is_encoded);
    append_space(t, c, style);
    append(t, "</ListBucketResult>");
    ONE_OF(t, c, "", "", "\n", "  \n");
    return count;
}

/// Any byte, most of them of a text.
static void append_byte(text *t, choices *c) {
    const size_t byte = choose(c, 4) == 0 ? choose(c, 256) : 0x20 + choose(c, 0x60);
    append_bytes(t, &(uint8_t){(uint8_t)byte}, 1);
}

/// Changes a page in one place. Most changes leave it XML.
static void change(text *t, choices *c) {
    static text copy;
    enum { BYTE, AGAIN, MOVED, MARKUP, CUT, VALUE, KINDS = VALUE + 8 };
    const size_t kind = choose(c, KINDS), few = choose(c, 8) == 0 ? choose(c, 120) : choose(c, 6);
    size_t at = choose(c, 1 << 20) % (t->count + 1);
    // The end of a text.
    while (kind >= VALUE && at < t->count && (at == 0 || t->bytes[at - 1] == '>' || t->bytes[at] != '<')) at++;
    const size_t room = t->count - at, some = few < room ? few : room;
    // What follows the place, and how much of it is left out.
    size_t without = 0;
    copy.count = 0;
    append_bytes(&copy, t->bytes, at);
    if (kind == BYTE && room > 0) {
        append_byte(&copy, c);
        without = 1;
    } else if (kind == AGAIN) {
        append_bytes(&copy, t->bytes + at, some);
    } else if (kind == MOVED) {
        const size_t from = choose(c, 1 << 20) % (t->count + 1), rest = t->count - from;
        append_bytes(&copy, t->bytes + from, few < rest ? few : rest);
    } else if (kind == MARKUP) {
        ONE_OF(&copy, c, "<", ">", "/", "</", "/>", "<Key>", "</Key>", "<Contents>", "</Contents>", "<x>", "</x>",
            "<x/>", "<Size>1</Size>", "<ETag/>", "=\"\"", " a=\"b\"", "<IsTruncated>false</IsTruncated>", "<s3:Key>",
            "&amp;", "<EncodingType>url</EncodingType>", "</ListBucketResult>", "<!DOCTYPE x>", "\xEF\xBB\xBF",
            "<a><a><a><a><a>", "<Key />", "<_x/>", "<a-b/>", "<a>&nbsp;</a>", "<a>\xC3\xA4</a>", "\r", " ");
    } else if (kind == CUT) {
        without = choose(c, 4) == 0 ? room : some;
    } else if (choose(c, 2) == 0) {
        append_odd(&copy, c, 1);
    } else {
        append_byte(&copy, c);
    }
    append_bytes(&copy, t->bytes + at + without, room - without);
    set(t, &copy);
}

/// As many entries as a page may have, and one more.
static void check_counts(void) {
    static const char entry[] = "<Contents><Key>p/</Key><Size>1</Size></Contents>";
    for (size_t count = LP_ENTRY_COUNT_MAX; count <= LP_ENTRY_COUNT_MAX + 1; count++) {
        const size_t length = sizeof entry - 1, room = count * length + 100;
        char *page = calloc(1, room);
        REQUIRE(page != NULL);
        strcpy(page, "<ListBucketResult><IsTruncated>0</IsTruncated>");
        size_t end = strlen(page);
        for (size_t i = 0; i < count; i++, end += length) memcpy(page + end, entry, length);
        strcpy(page + end, "</ListBucketResult>");
        REQUIRE(check((uint8_t *)page, strlen(page), "p/", count) == (count <= LP_ENTRY_COUNT_MAX));
        REQUIRE(!check((uint8_t *)page, strlen(page), "p/", count - 2));
        free(page);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // What follows a key may be a 4.
    static const char *const prefixes[] = {"p/", "p/", "", "p/4"};
    static bool is_begun;
    static text page, changed;
    if (!is_begun) check_counts();
    is_begun = true;
    check(data, size, "", 8);
    choices c = {data, size, 0, size, false};
    for (size_t i = 0; i < size; i++) c.all = (c.all ^ data[i]) * 0x9E3779B97F4A7C15u;
    page.count = 0;
    const size_t count = append_page(&page, &c);
    const bool is_accepted = check(page.bytes, page.count, "p/", 8);
    REQUIRE(is_accepted || c.is_odd);
    REQUIRE(count == 0 || !check(page.bytes, page.count, "p/?", 8));
    REQUIRE(count == 0 || !check(page.bytes, page.count, "p/", count - 1));
    for (size_t i = 0; i < 8; i++) {
        set(&changed, &page);
        do change(&changed, &c);
        while (choose(&c, 4) == 0);
        check(changed.bytes, changed.count, prefixes[choose(&c, 4)], 8);
    }
    return 0;
}
