// One atomic pointer to the kernels in use. It starts at `detecting`, whose functions choose the best path the CPU has, store
// it and go on there. Racing first calls choose the same path, so that relaxed order is enough: the tables are constants.
#include <stdatomic.h>

#include "newlines.h"

static const tk_newline_kernels *kernels_of(tk_path path) {
    switch (path) {
    case TK_PATH_SCALAR: return &tk_newlines_scalar;
#if defined(__x86_64__)
    case TK_PATH_AVX2: return &tk_newlines_avx2;
    case TK_PATH_AVX512BW: return &tk_newlines_avx512bw;
#elif defined(__aarch64__)
    case TK_PATH_NEON: return &tk_newlines_neon;
#endif
    default: return NULL;
    }
}

bool tk_path_is_supported(tk_path path) {
    if (kernels_of(path) == NULL) return false;
#if defined(__x86_64__)
    // The checks include that the operating system saves the registers.
    __builtin_cpu_init();
    if (path == TK_PATH_AVX2) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
    }
    if (path == TK_PATH_AVX512BW) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("popcnt")
            && __builtin_cpu_supports("bmi");
    }
#endif
    return true;
}

static size_t detect_and_find(const uint8_t *text, size_t count);
static size_t detect_and_count(const uint8_t *text, size_t count);
static const tk_newline_kernels detecting = {detect_and_find, detect_and_count};
static _Atomic(const tk_newline_kernels *) active = &detecting;

static const tk_newline_kernels *detect(void) {
    static const tk_path by_preference[] = {TK_PATH_AVX512BW, TK_PATH_AVX2, TK_PATH_NEON};
    const tk_newline_kernels *chosen = &tk_newlines_scalar;
    for (size_t i = 0; i < sizeof by_preference / sizeof *by_preference; i++) {
        if (tk_path_is_supported(by_preference[i])) {
            chosen = kernels_of(by_preference[i]);
            break;
        }
    }
    const tk_newline_kernels *expected = &detecting;
    // A path that a test has forced meanwhile stays.
    if (!atomic_compare_exchange_strong_explicit(
            &active, &expected, chosen, memory_order_relaxed, memory_order_relaxed)) {
        return expected;
    }
    return chosen;
}

static size_t detect_and_find(const uint8_t *text, size_t count) { return detect()->find(text, count); }
static size_t detect_and_count(const uint8_t *text, size_t count) { return detect()->count(text, count); }

tk_path tk_path_active(void) {
    const tk_newline_kernels *kernels = atomic_load_explicit(&active, memory_order_relaxed);
    if (kernels == &detecting) kernels = detect();
    for (int path = 0; path < TK_PATH_COUNT; path++) {
        if (kernels == kernels_of((tk_path)path)) return (tk_path)path;
    }
    return TK_PATH_SCALAR;
}

bool tk_path_force(tk_path path) {
    if (!tk_path_is_supported(path)) return false;
    atomic_store_explicit(&active, kernels_of(path), memory_order_relaxed);
    return true;
}

const char *tk_path_name(tk_path path) {
    switch (path) {
    case TK_PATH_SCALAR: return "scalar";
    case TK_PATH_AVX2: return "avx2";
    case TK_PATH_AVX512BW: return "avx512bw";
    case TK_PATH_NEON: return "neon";
    }
    return "unknown";
}

size_t tk_find_newline(const uint8_t *text, size_t count) {
    return atomic_load_explicit(&active, memory_order_relaxed)->find(text, count);
}

size_t tk_count_newlines(const uint8_t *text, size_t count) {
    return atomic_load_explicit(&active, memory_order_relaxed)->count(text, count);
}
