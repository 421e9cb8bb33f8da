"""One measurement of a rival, as harness.c does it: rival.py NAME TOKENIZER RANK_FILE CORPUS DOCUMENTS"""
import array
import json
import sys
import time

name, tokenizer, rank_file, corpus, lengths_file = sys.argv[1:]
data = open(corpus, "rb").read()
lengths = array.array("I", open(lengths_file, "rb").read())
documents, at = [], 0
for length in lengths:
    documents.append(data[at : at + length])
    at += length
half = len(documents) // 2
first, second = documents[:half], documents[half:]


def make():
    """A function from documents to their counts, by the fastest entry that the package has for that."""
    if name == "tiktoken":
        import base64
        import tiktoken
        import tiktoken_ext.openai_public as public

        ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in open(rank_file, "rb"))}
        public.load_tiktoken_bpe = lambda url, expected_hash=None: ranks
        encode = tiktoken.Encoding(**public.ENCODING_CONSTRUCTORS[tokenizer]()).encode_ordinary
        return lambda texts: [len(encode(text)) for text in texts]
    if name.startswith("gigatoken"):
        import gigatoken

        backend = gigatoken.Tokenizer.from_tiktoken(
            rank_file, pretokenizer=tokenizer.removesuffix("_base"), special_tokens={})._backend
        if name == "gigatoken-batch":
            import awkward

            return lambda texts: awkward.num(backend.encode_batch(texts, parallel=False)).tolist()
        return lambda texts: [backend.encode(text).size for text in texts]
    import fastokens
    import numpy

    encoder = fastokens.Tokenizer.from_tiktoken(rank_file, encoding=tokenizer)

    def count(texts):
        _, offsets = encoder.encode_batch_flat(texts, split_special_tokens=True)
        return numpy.diff(numpy.frombuffer(offsets, numpy.uint64)).tolist()

    return count


if name in ("tiktoken", "fastokens"):
    first, second = [d.decode() for d in first], [d.decode() for d in second]
count = make()
if name != "tiktoken":
    count(first)
times = []
for _ in range(1 if name == "tiktoken" else 2):
    begin = time.process_time()
    counts = count(second)
    times.append(time.process_time() - begin)
digest = 0
for value in counts:
    digest = (digest * 1000003 + value) & (1 << 64) - 1
size = sum(len(d.encode()) if isinstance(d, str) else len(d) for d in second)
print(json.dumps({"unseen": times[0], "repeated": times[-1], "bytes": size, "tokens": sum(counts), "hash": digest}))
