// From pieces to keys that are looked for near, for instruction sets that take one piece after the other. The file that
// includes this defines `take_keys` and `seek_near` behind it.

/// By length: how the 16 bytes at a piece become its key, and the length's bits.
typedef struct {
    _Alignas(32) uint8_t shuffle[16];
    uint64_t length[2];
} key_form;
#define NO 128
#define TINY(n, ...) {{__VA_ARGS__, NO, __VA_ARGS__, NO}, {(uint64_t)n << 60, (uint64_t)n << 60}}
#define SHORT(n, ...) {{0, 1, 2, 3, 4, 5, 6, 7, __VA_ARGS__, NO}, {0, (uint64_t)n << 60}}
static const key_form key_forms[16] = {
    TINY(0, NO, NO, NO, NO, NO, NO, NO), TINY(1, 0, NO, NO, NO, NO, NO, NO), TINY(2, 0, 1, NO, NO, NO, NO, NO),
    TINY(3, 0, 1, 2, NO, NO, NO, NO), TINY(4, 0, 1, 2, 3, NO, NO, NO), TINY(5, 0, 1, 2, 3, 4, NO, NO),
    TINY(6, 0, 1, 2, 3, 4, 5, NO), TINY(7, 0, 1, 2, 3, 4, 5, 6), SHORT(8, NO, NO, NO, NO, NO, NO, NO),
    SHORT(9, 8, NO, NO, NO, NO, NO, NO), SHORT(10, 8, 9, NO, NO, NO, NO, NO), SHORT(11, 8, 9, 10, NO, NO, NO, NO),
    SHORT(12, 8, 9, 10, 11, NO, NO, NO), SHORT(13, 8, 9, 10, 11, 12, NO, NO), SHORT(14, 8, 9, 10, 11, 12, 13, NO),
    SHORT(15, 8, 9, 10, 11, 12, 13, 14)};
#undef NO
#undef TINY
#undef SHORT

enum { NEAR_FACTOR_LOW = 0x7F4A7C15, NEAR_FACTOR_HIGH = 0x1E3779B9 };

/// Where in `near` a key's set is.
static inline uint32_t near_of(tk_key key) {
    const uint64_t sum = key.low + key.high;
    const uint32_t hash = (uint32_t)sum * NEAR_FACTOR_LOW + (uint32_t)(sum >> 32) * NEAR_FACTOR_HIGH;
    return (hash >> (32 - TK_NEAR_BITS) << 1) + ((uint32_t)!tk_is_tiny(key) << (TK_NEAR_BITS + 1));
}

/// Adds the keys of pieces to the batch, by first and last bytes.
static inline void take_keys(tk_counter *counter, const uint8_t *p, uint64_t asked, uint64_t asked_ends);

/// Looks for the first `count` keys near, at most 64, and adds up the tokens of those that are there. Returns a bit for
/// each that is not, and any bits behind these. Up to a multiple of eight, the keys behind these are 0, which finds
/// nothing.
static inline uint64_t seek_near(tk_counter *counter, unsigned count);

/// Looks for the first `count` keys near, at most 64; what is not there becomes absent.
static inline void seek(tk_counter *counter, unsigned count) {
    uint64_t lacking = seek_near(counter, count);
    if (count < 64) lacking &= ((uint64_t)1 << count) - 1;
    unsigned absent = counter->absent_count;
    for (; lacking != 0; lacking &= lacking - 1, absent++) {
        const unsigned i = (unsigned)__builtin_ctzll(lacking);
        counter->absent_low[absent] = counter->keys_low[i];
        counter->absent_high[absent] = counter->keys_high[i];
        counter->absent_places[absent] = (uint16_t)(counter->sought_count + i);
    }
    counter->absent_count = absent;
    counter->sought_count += count;
    fetch_absent(counter);
}

/// Looks for a full batch of keys near, and moves those behind it to the begin: 31 at most.
static inline void seek_full(tk_counter *counter) {
    seek(counter, TK_BATCH_KEYS);
    memcpy(counter->keys_low, counter->keys_low + TK_BATCH_KEYS, 32 * sizeof *counter->keys_low);
    memcpy(counter->keys_high, counter->keys_high + TK_BATCH_KEYS, 32 * sizeof *counter->keys_high);
}

static inline void ask(tk_counter *counter, const uint8_t *p, const block *b, uint64_t asked, uint64_t asked_ends) {
    (void)b;
    // Before this block's keys are added, as a load of four would wait for the stores of each.
    if (counter->key_count - counter->sought_count >= TK_BATCH_KEYS) seek_full(counter);
    take_keys(counter, p, asked, asked_ends);
}

static inline void ask_rest(tk_counter *counter) {
    if (counter->key_count - counter->sought_count >= TK_BATCH_KEYS) seek_full(counter);
    const unsigned count = counter->key_count - counter->sought_count;
    memset(counter->keys_low + count, 0, 8 * sizeof *counter->keys_low);
    memset(counter->keys_high + count, 0, 8 * sizeof *counter->keys_high);
    seek(counter, count);
}
