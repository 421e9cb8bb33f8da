#!/usr/bin/env python3
"""Write the tables of the counter, CSupport/CTextKernels/counter/tables/*.counting, from the packed vocabularies.

    python3 Scripts/make_counting_tables.py

Each is an image that the counter uses where it lies, little endian (layout: `counter/tables.h`):

    header    8 x u32: "DCNT", pilots (log2), slots, 5 x 0
    bytes     256 x u32    rank of each single byte
    pairs     65536 x u32  rank of the merge of two bytes (the first is the low byte of the index); 0xFFFFFFFF: none
    joins     64 KiB       bit set over pairs of three-byte characters, by hash: some token holds the pair side by side
    edges     2 x 8 KiB    bit sets over the BMP: a token that begins (ends) inside a character may reach over the
                           border before (behind) this character
    space     768 x 8 x u16, 448 x 7 x u64    tokens of white space: `tk_space_state` in tables.h, and which two of
                           them are compatible
    newlines  2 x 72 x u8  tokens of 0 to 71 newlines, and the most that so many or fewer have
    pilots    u16 each     of the perfect hash
    slots     u64 each     left rank (18) | right rank (18) | rank of their merge (18), high bits first; 0 is empty

Perfect hash, in the manner of PTHash (Pibiri and Trani, SIGIR 2021): keys fall into buckets by the low bits of their
hash; bucket by bucket, the largest first, the first pilot is taken that sends all keys of the bucket to free slots. So
a look-up reads one pilot and one slot, whether it finds its key or not.
"""
import pathlib
import struct

CSUPPORT = pathlib.Path(__file__).resolve().parent.parent / "CSupport"
VOCABULARIES = CSUPPORT / "CTextReference/vocabularies"
TABLES = CSUPPORT / "CTextKernels/counter/tables"
JOIN_BITS = 19
SPACE_STATES, SPACE_TOKENS = 768, 448
MASK = (1 << 64) - 1


def read_vocabulary(data):
    magic, count, byte_count = struct.unpack_from("<4sII", data)
    assert magic == b"DVOC"
    lengths = data[12 : 12 + count]
    splits = data[12 + count : 12 + 2 * count]
    ranks = data[12 + 2 * count : 12 + 5 * count]
    at, tokens = 12 + 5 * count, []
    for i in range(count):
        tokens.append((data[at : at + lengths[i]], int.from_bytes(ranks[3 * i : 3 * i + 3], "little"), splits[i]))
        at += lengths[i]
    assert at == len(data) == 12 + 5 * count + byte_count
    return tokens


def pair_hash(key):
    """As `tk_slot_of` in tables.h."""
    key = key * 0x9E3779B97F4A7C15 & MASK
    key ^= key >> 32
    return key * 0xD6E8FEB86659FD93 & MASK


def slot_of(hashed, pilot, slot_count):
    """As `tk_slot_of` in tables.h."""
    return ((((hashed >> 32) ^ (pilot * 0x9E3779B1)) & 0xFFFFFFFF) * 0x85EBCA6B & 0xFFFFFFFF) * slot_count >> 32


def perfect_hash(keys):
    """(log2 of the number of pilots, pilots, slots) for {key: value}; every slot holds key << 18 | value."""
    pilot_bits = (len(keys) // 5).bit_length()
    slot_count = len(keys) * 5 // 4
    buckets = [[] for _ in range(1 << pilot_bits)]
    for key in keys:
        buckets[pair_hash(key) & ((1 << pilot_bits) - 1)].append(key)
    pilots, slots = [0] * len(buckets), [0] * slot_count
    for bucket in sorted(range(len(buckets)), key=lambda b: -len(buckets[b])):
        hashes = [pair_hash(key) for key in buckets[bucket]]
        for pilot in range(1 << 16):
            places = [slot_of(hashed, pilot, slot_count) for hashed in hashes]
            if all(slots[place] == 0 for place in places) and len(set(places)) == len(places):
                break
        else:
            raise SystemExit("no pilot found")
        pilots[bucket] = pilot
        for key, place in zip(buckets[bucket], places):
            slots[place] = key << 18 | keys[key]
    return pilot_bits, pilots, slots


def join_hash(left, right):
    """As `tk_may_join` in tables.h."""
    return ((left << 16 | right) * 0x9E3779B1 & 0xFFFFFFFF) >> (32 - JOIN_BITS)


def three_bytes():
    """Code points of three bytes, with their bytes."""
    for code_point in range(0x800, 0x10000):
        if not 0xD800 <= code_point < 0xE000:
            yield code_point, chr(code_point).encode()


def joins_and_edges(tokens):
    """The bit sets over pairs of characters between which no merge is possible where their bits are 0.

    A merge across the border between characters A and B makes a token in which a byte of A stands before a byte of B.
    Every such token is looked at: if it has both characters whole, the pair is marked; if it has B only in part, the
    pairs of A with all characters that begin so; if it has A only in part, B is marked as an edge (all characters that
    begin so are, or if only its lead byte is there, all characters that end like A).
    """
    characters = list(three_bytes())
    by_two, by_last = {}, {}
    for code_point, encoded in characters:
        by_two.setdefault(encoded[:2], []).append(code_point)
        by_last.setdefault(encoded[2], []).append(code_point)
    joins, before, behind = bytearray(1 << JOIN_BITS >> 3), bytearray(8192), bytearray(8192)

    def mark(bits, place):
        bits[place >> 3] |= 1 << (place & 7)

    for token in tokens:
        for border in range(1, len(token)):
            if not (0xE0 <= token[border] <= 0xEF and 0x80 <= token[border - 1] < 0xC0):
                continue
            left, right = token[max(0, border - 3) : border], token[border : border + 3]
            continued = 0  # continuation bytes directly before the border
            while continued < border and 0x80 <= token[border - 1 - continued] < 0xC0:
                continued += 1
            has_left_lead = continued < border
            if has_left_lead and not 0xE0 <= token[border - 1 - continued] <= 0xEF:
                continue  # the character before is of two or four bytes: not a pair that is asked for
            rights = [ord(right.decode())] if len(right) == 3 else by_two.get(right, []) if len(right) == 2 else None
            if has_left_lead:
                a = ord(left.decode())
                if rights is None:
                    mark(behind, a)
                else:
                    for b in rights:
                        mark(joins, join_hash(a, b))
            elif rights is None:
                for a in by_last[left[-1]]:
                    mark(behind, a)
            else:
                for b in rights:
                    mark(before, b)
    return bytes(joins), bytes(before), bytes(behind)


def check_replacement(rank_of):
    """That merging may begin with each U+FFFD as one part (`tk_replaced` in tables.h).

    As long as one is not whole, one of its own two merges is possible, whose ranks are not above its own. So no merge
    that takes a part of it away, or that needs it whole, comes first if all those have higher ranks.
    """
    whole = "\ufffd".encode()
    own = rank_of[whole]
    if rank_of[whole[:2]] > own or whole[1:] in rank_of:
        raise SystemExit("U+FFFD is merged in another way")
    for token, rank in rank_of.items():
        is_other = whole in token or token.endswith((whole[:1], whole[:2])) or token.startswith((whole[1:], whole[2:]))
        if is_other and len(token) > 1 and token not in (whole, whole[:2]) and rank <= own:
            raise SystemExit(f"{token} may be merged before U+FFFD")


def space_kind(byte):
    """As `tk_space_kind` in tables.h."""
    return byte * 3 >> 2 & 3


def are_compatible(left, right, rank_of, halves):
    """Whether two tokens are the encoding of their joined bytes: the merges of both are taken back, the latest first,
    and before each one no merge across the border may come. As in prefix_walk.inc.h."""
    limit = len(rank_of) + 1 << 20
    while rank_of.get(left + right, limit) >= limit:
        if len(left) > 1 and (len(right) == 1 or rank_of[left] > rank_of[right]):
            limit = rank_of[left]
            left = halves[left][1]
        elif len(right) > 1:
            limit = rank_of[right] + 1
            right = halves[right][0]
        else:
            return True
    return False


def space_tables(rank_of, halves):
    """The automaton of Aho and Corasick for the tokens of spaces, tabs and newlines, and which of them are compatible.

    States are the prefixes of such tokens: 0 is none, then come the tokens themselves, then the others."""
    white = b" \t\r\n"
    assert sorted(space_kind(byte) for byte in white) == [0, 1, 2, 3]
    tokens = sorted((token for token in rank_of if not token.strip(white)), key=lambda token: rank_of[token])
    prefixes = sorted({token[:i] for token in tokens for i in range(1, len(token))} - set(tokens))
    states = {text: i for i, text in enumerate([b"", *tokens, *prefixes])}
    if len(states) > SPACE_STATES or len(tokens) >= SPACE_TOKENS:
        raise SystemExit("too many tokens of white space")

    def longest(text, found):
        return next((found[text[i:]] for i in range(len(text)) if text[i:] in found), 0)

    token_of = {token: i for i, token in enumerate(tokens, 1)}
    out = []
    for text in states:
        row = [0, 0, 0, 0, longest(text, token_of), longest(text[1:], token_of), len(text), 0]
        for byte in white:
            row[space_kind(byte)] = longest(text + bytes([byte]), states)
        out.append(struct.pack("<8H", *row))
    out += [bytes(16)] * (SPACE_STATES - len(states))
    for right in [b"", *tokens]:
        bits = 1
        for left in tokens if right else ():
            bits |= are_compatible(left, right, rank_of, halves) << token_of[left]
        out.append(bits.to_bytes(SPACE_TOKENS // 8, "little"))
    out += [bytes(SPACE_TOKENS // 8)] * (SPACE_TOKENS - 1 - len(tokens))
    return b"".join(out)


def newline_tokens(rank_of, halves):
    """Tokens of 0 to 71 newlines: each run is one of a token less, and the token that is compatible with it."""
    last, counts = [b""], [0]
    for count in range(1, 72):
        run = b"\n" * count
        for i in range(count):
            token, before = run[i:], last[i]
            if token in rank_of and (i == 0 or are_compatible(before, token, rank_of, halves)):
                last.append(token)
                counts.append(counts[i] + 1)
                break
    return bytes(counts) + bytes(max(counts[: i + 1]) for i in range(72))


def pack(vocabulary):
    rank_of = {token: rank for token, rank, _ in vocabulary}
    check_replacement(rank_of)
    if any(b"%0*d" % (width, n) not in rank_of for width in (1, 2, 3) for n in range(10**width)):
        raise SystemExit("the counter takes it that all numbers of one to three digits are tokens")
    merges = {}
    for token, rank, split in vocabulary:
        if split:
            merges[rank_of[token[:split]] << 18 | rank_of[token[split:]]] = rank
    pilot_bits, pilots, slots = perfect_hash(merges)
    joins, before, behind = joins_and_edges(list(rank_of))
    out = [struct.pack("<4s7I", b"DCNT", pilot_bits, len(slots), 0, 0, 0, 0, 0)]
    out.append(struct.pack("<256I", *(rank_of[bytes([byte])] for byte in range(256))))
    pairs = (rank_of.get(bytes([i & 255, i >> 8]), 0xFFFFFFFF) for i in range(65536))
    out.append(struct.pack("<65536I", *pairs))
    halves = {token: (token[:split], token[split:]) for token, _, split in vocabulary if split}
    out += [joins, before, behind, space_tables(rank_of, halves), newline_tokens(rank_of, halves)]
    out.append(struct.pack(f"<{len(pilots)}H", *pilots))
    out.append(struct.pack(f"<{len(slots)}Q", *slots))
    return b"".join(out)


def main():
    for path in sorted(VOCABULARIES.glob("*.vocabulary")):
        image = pack(read_vocabulary(path.read_bytes()))
        (TABLES / f"{path.stem}.counting").write_bytes(image)
        print(f"{path.stem}.counting: {len(image)} bytes")


if __name__ == "__main__":
    main()
