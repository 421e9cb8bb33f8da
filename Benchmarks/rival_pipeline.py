"""The fastest pipeline that published packages make, for the table: obstore reads, chonkie-core cuts at newlines,
gigatoken counts (o200k_base), lz4 compresses, sqlite3 writes. One process, reads in eight threads.

    rival_pipeline.py ENDPOINT BUCKET DATABASE RANK_FILE

Prints a line of JSON: bytes, chunks and tokens, and processor seconds without the start (imports, vocabulary). Its
chunks have 2,048 bytes at most and no limit of tokens, which is less than dredge does.
"""
import itertools
import json
import sqlite3
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import gigatoken
import lz4.block
import obstore
from chonkie_core import Chunker
from obstore.store import S3Store

BATCH_BYTES, CHUNK_BYTES, THREADS = 1 << 20, 2048, 8
SCHEMA = """PRAGMA page_size=16384; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
CREATE TABLE batch(id INTEGER PRIMARY KEY, chunks INT, tokens INT, bytes INT, lengths BLOB, text BLOB);"""


class Writer:
    """Rows of about 1 MiB of text, sixteen to a transaction."""

    def __init__(self, path):
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript(SCHEMA)
        self.database.execute("BEGIN")
        self.rows = self.bytes = self.chunks = self.tokens = 0
        self.clear()

    def clear(self):
        self.texts, self.lengths, self.held_bytes, self.held_tokens = [], [], 0, 0

    def add(self, chunk, tokens):
        self.texts.append(chunk)
        self.lengths.append(struct.pack("<II", len(chunk), tokens))
        self.held_bytes += len(chunk)
        self.held_tokens += tokens
        if self.held_bytes >= BATCH_BYTES:
            self.flush()

    def flush(self):
        if not self.texts:
            return
        self.database.execute(
            "INSERT INTO batch(chunks, tokens, bytes, lengths, text) VALUES (?, ?, ?, ?, ?)",
            (len(self.texts), self.held_tokens, self.held_bytes, b"".join(self.lengths),
             lz4.block.compress(b"".join(self.texts))))
        self.bytes += self.held_bytes
        self.tokens += self.held_tokens
        self.chunks += len(self.texts)
        self.rows += 1
        if self.rows % 16 == 0:
            self.database.execute("COMMIT")
            self.database.execute("BEGIN")
        self.clear()

    def close(self):
        self.flush()
        self.database.execute("COMMIT")
        self.database.close()


def main():
    endpoint, bucket, database, rank_file = sys.argv[1:]
    store = S3Store(
        bucket, endpoint=endpoint, access_key_id="test", secret_access_key="test", region="us-east-1",
        virtual_hosted_style_request=False, client_options={"allow_http": True})
    count = gigatoken.Tokenizer.from_tiktoken(rank_file, pretokenizer="o200k", special_tokens={})._backend.encode
    writer = Writer(database)
    begin = time.process_time()
    keys = iter([entry["path"] for page in obstore.list(store) for entry in page])
    with ThreadPoolExecutor(THREADS) as pool:
        def read(key):
            return pool.submit(lambda: bytes(obstore.get(store, key).bytes()))

        reads = [read(key) for key in itertools.islice(keys, THREADS)]
        while reads:
            text = reads.pop(0).result()
            following = next(keys, None)
            if following is not None:
                reads.append(read(following))
            for chunk in Chunker(text, size=CHUNK_BYTES, delimiters="\n"):
                chunk = bytes(chunk)
                writer.add(chunk, count(chunk).size)
    writer.close()
    print(json.dumps({
        "bytes": writer.bytes, "chunks": writer.chunks, "tokens": writer.tokens,
        "cpu_seconds": time.process_time() - begin}))


if __name__ == "__main__":
    main()
