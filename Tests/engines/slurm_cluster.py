"""The Slurm example on a controller and two nodes of this machine, with a configuration, keys and ports of their own. A
node is killed, tasks are stopped before a time limit, queued again and cancelled, and one runs twice."""

import contextlib
import getpass
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from common import EXAMPLES, Failure, check, descendants, free_port, main, say, wait_for, work

SHARDS = 8
SIZE = 4
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1
SlurmdParameters=config_overrides
SlurmdTimeout=5
KillWait=5
MaxArraySize=5
MinJobAge=3600
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
"""


class Cluster:
    def __init__(self, here):
        self.here, self.folder = here, here.folder / "slurm"
        self.processes = {}
        (self.folder / "state").mkdir(parents=True, mode=0o700)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        self.folder.chmod(0o755)
        host = subprocess.run(["hostname", "-s"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        configuration = CONFIGURATION.format(folder=self.folder, host=host, port=free_port(), user=getpass.getuser())
        for name in ("n1", "n2"):
            configuration += f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={free_port()} CPUs=2\n"
        configuration += "PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP\n"
        (self.folder / "slurm.conf").write_text(configuration)
        self.environment = here.environment | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "DREDGE_SCRATCH": str(here.scratch),
            "ARRAY_LIMIT": str(SIZE),
        }
        # Its cores, memory and time fit this machine.
        self.example = self.folder / "example"
        shutil.copytree(EXAMPLES / "slurm", self.example)
        script = (self.example / "job.sbatch").read_text()
        for option, value in (("cpus-per-task", "1"), ("mem", "0"), ("time", "5")):
            script, count = re.subn(rf"^#SBATCH --{option}=.*", f"#SBATCH --{option}={value}", script, flags=re.M)
            check(count == 1, f"the example does not set {option}")
        (self.example / "job.sbatch").write_text(script)

    def start_process(self, name, *command):
        with open(self.folder / f"{name}.output", "wb") as output:
            self.processes[name] = subprocess.Popen(
                [find(command[0]), *command[1:]],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def start(self):
        files = {name: self.folder / f"munge.{name}" for name in ("key", "socket", "pid", "log", "seed")}
        self.start_process(
            "munged",
            "munged",
            "--foreground",
            "--force",
            f"--key-file={files['key']}",
            f"--socket={files['socket']}",
            f"--pid-file={files['pid']}",
            f"--log-file={files['log']}",
            f"--seed-file={files['seed']}",
        )
        wait_for("munged", files["socket"].exists)
        self.start_process("slurmctld", "slurmctld", "-D", "-i")
        for name in ("n1", "n2"):
            self.start_process(name, "slurmd", "-D", "-N", name)
        wait_for("two nodes", lambda: self.run("sinfo", "-h", "-o", "%D %t", codes=None).strip() == "2 idle")

    def run(self, *command, codes=(0,), **variables):
        ran = subprocess.run(
            command,
            cwd=self.here.folder,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        check(codes is None or ran.returncode in codes, f"{command} ended with {ran.returncode}: {ran.stderr}")
        return ran.stdout

    def submit(self, *arguments):
        """Submits a job as the example does. Returns its URL, the tasks' names in order, and the merge's."""
        url, *lines = self.run(self.example / "submit.sh", *arguments).splitlines()
        *arrays, merge = [line.partition(":")[0] for line in lines]
        sizes = [line.split() for line in lines[:-1]]
        tasks = [
            f"{array}_{index}"
            for array, words in zip(arrays, sizes)
            for index in range(int(words[-1]) - int(words[-3]) + 1)
        ]
        return url, tasks, merge

    def jobs(self):
        """The fields of all jobs, by the name of the task."""
        found = {}
        for line in self.run("scontrol", "show", "job", "-o", codes=None).splitlines():
            fields = dict(each.split("=", 1) for each in line.split() if "=" in each)
            if "ArrayTaskId" in fields:
                if fields["ArrayTaskId"].isdigit():
                    found[f"{fields['ArrayJobId']}_{fields['ArrayTaskId']}"] = fields
            elif "JobId" in fields:
                found[fields["JobId"]] = fields
        return found

    def wait_for_state(self, names, state, seconds=60):
        def reached():
            jobs = self.jobs()
            return all(jobs.get(name, {}).get("JobState") == state for name in names)

        wait_for(f"{', '.join(names)} to be {state}", reached, seconds, 0.3)

    def kill_node(self, name):
        """The node's daemon, its steps and their processes die at once. The steps are no longer the daemon's children:
        they are known by the node's name in their environment or command line."""
        processes = [self.processes[name].pid]
        for process in descendants(os.getpid()):
            try:
                environment = pathlib.Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"SLURMD_NODENAME={name}".encode() in environment:
                processes.append(process)
                parent = int(re.search(r"PPid:\s+(\d+)", pathlib.Path(f"/proc/{process}/status").read_text())[1])
                if "slurmstepd" in pathlib.Path(f"/proc/{parent}/cmdline").read_text():
                    processes.append(parent)
        # First all stand still: a step whose task is killed before it would tell the controller that.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in dict.fromkeys(processes):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, number)
        return len(set(processes))


@contextlib.contextmanager
def cluster(here):
    """A cluster that has begun. Where a test fails, it shows the states of the jobs and the controller's log."""
    begun = Cluster(here)
    try:
        begun.start()
        yield begun
    except Failure:
        print(begun.run("squeue", "--states=all", "--array", "-o", "%i %T %r %N", codes=None), file=sys.stderr)
        print("".join(open(begun.folder / "slurmctld.log").readlines()[-60:]), file=sys.stderr)
        raise


def find(program):
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    check(found, f"there is no {program}: run Tests/engines/install")
    return found


def restarts(fields):
    return int(fields.get("Restarts", "0"))


def lost_and_stopped(here, slurm):
    """A node is lost; tasks are stopped, killed, and run twice."""
    waiting = {str(index): ["WAIT"] for index in range(4)}
    here.begin(waiting | {"5": ["TERM"], "6": ["KILL"], "7": ["2"]})
    night = here.config, str(SHARDS), here.results
    url, tasks, merge = slurm.submit(*night)
    check(len(tasks) == SHARDS, f"tasks: {tasks}")
    slurm.run(slurm.example / "submit.sh", *night, codes=(1,))  # the job is not merged yet
    wait_for("four workers", lambda: all(here.attempts(str(index)) for index in range(4)))

    nodes = {index: here.attempts(str(index))[0]["node"] for index in range(4)}
    check(set(nodes.values()) == {"n1", "n2"}, f"the tasks run on {nodes}")
    say(f"killed a node with {slurm.kill_node('n2')} processes")
    near = [index for index, node in nodes.items() if node == "n1"]
    for index in near:  # as --signal=B:USR1@120 does it
        slurm.run("scancel", "--batch", "--signal=USR1", tasks[index])
    lost = [index for index, node in nodes.items() if node == "n2"]
    wait_for("the lost node's tasks", lambda: all(len(here.attempts(str(index))) > 1 for index in lost), 90)
    check(all(here.attempts(str(index))[1]["node"] == "n1" for index in lost), "they run on the lost node")
    say("its tasks run on the other node")
    slurm.wait_for_state(tasks, "COMPLETED", 90)
    slurm.wait_for_state([merge], "COMPLETED")
    jobs = slurm.jobs()
    counts = [restarts(jobs[task]) for task in tasks]
    check(counts == [1, 1, 1, 1, 0, 1, 1, 0], f"tasks were queued again {counts} times")
    here.check_attempts({str(index): 1 + count for index, count in enumerate(counts)} | {"plan": 1})

    slurm.run("scontrol", "requeue", tasks[4])
    wait_for("a second run of a task", lambda: len(here.attempts("4")) == 2)
    slurm.wait_for_state([tasks[4]], "COMPLETED")
    here.merge(url)

    def run():
        url, tasks, merge = slurm.submit(*night)
        slurm.wait_for_state([*tasks, merge], "COMPLETED")
        return url

    here.check_later_nights(run)


def cancelled_and_failed(here, slurm):
    """A task is cancelled; others fail at once."""
    here.begin({"0": ["WAIT"], "1": ["3"] * 99, "2": ["1"] * 99})
    _, tasks, merge = slurm.submit(here.plan(4))
    wait_for("the worker of shard 0", lambda: here.attempts("0"))
    time.sleep(0.5)
    begin = time.monotonic()
    slurm.run("scancel", tasks[0])
    slurm.wait_for_state(tasks[:1], "CANCELLED")
    say(f"a cancelled task ended after {time.monotonic() - begin:.1f} s")
    slurm.wait_for_state(tasks[1:3], "FAILED")
    slurm.wait_for_state(tasks[3:], "COMPLETED")
    codes = [slurm.jobs()[task]["ExitCode"] for task in tasks[1:3]]
    check(codes == ["3:0", "1:0"], f"tasks ended with {codes}")
    time.sleep(4)  # longer than a task that is queued again waits
    here.check_attempts({"0": 1, "1": 1, "2": 1, "3": 1})
    slurm.wait_for_state(tasks[:1], "CANCELLED", 1)
    slurm.wait_for_state([merge], "FAILED")
    check(slurm.jobs()[merge]["ExitCode"] == "3:0", "a merge without all shards must end with 3")


def arrays():
    """arrays on two nodes:"""
    with work() as here, cluster(here) as slurm:
        lost_and_stopped(here, slurm)
        cancelled_and_failed(here, slurm)


if __name__ == "__main__":
    main(arrays)
