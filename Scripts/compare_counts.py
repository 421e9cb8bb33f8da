#!/usr/bin/env python3
"""Compare the fast counter with tiktoken itself on random strings, for hours if wanted.

    pip install tiktoken && Scripts/compare_counts.py [--strings 2000000] [--seed 1] [--cc clang] [--corpora FOLDER]

Strings are drawn to meet the rules of the patterns: changes of class, contractions in both cases, runs of newlines,
scripts side by side, marks, invalid UTF-8. All CPU paths that this machine has are compared. With --corpora, the lines
of all FOLDER/*.txt are compared too, in documents of 16 KiB (Benchmarks/Tokens/make_corpora makes such files).
"""
import argparse
import ctypes
import pathlib
import random
import subprocess
import tempfile

import tiktoken
import tiktoken_ext.openai_public as public

from make_counting_tables import read_vocabulary

CSUPPORT = pathlib.Path(__file__).resolve().parent.parent / "CSupport"
KERNELS = CSUPPORT / "CTextKernels"
PIECES = [piece.encode() for piece in (
    "a b Z word Word WORD hello the of ing tion camelCase iPhone HTTPServer x \u00e9 \u00df \u0130 \u01c5 \u017f "
    "\u212a \u043c\u0438\u0440 \u041c \u03b1\u03b2 "
    "\u4e2d\u56fd\u4eba\u6c11 \u65e5\u672c\u8a9e \u3067\u3059 \u30ab\u30fc \ud55c\uad6d\uc5b4 "
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22 \u0645\u0631\u062d \u05e9\u05dc \u0301 \u0301\u0301 "
    "\ufe0f \U0001f600 \U0001f469\u200d\U0001f467 "
    "\U00010428 \U00010400 1 12 1234567 \u0663 \uff11 \u00b2 \u2167 's 'S 't 're 'VE 'm 'Ll 'd '\u017f ' '' don't "
    "IT'S . , ... !? / // ( ) \" -- ---- == <!-- "
    "\u201c \u2019 \u3002 \u3001 \u2014 \x00 \x7f \ufffd \ue000 \ufdd0").split(" ") if piece]
SPACES = [b" ", b"  ", b"   ", b"\t", b"\n", b"\n\n", b"\r\n", b"\r", b" \n", b"\n  ", "\u00a0".encode(),
          "\u3000".encode(), "\u2028".encode(),
          "\u0085".encode(), b"        "]
BROKEN = [b"\xff", b"\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf"]


def random_text(rng):
    kind, parts = rng.random(), []
    few = rng.sample(PIECES, 3) if kind < 0.3 else None
    for _ in range(rng.randrange(1, 60 if kind > 0.9 else 14)):
        draw = rng.random()
        if draw < 0.03:
            parts.append(rng.choice(BROKEN))
        elif draw < 0.06:
            code_point = rng.randrange(0x110000)
            parts.append(chr(code_point).encode("utf-8", "ignore"))
        elif draw < 0.3:
            parts.append(rng.choice(SPACES))
        else:
            parts.append(rng.choice(few or PIECES) * (rng.randrange(1, 30) if draw > 0.97 else 1))
    return b"".join(parts)


def documents(data, size=16384):
    at = 0
    while at < len(data):
        end = data.find(b"\n", at + size) + 1 or len(data)
        yield data[at:end]
        at = end


def compare_corpora(folder, judges, count):
    for path in sorted(folder.glob("*.txt")):
        texts = list(documents(path.read_bytes()))
        for name, encode, counters in judges:
            for text in texts:
                expected = len(encode(text.decode("utf-8", "replace")))
                for counter in counters:
                    if (found := count(counter, text, len(text))) != expected:
                        raise SystemExit(f"{path}, {name}: {found} tokens instead of {expected} in {text!r}")
            print(f"{path.name}, {name}: {len(texts)} documents are equal", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strings", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cc", default="clang")
    parser.add_argument("--corpora", type=pathlib.Path)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        library_path = f"{folder}/kernels.so"
        subprocess.run([options.cc, "-O2", "-shared", "-fPIC", f"-I{KERNELS}/include", f"-I{KERNELS}",
                        *KERNELS.rglob("*.c"), "-o", library_path], check=True)
        library = ctypes.CDLL(library_path)
    library.tk_counter_create_on.restype = ctypes.c_void_p
    count = library.tk_counter_count
    count.restype, count.argtypes = ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    judges = []
    for number, name in enumerate(("o200k_base", "cl100k_base")):
        vocabulary = read_vocabulary((CSUPPORT / f"CTextReference/vocabularies/{name}.vocabulary").read_bytes())
        ranks = {token: rank for token, rank, _ in vocabulary}
        public.load_tiktoken_bpe = lambda url, expected_hash=None, ranks=ranks: ranks
        encoding = tiktoken.Encoding(**public.ENCODING_CONSTRUCTORS[name]())
        counters = [counter for path in range(4) if (counter := library.tk_counter_create_on(path, number))]
        judges.append((name, encoding.encode_ordinary, counters))
    if options.corpora:
        compare_corpora(options.corpora, judges, count)
    for done in range(1, options.strings + 1):
        text = random_text(rng)
        decoded = text.decode("utf-8", "replace")
        for name, encode, counters in judges:
            expected = len(encode(decoded))
            for counter in counters:
                found = count(counter, text, len(text))
                if found != expected:
                    raise SystemExit(f"{name}: {found} tokens instead of {expected} in {text!r}")
        if done % 100_000 == 0:
            print(f"{done} strings are equal", flush=True)


if __name__ == "__main__":
    main()
