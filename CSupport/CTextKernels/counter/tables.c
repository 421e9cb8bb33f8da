#include "tables.h"

#if defined(__clang__)
#pragma clang diagnostic push
// C23's #embed; clang has it since version 19 in every language mode.
#pragma clang diagnostic ignored "-Wc23-extensions"
#endif
static const _Alignas(64) uint8_t o200k_base_tables[] = {
#embed "tables/o200k_base.counting"
};
static const _Alignas(64) uint8_t cl100k_base_tables[] = {
#embed "tables/cl100k_base.counting"
};
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

const tk_counting_tables *tk_counting_tables_of(tk_tokenizer tokenizer) {
    const void *tables = tokenizer == TK_O200K_BASE ? o200k_base_tables : cl100k_base_tables;
    return (const tk_counting_tables *)tables;
}
