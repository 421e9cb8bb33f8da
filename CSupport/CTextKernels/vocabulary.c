// The packed vocabularies are part of the executable; Scripts/pack_vocabularies.py makes them and describes their format.
#include "vocabulary.h"

#include <pthread.h>
#include <stdlib.h>

#if defined(__clang__)
#pragma clang diagnostic push
// C23's #embed; clang has it since version 19 in every language mode.
#pragma clang diagnostic ignored "-Wc23-extensions"
#endif
static const uint8_t o200k_base_packed[] = {
#embed "Vocabularies/o200k_base.vocabulary"
};
static const uint8_t cl100k_base_packed[] = {
#embed "Vocabularies/cl100k_base.vocabulary"
};
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

/// The columns of a packed vocabulary.
typedef struct {
    uint32_t token_count;
    const uint8_t *lengths, *splits, *ranks, *bytes;
} packed_vocabulary;

static packed_vocabulary columns_of(const uint8_t *packed) {
    packed_vocabulary columns;
    const uint8_t *count = packed + 4;
    columns.token_count = (uint32_t)(count[0] | count[1] << 8 | count[2] << 16);
    columns.lengths = packed + 12;
    columns.splits = columns.lengths + columns.token_count;
    columns.ranks = columns.splits + columns.token_count;
    columns.bytes = columns.ranks + 3 * (size_t)columns.token_count;
    return columns;
}

static uint64_t *make_slots(uint32_t token_count, uint64_t *mask) {
    uint64_t slot_count = 1;
    while (slot_count < 2 * (uint64_t)token_count) slot_count *= 2;
    uint64_t *slots = malloc(slot_count * sizeof *slots);
    if (slots != NULL) memset(slots, 0xFF, slot_count * sizeof *slots);
    *mask = slot_count - 1;
    return slots;
}

static void insert(uint64_t *slots, uint64_t mask, uint64_t hash, uint64_t slot) {
    uint64_t i = hash & mask;
    while (slots[i] != TK_EMPTY_SLOT) i = (i + 1) & mask;
    slots[i] = slot;
}

/// Tokens by rank and in order, and which are prefixes of which.
static void fill_tokens(tk_vocabulary *vocabulary, const packed_vocabulary *packed) {
    uint32_t offset = 0, two_bytes = 0;
    for (uint32_t i = 0; i < packed->token_count; i++) {
        const uint8_t *rank_bytes = packed->ranks + 3 * (size_t)i, *bytes = packed->bytes + offset;
        const uint32_t rank = (uint32_t)(rank_bytes[0] | rank_bytes[1] << 8 | rank_bytes[2] << 16);
        const uint32_t length = packed->lengths[i];
        vocabulary->tokens[rank] = (tk_token){offset, length, rank, rank};
        // In sorted order, the longest proper prefix is the token before, or a prefix of it.
        uint32_t prefix = i == 0 ? TK_NO_RANK : i - 1;
        while (prefix != TK_NO_RANK) {
            const tk_token *token = &vocabulary->tokens[vocabulary->sorted[prefix].rank];
            if (token->byte_count < length && memcmp(vocabulary->bytes + token->byte_offset, bytes, token->byte_count) == 0) {
                break;
            }
            prefix = vocabulary->sorted[prefix].prefix;
        }
        vocabulary->sorted[i] = (tk_sorted_token){rank, prefix};
        // A token of one byte is below all two bytes that begin with it but those that end with 0, to which it is equal.
        const uint32_t begin = (uint32_t)bytes[0] << 8 | (length > 1 ? bytes[1] : 0);
        while (two_bytes <= begin) vocabulary->sorted_by_two_bytes[two_bytes++] = i;
        if (length == 1) vocabulary->rank_of_byte[bytes[0]] = rank;
        offset += length;
    }
    while (two_bytes <= 0x10000) vocabulary->sorted_by_two_bytes[two_bytes++] = packed->token_count;
}

static void fill_tables(tk_vocabulary *vocabulary, const packed_vocabulary *packed) {
    for (uint32_t rank = 0; rank < packed->token_count; rank++) {
        const tk_token *token = &vocabulary->tokens[rank];
        const uint64_t hash = tk_hash(vocabulary->bytes + token->byte_offset, token->byte_count);
        insert(vocabulary->wholes, vocabulary->wholes_mask, hash, hash >> 32 << 32 | rank);
    }
    for (uint32_t i = 0; i < packed->token_count; i++) {
        if (packed->splits[i] == 0) continue;
        const uint32_t rank = vocabulary->sorted[i].rank;
        tk_token *token = &vocabulary->tokens[rank];
        const uint8_t *bytes = vocabulary->bytes + token->byte_offset;
        token->left = tk_rank_of(vocabulary, bytes, packed->splits[i]);
        token->right = tk_rank_of(vocabulary, bytes + packed->splits[i], token->byte_count - packed->splits[i]);
        const uint64_t key = (uint64_t)token->left << TK_RANK_BITS | token->right;
        insert(vocabulary->pairs, vocabulary->pairs_mask, tk_pair_hash(key), key << TK_RANK_BITS | rank);
    }
}

/// NULL if memory is short; then what was allocated is kept, as the process will not live long.
static const tk_vocabulary *build(tk_tokenizer tokenizer, const uint8_t *packed_bytes) {
    const packed_vocabulary packed = columns_of(packed_bytes);
    tk_vocabulary *vocabulary = malloc(sizeof *vocabulary);
    if (vocabulary == NULL) return NULL;
    vocabulary->tokenizer = tokenizer;
    vocabulary->token_count = packed.token_count;
    vocabulary->bytes = packed.bytes;
    vocabulary->tokens = malloc(packed.token_count * sizeof *vocabulary->tokens);
    vocabulary->sorted = malloc(packed.token_count * sizeof *vocabulary->sorted);
    vocabulary->sorted_by_two_bytes = malloc(0x10001 * sizeof *vocabulary->sorted_by_two_bytes);
    vocabulary->wholes = make_slots(packed.token_count, &vocabulary->wholes_mask);
    vocabulary->pairs = make_slots(packed.token_count, &vocabulary->pairs_mask);
    if (vocabulary->tokens == NULL || vocabulary->sorted == NULL || vocabulary->sorted_by_two_bytes == NULL
        || vocabulary->wholes == NULL || vocabulary->pairs == NULL) {
        return NULL;
    }
    fill_tokens(vocabulary, &packed);
    fill_tables(vocabulary, &packed);
    return vocabulary;
}

static const tk_vocabulary *o200k_base, *cl100k_base;
static pthread_once_t o200k_base_once = PTHREAD_ONCE_INIT, cl100k_base_once = PTHREAD_ONCE_INIT;
static void build_o200k_base(void) { o200k_base = build(TK_O200K_BASE, o200k_base_packed); }
static void build_cl100k_base(void) { cl100k_base = build(TK_CL100K_BASE, cl100k_base_packed); }

const tk_vocabulary *tk_vocabulary_shared(tk_tokenizer tokenizer) {
    if (tokenizer == TK_O200K_BASE) {
        pthread_once(&o200k_base_once, build_o200k_base);
        return o200k_base;
    }
    pthread_once(&cl100k_base_once, build_cl100k_base);
    return cl100k_base;
}
