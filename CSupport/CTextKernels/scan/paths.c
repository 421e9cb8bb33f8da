// The CPU path in use: one atomic pointer to its newline finder. It starts at `detect_and_find`, which chooses the best
// path that the CPU has, stores it and goes on there. Racing first calls choose the same path, so that relaxed order is
// enough.
#include <stdatomic.h>

#include "newlines.h"

static tk_newline_finder finder_of(tk_path path) {
    switch (path) {
    case TK_PATH_SCALAR: return tk_find_newline_scalar;
#if defined(__x86_64__)
    case TK_PATH_AVX2: return tk_find_newline_avx2;
    case TK_PATH_AVX512BW: return tk_find_newline_avx512bw;
#elif defined(__aarch64__)
    case TK_PATH_NEON: return tk_find_newline_neon;
#endif
    default: return NULL;
    }
}

bool tk_path_is_supported(tk_path path) {
    if (finder_of(path) == NULL) return false;
#if defined(__x86_64__)
    // The checks include that the operating system saves the registers.
    __builtin_cpu_init();
    if (path == TK_PATH_AVX2) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
    }
    if (path == TK_PATH_AVX512BW) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
    }
#endif
    return true;
}

static size_t detect_and_find(const uint8_t *text, size_t count);
static _Atomic(tk_newline_finder) active = detect_and_find;

static tk_newline_finder detect(void) {
    static const tk_path by_preference[] = {TK_PATH_AVX512BW, TK_PATH_AVX2, TK_PATH_NEON};
    tk_newline_finder chosen = tk_find_newline_scalar;
    for (size_t i = 0; i < sizeof by_preference / sizeof *by_preference; i++) {
        if (tk_path_is_supported(by_preference[i])) {
            chosen = finder_of(by_preference[i]);
            break;
        }
    }
    tk_newline_finder expected = detect_and_find;
    // A path that a test has forced meanwhile stays.
    const bool is_mine = atomic_compare_exchange_strong_explicit(
        &active, &expected, chosen, memory_order_relaxed, memory_order_relaxed);
    return is_mine ? chosen : expected;
}

static size_t detect_and_find(const uint8_t *text, size_t count) { return detect()(text, count); }

tk_path tk_path_active(void) {
    tk_newline_finder finder = atomic_load_explicit(&active, memory_order_relaxed);
    if (finder == detect_and_find) finder = detect();
    for (int path = 0; path < TK_PATH_COUNT; path++) {
        if (finder == finder_of((tk_path)path)) return (tk_path)path;
    }
    return TK_PATH_SCALAR;
}

bool tk_path_force(tk_path path) {
    if (!tk_path_is_supported(path)) return false;
    atomic_store_explicit(&active, finder_of(path), memory_order_relaxed);
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
    return atomic_load_explicit(&active, memory_order_relaxed)(text, count);
}
