/// What the CPU paths of the newline kernels share. The algorithm of each path is the same:
///
/// A block of W bytes is compared with W copies of 0x0A; the comparison's bits, one a byte, give the first place (count
/// trailing zeros) or the number (population count). Blocks follow one another without alignment. What remains behind the
/// last whole block, fewer than W bytes, is taken by one more block that ends exactly at the end and so overlaps bytes that
/// were seen already: they held no newline when searching, and are masked out when counting. Texts shorter than a block go to
/// the next narrower path. AVX-512 reads the remainder by a masked load, which does not touch what is masked out.
#pragma once
#include "textkernels.h"

typedef struct {
    size_t (*find)(const uint8_t *text, size_t count);
    size_t (*count)(const uint8_t *text, size_t count);
} tk_newline_kernels;

extern const tk_newline_kernels tk_newlines_scalar;
#if defined(__x86_64__)
extern const tk_newline_kernels tk_newlines_avx2;
extern const tk_newline_kernels tk_newlines_avx512bw;
#elif defined(__aarch64__)
extern const tk_newline_kernels tk_newlines_neon;
#endif
