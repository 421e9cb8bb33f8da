// What the notes of a batch's blocks say once its pieces are looked up: what of its lines is to be told, and whether
// the limit is passed. Included by kernel.inc.h behind batch.inc.h. What is told of lines makes chunks: chunks.c.

/// Tokens of `count` pieces of the batch, at most 32: without a branch, as their number could not be foreseen.
static inline size_t tokens_of_pieces(const tk_counter *counter, unsigned first, unsigned count) {
    static const uint8_t ones_and_zeros[64] = {
#define ONES 255, 255, 255, 255, 255, 255, 255, 255
        ONES, ONES, ONES, ONES,
#undef ONES
    };
#if defined(__x86_64__)
    const __m256i tokens = _mm256_loadu_si256((const __m256i *)(const void *)(counter->key_tokens + first));
    const __m256i mask = _mm256_loadu_si256((const __m256i *)(const void *)(ones_and_zeros + 32 - count));
    const __m256i sums = _mm256_sad_epu8(_mm256_and_si256(tokens, mask), _mm256_setzero_si256());
    const __m128i halves = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    return (size_t)(_mm_cvtsi128_si64(halves) + _mm_extract_epi64(halves, 1));
#else
    const uint8_t *tokens = counter->key_tokens + first, *mask = ones_and_zeros + 32 - count;
    const uint8x16_t low = vandq_u8(vld1q_u8(tokens), vld1q_u8(mask));
    return vaddlvq_u8(vaddq_u8(low, vandq_u8(vld1q_u8(tokens + 16), vld1q_u8(mask + 16))));
#endif
}

/// Tokens of the pieces of a block that start in `places`, a run from its begin; `first` is its first piece in the
/// batch.
static inline size_t tokens_in(
    tk_counter *counter, const tk_text *text, const tk_block_note *note, unsigned first, uint64_t places) {
    const unsigned asked = (unsigned)__builtin_popcountll(note->asked & places);
    size_t tokens = (size_t)__builtin_popcountll(note->plain & places) + tokens_of_pieces(counter, first, asked);
    for (uint64_t longs = note->starts & ~note->plain & ~note->asked & places; longs != 0; longs &= longs - 1) {
        // It was counted a moment ago, so it is in its cache.
        const unsigned start = (unsigned)__builtin_ctzll(longs);
        const uint64_t behind = note->starts & ~(uint64_t)1 << start;
        const unsigned end = behind == 0 ? note->byte_count : (unsigned)__builtin_ctzll(behind);
        tokens += tk_count_cached(counter, text->bytes + note->at + start, end - start);
    }
    return tokens;
}

/// A piece of a block with line ends inside: where it starts and ends there, and the tokens up to both.
typedef struct {
    unsigned start, end;
    size_t start_tokens, end_tokens;
    bool is_newlines;
} lined_piece;

/// Takes the line ends of `newlines` inside a piece of white space: of those that fit in a row only the last.
/// `is_taken` receives false if the piece has other bytes than that walk knows; then they are to be taken in another
/// way, and are again if they were. False if counting stops.
static bool take_space_lines(const tk_counter *counter, tk_progress *progress, const uint8_t *text, size_t at,
    const lined_piece *piece, uint64_t newlines, bool *is_taken) {
    const tk_lines *lines = progress->lines;
    const size_t end = at + piece->end;
    size_t fitting = 0, fitting_tokens = 0;
    tk_space_walk w;
    tk_space_walk_begin(&w, counter->tables);
    for (unsigned i = piece->start; i + 1 < piece->end; i++) {
        size_t tokens = piece->start_tokens;
        if (piece->is_newlines) {
            tokens += counter->tables->newline_tokens[i + 1 - piece->start];
        } else if (tk_is_space_byte(text[at + i])) {
            tokens += tk_space_walk_byte(&w, text[at + i]);
        } else {
            *is_taken = false;
            return true;
        }
        if ((newlines >> i & 1) == 0) continue;
        if (tokens <= progress->token_limit) {
            fitting = at + i + 1;
            fitting_tokens = tokens;
            continue;
        }
        if (fitting != 0) lines->take_line_end(progress, fitting, fitting_tokens, end, piece->end_tokens);
        fitting = 0;
        if (!lines->take_line_end(progress, at + i + 1, tokens, end, piece->end_tokens)) return false;
    }
    *is_taken = true;
    return fitting == 0 || lines->take_line_end(progress, fitting, fitting_tokens, end, piece->end_tokens);
}

/// Takes the line ends of a block that are in `newlines`, one by one. False if counting stops.
static bool take_line_ends(tk_counter *counter, const tk_text *text, tk_progress *progress, const tk_block_note *note,
    unsigned first, size_t before, uint64_t newlines) {
    const tk_counting_tables *tables = counter->tables;
    const uint8_t *bytes = text->bytes + note->at;
    // The last one.
    lined_piece piece = {0};
    while (newlines != 0) {
        const unsigned place = (unsigned)__builtin_ctzll(newlines);
        newlines &= newlines - 1;
        const size_t line_end = note->at + place + 1;
        bool goes_on;
        if (place + 1 == note->byte_count || (note->starts >> (place + 1) & 1)) {
            const size_t tokens = place + 1 == piece.end ? piece.end_tokens
                : before + tokens_in(counter, text, note, first, low_bits(place + 1));
            goes_on = progress->lines->take_line_end(progress, line_end, tokens, line_end, tokens);
        } else {
            if (place >= piece.end) {
                const uint64_t behind = note->starts & ~low_bits(place + 1);
                piece.start = 63 - (unsigned)__builtin_clzll(note->starts & low_bits(place + 1));
                piece.end = behind == 0 ? note->byte_count : (unsigned)__builtin_ctzll(behind);
                piece.start_tokens = before + tokens_in(counter, text, note, first, low_bits(piece.start));
                const uint64_t all = low_bits(piece.end) & ~low_bits(piece.start);
                piece.is_newlines = (note->newlines & all) == all;
                piece.end_tokens = piece.is_newlines
                    ? piece.start_tokens + tables->newline_tokens[piece.end - piece.start]
                    : before + tokens_in(counter, text, note, first, low_bits(piece.end));
            }
            const size_t most =
                piece.is_newlines ? tables->newline_most[piece.end - piece.start] : piece.end - piece.start;
            if (piece.start_tokens + most <= progress->token_limit && (newlines >> (piece.end - 1) & 1)) {
                // All line ends in it fit, and then the last one, which is a border, is enough.
                newlines &= ~low_bits(piece.end - 1);
                continue;
            }
            if (tk_is_space_byte(bytes[piece.start])) {
                bool is_taken;
                goes_on = take_space_lines(counter, progress, text->bytes, note->at, &piece,
                    newlines | (uint64_t)1 << place, &is_taken);
                if (is_taken) newlines &= ~low_bits(piece.end - 1);
                if (!goes_on) return false;
                if (is_taken) continue;
            }
            // Up to a line end in it, a piece is a pre-token too.
            const size_t tokens =
                piece.start_tokens + tk_count_piece(counter, bytes + piece.start, place + 1 - piece.start);
            goes_on =
                progress->lines->take_line_end(progress, line_end, tokens, note->at + piece.end, piece.end_tokens);
        }
        if (!goes_on) return false;
    }
    return true;
}

/// Takes the line ends that matter of blocks, one bit each, all of whose line ends fit. Up to each block there are
/// `before` tokens, but for `base`.
static void take_fitting_lines(tk_counter *counter, const tk_text *text, tk_progress *progress, uint64_t blocks,
    size_t base, const uint16_t *before) {
    const size_t overlap = progress->lines->overlap;
    const unsigned last = 63 - (unsigned)__builtin_clzll(blocks);
    unsigned from = last;
    if (overlap > 0) {
        while (from > 0 && before[from] + overlap >= before[last]) from--;
    }
    for (blocks &= ~low_bits(from); blocks != 0; blocks &= blocks - 1) {
        const unsigned block = (unsigned)__builtin_ctzll(blocks);
        const tk_block_note *note = &counter->notes[block];
        uint64_t newlines = 0;
        if (overlap > 0) newlines = note->newlines & (note->starts >> 1 | (uint64_t)1 << (note->byte_count - 1));
        if (block == last) newlines |= (uint64_t)1 << (63 - __builtin_clzll(note->newlines));
        take_line_ends(
            counter, text, progress, note, block == 0 ? 0 : note[-1].pieces, base + before[block], newlines);
    }
}

_Static_assert(TK_BATCH_BLOCKS == 64, "a bit for each block");

/// The blocks, one bit each, that may have more than `room` tokens up to some place.
static inline uint64_t blocks_above(const int16_t *most, ptrdiff_t room) {
    const int16_t limit = (int16_t)(room > INT16_MAX ? INT16_MAX : room < 0 ? -1 : room);
#if defined(__x86_64__)
    const __m256i limits = _mm256_set1_epi16(limit);
    uint64_t above = 0;
    for (unsigned i = 0; i < TK_BATCH_BLOCKS; i += 32) {
        const __m256i *values = (const __m256i *)(const void *)(most + i);
        const __m256i low = _mm256_cmpgt_epi16(_mm256_load_si256(values), limits);
        const __m256i high = _mm256_cmpgt_epi16(_mm256_load_si256(values + 1), limits);
        const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xD8);
        above |= (uint64_t)(uint32_t)_mm256_movemask_epi8(bytes) << i;
    }
    return above;
#else
    // Byte j of vector k is block 4 * j + k, as in a block of text.
    const int16x8x4_t low = vld4q_s16(most), high = vld4q_s16(most + 32);
    const int16x8_t limits = vdupq_n_s16(limit);
    block above;
    for (unsigned k = 0; k < 4; k++) {
        const uint16x8_t is_low = vcgtq_s16(low.val[k], limits), is_high = vcgtq_s16(high.val[k], limits);
        above.val[k] = vuzp1q_u8(vreinterpretq_u8_u16(is_low), vreinterpretq_u8_u16(is_high));
    }
    return high_of(&above);
#endif
}

/// Tells of the lines that end in the batch, whose pieces are looked up. What `told_count` is about is left behind.
static void tell_lines(tk_counter *counter, const tk_text *text, tk_progress *progress, unsigned note_count) {
    const tk_lines *told = progress->lines;
    const size_t base = progress->tokens;
    // Tokens of the batch before each block; and what any place in a block may have: up to a line end inside it a piece
    // may have more tokens than as a whole, but not more than bytes.
    uint16_t before[TK_BATCH_BLOCKS + 1];
    _Alignas(32) int16_t most[TK_BATCH_BLOCKS];
    uint64_t with_lines = 0;
    unsigned tokens = 0, first = 0;
    for (unsigned i = 0; i < note_count; i++) {
        const tk_block_note *note = &counter->notes[i];
        before[i] = (uint16_t)tokens;
        tokens += note->known + (unsigned)tokens_of_pieces(counter, first, note->pieces - first);
        TK_ASSERT(note->pieces >= first && (note->newlines & ~low_bits(note->byte_count)) == 0);
        first = note->pieces;
        const uint64_t inner = note->newlines & ~(note->starts >> 1) & low_bits(note->byte_count) >> 1;
        TK_ASSERT(tokens + TK_BLOCK <= INT16_MAX);
        most[i] = (int16_t)(tokens + (inner != 0 ? TK_BLOCK : 0));
        with_lines |= (uint64_t)(note->newlines != 0) << i;
    }
    before[note_count] = (uint16_t)tokens;
    counter->told_before = before;
    counter->told_base = base;
    counter->told_count = note_count;
    for (unsigned next, done = 0;; done = next + 1) {
        const uint64_t left = low_bits(note_count) & ~low_bits(done);
        const uint64_t above = blocks_above(most, (ptrdiff_t)(progress->token_limit - base)) & left;
        next = above == 0 ? note_count : (unsigned)__builtin_ctzll(above);
        const uint64_t fitting = with_lines & left & low_bits(next);
        if (fitting != 0) take_fitting_lines(counter, text, progress, fitting, base, before);
        if (next == note_count) break;
        const tk_block_note *note = &counter->notes[next];
        const unsigned first_of_note = next == 0 ? 0 : note[-1].pieces;
        const size_t behind = base + before[next + 1];
        if (!take_line_ends(counter, text, progress, note, first_of_note, base + before[next], note->newlines)) return;
        if (behind > progress->token_reach) {
            if (note->is_final && !told->is_end) progress->stop = TK_STOPPED_OPEN;
            else told->pass_reach(progress, behind);
            if (progress->stop != TK_NOT_STOPPED) return;
        }
    }
    progress->tokens = base + tokens;
}

/// Ends the batch. False if the border that is asked for was looked for in the slow way.
static bool settle(tk_counter *counter, tk_text *text, tk_progress *progress) {
    const size_t looked_up = look_up(counter);
    const unsigned note_count = counter->note_count;
    counter->note_count = 0;
    if (note_count == 0) {
        progress->tokens += looked_up;
        return true;
    }
    if (progress->wants == TK_WANTS_LINES) {
        tell_lines(counter, text, progress, note_count);
        counter->told_count = 0;
        return true;
    }
    unsigned first = 0;
    for (unsigned i = 0; i < note_count; i++) {
        const tk_block_note *note = &counter->notes[i];
        const size_t tokens = note->known + tokens_of_pieces(counter, first, note->pieces - first);
        if (progress->tokens + tokens > progress->token_limit) {
            // Which pre-token is the first above the limit has to be seen one by one.
            progress->at = note->at;
            progress->word = note->word;
            tk_count_slow(counter, text, progress, note->at + note->byte_count);
            return false;
        }
        progress->tokens += tokens;
        first = note->pieces;
    }
    return true;
}
