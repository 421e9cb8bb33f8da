"""Runs a job on a Ray cluster: plans what is new or changed, one task for each shard, merges.

    RAY_ADDRESS=auto python index.py --plan contracts.yaml 100 s3://results/contracts/
    RAY_ADDRESS=auto python index.py --job s3://results/contracts/job-1a2b/     # one that exists goes on

The first job reads everything. Each night, by cron, never two at once:

    30 1 * * * RAY_ADDRESS=auto flock -n /tmp/dredge.lock python /shared/index.py --plan ...

`dredge` and `setpriv` (of util-linux) must be in PATH on every node, and each node needs credentials of its own.
"""

import argparse
import json
import os
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
    command += ["--job", job, "--shard-index", str(index), "--scratch", scratch, "--accept-failed-objects"]
    code = subprocess.run(command).returncode
    if code == 4 or code < 0:
        raise Stopped(f"shard {index} ended with {code}")
    return code  # 0, or 1 or 3: another attempt would end in the same way


def output(*command):
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ran.returncode not in (0, 2):  # 2: there is a job; what it has not, the message says
        sys.exit(ran.returncode)
    return ran.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    job = parser.add_mutually_exclusive_group(required=True)
    job.add_argument("--plan", nargs=3, metavar=("CONFIG", "SHARDS", "RESULTS"))
    job.add_argument("--job", metavar="URL")
    parser.add_argument("--into", metavar="STORE", help="merge into one store, not only a catalog")
    parser.add_argument("--cpus", type=float, default=8, help="cores of one shard (%(default)s)")
    parser.add_argument("--scratch", default="/tmp", help="a folder on every node (%(default)s): a shard's store there")
    options = parser.parse_args()

    job = options.job
    if options.plan:
        config, shards, results = options.plan
        job = output("dredge", "plan", config, "--shards", shards, "--results", results, "--since", "latest").strip()
    print(job, flush=True)
    shard_count = json.loads(output("dredge", "status", "--job", job, "--json"))["shard_count"]

    # Change: what workers get of this environment: what the config's ${NAME} needs, an S3-compatible service's URL.
    names = ["AWS_ENDPOINT_URL_S3"]
    ray.init(runtime_env={"env_vars": {name: os.environ[name] for name in names if name in os.environ}})
    task = work.options(num_cpus=options.cpus)
    waiting = {task.remote(job, index, options.scratch): index for index in range(shard_count)}
    while waiting:
        (done,), _ = ray.wait(list(waiting))
        index = waiting.pop(done)
        try:
            code = ray.get(done)
        except ray.exceptions.RayError as error:  # no attempt is left
            code = error
        if code != 0:
            print(f"shard {index}: {code}", file=sys.stderr, flush=True)

    # Names the shards that are missing, and ends with 3. With 2 the catalog is there: it tells what failed.
    into = ["--into", options.into] if options.into else []
    code = subprocess.run(["dredge", "merge", "--job", job, *into]).returncode
    sys.exit(0 if code == 2 else code)


if __name__ == "__main__":
    main()
