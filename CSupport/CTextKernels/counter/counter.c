// The fast counter.
//
// ## Definitions
// A text is split into pre-tokens by a regular expression (pretokens.c), and each pre-token into tokens by byte-pair
// encoding: as long as two neighbours join to a token of the vocabulary, the two whose token has the lowest rank do, of
// equals the leftmost. We want the number of tokens only. A *piece* is a pre-token, or a part of one between two
// *borders that no merge crosses*; so the sum over the pieces is the count. Each piece's answer is one small number.
//
// ## The way of a text
// 1. Blocks of 64 bytes are classified into bit masks (bit i is byte i): upper case, lower case, other letters, marks,
//    numbers, space, newlines, everything else. ASCII takes a table in registers; characters of more bytes are decoded
//    one by one.
// 2. Where pre-tokens start follows from the masks without a branch per byte (blocks/borders.inc.h).
// 3. Pieces of one byte, and numbers of ASCII digits, are one token each: two population counts. All others of up to 15
//    bytes become keys, eight at once by byte shuffles out of the block's register, and are looked for in a small table
//    near (L2), eight at once (AVX2 and NEON: one key after the other, looked for four or two at once). What is absent
//    there goes into a batch, the line of the large caches that it would be in is fetched ahead, and when the batch is
//    full all are looked up (blocks/batch.inc.h). So are pieces of up to 31 bytes, in a cache of their own.
// 4. What is in no cache is merged, sixteen pieces by turns, so that the waits for memory overlap; its count is kept.
//
// Nothing in this takes a branch per piece: what a piece lacks is written to a list, always, and the list's length
// grows or not.
//
// ## The seam
// The borders of a block take some hundred cycles to be known, and the next block starts at one of them. So that it
// need not wait, it starts at a seam: the last place in the block behind an ASCII letter or digit at what is neither,
// and no apostrophe. That is soon found, and a pre-token starts there whatever is around it, as in no alternative of
// the patterns what is neither letter, number, mark nor apostrophe comes behind a letter or number.
//
// ## Why the borders are exact
// A block always begins where a pre-token starts (or at a border that no merge crosses, see below), and the next block
// begins where the last pre-token of this one does, or at a seam. As the patterns never look behind, what a match finds
// depends only on the text from its start, so nothing is carried from block to block but that place. In a block, with
// runs of the classes:
// - A run of letters starts a pre-token, unless a space character, or a symbol that stands alone, is before it: then
//   that does. In o200k_base an upper case letter behind a lower case one also starts one.
// - A run of symbols starts one, unless a blank is before it: then the blank does. Newlines behind symbols (in
//   o200k_base also slashes among these) belong to them: they are found by a carry, as adding a bit to a run of ones
//   moves it to the run's end.
// - Numbers start one at each third digit.
// - A run of white space starts one at its first byte, behind its last newline, and at its last character.
// - Contractions are taken back one by one; they are few.
// What is rare is given to the plain pre-tokenizer (tk_count_slow), one pre-token at a time: invalid UTF-8, upper case
// beside letters without case or marks, marks not behind a letter, numbers and runs of spaces of several bytes, U+017F
// behind an apostrophe, a contraction directly behind another, white space at the text's end, pre-tokens longer than a
// block. Nothing that the end of a block could change is settled in it: a start counts only if all that decides it is
// inside.
//
// ## Borders that no merge crosses
// A merge across the border between two characters makes a token in which bytes of both stand side by side. The
// vocabularies have few such tokens for three-byte characters (o200k_base: 11,890 pairs of characters; cl100k_base:
// 407), so a bit set over hashed pairs says for most neighbours in Chinese, Japanese or Korean text that no token holds
// them both, and the run falls into pieces of one to three characters, which the cache knows. Tokens that begin or end
// inside a character mark all that they could touch (Scripts/make_counting_tables.py). A block may begin at such a
// border too, but only the plain pre-tokenizer, started at the true start of the pre-token (`word`), then decides about
// upper case in it.
//
// ## Why the counts are exact
// The caches hold whole keys, so a hit is the count of these bytes. The merges are byte-pair encoding by the book; that
// two ranks join exactly if their bytes are a token is shown in tables.h. Longer text goes through windows: windows.c.
//
// ## Cost
// Linear in the text. Of 90 ns for a block of 59 bytes (English, repeated, Zen 5) classes and borders take 30, keys and
// the table near 18, the large caches 25 and merges 17; of 174 ns for one of unseen text, merges take 79. A merge of a
// piece of n <= 31 bytes takes n steps, of up to 64 bytes n steps over n numbers, of a window of 4096 bytes n log n.
// Invalid text is copied with U+FFFD in place, up to a seam, and the copy counted. Stack and memory are bounded,
// whatever the text is.
//
// What windows do not do (they contradict one another: never seen on real text; many lines, or a cut, in one pre-token)
// a walk over prefixes does, at 10 to 30 MB/s on random text (prefix_walk.inc.h); many lines in white space, at 40 to
// 60 (space_walk.h). How chunks are found is told in chunks.c.
//
// ## Memory
//     tables   2.5 and 1.4 MB, in the executable   ranks, byte pairs, bit sets, perfect hash of the merges (one pilot,
//     one slot) near     512 KiB sets of 16 bytes: 2 pieces of up to 7 bytes, or 1 of 8 to 15; what was asked for last
//     tiny     2 MiB   lines of 64 bytes: 8 pieces of up to 7 bytes
//     short    4 MiB   lines of 64 bytes: 4 pieces of 8 to 15 bytes
//     long     1 MiB   lines of 64 bytes: 2 pieces of 16 to 31 bytes, what was found again first
//     wide     256 KiB 32 to 124 bytes
//     scratch  0.2 MiB
// In other lines the latest is first; the last is lost. Huge pages, where the system has them.
//
// The working set is what matters: on a shared machine a core may have 4 MiB of the last level, and a miss beyond takes
// 140 ns.
//
// ## What was tried (Zen 5, AVX-512, English o200k_base, unseen / repeated, MB/s; compare within a line only)
// Paid:
// - A near table with branches, before the lines: 225 / 338 where 259 / 412 was without (Zen 4). With lists in place of
//   branches: 293 / 510 where 229 / 380 was. Its misses are 11 % of the pieces, and what of them is met again within
//   the batch is merged once: 33,000 merges where 70,000 were, each 200 ns.
// - Loads of the sets near one by one, 843, where gathers have 772 (no caches behind them).
// - Fetching text 1 KiB ahead, as the processor's own read-ahead ends with each page: 330 / 676 where 301 / 522 was.
// - The seam: 284 / 525 where 284 / 504 was.
// - Pieces of 16 to 31 bytes in the batch, multilingual: 234 / 302 where 204 / 250 was.
// - Without AVX-512, keys by one shuffle of 16 bytes with a control from a table: 299 / 503 where 271 / 455 was by
//   shifts; looking them up near not one by one but four at once, 64 keys behind one another: 304 / 576 for 284 / 512,
//   JSON lines 1049 / 1173 for 934 / 1043. What is absent as bits of these 64, and where to look by a sum and 32-bit
//   products: JSON lines 1124 / 1255 for 1049 / 1173. Where the 64 sets are before the first is loaded, so that more
//   loads are on their way: JSON lines 1141 / 1339 for 1092 / 1254, code 599 / 948 for 565 / 867. With this it has 82
//   to 95 % of the speed on repeated text, 86 to 100 % on unseen.
// - On arm64, executed instructions a byte (not timed), where plain C has 86 / 69, multilingual 95 / 68: the block
//   kernel by NEON 51.5 / 14.1, multilingual 89 / 32; pending merges as below 47.9 / 14.1; characters of several bytes
//   taken as one word, multilingual 77.7 / 27.8 for 81.6 / 31.8; bits in reverse, as only leading zeros can be counted,
//   and entries of four keys at once, 47.5 / 13.7. Of unseen text merges by turns take 27, and 42 of multilingual text,
//   where one after the other they take 17 and 24, but wait for memory.
// - On the scalar path, long pieces taken apart where no merge crosses: multilingual 64 / 77 where 38 / 40 was.
// - Invalid text on a copy: random bytes 24 where 16 was; merging with each U+FFFD as one part: 28, random high bytes
//   24 for 18.
// - On a virtual Xeon (Emerald Rapids): pending merges written as vectors, as a vector load cannot be served from the
//   stores of single numbers: 304 / 497 where 246 / 447 was. Single stores a round before the load are as good, and
//   simpler: AVX2 249 / 468 for 238 / 467, AVX-512 263 / 538 for 259 / 537. A piece that is in no line reads nothing
//   behind its line: 234 / 458 for 220 / 412. No branch for each piece in a round of merges: 348 / 481 for 315 / 466.
//   Long pieces enter at the last place of their set, multilingual: 129 / 146 for 127 / 145; 33,715 merges of such
//   where 39,790 were.
// Did not:
// - Without AVX-512, fetching the sets near ahead: JSON lines 1132 / 1294 for 1141 / 1339. 8 or 16 keys a block at
//   least, for 12: within 3 %. On the scalar path, minima of 8 pending merges by turns: multilingual 37 repeated for
//   41.
// - A table of the vocabulary's own entries to be asked first: a tenth of what the cache lacks is a single token, and
//   merging such a piece costs little more than the look-up would. Not built.
// - One line at a time, looked up where the piece is found: 194 / 284; in batches that are fetched ahead: 256 / 404
//   (Zen 4).
// - One cache with 16 bytes for each piece, 2 MiB: 157 / 157, as it forgets what it needs; two with 8 and 16 bytes, 6
//   MiB: 181 / 255 (Zen 4).
// - A near table of 1 MiB: 267 / 491 where 288 / 510 has 512 KiB; of 256 KiB: 341 / 665 where 352 / 704.
// - Better replacement: least recently used in the lines would save 6,000 of 33,000 misses (simulated), for a write per
//   hit.
// - 8 or 32 pieces merged by turns: 531 and 555 repeated where 16 have 558; batches of 128 that are absent: 518 for
//   522.
// - Short cuts for invalid text that keep to the slow way: near only, random high bytes 15.5 where 17.4 was; leaving
//   its pieces to the batch, random bytes 17.5 where 16.7 was.
// - On that Xeon: places of merges by vectors, eight pairs at once with gathers: 290 / 447 where 348 / 481 was;
//   fetching pilots a round before their slots: 233 / 363 for 306 / 485 (at best 327 / 490 for 340 / 500). A hash of
//   one product, with pilots of a byte and 2^18 slots: 1.08 and 1.02 of the speed on English, 1.05 and 0.97 on
//   multilingual text, 0.94 where each merge was made nine times. Pending merges of windows as vectors: random letters
//   38 where 32 was, code 0.98, English 1.00, multilingual 1.01. Tiny lines of 1 MiB for long ones of 2: 99,000 merges
//   of English that repeats where 40,000 were (multilingual: 13,598 of long pieces where 32,436 were).
// - A better cache for unseen English: of the 199,000 pieces of 33 MB that are merged, 177,000 were never seen before.
#include "counter/counter.h"

#include <sys/mman.h>

#include "counter/one_by_one.h"
#include "counter/windows.h"
#include "counter/blocks/kernels.h"

/// The best kernel that this CPU has and `tk_path_force` allows.
static tk_counting_kernel kernel_of(tk_path path) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool has_bits = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("lzcnt");
    if (path == TK_PATH_AVX512BW && has_bits && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2")) {
        return tk_count_avx512;
    }
    const bool may_be_avx2 = path == TK_PATH_AVX512BW || path == TK_PATH_AVX2;
    if (may_be_avx2 && has_bits && __builtin_cpu_supports("avx2")) return tk_count_avx2;
#elif defined(__aarch64__)
    if (path == TK_PATH_NEON) return tk_count_neon;
#endif
    (void)path;
    return tk_count_scalar;
}

tk_counter *tk_counter_create(tk_tokenizer tokenizer) { return tk_counter_create_on(tk_path_active(), tokenizer); }

tk_counter *tk_counter_create_on(tk_path path, tk_tokenizer tokenizer) {
    if (!tk_path_is_supported(path)) return NULL;
    // Fresh pages are zero, which is what empty caches are; those that are not touched cost nothing.
    const size_t huge = (size_t)1 << 21, byte_count = (sizeof(tk_counter) + huge - 1) / huge * huge;
    uint8_t *memory = mmap(NULL, byte_count + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    const size_t before = (huge - ((uintptr_t)memory & (huge - 1))) & (huge - 1);
    if (before != 0) munmap(memory, before);
    munmap(memory + before + byte_count, huge - before);
    tk_counter *counter = (tk_counter *)(void *)(memory + before);
#if defined(MADV_HUGEPAGE)
    // The look-ups are all over the caches. Without huge pages they are slower, and right all the same.
    madvise(counter, byte_count, MADV_HUGEPAGE);
#endif
    counter->tokenizer = tokenizer;
    counter->tables = tk_counting_tables_of(tokenizer);
    counter->slots = tk_slots_of(counter->tables);
    counter->kernel = kernel_of(path);
    counter->tokens_enough = SIZE_MAX;
    counter->merge_window = tk_merge_window_scalar;
#if defined(__x86_64__)
    if (counter->kernel == tk_count_avx2) counter->merge_window = tk_merge_window_avx2;
    if (counter->kernel == tk_count_avx512) counter->merge_window = tk_merge_window_avx512;
#endif
    counter->mapped_byte_count = byte_count;
    return counter;
}

void tk_counter_destroy(tk_counter *counter) {
    if (counter != NULL) munmap(counter, counter->mapped_byte_count);
}

size_t tk_counter_count(tk_counter *counter, const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    tk_text text = {bytes, count, false, false};
    tk_progress progress = {.token_limit = SIZE_MAX};
    counter->kernel(counter, &text, &progress);
    return progress.tokens;
}

tk_pretoken tk_pretoken_above(tk_counter *counter, const uint8_t *bytes, size_t count, size_t token_limit) {
    tk_text text = {bytes, count, false, false};
    tk_progress progress = {.token_limit = token_limit, .wants = TK_WANTS_BORDER};
    if (count > 0) counter->kernel(counter, &text, &progress);
    return progress.border;
}

const char *tk_counter_path_name(const tk_counter *counter) {
#if defined(__x86_64__)
    if (counter->kernel == tk_count_avx512) return "avx512vbmi";
    if (counter->kernel == tk_count_avx2) return "avx2";
#elif defined(__aarch64__)
    if (counter->kernel == tk_count_neon) return "neon";
#endif
    (void)counter;
    return "scalar";
}
