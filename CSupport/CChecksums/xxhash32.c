// xxHash-32 with seed 0, as the LZ4 frame format has it (https://github.com/Cyan4973/xxHash/blob/dev/doc/
// xxhash_spec.md). liblz4 has one too, and shows it to nobody.
#include <string.h>

#include "checksums.h"

static const uint32_t prime1 = 0x9E3779B1u, prime2 = 0x85EBCA77u, prime3 = 0xC2B2AE3Du, prime4 = 0x27D4EB2Fu,
                      prime5 = 0x165667B1u;

static uint32_t rotate(uint32_t value, int count) { return value << count | value >> (32 - count); }

static uint32_t read32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

static uint32_t round32(uint32_t lane, uint32_t value) { return rotate(lane + value * prime2, 13) * prime1; }

uint32_t ck_xxhash32(const uint8_t *bytes, size_t count) {
    if (count == 0) bytes = (const uint8_t *)"";
    const uint8_t *end = bytes + count;
    uint32_t hash = prime5;
    if (count >= 16) {
        uint32_t a = prime1 + prime2, b = prime2, c = 0, d = 0u - prime1;
        for (; end - bytes >= 16; bytes += 16) {
            a = round32(a, read32(bytes));
            b = round32(b, read32(bytes + 4));
            c = round32(c, read32(bytes + 8));
            d = round32(d, read32(bytes + 12));
        }
        hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    }
    hash += (uint32_t)count;
    for (; end - bytes >= 4; bytes += 4) hash = rotate(hash + read32(bytes) * prime3, 17) * prime4;
    for (; bytes < end; bytes++) hash = rotate(hash + *bytes * prime5, 11) * prime1;
    hash = (hash ^ hash >> 15) * prime2;
    hash = (hash ^ hash >> 13) * prime3;
    return hash ^ hash >> 16;
}
