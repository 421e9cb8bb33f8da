/// A vocabulary: tokens by rank, and ranks by bytes.
#pragma once
#include "textreference.h"

#define TR_NO_RANK UINT32_MAX

typedef struct {
    uint32_t offset, byte_count;
} tr_token;

typedef struct {
    /// The tokens' bytes, and where each is in them, by rank.
    const uint8_t *bytes;
    tr_token *tokens;
    /// Open addressing: a rank for each token, TR_NO_RANK where there is none.
    uint32_t *slots;
    uint64_t slot_mask;
} tr_vocabulary;

void tr_vocabulary_open(tr_vocabulary *vocabulary, tk_tokenizer tokenizer);
void tr_vocabulary_close(tr_vocabulary *vocabulary);

/// The rank of the token with these bytes; TR_NO_RANK if there is none.
uint32_t tr_rank_of(const tr_vocabulary *vocabulary, const uint8_t *bytes, size_t count);

/// `malloc`, or the end of the process.
void *tr_allocate(size_t byte_count);
