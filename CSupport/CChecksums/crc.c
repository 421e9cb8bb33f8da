// Slicing by eight (Kounavis and Berry, "A Systematic Approach to Building High Performance Software-based CRC
// Generators", 2005): number `byte` of table `k` is what a byte does to the register when `k` more follow it, so that
// eight bytes take eight look-ups that do not wait for one another. A register of 32 bits has zeros above, which the
// same code keeps.
#include "checksums.h"

void ck_crc_table(uint64_t polynomial, uint64_t table[CK_TABLE_COUNT]) {
    for (size_t byte = 0; byte < 256; byte++) {
        uint64_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (polynomial & (0 - (crc & 1)));
        table[byte] = crc;
    }
    for (size_t index = 256; index < CK_TABLE_COUNT; index++) {
        uint64_t before = table[index - 256];
        table[index] = (before >> 8) ^ table[before & 0xFF];
    }
}

/// The first byte is the lowest, on every machine.
static uint64_t load(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int index = 0; index < 8; index++) word |= (uint64_t)bytes[index] << (8 * index);
    return word;
}

uint64_t ck_crc(const uint64_t table[CK_TABLE_COUNT], uint64_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word = crc ^ load(bytes);
        crc = table[7 * 256 + (word & 0xFF)] ^ table[6 * 256 + (word >> 8 & 0xFF)]
            ^ table[5 * 256 + (word >> 16 & 0xFF)] ^ table[4 * 256 + (word >> 24 & 0xFF)]
            ^ table[3 * 256 + (word >> 32 & 0xFF)] ^ table[2 * 256 + (word >> 40 & 0xFF)]
            ^ table[1 * 256 + (word >> 48 & 0xFF)] ^ table[word >> 56];
    }
    for (; count > 0; bytes++, count--) crc = (crc >> 8) ^ table[(crc ^ *bytes) & 0xFF];
    return crc;
}
