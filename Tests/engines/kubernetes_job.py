"""The Kubernetes example: its manifests against Kubernetes' schemas and the rules of its API server that no schema has,
and its commands under a small Job controller that keeps the policies of the manifest."""

import os
import queue
import re
import signal
import subprocess
import threading
import time

import kubernetes_validate
import yaml

from common import EXAMPLES, Failure, check, main, say, wait_for, work

FOLDER = EXAMPLES / "kubernetes"
VERSIONS = ["1.29", "1.33", "1.36"]
SHARDS = 8
KUBECTL = """#!/bin/sh
# What night.sh needs of kubectl. The test runs the Jobs, writes their logs, and how they ended.
set -eu
case "$1 $2" in
"delete job") rm -f "$ENGINES_CLUSTER/$3".* ;;
"create -f")
    manifest=$(cat "$3")
    name=$(echo "$manifest" | sed -n 's/^  name: //p')
    echo "$manifest" >"$ENGINES_CLUSTER/$name.new"
    mv "$ENGINES_CLUSTER/$name.new" "$ENGINES_CLUSTER/$name.yaml"
    ;;
"get job")
    while [ ! -e "$ENGINES_CLUSTER/$3.end" ]; do sleep 0.1; done
    cat "$ENGINES_CLUSTER/$3.end"
    ;;
"logs -l") cat "$ENGINES_CLUSTER/${3#job-name=}.log" ;;
"create configmap") echo "${4#--from-literal=JOB=}" ;;
"apply -f") cat >"$ENGINES_CLUSTER/job-url" ;;
*) exit 1 ;;
esac
"""


def documents(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def check_policy(spec):
    """What the API server refuses, though the schema has nothing against it."""
    pod = spec["template"]["spec"]
    containers = {container["name"] for container in pod["containers"]}
    check(pod["restartPolicy"] == "Never", "a podFailurePolicy needs restartPolicy Never")
    rules = spec["podFailurePolicy"]["rules"]
    check(len(rules) <= 20, "a podFailurePolicy has at most 20 rules")
    for rule in rules:
        check(("onExitCodes" in rule) != ("onPodConditions" in rule), f"a rule has one condition: {rule}")
        check(rule["action"] != "FailIndex" or "backoffLimitPerIndex" in spec, "FailIndex needs backoffLimitPerIndex")
        if codes := rule.get("onExitCodes"):
            values = codes["values"]
            check(codes["containerName"] in containers, f"there is no container {codes['containerName']}")
            check(values == sorted(set(values)) and 0 < values[0] and values[-1] <= 255, f"exit codes: {values}")
        for condition in rule.get("onPodConditions", []):
            check(condition["status"] in ("True", "False", "Unknown"), f"a condition's status: {condition}")
    if "backoffLimitPerIndex" in spec:
        check(spec["completionMode"] == "Indexed", "backoffLimitPerIndex needs an Indexed Job")
        check(1 <= spec["completions"] <= 100_000, "an Indexed Job has 1 to 100,000 indexes")
    check(spec.get("podReplacementPolicy", "Failed") == "Failed", "podReplacementPolicy must be Failed")


def check_document(document, versions):
    for version in versions:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            raise Failure(f"{document['kind']} {document['metadata']}, Kubernetes {version}: {error}") from error
    if document["kind"] == "Job":
        check_policy(document["spec"])


def manifests_are_right():
    """manifests against schemas and rules:"""
    for path in sorted(FOLDER.glob("*.yaml")):
        for document in documents(path.name):
            check_document(document, VERSIONS)
    say(f"valid for Kubernetes {', '.join(VERSIONS)}")


class Pod:
    """The first container of a pod template, as a process group. Its volumes are folders in place of the mounts."""

    def __init__(self, template, environment, folder, job_url, index=None):
        container = template["spec"]["containers"][0]
        config_maps = {"dredge-job": {"JOB": job_url}}
        values = {}
        for entry in container.get("envFrom", []):
            values |= config_maps[entry["configMapRef"]["name"]]
        if index is not None:
            values["JOB_COMPLETION_INDEX"] = str(index)
        command = [*container["command"], *container.get("args", [])]
        command = [re.sub(r"\$\((\w+)\)", lambda name: values[name[1]], part) for part in command]
        for mount in container.get("volumeMounts", []):
            place = folder / mount["name"]
            place.mkdir(parents=True, exist_ok=True)
            command = [re.sub(rf"(?<![\w/]){re.escape(mount['mountPath'])}\b", str(place), part) for part in command]
        self.grace = template["spec"].get("terminationGracePeriodSeconds", 30)
        self.disrupted = False
        self.process = subprocess.Popen(
            command, env=environment | values, start_new_session=True, stdout=subprocess.PIPE, text=True
        )

    def disrupt(self):
        """An eviction: SIGTERM to the container's first process, SIGKILL to all of them after the grace period."""
        self.disrupted = True
        self.process.send_signal(signal.SIGTERM)
        timer = threading.Timer(self.grace, lambda: os.killpg(self.process.pid, signal.SIGKILL))
        timer.daemon = True
        timer.start()
        self.process.wait()
        timer.cancel()

    def exit_code(self):
        self.output = self.process.communicate()[0]
        code = self.process.returncode
        return code if code >= 0 else 128 - code


def action(spec, pod, code):
    """The action of the first rule that fits, as the Job controller finds it."""
    for rule in spec["podFailurePolicy"]["rules"]:
        if codes := rule.get("onExitCodes"):
            if (code in codes["values"]) == (codes["operator"] == "In"):
                return rule["action"]
        elif pod.disrupted:
            return rule["action"]
    return "Count"


class Controller:
    """Runs all indexes of a Job, `parallelism` at a time."""

    def __init__(self, spec, work, job_url, completions):
        self.spec, self.work, self.job_url = spec, work, job_url
        self.pods, self.disrupted_codes, self.failed, self.lock = {}, [], set(), threading.Lock()
        self.indexes = queue.SimpleQueue()
        for index in range(completions):
            self.indexes.put(index)

    def run_index(self, index):
        failures = attempt = 0
        while failures <= self.spec["backoffLimitPerIndex"]:
            folder = self.work.folder / f"pods/{index}.{attempt}"
            pod = Pod(self.spec["template"], self.work.environment, folder, self.job_url, index)
            attempt += 1
            with self.lock:
                self.pods[index] = pod
            code = pod.exit_code()
            if code == 0:
                return
            what = action(self.spec, pod, code)
            if what == "FailIndex":
                break
            if what == "Ignore":
                self.disrupted_codes.append(code)
            failures += what == "Count"
        self.failed.add(index)

    def work_on(self):
        while True:
            try:
                self.run_index(self.indexes.get_nowait())
            except queue.Empty:
                return

    def start(self):
        self.threads = [
            threading.Thread(target=self.work_on, daemon=True) for _ in range(min(4, self.spec["parallelism"]))
        ]
        for thread in self.threads:
            thread.start()

    def join(self, seconds=120):
        end = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0, end - time.monotonic()))
            check(not thread.is_alive(), "the Job does not end")


class Cluster:
    """Runs the Jobs that night.sh makes."""

    def __init__(self, work):
        self.work, self.folder = work, work.folder / "cluster"
        self.folder.mkdir()
        kubectl = work.folder / "bin/kubectl"
        kubectl.write_text(KUBECTL)
        kubectl.chmod(0o755)
        self.environment = work.environment | {"ENGINES_CLUSTER": str(self.folder)}

    def job_url(self):
        return (self.folder / "job-url").read_text().strip() if (self.folder / "job-url").exists() else None

    def night(self, *arguments, code=0, during=lambda controller: None):
        """Runs night.sh to its end, and returns the job's URL. `during` is called while indexes run."""
        process = subprocess.Popen([FOLDER / "night.sh", *arguments], env=self.environment, stdout=subprocess.DEVNULL)
        while process.poll() is None:
            for path in self.folder.glob("*.yaml"):
                document = yaml.safe_load(path.read_text())
                path.unlink()
                check_document(document, VERSIONS[-1:])
                log, end = self.run(document, during)
                path.with_suffix(".log").write_text(log)
                path.with_suffix(".end").write_text(end)
            time.sleep(0.05)
        check(process.returncode == code, f"night.sh ended with {process.returncode}, not with {code}")
        return self.job_url()

    def run(self, job, during):
        """What a Job's pods print, and how it ends."""
        spec, folder = job["spec"], self.work.folder / f"pods/{job['metadata']['name']}"
        if spec.get("completionMode") == "Indexed":
            controller = Controller(spec, self.work, self.job_url(), spec["completions"])
            controller.start()
            during(controller)
            controller.join()
            return "", "Failed" if controller.failed else "Complete"
        (container,) = spec["template"]["spec"]["containers"]
        if "args" in container:
            mine = {"100": str(SHARDS), "s3://results/contracts/": self.work.results}
            container["args"] = [mine.pop(each, each) for each in container["args"]]
            check(not mine, f"arguments of the plan: {container['args']}")
            (folder / "config").mkdir(parents=True, exist_ok=True)
            (folder / "config/config.yaml").write_bytes(self.work.config.read_bytes())
        for _ in range(1 + spec["backoffLimit"]):
            pod = Pod(spec["template"], self.work.environment, folder, self.job_url())
            code = pod.exit_code()
            if code == 0 or action(spec, pod, code) == "FailJob":
                break
        return pod.output, "Failed" if code else "Complete"


def all_indexes_with_faults():
    """nights: all indexes with kills, stops and an eviction, few, and none:"""
    with work({"0": ["WAIT"], "1": ["KILL"], "2": ["TERM"], "3": ["2"], "merge": ["2"]}) as here:
        cluster, controllers = Cluster(here), []

        def evict(controller):
            controllers.append(controller)
            wait_for("the worker of shard 0", lambda: here.attempts("0"))
            time.sleep(0.2)
            begin = time.monotonic()
            controller.pods[0].disrupt()
            say(f"an evicted pod ended after {time.monotonic() - begin:.2f} s")

        url = cluster.night(during=evict)
        (controller,) = controllers
        check(not controller.failed, f"indexes failed: {controller.failed}")
        check(controller.disrupted_codes == [4], f"the evicted pod ended with {controller.disrupted_codes}")
        here.check_attempts({"0": 2, "1": 2, "2": 2, "3": 1, "4": 1, "8": 0})
        here.merge(url)
        here.check_later_nights(cluster.night)
        here.begin({"plan": ["1"]})
        cluster.night(code=1)
        here.check_attempts({"plan": 1, "merge": 0})


def indexes_that_fail():
    """indexes that fail at once, and after all their attempts:"""
    with work({"1": ["3"] * 99, "2": ["1"] * 99, "3": ["4"] * 99}) as here:
        controllers = []
        Cluster(here).night(here.plan(4), "4", code=1, during=controllers.append)
        (controller,) = controllers
        check(controller.failed == {1, 2, 3}, f"indexes failed: {controller.failed}")
        limit = controller.spec["backoffLimitPerIndex"]
        here.check_attempts({"0": 1, "1": 1, "2": 1, "3": limit + 1, "merge": 1})


if __name__ == "__main__":
    main(manifests_are_right, all_indexes_with_faults, indexes_that_fail)
