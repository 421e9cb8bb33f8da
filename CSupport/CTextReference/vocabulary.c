// Scripts/pack_vocabularies.py makes the packed vocabularies and describes their format.
#include "vocabulary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__clang__)
#pragma clang diagnostic push
// C23's #embed; clang has it since version 19 in every language mode.
#pragma clang diagnostic ignored "-Wc23-extensions"
#endif
static const uint8_t o200k_base_packed[] = {
#embed "vocabularies/o200k_base.vocabulary"
};
static const uint8_t cl100k_base_packed[] = {
#embed "vocabularies/cl100k_base.vocabulary"
};
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

void *tr_allocate(size_t byte_count) {
    void *memory = malloc(byte_count);
    if (memory == NULL) {
        fprintf(stderr, "no memory for %zu bytes\n", byte_count);
        abort();
    }
    return memory;
}

static uint32_t number_at(const uint8_t *bytes) { return (uint32_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16); }

/// FNV-1a, and its high bits mixed in.
static uint64_t hash_of(const uint8_t *bytes, size_t count) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 0x100000001B3u;
    return hash ^ hash >> 32;
}

void tr_vocabulary_open(tr_vocabulary *vocabulary, tk_tokenizer tokenizer) {
    const uint8_t *packed = tokenizer == TK_O200K_BASE ? o200k_base_packed : cl100k_base_packed;
    const size_t token_count = number_at(packed + 4);
    const uint8_t *lengths = packed + 12, *ranks = lengths + 2 * token_count;
    vocabulary->bytes = ranks + 3 * token_count;
    vocabulary->tokens = tr_allocate(token_count * sizeof *vocabulary->tokens);
    size_t slot_count = 1;
    while (slot_count < 2 * token_count) slot_count *= 2;
    vocabulary->slots = tr_allocate(slot_count * sizeof *vocabulary->slots);
    memset(vocabulary->slots, 0xFF, slot_count * sizeof *vocabulary->slots);
    vocabulary->slot_mask = slot_count - 1;
    uint32_t offset = 0;
    for (size_t i = 0; i < token_count; i++) {
        const uint32_t rank = number_at(ranks + 3 * i);
        vocabulary->tokens[rank] = (tr_token){offset, lengths[i]};
        uint64_t slot = hash_of(vocabulary->bytes + offset, lengths[i]) & vocabulary->slot_mask;
        while (vocabulary->slots[slot] != TR_NO_RANK) slot = (slot + 1) & vocabulary->slot_mask;
        vocabulary->slots[slot] = rank;
        offset += lengths[i];
    }
}

void tr_vocabulary_close(tr_vocabulary *vocabulary) {
    free(vocabulary->tokens);
    free(vocabulary->slots);
}

uint32_t tr_rank_of(const tr_vocabulary *vocabulary, const uint8_t *bytes, size_t count) {
    if (count > TK_TOKEN_BYTES_MAX) return TR_NO_RANK;
    for (uint64_t slot = hash_of(bytes, count);; slot++) {
        const uint32_t rank = vocabulary->slots[slot & vocabulary->slot_mask];
        if (rank == TR_NO_RANK) return TR_NO_RANK;
        const tr_token token = vocabulary->tokens[rank];
        if (token.byte_count == count && memcmp(vocabulary->bytes + token.offset, bytes, count) == 0) return rank;
    }
}
