// The table gives what the definition of a CRC does, bit by bit, also in two pieces, and nothing outside is read. Of
// xxHash-32 only the latter, and that it depends on the bytes alone: frames of liblz4 hold it to its definition.
#include "checksums.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint64_t polynomials[] = {0xEDB88320, 0x82F63B78, 0x9A6C9329AC4BC9B5};
    if (size == 0) return 0;
    const uint64_t polynomial = polynomials[data[0] % 3];
    const size_t cut = data[0] % size;
    uint64_t table[CK_TABLE_COUNT];
    ck_crc_table(polynomial, table);
    uint8_t *first = exact_copy(data, cut), *rest = exact_copy(data + cut, size - cut);
    uint64_t plain = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        plain ^= data[i];
        for (int bit = 0; bit < 8; bit++) plain = plain & 1 ? plain >> 1 ^ polynomial : plain >> 1;
    }
    REQUIRE(ck_crc(table, ck_crc(table, UINT32_MAX, first, cut), rest, size - cut) == plain);
    REQUIRE(ck_xxhash32(first, cut) == ck_xxhash32(data, cut));
    REQUIRE(ck_xxhash32(rest, size - cut) == ck_xxhash32(data + cut, size - cut));
    free(first);
    free(rest);
    return 0;
}
