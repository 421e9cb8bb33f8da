"""The Ray example on a cluster of two nodes on this machine, one of which goes while its tasks run."""

import os
import pathlib
import signal
import subprocess
import sys

from common import EXAMPLES, Failure, check, main, say, wait_for, work

# All addresses are those of the loopback interface. Ray reads this when it is imported.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
from ray.cluster_utils import Cluster  # noqa: E402

SHARDS = 8
TASKS = ["--cpus", "1"]


def start(here, cluster, *arguments):
    return subprocess.Popen(
        [
            sys.executable,
            EXAMPLES / "ray/index.py",
            "--scratch",
            here.scratch,
            *TASKS,
            *arguments,
        ],
        env=os.environ
        | {"RAY_ADDRESS": cluster.address, "AWS_ENDPOINT_URL_S3": here.environment["AWS_ENDPOINT_URL"]},
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process, expected):
    try:
        output, _ = process.communicate(timeout=120)
    except subprocess.TimeoutExpired as error:
        raise Failure("the example does not end") from error
    check(process.returncode == expected, f"the example ended with {process.returncode}, not with {expected}")
    return output


def a_node_goes(here, cluster, lost):
    """Each node works at two shards that wait, when one goes. Others are killed or stopped, also with Ray's worker."""
    waiting = {str(index): ["WAIT"] for index in range(4)}
    here.begin(waiting | {"4": ["KILL"], "5": ["TERM"], "6": ["2"]})
    plan = ["--plan", here.config, str(SHARDS), here.results]
    process = start(here, cluster, *plan, "--into", here.folder / "into.chunks")
    running = wait_for("four workers", lambda: first_attempts(here, waiting))
    raylet = str(lost.all_processes["raylet"][0].process.pid)
    on_lost = {name for name, note in running.items() if note["node"] == raylet}
    check(len(on_lost) == 2, f"the workers are on nodes {[note['node'] for note in running.values()]}, not {raylet}")
    cluster.remove_node(lost, allow_graceful=False)
    say(f"removed the node of shards {', '.join(sorted(on_lost))}")
    stopped, orphaned = sorted(set(running) - on_lost)
    os.kill(running[stopped]["pid"], signal.SIGTERM)
    os.kill(running[orphaned]["parent"], signal.SIGKILL)  # Ray's worker
    wait_for("the end of an orphan", lambda: not is_alive(running[orphaned]["pid"]))
    url = end(process, 0).splitlines()[0]
    for name in on_lost:
        nodes = [note["node"] for note in here.attempts(name)]
        check(len(set(nodes)) == 2, f"attempts at shard {name} were on {nodes}")
    here.check_attempts({"0": 2, "1": 2, "2": 2, "3": 2, "4": 2, "5": 2, "6": 1, "7": 1})
    here.check_store(here.folder / "into.chunks")
    here.merge(url)
    here.check_later_nights(lambda: end(start(here, cluster, *plan), 0).splitlines()[0])


def shards_that_fail(here, cluster):
    """A job that exists: two of its shards fail, and are not tried again."""
    here.begin({"1": ["3"] * 99, "2": ["1"] * 99})
    end(start(here, cluster, "--job", here.plan(3)), 3)
    here.check_attempts({"0": 1, "1": 1, "2": 1})


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def first_attempts(here, names):
    found = {name: here.attempts(name) for name in names}
    return all(found.values()) and {name: notes[0] for name, notes in found.items()}


def jobs():
    """jobs on two nodes, of which one goes:"""
    with work() as here:
        # The nodes and their workers have this process's environment. They get the endpoint from the example.
        os.environ.update(here.environment)
        del os.environ["AWS_ENDPOINT_URL"]
        # Ray notes there which cluster was begun last: another one on this machine is not to be forgotten.
        os.environ["RAY_TMPDIR"] = str(here.folder)
        node = {"num_cpus": 2, "object_store_memory": 80 << 20, "node_ip_address": "127.0.0.1"}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        lost = cluster.add_node(**node)
        cluster.wait_for_nodes()
        a_node_goes(here, cluster, lost)
        shards_that_fail(here, cluster)


if __name__ == "__main__":
    main(jobs)
