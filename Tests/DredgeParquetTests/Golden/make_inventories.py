#!/usr/bin/env python3
"""Writes the Parquet files beside it: one list of objects, as S3 Inventory has it, in every way that is read; and
rows.json, the same rows for the tests to compare with, and rows.csv, the same inventory in CSV.

Use: python3 -m venv venv && venv/bin/pip install pyarrow==26.0.1 && venv/bin/python make_inventories.py

pyarrow wraps Arrow's C++ writer of Parquet, which shares nothing with the reader under test.
"""
import hashlib
import json
import pathlib
import urllib.parse

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
FIRST_KEYS = [
    "plain.txt", "a/one two+three.txt", "100%25 sure.txt", "%C3%BC.md", "ü/日本語.md", "a,\"b\".csv", "😀", "k" * 1024,
]


def rows():
    for place in range(150):
        kind = place % 10
        marker = kind == 9
        yield {
            "bucket": "bucket",
            "key": FIRST_KEYS[place] if place < len(FIRST_KEYS) else f"logs/2026/{place // 7:03}/part-{place:05}.txt",
            "version_id": None if kind == 5 else f"v{place * 7919 % 1000}",
            "is_latest": kind != 8,
            "is_delete_marker": marker,
            "size": None if marker else (place * 104_729) ** (1 + place % 3) % (1 << 44),
            "last_modified_date": None if kind == 6 else 1_700_000_000_123 + place * 86_399_001,
            "e_tag": None if marker else hashlib.md5(str(place % 40).encode()).hexdigest(),
            "storage_class": None if marker else "GLACIER" if kind == 4 else "STANDARD",
        }


def schema(unit):
    return pa.schema([
        pa.field("bucket", pa.string(), nullable=False), pa.field("key", pa.string(), nullable=False),
        ("version_id", pa.string()), ("is_latest", pa.bool_()), ("is_delete_marker", pa.bool_()),
        ("size", pa.int64()), ("last_modified_date", pa.timestamp(unit, tz="UTC")), ("e_tag", pa.string()),
        ("storage_class", pa.string()),
    ])


def write(name, rows, unit="ms", **options):
    factor = {"ms": 1, "us": 1_000, "ns": 1_000_000}[unit]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns["last_modified_date"] = [
        None if moment is None else moment * factor for moment in columns["last_modified_date"]]
    table = pa.table(columns, schema=schema(unit))
    pq.write_table(table, HERE / f"{name}.parquet", **{"compression": "snappy", "store_schema": False, **options})


def csv(row):
    def text(value):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    moment = row["last_modified_date"]
    fields = dict(
        row, key=urllib.parse.quote_plus(row["key"], safe="/"),
        last_modified_date=None if moment is None else str(
            pa.scalar(moment, pa.timestamp("ms")).as_py().isoformat(timespec="milliseconds")) + "Z")
    return ",".join(f'"{text(value)}"' for value in fields.values()) + "\n"


all_rows = list(rows())
SMALL_PAGES = {"data_page_size": 64, "write_batch_size": 4}
DELTAS = {
    "key": "DELTA_BYTE_ARRAY", "e_tag": "DELTA_LENGTH_BYTE_ARRAY", "size": "DELTA_BINARY_PACKED",
    "last_modified_date": "DELTA_BINARY_PACKED", "storage_class": "DELTA_BYTE_ARRAY", "is_latest": "RLE",
}
write("snappy", all_rows)
write("snappy-plain", all_rows, use_dictionary=False)
write("snappy-second-pages", all_rows, data_page_version="2.0", version="2.6")
write("gzip", all_rows, compression="gzip", data_page_version="2.0", use_dictionary=False)
write("lz4", all_rows, compression="lz4")
write("uncompressed", all_rows, compression="none", write_page_checksum=True)
write("uncompressed-second-pages", all_rows, compression="none", data_page_version="2.0")
write("small-pages", all_rows, row_group_size=47, write_page_checksum=True, **SMALL_PAGES)
write("small-second-pages", all_rows, row_group_size=64, data_page_version="2.0", **SMALL_PAGES)
write("dictionaries-given-up", all_rows, dictionary_pagesize_limit=256, **SMALL_PAGES)
write("deltas", all_rows, use_dictionary=False, column_encoding=DELTAS, data_page_version="2.0")
write("microseconds", all_rows, unit="us", row_group_size=100)
write("nanoseconds", all_rows, unit="ns", version="2.6", use_dictionary=["storage_class"])
write("zstd", all_rows[:5], compression="zstd")
write("negative-size", [dict(row, size=-row["size"]) for row in all_rows[:3]])
(HERE / "rows.json").write_text(
    "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in all_rows) + "\n]\n", encoding="utf-8")
(HERE / "rows.csv").write_text("".join(map(csv, all_rows)), encoding="utf-8")
