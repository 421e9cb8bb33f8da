#include "compression.h"

bool cz_path_is_supported(cz_path path) {
#if defined(__x86_64__)
    // The checks include that the operating system saves the registers.
    __builtin_cpu_init();
    const bool has_avx2
        = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (path == CZ_PATH_AVX2) return has_avx2;
    if (path == CZ_PATH_AVX512) {
        return has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi");
    }
#endif
    return path == CZ_PATH_PORTABLE;
}

// AVX-512 with VBMI: Intel since Ice Lake, AMD since Zen 4. On Zen 4 gathers and scatters are slow, and AVX2, which
// reads and writes the table by scalar code, may be the faster path there. That was not measured, as no such machine
// was at hand: whoever has one should, and choose here.
cz_path cz_best_path(void) {
    if (cz_path_is_supported(CZ_PATH_AVX512)) return CZ_PATH_AVX512;
    return cz_path_is_supported(CZ_PATH_AVX2) ? CZ_PATH_AVX2 : CZ_PATH_PORTABLE;
}

const char *cz_path_name(cz_path path) {
    switch (path) {
    case CZ_PATH_PORTABLE: return "portable";
    case CZ_PATH_AVX2: return "avx2";
    case CZ_PATH_AVX512: return "avx512";
    }
    return "unknown";
}
