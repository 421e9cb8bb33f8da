/// What the CPU paths of newline scanning share. The algorithm of each path is the same:
///
/// A block of W bytes is compared with W copies of 0x0A; the first of the comparison's bits, one a byte, is the first
/// place. Blocks follow one another without alignment. What remains behind the last whole block, fewer than W bytes, is
/// taken by one more block that ends exactly at the end and so overlaps bytes that were seen already, which held no
/// newline. Texts shorter than a block go to the scalar path. AVX-512 reads the remainder by a masked load, which does
/// not touch what is masked out.
#pragma once
#include "textkernels.h"

typedef size_t (*tk_newline_finder)(const uint8_t *text, size_t count);

size_t tk_find_newline_scalar(const uint8_t *text, size_t count);
#if defined(__x86_64__)
size_t tk_find_newline_avx2(const uint8_t *text, size_t count);
size_t tk_find_newline_avx512bw(const uint8_t *text, size_t count);
#elif defined(__aarch64__)
size_t tk_find_newline_neon(const uint8_t *text, size_t count);
#endif
