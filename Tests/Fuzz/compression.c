// All paths write the same block, which ends as the format wants it and is read as the source by a plain decoder. It
// depends on nothing that was in the encoder's memory before, and no byte outside of source and target is touched.
#include "encoder.h"
#include "fuzz.h"

/// Adds to half of a token the bytes that follow it. False if the block ends before they do.
static bool add_length(const uint8_t **at, const uint8_t *end, size_t *length) {
    if (*length < 15) return true;
    unsigned byte;
    do {
        if (*at == end) return false;
        byte = *(*at)++;
        *length += byte;
    } while (byte == 255);
    return true;
}

/// Reads a block by the rules of the format. False if it breaks one, or is not of exactly `size` bytes.
static bool decode(const uint8_t *block, size_t block_size, uint8_t *out, size_t size) {
    const uint8_t *at = block, *end = block + block_size;
    size_t done = 0, last_match = 0;
    while (at < end) {
        const unsigned token = *at++;
        size_t literals = token >> 4, length = token & 15;
        if (!add_length(&at, end, &literals)) return false;
        if (literals > (size_t)(end - at) || literals > size - done) return false;
        memcpy(out + done, at, literals);
        at += literals;
        done += literals;
        if (at == end) {
            // The last sequence has no match. If one is before it, that is not too near the end.
            const bool is_far = last_match == 0 || (literals >= 5 && size - last_match >= 12);
            return length == 0 && done == size && is_far;
        }
        if (end - at < 2) return false;
        const size_t distance = at[0] | (size_t)at[1] << 8;
        at += 2;
        if (!add_length(&at, end, &length)) return false;
        length += 4;
        if (distance == 0 || distance > done || length > size - done) return false;
        last_match = done;
        for (; length > 0; length--, done++) out[done] = out[done - distance];
    }
    return false;
}

static void check(const uint8_t *data, size_t size) {
    static cz_encoder *encoders[CZ_PATH_COUNT];
    const size_t bound = cz_bound(size);
    uint8_t *source = exact_copy(data, size), *first = malloc(bound), *other = malloc(bound);
    uint8_t *decoded = malloc(size + 1);
    REQUIRE(first != NULL && other != NULL && decoded != NULL);
    size_t block_size = 0;
    for (int path = 0; path < CZ_PATH_COUNT; path++) {
        if (!cz_path_is_supported((cz_path)path)) continue;
        if (encoders[path] == NULL) encoders[path] = cz_encoder_create_on((cz_path)path);
        cz_encoder *encoder = encoders[path];
        REQUIRE(encoder != NULL);
        // What is left of the call before, or anything.
        const int junk = size == 0 ? 0 : data[size / 2];
        if (junk % 2 != 0) memset(encoder, junk, sizeof *encoder);
        encoder->path = (cz_path)path;
        uint8_t *target = path == 0 ? first : other;
        memset(target, junk, bound);
        REQUIRE(cz_compress(encoder, source, size, target, bound - 1) == 0);
        const size_t written = cz_compress(encoder, source, size, target, bound);
        REQUIRE(written > 0 && written <= bound);
        if (path == 0) block_size = written;
        REQUIRE(written == block_size && memcmp(first, target, written) == 0);
    }
    REQUIRE(decode(first, block_size, decoded, size) && (size == 0 || memcmp(decoded, data, size) == 0));
    free(source);
    free(first);
    free(other);
    free(decoded);
}

/// Fills a long text from a short one, so that there are full groups: parts are of the short text, noise, copies from
/// a fixed distance or a random one, runs, and few different bytes, in an order that the short text decides.
static void fill(uint8_t *text, size_t size, const uint8_t *data, size_t data_size, uint64_t random) {
    enum { OF_DATA, NOISE, PERIODIC, COPY, RUN, FEW, KINDS };
    const unsigned kinds = 1 + (unsigned)(random >> 56) % KINDS;
    // The greatest distance is 65535.
    const size_t period = random % 4 == 0 ? 65530 + (random >> 8) % 12 : 1 + (random >> 8) % 300;
    for (size_t start = 0, part = 0; start < size; part++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const size_t choice = random >> 32, kind = data[part % data_size] % kinds;
        const size_t count = 1 + choice % (choice % 64 == 0 ? 5000 : 40);
        const size_t back = kind == PERIODIC ? period : 1 + (choice >> 8) % 200000;
        size_t i = start;
        for (; i < size && i < start + count; i++) {
            const uint8_t noise = (uint8_t)((random + i) * 0x9E3779B97F4A7C15u >> 40);
            if (kind == OF_DATA) text[i] = data[(choice + i - start) % data_size];
            else if (kind == RUN) text[i] = (uint8_t)choice;
            else if (kind == FEW) text[i] = (uint8_t)"aaab"[noise % 4];
            else if (kind == NOISE || back > i) text[i] = noise;
            else text[i] = text[i - back];
        }
        start = i;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check(data, size);
    if (size == 0) return 0;
    uint64_t random = size;
    for (size_t i = 0; i < size; i++) random = (random ^ data[i]) * 0x9E3779B97F4A7C15u;
    // One to three groups, sometimes more than the greatest distance. They end about where a group or a chunk does: the
    // passes over the end of the source are others.
    const size_t groups = random >> 62 == 0 ? 3 + (random >> 20) % 6 : 1 + (random >> 20) % 2;
    const size_t chunks = groups * CZ_CHAINS + ((random >> 24) % 2 == 0 ? 0 : (random >> 25) % CZ_CHAINS);
    const size_t long_size = chunks * CZ_CHUNK + (random >> 32) % 281 - 140;
    uint8_t *text = malloc(long_size);
    REQUIRE(text != NULL);
    fill(text, long_size, data, size, random);
    // The hash of zeros is 0, and so is the tag of an empty entry: the first position would have a candidate.
    if ((random >> 40) % 4 == 0) memset(text, 0, 8);
    // The end is found earlier in the text: one match goes over the end of a chunk, and another one behind that.
    const size_t copied = 60 + (random >> 42) % 32;
    if ((random >> 48) % 2 == 0) memcpy(text + long_size - copied, text + 101, copied);
    check(text, long_size);
    check(text, size < long_size ? size : long_size);
    free(text);
    return 0;
}
