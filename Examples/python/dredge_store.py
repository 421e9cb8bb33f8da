"""Reads a store that `dredge run` has made: its documents, and their chunks with text.

Needs Python 3.9 and the package lz4; pandas and pyarrow only for what is named after them. The store may be written to
meanwhile: an iterator shows it as it was when the first item was asked for. Jobs in the place of a store are read by
`dredge store export`. What the tables and bytes mean is in the article "The store's format".

    from dredge_store import Store

    store = Store("contracts.chunks")
    for document in store.documents(prefix="2025/"):
        print(document.key, document.token_count)
    for chunk in store.chunks(source="contracts"):
        print(chunk.chunk_id, chunk.tokens, chunk.text[:40])

    frame = store.pandas(prefix="2025/")     # a row for each chunk; columns as `dredge store export` names them

DuckDB asks a store of any size, as Arrow hands it over piece by piece:

    import duckdb

    chunks = store.arrow_reader()            # or store.arrow(): all at once, as a table
    print(duckdb.sql("SELECT key, sum(tokens) AS tokens FROM chunks GROUP BY key ORDER BY tokens DESC LIMIT 10"))

As a command it prints what `dredge store export` does: `python3 dredge_store.py contracts.chunks [PREFIX]`.
"""

import base64
import collections
import dataclasses
import datetime
import hashlib
import itertools
import json
import pathlib
import sqlite3
import struct
import sys

import lz4.frame

COLUMNS = (
    "source bucket prefix endpoint_url key etag version_id last_modified chunk_id ordinal byte_offset byte_length "
    "tokens text"
).split()
ADVICE = "`dredge store verify` says what is wrong"


@dataclasses.dataclass(frozen=True)
class Document:
    """What is stored of an object."""

    id: int  # of its row: another one in another store
    source: str
    bucket: str
    prefix: str  # the source's
    endpoint_url: "str | None"  # None: AWS's
    key_bytes: bytes
    etag: str  # without quotes
    version_id: "str | None"
    last_modified: "datetime.datetime | None"  # of this version; None: not known
    byte_count: int  # of the document
    chunk_count: int
    token_count: int

    @property
    def key(self):
        """The key as text; what is not UTF-8 is U+FFFD."""
        return self.key_bytes.decode("utf-8", "replace")


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A piece of a document."""

    document: Document
    chunk_id: str
    ordinal: int
    byte_offset: int  # in the document
    tokens: int
    data: bytes

    @property
    def text(self):
        """The text; what is not UTF-8 is U+FFFD."""
        return self.data.decode("utf-8", "replace")

    @property
    def row(self):
        """The values of COLUMNS."""
        document = self.document
        return (
            document.source, document.bucket, document.prefix, document.endpoint_url, document.key, document.etag,
            document.version_id, document.last_modified, self.chunk_id, self.ordinal, self.byte_offset,
            len(self.data), self.tokens, self.text,
        )  # fmt: skip


class Store:
    """A store, for reading."""

    # Inflated batches that are kept: neighbours in the order of keys may stand in the batches of several workers.
    BATCH_COUNT = 16

    def __init__(self, path):
        if not pathlib.Path(path).is_file():
            raise FileNotFoundError(f"{path} is no file")
        self._uri = pathlib.Path(path).absolute().as_uri() + "?mode=ro"
        store = self._connect()
        try:
            application = store.execute("PRAGMA application_id").fetchone()[0]
            version = store.execute("PRAGMA user_version").fetchone()[0]
            if application != 0x44524447 or version not in (1, 2):
                raise ValueError(f"{path} is no store of Dredge, or of a later version than this reader knows")
            self.settings = dict(store.execute("SELECT name, value FROM setting"))
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path} is no store of Dredge: {error}") from None
        finally:
            store.close()

    def documents(self, prefix="", source=None):
        """All documents in order of bucket, key and source, or those whose key begins with prefix, of one source."""
        store = self._connect()
        try:
            yield from self._documents(store, prefix, source)
        finally:
            store.close()

    def chunks(self, prefix="", source=None):
        """The chunks of these documents, in order."""
        store = self._connect()
        batches = collections.OrderedDict()
        try:
            store.execute("BEGIN")
            for document in self._documents(store, prefix, source):
                version = self._version(document)
                spans = store.execute(
                    "SELECT first_ordinal, chunk_count, batch, first_entry FROM span WHERE object = ? "
                    "ORDER BY first_ordinal",
                    [document.id],
                ).fetchall()
                for first_ordinal, count, batch, first_entry in spans:
                    entries = self._batch(store, batches, batch)[first_entry : first_entry + count]
                    if len(entries) < count:
                        raise ValueError(f"batch {batch} has too few chunks: {ADVICE}")
                    for index, (owner, ordinal, offset, tokens, data) in enumerate(entries):
                        if owner != document.id or ordinal != first_ordinal + index:
                            raise ValueError(f"batch {batch} has other chunks: {ADVICE}")
                        name = hashlib.sha256(version + struct.pack("<Q", ordinal)).digest()[:16].hex()
                        yield Chunk(document, name, ordinal, offset, tokens, data)
        finally:
            store.close()

    def pandas(self, prefix="", source=None):
        """The chunks as a DataFrame: all are in memory."""
        import pandas

        return pandas.DataFrame.from_records(
            [chunk.row for chunk in self.chunks(prefix, source)], columns=COLUMNS
        )

    def arrow(self, prefix="", source=None):
        """The chunks as a pyarrow.Table: all are in memory."""
        return self.arrow_reader(prefix, source).read_all()

    def arrow_reader(self, prefix="", source=None, row_count=4096):
        """The chunks as a pyarrow.RecordBatchReader, which can be read once: row_count chunks are in memory."""
        import pyarrow

        integers = {"ordinal", "byte_offset", "byte_length", "tokens"}
        types = {name: pyarrow.int64() if name in integers else pyarrow.string() for name in COLUMNS}
        types["last_modified"] = pyarrow.timestamp("s", "UTC")
        schema = pyarrow.schema(list(types.items()))

        def batches():
            chunks = self.chunks(prefix, source)
            while rows := [chunk.row for chunk in itertools.islice(chunks, row_count)]:
                columns = [pyarrow.array(column, field.type) for column, field in zip(zip(*rows), schema)]
                yield pyarrow.record_batch(columns, schema=schema)

        return pyarrow.RecordBatchReader.from_batches(schema, batches())

    def _connect(self):
        # DuckDB goes on with an iterator on threads of its own, one at a time.
        return sqlite3.connect(self._uri, uri=True, isolation_level=None, check_same_thread=False)

    def _documents(self, store, prefix, source):
        begin = prefix if isinstance(prefix, bytes) else prefix.encode()
        rows = store.execute(
            """
            SELECT object.id, name, bucket, prefix, endpoint_url, key, content_etag, content_version_id,
                CASE WHEN trim(etag, '"') = trim(content_etag, '"') THEN last_modified_ms END, content_byte_count,
                chunk_count, token_count
            FROM object JOIN source ON source.id = object.source
            WHERE content_etag IS NOT NULL AND substr(key, 1, ?) = ? AND name = ifnull(?, name)
            ORDER BY bucket, key, name, prefix, source.id
            """,
            [len(begin), begin, source],
        )
        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        for row in rows:
            row = list(row)
            row[6] = row[6][1:-1] if len(row[6]) > 1 and row[6][0] == row[6][-1] == '"' else row[6]
            row[8] = None if row[8] is None else epoch + datetime.timedelta(seconds=row[8] // 1000)
            yield Document(*row)

    def _version(self, document):
        """What the IDs of a document's chunks are made of."""

        def text(value):
            data = value if isinstance(value, bytes) else value.encode()
            return struct.pack("<Q", len(data)) + data

        parts = [
            "dredge-chunk-id-1", document.endpoint_url or "", document.bucket, document.key_bytes, document.etag,
        ]  # fmt: skip
        settings = sorted(self.settings.items(), key=lambda setting: setting[0].encode())
        return hashlib.sha256(
            b"".join(map(text, parts))
            + struct.pack("<Q", len(settings))
            + b"".join(text(part) for setting in settings for part in setting)
        ).digest()

    def _batch(self, store, batches, number):
        """The chunks of a batch: object, ordinal, byte offset, tokens, bytes."""
        if number in batches:
            batches.move_to_end(number)
            return batches[number]
        row = store.execute("SELECT payload FROM batch WHERE id = ?", [number]).fetchone()
        if row is None:
            raise ValueError(f"batch {number} is missing: {ADVICE}")
        batches[number] = _read_batch(row[0])
        if len(batches) > self.BATCH_COUNT:
            batches.popitem(last=False)
        return batches[number]


def _read_batch(payload):
    magic, size = struct.unpack_from("<II", payload)
    directory = payload[16 : 8 + size]
    if magic != 0x184D2A50 or hashlib.sha256(directory).digest()[:8] != payload[8:16]:
        raise ValueError(f"a batch is damaged: {ADVICE}")
    numbers, value, shift = [], 0, 0
    for byte in directory:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value)
            value, shift = 0, 0
    count = numbers[0]
    columns = [numbers[1 + column * count : 1 + (column + 1) * count] for column in range(5)]
    text, at, entries = lz4.frame.decompress(payload[8 + size :]), 0, []
    for owner, ordinal, offset, length, tokens in zip(*columns):
        entries.append((owner, ordinal, offset, tokens, text[at : at + length]))
        at += length
    return entries


def _line(chunk):
    """As `dredge store export` prints it."""
    line = dict(zip(COLUMNS, chunk.row))
    if line["endpoint_url"] is None:
        del line["endpoint_url"]
    if line["last_modified"] is not None:
        line["last_modified"] = line["last_modified"].strftime("%Y-%m-%dT%H:%M:%SZ")
    if line["key"].encode() != chunk.document.key_bytes:
        line["key_base64"] = base64.b64encode(chunk.document.key_bytes).decode()
    if line["text"].encode() != chunk.data:
        line["base64"] = base64.b64encode(chunk.data).decode()
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python3 dredge_store.py STORE [PREFIX]")
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        for item in Store(sys.argv[1]).chunks(prefix=sys.argv[2] if len(sys.argv) > 2 else ""):
            print(_line(item))
    except (OSError, ValueError) as problem:
        sys.exit(str(problem))
