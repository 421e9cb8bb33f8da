#!/usr/bin/env python3
"""Write CSupport/CTextKernels/unicode/classes.c: the class of every code point, as the split patterns see it.

    pip install tiktoken && python3 Scripts/make_unicode_classes.py

The regular expression engine inside tiktoken has its own version of the Unicode tables, so the engine itself is asked:
an `Encoding` whose vocabulary is the 256 bytes returns exactly the text that its pattern matches.
"""
import pathlib
import sys

import tiktoken

TARGET = pathlib.Path(__file__).resolve().parent.parent / "CSupport/CTextKernels/unicode/classes.c"
# In the order of tk_class in classes.h.
CLASSES = [
    ("OTHER", None), ("UPPER", r"[\p{Lu}\p{Lt}]"), ("LOWER", r"\p{Ll}"), ("CASELESS", r"[\p{Lm}\p{Lo}]"),
    ("MARK", r"\p{M}"), ("NUMBER", r"\p{N}"), ("SPACE", r"[\s--[\r\n]]"), ("NEWLINE", r"[\r\n]"),
]
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def matched(pattern):
    """The code points that `pattern` matches."""
    encoding = tiktoken.Encoding(
        "probe", pat_str=pattern, mergeable_ranks={bytes([i]): i for i in range(256)}, special_tokens={})
    found = set()
    for start in range(0, len(CODE_POINTS), 1 << 16):
        text = "".join(map(chr, CODE_POINTS[start : start + (1 << 16)]))
        found.update(map(ord, encoding.decode(encoding.encode_ordinary(text))))
    return found


def classes():
    table = bytearray(0x110000)
    for value, (name, pattern) in enumerate(CLASSES):
        for code_point in matched(pattern) if pattern else ():
            if table[code_point]:
                sys.exit(f"U+{code_point:04X} is in two classes")
            table[code_point] = value
    letters = matched(r"\p{L}")
    if letters != {c for c in range(0x110000) if table[c] in (1, 2, 3)}:
        sys.exit("\\p{L} is not the union of its cases")
    if matched(r"\s") != {c for c in range(0x110000) if table[c] in (6, 7)}:
        sys.exit("\\s is not the union of SPACE and NEWLINE")
    return table


def main():
    table = classes()
    blocks, index = [], []
    for start in range(0, 0x110000, 256):
        block = bytes(table[start : start + 256])
        if block not in blocks:
            blocks.append(block)
        index.append(blocks.index(block))
    lines = [
        f"// Made by Scripts/make_unicode_classes.py with tiktoken {tiktoken.__version__}; do not edit.",
        '#include "classes.h"', "", f"const uint8_t tk_class_index[{len(index)}] = {{"]
    lines += ["    " + " ".join(f"{i}," for i in index[at : at + 24]) for at in range(0, len(index), 24)]
    lines += ["};", "", f"const uint8_t tk_class_blocks[{len(blocks)}][256] = {{"]
    for block in blocks:
        rows = ["        " + ",".join(map(str, block[at : at + 32])) + "," for at in range(0, 256, 32)]
        lines += ["    {", *rows, "    },"]
    lines += ["};", ""]
    assert len(blocks) <= 256
    TARGET.write_text("\n".join(lines))
    print(f"{TARGET.name}: {len(blocks)} blocks, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
