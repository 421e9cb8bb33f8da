#!/usr/bin/env python3
"""Write the golden data of Tests/DredgeTextTests, with counts made by tiktoken.

    pip install tiktoken && python3 Scripts/make_text_golden.py [--wheel quicktok_v1-….whl]

tiktoken brings the patterns and does the counting; it gets its rank files from the wheel that pack_vocabularies.py
checks against the SHA-256 that tiktoken pins, so nothing but PyPI is needed. The random parts have fixed seeds.

counts.json       {"cases": [[base64 of the bytes, count in o200k_base, count in cl100k_base], …]}
classes.json      {"runs": [[first code point, class], …]}: the class of every code point, run-length coded
code_points.json  counts of every code point in several contexts, summed per 256 code points, run-length coded
chunks.json       a document, and the chunks (length, tokens) that a naive packer makes of it by counting whole texts
"""
import argparse
import base64
import json
import pathlib
import random
import re

import tiktoken
import tiktoken_ext.openai_public as published

import pack_vocabularies

TARGET = pathlib.Path(__file__).resolve().parent.parent / "Tests/DredgeTextTests/Golden"
NAMES = ["o200k_base", "cl100k_base"]

PROSE = """
The ship had been at anchor for nine days when the captain's letter came; nobody could say who'd written it.
"You'll find," she said, "that we've less time than you think -- and they're not waiting."
It's 3.14159 o'clock, isn't it? I'd say: 1,234,567 of 10^9 (or 12%) won't matter... WE'VE, I'M, DON'T, SHE'LL, THEY'RE!
ſ is a long s: it'ſ, 'ſ and IT'ſ. Rock'n'roll, d'accord, 'tis, O'Neill's, l'été, ''quoted'' and 'single' things.
Müßiggang ist aller Laster Anfang. Der Großvater aß schöne Äpfel; ÜBERMUT tut selten gut.
À l'œuvre on connaît l'artisan. Où étiez-vous, garçon? Ça m'est égal.
El niño comió piñas; ¿dónde está la biblioteca? ¡Qué lástima!
Съешь же ещё этих мягких французских булок, да выпей чаю. МОСКВА слезам не верит.
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Ἐν ἀρχῇ ἦν ὁ λόγος.
いろはにほへと ちりぬるを、東京都の人口は約1400万人です。ｶﾀｶﾅも「カタカナ」も書きます。
我能吞下玻璃而不伤身体。他說：「你好嗎？」一二三四五，六七八九十。
나는 유리를 먹을 수 있어요. 그래도 아프지 않아요.
أنا قادر على أكل الزجاج و هذا لا يؤلمني. السَّلَامُ عَلَيْكُمْ ١٢٣٤٥
אני יכול לאכול זכוכית וזה לא מזיק לי. שָׁלוֹם
मैं काँच खा सकता हूँ और मुझे उससे कोई चोट नहीं पहुंचती. १२३४
ฉันกินกระจกได้ แต่มันไม่ทำให้ฉันเจ็บ ๑๒๓
Tôi có thể ăn thủy tinh mà không hại gì. Tiếng Việt có nhiều dấu: ế ộ ữ ằ.
👩‍👩‍👧‍👦 and 🏳️‍🌈, 🇩🇪🇫🇷🇯🇵, 👍🏽👍🏿, ❤️‍🔥 ☺︎ ☺️ 1️⃣ #️⃣ 🫠🫡 𝒜𝓫𝕔 ①②③ Ⅷ ½ ²
Cafe\u0301 vs Café, n\u0303, a\u0300\u0301\u0302\u0303 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!
""".strip().split("\n")
CODE = r'''
def parse(self, items: list[int], *, default=None) -> dict[str, "Any"]:
        return {k: v**2 for k, v in self._cache.items() if k != "__class__"}  # TODO?
#include <stdio.h>
int main(int argc, char **argv) { printf("%s: %d\n", argv[0], argc); return 0; }
	for (size_t i = 0; i < n; ++i) { sum += a[i]*b[i]; }	/* tabs */
let xs = try await client.fetchAll(URLRequest(url: URL(string: "https://example.com/a/b?c=d&e=%20#f")!))
{"id": 12345, "name": "Zoë", "tags": ["a","b"], "nested": {"x": -1.5e-10, "y": null, "z": [true,false]}}
[{"k":1},{"k":2}]
<div class="row"><a href="/index.html?q=1&amp;r=2">Link</a></div><!-- comment -->
SELECT t.id, COUNT(*) FROM table_name AS t WHERE t.created_at >= '2024-01-01' GROUP BY 1;
$ git commit -m "fix: don't break" && git push origin HEAD~3 2>&1 | tee /tmp/log.txt
x = y if (a<=b) else z;;;  ===>>> !== ??= ::<> @@ ^^^ ~/path//to///file\\server\share
-----BEGIN CERTIFICATE-----
MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ
2024-11-21T02:35:14.123456Z INFO [main] c.e.Foo$Bar - took 1234ms (0x7ffe_dead)
parseHTTPResponseFromURLSession XMLHttpRequest iPhone15ProMax McDonald's camelCase2Snake_case ALLCAPSthenlower
'''.strip("\n").split("\n")
HOSTILE = [
    b"\xff", b"\xfe\xff", b"\x80", b"\x80\x80", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xe2\x82a", b"\xe2(\xa1",
    b"\xf0\x9f\x98",
    b"\xf0\x9f\x98 ", b"\xf0(\x8c\xbc", b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xc0\xaf", b"\xe0\x80\xaf",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"caf\xe9 na\xefve", b"a\xffb", b" \xff\n", b"\xef\xbb\xbftext",
    b"\x00\x01\x02",
    b"\xf0\x9f\x98\x80\xf0\x9f", b"\xe4\xb8\xad\xe6\x96", b"x" * 7 + b"\xe2\x82", b"\xff\n\n\n/\n", b"\xc2",
    b"'\xc5", b"'\xc5\xbf",
]
POOLS = [
    "abcdXYZ 'sStTreveLLmMdD\n\r\t/ .,!", "  \n\r\t\u00a0\u3000x/!", "".join(map(chr, range(128))),
    "'sſStTlLrReEvVmMdD aB日\u0301",
    "日本語中文漢字の カナ。、\n ", "مرحبا بالعالم ، \u064b\u0650\n", "👨‍👩‍👧‍👦🇩🇪👍🏽 \u200d\ufe0f\n", "aA\u0301\u0300日ǅʰ1²Ⅷ ١-_",
    "0123456789,.eE- \n", "//\n\r!*#- ", "ÄÖÜßñéàçÇ ĳǆǅ\n'ſ", "한국어 텍스트\n.", "हिन्दी में १२ \n",
    "\u2028\u2029\u0085\u000b\u000c \n",
    "".join(map(chr, range(0x80, 0x3000))),
]


def random_case(rng):
    kind = rng.randrange(8)
    if kind == 0:  # any code points
        count = rng.randrange(1, 12)
        points = (rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)]) for _ in range(count))
        return "".join(map(chr, points)).encode()
    if kind == 1:  # any bytes
        return bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30)))
    if kind == 2:  # a run of one character, and what follows it
        pool = rng.choice(POOLS)
        return (rng.choice(pool) * rng.choice([2, 3, 7, 16, 31, 64, 100]) + rng.choice(pool)).encode()
    if kind == 3:  # pieces of prose and code, joined by some white space
        lines = [rng.choice(rng.choice([PROSE, CODE])).split(" ") for _ in range(2)]
        words = [rng.choice(line) for line in lines for _ in range(rng.randrange(1, 5))]
        return rng.choice([" ", "\n", "\r\n", "  ", "", "\t", " \n ", "'s "]).join(words).encode()
    if kind == 4:  # prose with a part cut out, so that characters break
        line = rng.choice(PROSE).encode()
        at = rng.randrange(len(line))
        return line[at : at + rng.randrange(1, 50)]
    pool = rng.choice(POOLS)
    return "".join(rng.choice(pool) for _ in range(rng.randrange(1, 40))).encode()


def count_cases():
    rng = random.Random(20251)
    cases = [b""] + HOSTILE + [line.encode() for line in PROSE + CODE]
    cases += ["\n".join(PROSE).encode(), "\r\n".join(CODE).encode()]
    characters = (b"a", b" ", b"\n", b"-", b"\xff", "あ".encode())
    cases += [character * length for character in characters for length in (127, 128, 129, 1000)]
    seen = set(cases)
    while len(cases) < 3600:
        case = random_case(rng)
        if case not in seen:
            seen.add(case)
            cases.append(case)
    return cases


def code_point_counts(encodings):
    """Per encoding and context, the counts summed over blocks of 256 code points; equal ones as [count, times]."""
    contexts = ["a{}b", "A{}", " {}x1", "{0}{0}'s", "\n {}", "1{}1"]
    sums = {}
    for name, encoding in encodings.items():
        for context in contexts:
            runs = []
            for start in range(0, 0x110000, 256):
                if 0xD800 <= start < 0xE000:
                    continue
                total = sum(len(encoding.encode_ordinary(context.format(chr(c)))) for c in range(start, start + 256))
                if runs and runs[-1][0] == total:
                    runs[-1][1] += 1
                else:
                    runs.append([total, 1])
            sums[f"{name} {context}"] = runs
    return sums


def class_runs():
    names = [r"[\p{Lu}\p{Lt}]", r"\p{Ll}", r"[\p{Lm}\p{Lo}]", r"\p{M}", r"\p{N}", r"[^\S\r\n]", r"[\r\n]"]
    encodings = [
        tiktoken.Encoding("probe", pat_str=name, mergeable_ranks={bytes([i]): i for i in range(256)}, special_tokens={})
        for name in names]
    classes = {}
    for start in list(range(0, 0xD800, 0x800)) + list(range(0xE000, 0x110000, 0x800)):
        text = "".join(map(chr, range(start, start + 0x800)))
        for value, encoding in enumerate(encodings):
            for character in encoding.decode(encoding.encode_ordinary(text)):
                classes[ord(character)] = value + 1
    runs = []
    for code_point in range(0x110000):
        value = classes.get(code_point, 0)
        if not runs or runs[-1][1] != value:
            runs.append([code_point, value])
    return runs


def naive_chunks(document, encoding, max_tokens):
    def count(data):
        return len(encoding.encode_ordinary(data.decode("utf-8", "replace")))

    lines = [line for line in re.findall(rb"[^\n]*\n|[^\n]+$", document)]
    chunks, start = [], 0
    while start < len(lines):
        end, text, tokens = start, b"", 0
        while end < len(lines) and count(text + lines[end]) <= max_tokens:
            text += lines[end]
            tokens = count(text)
            end += 1
        assert end > start, "the golden document has a line that is too long"
        chunks.append([len(text), tokens])
        start = end
    return chunks


def chunk_document():
    rng = random.Random(20252)
    lines = []
    while sum(map(len, lines)) < 24_000:
        words = rng.choice(PROSE + CODE).split(" ")
        at = rng.randrange(len(words))
        # Short enough for chunks of 64 tokens.
        line = " ".join(words[at : at + rng.randrange(1, 8)])[:12].encode()
        kind = rng.randrange(12)
        if kind == 0:
            line = rng.choice([b"", b" ", b"\t", b"!", b"//", b"...", b"  x", b"\xff\xfe", b"\xe2\x82"])
            lines += [line + b"\n"] * rng.choice([1, 2, 40, 300])
        else:
            lines.append(line + rng.choice([b"\n", b"\n", b"\n", b" \n", b"  \n"]))
    return b"".join(lines) + b"no newline here"


def write(name, value):
    text = json.dumps(value, separators=(",", ":"))
    (TARGET / name).write_text(text + "\n")
    print(f"{name}: {len(text)} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wheel", help="a downloaded quicktok-v1 wheel")
    vocabularies = pack_vocabularies.load(parser.parse_args().wheel)
    published.load_tiktoken_bpe = (
        lambda url, expected_hash: vocabularies[url.rsplit("/", 1)[1].removesuffix(".tiktoken")])
    encodings = {name: tiktoken.Encoding(**getattr(published, name)()) for name in NAMES}
    made_with = f"tiktoken {tiktoken.__version__}, Scripts/make_text_golden.py"

    def count(name, case):
        return len(encodings[name].encode_ordinary(case.decode("utf-8", "replace")))

    cases = [[base64.b64encode(case).decode()] + [count(name, case) for name in NAMES] for case in count_cases()]
    write("counts.json", {"madeWith": made_with, "cases": cases})
    write("classes.json", {"madeWith": made_with, "runs": class_runs()})
    write("code_points.json", {"madeWith": made_with, "sums": code_point_counts(encodings)})
    document = chunk_document()
    packings = [
        {"tokenizer": name, "maxTokens": limit, "chunks": naive_chunks(document, encodings[name], limit)}
        for name in NAMES for limit in (64, 100, 512)]
    write("chunks.json", {"madeWith": made_with, "document": base64.b64encode(document).decode(), "packings": packings})


if __name__ == "__main__":
    main()
