"""Runs a job on a Ray cluster: plans, one task for each shard, merges.

    RAY_ADDRESS=auto python index.py contracts.yaml 100 s3://results/contracts

`dredge` and `setpriv` (of util-linux) must be in PATH on every node, and each node needs credentials of its own.
"""

import argparse
import json
import subprocess
import sys

import ray


class Stopped(Exception):
    """The worker was stopped (4), or died by a signal: worth another attempt."""


# What dies with its node or its Ray worker is tried again too. SPREAD puts tasks on as many nodes as it can.
@ray.remote(max_retries=10, retry_exceptions=[Stopped], scheduling_strategy="SPREAD")
def work(job, index, scratch):
    # The worker stops when Ray's worker is killed: the next attempt may be on the same node.
    command = ["setpriv", "--pdeathsig", "TERM", "dredge", "worker"]
    command += ["--job", job, "--shard-index", str(index), "--scratch", scratch]
    code = subprocess.run(command).returncode
    if code == 4 or code < 0:
        raise Stopped(f"shard {index} ended with {code}")
    return code  # 0, 2 (some objects failed), 1 or 3 (failed: another attempt would end in the same way)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("shards", type=int)
    parser.add_argument("results")
    parser.add_argument("--into", metavar="STORE", help="merge into one store, not only a catalog")
    parser.add_argument("--cpus", type=float, default=8, help="cores of one shard (%(default)s)")
    parser.add_argument("--scratch", default="/tmp", help="a folder on every node (%(default)s)")
    options = parser.parse_args()

    command = ["dredge", "plan", options.config, "--shards", str(options.shards)]
    command += ["--results", options.results, "--json"]
    plan = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    job = plan["job"]
    print(job, flush=True)

    ray.init()
    task = work.options(num_cpus=options.cpus)
    waiting = {task.remote(job, index, options.scratch): index for index in range(plan["shard_count"])}
    while waiting:
        (done,), _ = ray.wait(list(waiting))
        index = waiting.pop(done)
        try:
            code = ray.get(done)
        except ray.exceptions.RayError as error:  # no attempt is left
            code = error
        if code != 0:
            print(f"shard {index}: {code}", file=sys.stderr, flush=True)

    # Names the shards that are missing, and ends with 3; with 2 where some objects failed.
    into = ["--into", options.into] if options.into else []
    sys.exit(subprocess.run(["dredge", "merge", "--job", job, *into]).returncode)


if __name__ == "__main__":
    main()
