"""No engine: many workers from a shell, a fifth of which are killed, doubled or delayed. SHARDS is their count."""

import os
import random
import signal
import subprocess
import sys
import time

import common

AT_ONCE = 6
FAULTS = {"killed": signal.SIGKILL, "delayed": signal.SIGSTOP, "woken": signal.SIGCONT}


def many_shards():
    """a job of many shards, with workers that are killed, doubled and delayed:"""
    count = int(os.environ.get("SHARDS", "60"))
    seed = int(os.environ.get("SEED", "1"))
    common.say(f"seed {seed}")
    chance = random.Random(seed)
    with common.work() as here:
        job = here.plan(count)
        count = len(list_shards(here, job))
        waiting = list(range(count))
        waiting += chance.sample(waiting, count // 15)  # these are done twice
        chance.shuffle(waiting)
        running, counts, begin = [], dict.fromkeys(FAULTS, 0), time.monotonic()
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                shard = waiting.pop()
                process = subprocess.Popen(
                    [common.DREDGE, "worker", "--job", job, "--shard-index", str(shard), "--no-progress", "--scratch",
                     here.scratch / str(len(running))], env=here.environment, stderr=subprocess.DEVNULL)
                fault = chance.choices(["killed", "delayed", None], [8, 7, 85])[0]
                running.append([shard, process, fault, time.monotonic() + chance.uniform(0.01, 0.3)])
            for worker in list(running):
                shard, process, fault, due = worker
                if process.poll() is not None:
                    running.remove(worker)
                    # 4: the other one of two is still at it; a signal: it was killed.
                    common.check(process.returncode in (0, 4, -signal.SIGKILL), f"{shard}: {process.returncode}")
                    if process.returncode != 0:
                        waiting.insert(0, shard)
                elif fault and time.monotonic() > due:
                    process.send_signal(FAULTS[fault])
                    counts[fault] += 1
                    worker[2:] = ["woken", time.monotonic() + 1] if fault == "delayed" else [None, 0]
            time.sleep(0.01)
        seconds = time.monotonic() - begin
        common.say(f"{count} shards in {seconds:.0f} s, {counts['killed']} workers killed, {counts['delayed']} delayed")
        here.merge(job)


def list_shards(here, job):
    status = common.json.loads(here.dredge("status", "--job", job, "--json"))
    return range(status["shard_count"])


if __name__ == "__main__":
    sys.exit(common.main(many_shards))
