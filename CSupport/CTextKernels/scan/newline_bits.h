/// Which bytes of a block in a vector register are newlines, one bit a byte: for the scanners, and for the counter,
/// which has its block loaded already.
#pragma once
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static inline uint32_t tk_newline_bits_avx2(__m256i bytes) {
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n')));
}

__attribute__((target("avx512f,avx512bw"))) static inline uint64_t tk_newline_bits_avx512bw(__m512i bytes) {
    return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'));
}
#endif
