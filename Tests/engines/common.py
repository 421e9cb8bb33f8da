"""What the tests of the engines share: a folder with a job in it, the `dredge` that engines find in PATH, and the end
of every process that a test has started."""

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import botocore.session

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "Examples"
DREDGE = pathlib.Path(os.environ["DREDGE"]).resolve()


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def say(text):
    print(f"  {text}", flush=True)


def wait_for(what, condition, seconds=60, every=0.1):
    """Waits until a condition holds, and returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(every)
    raise Failure(f"waited {seconds} s in vain for: {what}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def children():
    """Which processes each process has begun."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
                state, parent = stat.rpartition(")")[2].split()[:2]
                if state != "Z":
                    found.setdefault(int(parent), []).append(int(entry))
    return found


def descendants(pid):
    known = children()
    found = list(known.get(pid, []))
    for process in found:
        found.extend(known.get(process, []))
    return found


def adopt_orphans():
    """What a process of this test leaves behind becomes a child of this one, so that none can be missed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def end_processes():
    """Ends all that this process has begun, by pid: first asks, then kills."""
    for number, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 10)):
        end = time.monotonic() + seconds
        asked = set()
        while time.monotonic() < end:
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            processes = descendants(os.getpid())
            if not processes:
                return
            for process in processes:
                if process not in asked:
                    asked.add(process)
                    with contextlib.suppress(OSError):
                        os.kill(process, number)
            time.sleep(0.05)
    raise Failure(f"these processes do not end: {descendants(os.getpid())}")


class Work:
    """A folder with a config, results, and a `dredge` in PATH that does what `faults` wants."""

    def __init__(self, folder, faults=None):
        self.folder = folder
        self.state = folder / "state"
        self.scratch = folder / "scratch"
        # What an engine's test has merged is not the latest catalog of another one's.
        self.results = f"{os.environ['DREDGE_RESULTS']}{folder.name}/"
        self.reference = folder / "reference.chunks"
        for path in (self.state, self.scratch, folder / "bin"):
            path.mkdir()
        (folder / "bin/dredge").symlink_to(HERE / "faulty_dredge")
        self.config = pathlib.Path(os.environ["DREDGE_CONFIG"]).resolve()
        self.environment = os.environ | {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "DREDGE": str(DREDGE),
            "ENGINES_STATE": str(self.state),
        }
        self.begin(faults)

    def begin(self, faults=None):
        """Forgets the attempts so far. `faults` are for those that come: see faulty_dredge."""
        for path in self.state.iterdir():
            path.unlink()
        (self.state / "faults.json").write_text(json.dumps(faults or {}))

    def dredge(self, *arguments, codes=(0,)):
        """Runs the command itself, and returns its standard output."""
        ran = subprocess.run([DREDGE, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=self.environment)
        check(ran.returncode in codes, f"dredge {arguments[0]} ended with {ran.returncode}, not with {codes}")
        return ran.stdout

    def plan(self, shards):
        output = self.dredge("plan", self.config, "--shards", shards, "--results", self.results)
        check(output.count("\n") == 1, f"plan prints one line, not {output!r}")
        return output.strip()

    def attempts(self, name):
        """What is noted of the attempts at a shard."""
        found = []
        while (path := self.state / f"{name}.{len(found)}").exists():
            found.append(json.loads(path.read_text()))
        return found

    def check_attempts(self, counts):
        """How often workers began: exactly so often for each of these shards."""
        for name, count in counts.items():
            began = len(self.attempts(name))
            check(began == count, f"{name} began {began} times, not {count} times")

    def store_digest(self, store):
        return self.dredge("store", "digest", store).strip()

    def check_store(self, store):
        """The store has what one run on one machine makes."""
        if not self.reference.exists():
            self.dredge("run", self.config, "--store", self.reference)
        expected, found = self.store_digest(self.reference), self.store_digest(store)
        check(found == expected, f"the merged store has digest {found}, one run makes {expected}")

    def merge(self, job):
        """Merges, and compares with a single run."""
        store = self.folder / f"merged-{time.monotonic_ns()}.chunks"
        self.dredge("merge", "--job", job, "--into", store)
        self.check_store(store)
        status = json.loads(self.dredge("status", "--job", job, "--json"))
        check(status["done_count"] == status["shard_count"], f"status tells {status}")

    def change_bucket(self):
        """An object changes, and another one is new."""
        client = botocore.session.get_session().create_client("s3", endpoint_url=self.environment["AWS_ENDPOINT_URL"])
        listed = client.list_objects_v2(Bucket="texts", MaxKeys=1)["Contents"]
        for key in (listed[0]["Key"], f"new/{self.folder.name}"):
            client.put_object(Bucket="texts", Key=key, Body=f"Written for {self.folder}.\n".encode())
        self.reference = self.folder / "second-reference.chunks"

    def check_later_nights(self, run):
        """The nights after the first: `run` runs the example, and returns the job's URL. In the second one, plan and
        merge have something to report; in the third, nothing is new or changed."""
        begin = time.monotonic()
        self.check_store(self.results)
        self.change_bucket()
        for faults, count in (({"plan": ["2"], "merge": ["2"]}, 2), ({}, 0)):
            self.begin(faults)
            job = run()
            status = json.loads(self.dredge("status", "--job", job, "--json"))
            check(status["shard_count"] == count, f"a later job: {status}")
            self.check_attempts({str(index): int(index < count) for index in range(8)} | {"plan": 1, "merge": 1})
            self.check_store(self.results)
        say(f"two more nights in {time.monotonic() - begin:.1f} s")


@contextlib.contextmanager
def work(faults=None):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dredge-engines-"))
    try:
        yield Work(folder, faults)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(*tests):
    """Runs an engine's tests, one after the other. Whatever happens, no process stays."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    adopt_orphans()
    failed = 0
    try:
        for test in tests:
            begin = time.monotonic()
            try:
                test()
                verdict = "passed"
            except (Failure, AssertionError, OSError, subprocess.SubprocessError) as error:
                failed += 1
                verdict = f"FAILED: {error}"
            finally:
                end_processes()
            print(f"{test.__doc__} {verdict} ({time.monotonic() - begin:.1f} s)", flush=True)
    finally:
        end_processes()
    print(f"{len(tests) - failed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)
