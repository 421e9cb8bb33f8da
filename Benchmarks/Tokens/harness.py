"""Builds harness.c, and cuts a corpus into the documents that it measures."""
import array
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
KERNELS = HERE.parent.parent / "CSupport/CTextKernels"


def build(program, cc="clang"):
    sources = sorted(KERNELS.rglob("*.c"))
    subprocess.run(
        [cc, "-O2", f"-I{KERNELS}/include", f"-I{KERNELS}", HERE / "harness.c", *sources, "-o", program], check=True)


def document_lengths(data, size=None):
    """Documents are whole lines of 8 to 64 KiB, or of `size` bytes: their lengths, as harness.c reads them."""
    lengths, at, length = array.array("I"), 0, size or 8192
    while at < len(data):
        end = min(at + length, len(data))
        if end < len(data):
            newline = data.rfind(b"\n", at, end)
            end = newline + 1 if newline > at else end
            while end < len(data) and data[end] & 0xC0 == 0x80:
                end += 1
        lengths.append(end - at)
        at = end
        if size is None:
            length = length * 2 if length < 65536 else 8192
    return lengths.tobytes()
