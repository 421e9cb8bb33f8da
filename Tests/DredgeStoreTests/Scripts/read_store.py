"""Reads a chunk store with nothing but Python's own library, by what Schema.swift and BatchFormat.swift document.

Prints a line for each chunk: key (hex), ordinal, byte offset, tokens, bytes (hex); in order of (bucket, key, ordinal).
"""

import hashlib
import sqlite3
import struct
import sys


def inflate_block(block):
    """One block of https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md"""
    out, at = bytearray(), 0
    while True:
        token = block[at]
        at += 1
        count = token >> 4
        if count == 15:
            while True:
                count += block[at]
                at += 1
                if block[at - 1] != 255:
                    break
        out += block[at : at + count]
        at += count
        if at == len(block):
            return bytes(out)
        distance = struct.unpack_from("<H", block, at)[0]
        at += 2
        count = (token & 15) + 4
        if count == 19:
            while True:
                count += block[at]
                at += 1
                if block[at - 1] != 255:
                    break
        for _ in range(count):
            out.append(out[-distance])


def inflate_frame(frame):
    """One frame of https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md with independent blocks."""
    magic, flags, _ = struct.unpack_from("<IBB", frame)
    assert magic == 0x184D2204 and flags >> 6 == 1, "an LZ4 frame"
    assert flags & 0b00100000, "independent blocks"
    at = 6 + (8 if flags & 0b1000 else 0) + 1
    out = b""
    while size := struct.unpack_from("<I", frame, at)[0]:
        block = frame[at + 4 : at + 4 + (size & 0x7FFFFFFF)]
        out += block if size >> 31 else inflate_block(block)
        at += 4 + len(block) + (4 if flags & 0b10000 else 0)
    if flags & 0b1000:
        assert struct.unpack_from("<Q", frame, 6)[0] == len(out)
    return out


def read_batch(payload):
    """The directory's rows, each with the chunk's bytes."""
    magic, size = struct.unpack_from("<II", payload)
    assert magic == 0x184D2A50, "a skippable frame"
    body = payload[16 : 8 + size]
    assert hashlib.sha256(body).digest()[:8] == payload[8:16], "the directory's checksum"
    numbers, value, shift = [], 0, 0
    for byte in body:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value)
            value, shift = 0, 0
    count, columns = numbers[0], numbers[1:]
    assert len(columns) == 5 * count
    text, at, rows = inflate_frame(payload[8 + size :]), 0, []
    for row in zip(*(columns[i * count : (i + 1) * count] for i in range(5))):
        rows.append((*row, text[at : at + row[3]]))
        at += row[3]
    assert at == len(text)
    return rows


def row_checksum(values):
    """The number that the column `checksum` has."""
    h, types = 0, {int: 1, str: 3, bytes: 4, type(None): 5}

    def add(word):
        nonlocal h
        h = (h ^ word) * 0x9E3779B97F4A7C15 % 2**64
        h ^= h >> 32

    for value in values:
        add(types[type(value)])
        if isinstance(value, int):
            add(value % 2**64)
        elif value is not None:
            text = value.encode() if isinstance(value, str) else value
            add(len(text))
            for at in range(0, len(text), 8):
                add(int.from_bytes(text[at : at + 8], "little"))
    return h - 2**64 if h >> 63 else h


store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
assert store.execute("PRAGMA application_id").fetchone()[0] == 0x44524447
assert store.execute("PRAGMA user_version").fetchone()[0] == 2
for table in ["setting", "source", "run", "run_source", "object", "span", "progress", "progress_span"]:
    rows = store.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in rows.description]
    for row in rows:
        values = dict(zip(names, row))
        checksum = values.pop("checksum")
        values.pop("id", None)
        assert checksum == row_checksum(values.values()), f"a row of {table}"
spans = store.execute(
    """
    SELECT key, object, first_ordinal, span.chunk_count, batch, first_entry
    FROM object JOIN source ON source.id = object.source JOIN span ON span.object = object.id
    ORDER BY bucket, key, first_ordinal
    """
).fetchall()
batches = {}
for key, object_id, first_ordinal, count, batch, first_entry in spans:
    if batch not in batches:
        batches[batch] = read_batch(store.execute("SELECT payload FROM batch WHERE id = ?", [batch]).fetchone()[0])
    for index in range(count):
        owner, ordinal, offset, length, tokens, text = batches[batch][first_entry + index]
        assert owner == object_id and ordinal == first_ordinal + index and length == len(text)
        print(key.hex(), ordinal, offset, tokens, text.hex())
