"""The AWS Batch example: its requests against AWS's own model of the service, and its commands under the retry
strategy of the job definition."""

import fnmatch
import json
import os
import signal
import subprocess
import threading
import time

import botocore.session
import botocore.validate
import jmespath

from common import EXAMPLES, check, main, say, wait_for, work

FOLDER = EXAMPLES / "aws-batch"
SHARDS = 8
FAKE_AWS = """#!/bin/sh
# Notes the arguments, and answers as `--query … --output text` does.
[ "$2" != list-jobs ] || { printf '%s\\0' "$@" >"$ENGINES_STATE/list"; exec echo "$UNMERGED"; }
number=$(ls "$ENGINES_STATE" | grep -c '^aws\\.')
for argument; do printf '%s\\0' "$argument"; done >"$ENGINES_STATE/aws.$number"
echo "id-$number"
"""


def definition():
    return json.loads((FOLDER / "job-definition.json").read_text())


def validate(operation, parameters):
    model = botocore.session.get_session().get_service_model("batch").operation_model(operation)
    report = botocore.validate.ParamValidator().validate(parameters, model.input_shape)
    check(not report.has_errors(), f"{operation}: {report.generate_report()}")


def definition_is_right():
    """job definition against the service's model and rules:"""
    parameters = definition()
    validate("RegisterJobDefinition", parameters)
    strategy = parameters["retryStrategy"]
    check(1 <= strategy["attempts"] <= 10, "1 to 10 attempts")
    check(len(strategy["evaluateOnExit"]) <= 5, "at most 5 conditions")
    for rule in strategy["evaluateOnExit"]:
        check(rule["action"] in ("RETRY", "EXIT"), f"an action: {rule}")
        check(rule.get("onExitCode", "0").rstrip("*").isdigit(), f"exit codes are digits, then perhaps *: {rule}")
        for name in ("onReason", "onStatusReason"):
            pattern = rule.get(name, "")
            check(all(each.isalnum() or each in ".: \t*" for each in pattern), f"a pattern: {rule}")
    for part in parameters["containerProperties"]["command"]:
        if part.startswith("Ref::"):
            check(part[5:] in parameters["parameters"], f"{part} has no default")


def shorthand(text):
    return dict(part.split("=", 1) for part in text.split(","))


def submitted(here):
    """The requests that submit.sh made, as the service's API has them."""
    requests = []
    while (path := here.state / f"aws.{len(requests)}").exists():
        arguments = path.read_text().split("\0")[:-1]
        check(arguments[:2] == ["batch", "submit-job"], f"aws was called with {arguments}")
        request, name = {}, None
        for argument in arguments[2:]:
            if argument.startswith("--"):
                name = argument[2:]
                request[name] = []
            else:
                request[name].append(argument)
        check(request.pop("query") == ["jobId"] and request.pop("output") == ["text"], f"aws: {arguments}")
        parameters = {
            "jobName": request.pop("job-name")[0],
            "jobQueue": request.pop("job-queue")[0],
            "jobDefinition": request.pop("job-definition")[0],
        }
        if array := request.pop("array-properties", None):
            parameters["arrayProperties"] = {"size": int(shorthand(array[0])["size"])}
        if values := request.pop("parameters", None):
            parameters["parameters"] = shorthand(values[0])
        if overrides := request.pop("container-overrides", None):
            parameters["containerOverrides"] = json.loads(overrides[0])
        if depends := request.pop("depends-on", None):
            parameters["dependsOn"] = [shorthand(each) for each in depends]
        check(not request, f"arguments of aws that nobody has looked at: {request}")
        validate("SubmitJob", parameters)
        requests.append(parameters)
    return requests


class Child:
    """Attempts at one child of an array, or at a job, as the retry strategy wants them."""

    def __init__(self, here, request, index=None):
        values = definition()["parameters"] | request.get("parameters", {})
        command = request.get("containerOverrides", {}).get("command")
        command = command or definition()["containerProperties"]["command"]
        self.command = [values[part[5:]] if part.startswith("Ref::") else part for part in command]
        # A container has a /tmp of its own.
        folder = str(here.scratch / f"{request['jobName']}-{index}")
        self.command = [folder if part == "/tmp" else part for part in self.command]
        self.environment = dict(here.environment)
        if index is not None:
            self.environment["AWS_BATCH_JOB_ARRAY_INDEX"] = str(index)
        self.attempts, self.codes, self.is_reclaimed = 0, [], False

    def start(self):
        self.process = subprocess.Popen(self.command, env=self.environment, start_new_session=True)

    def action(self, code):
        reason = "Host EC2 (instance i-0123456789abcdef0) terminated." if self.is_reclaimed else ""
        reason = reason or "Essential container in task exited"
        for rule in definition()["retryStrategy"]["evaluateOnExit"]:
            if fnmatch.fnmatchcase(str(code), rule.get("onExitCode", "*")) and fnmatch.fnmatchcase(
                reason, rule.get("onStatusReason", "*")
            ):
                return rule["action"]
        return "RETRY"

    def reclaim(self):
        """A spot machine goes: SIGTERM to the container's first process, and half a minute later SIGKILL to all."""
        self.is_reclaimed = True
        self.process.send_signal(signal.SIGTERM)
        timer = threading.Timer(30, lambda: os.killpg(self.process.pid, signal.SIGKILL))
        timer.daemon = True
        timer.start()
        self.process.wait()
        timer.cancel()

    def run(self):
        """Whether the job succeeds in the end."""
        while self.attempts < definition()["retryStrategy"]["attempts"]:
            self.attempts += 1
            self.is_reclaimed = False
            self.start()
            code = self.process.wait()
            code = code if code >= 0 else 128 - code
            self.codes.append(code)
            if code == 0:
                return True
            if self.action(code) == "EXIT":
                return False
        return False


def submit(here, *arguments, limit=10_000, code=0, unmerged=""):
    bin_aws = here.folder / "bin/aws"
    bin_aws.write_text(FAKE_AWS)
    bin_aws.chmod(0o755)
    ran = subprocess.run(
        [FOLDER / "submit.sh", *arguments],
        env=here.environment | {"ARRAY_LIMIT": str(limit), "UNMERGED": unmerged},
        stdout=subprocess.PIPE,
        text=True,
    )
    check(ran.returncode == code, f"submit.sh ended with {ran.returncode}")
    return ran.stdout.partition("\n")[0]


def all_children(here, arrays):
    return [Child(here, array, index) for array in arrays for index in range(array["arrayProperties"]["size"])]


def run_all(children, during=lambda: None):
    threads = [threading.Thread(target=child.run, daemon=True) for child in children]
    for thread in threads:
        thread.start()
    during()
    for thread in threads:
        thread.join(120)
        check(not thread.is_alive(), "a child does not end")


def all_children_with_faults():
    """two arrays, all children with kills, stops and a reclaimed machine, merge:"""
    with work({"0": ["WAIT"], "1": ["KILL"], "2": ["TERM"], "3": ["2"], "merge": ["2"]}) as here:
        url = submit(here, here.config, str(SHARDS), here.results, limit=5)
        *arrays, merge = submitted(here)
        sizes = [array["arrayProperties"]["size"] for array in arrays]
        check(sizes == [4, 4], f"arrays of {sizes}")
        check(
            merge["dependsOn"] == [{"jobId": "id-0"}, {"jobId": "id-1"}], f"the merge depends on {merge['dependsOn']}"
        )
        children = all_children(here, arrays)

        def reclaim():
            wait_for("the worker of shard 0", lambda: here.attempts("0"))
            time.sleep(0.2)
            begin = time.monotonic()
            children[0].reclaim()
            say(f"a worker on a reclaimed machine ended after {time.monotonic() - begin:.2f} s")

        run_all(children, reclaim)
        check(all(child.codes[-1] == 0 for child in children), "children failed")
        check(children[0].codes == [4, 0], f"the child on the reclaimed machine ended with {children[0].codes}")
        here.check_attempts({"0": 2, "1": 2, "2": 2, "3": 1, "4": 1, "7": 1})
        check(Child(here, merge).run(), "a merge that ends with 2 is no success")
        here.merge(url)

        def run():
            job = submit(here, here.config, str(SHARDS), here.results)
            *arrays, merge = submitted(here)
            check(len(arrays) == ("dependsOn" in merge), f"the merge {merge} waits for {arrays}")
            run_all(all_children(here, arrays))
            check(Child(here, merge).run(), "the merge failed")
            return job

        here.check_later_nights(run)


def children_that_fail():
    """children that fail at once, and after all their attempts:"""
    with work({"1": ["3"] * 99, "2": ["1"] * 99, "3": ["4"] * 99}) as here:
        submit(here, here.config, "4", here.results)
        array, merge = submitted(here)
        children = [Child(here, array, index) for index in range(4)]
        run_all(children)
        codes = [child.codes for child in children]
        check(codes == [[0], [3], [1], [4] * 10], f"children ended with {codes}")
        last = Child(here, merge)
        check(not last.run() and last.codes == [3], f"a merge without all shards ended with {last.codes}")


def sizes():
    """jobs that exist, of more shards than an array may have and of one, and none:"""
    with work() as here:
        submit(here, here.plan(7), limit=3)
        *arrays, merge = submitted(here)
        placed = [(array["parameters"]["offset"], array["arrayProperties"]["size"]) for array in arrays]
        check(placed == [("0", 2), ("2", 2), ("4", 3)], f"arrays: {placed}")
        check(len(merge["dependsOn"]) == 3, f"the merge depends on {merge['dependsOn']}")
        here.begin()
        job = submit(here, here.config, "1", here.results)
        array, _ = submitted(here)
        children = all_children(here, [array])
        run_all(children)
        check([child.codes for child in children] == [[0], [0]], "children failed")
        here.merge(job)
        here.begin()
        submit(here, code=1)
        submit(here, here.config, "0", here.results, code=1)
        submit(here, f"{here.results}none/", code=1)
        submit(here, here.config, "4", here.results, code=1, unmerged="id-7")
        _, _, *listing = (here.state / "list").read_text().split("\0")[:-1]
        options = dict(zip(listing[::2], listing[1::2]))
        filters = shorthand(options["--filters"])
        filters = [{"name": filters["name"], "values": [filters["values"]]}]
        validate("ListJobs", {"jobQueue": options["--job-queue"], "filters": filters})
        jobs = [{"jobId": status, "status": status} for status in ("SUCCEEDED", "FAILED", "PENDING", "RUNNING")]
        found = jmespath.search(options["--query"], {"jobSummaryList": jobs})
        check(found == ["PENDING", "RUNNING"], f"unmerged jobs: {found}")
        check(not submitted(here), "what fails submits something")


if __name__ == "__main__":
    main(definition_is_right, all_children_with_faults, children_that_fail, sizes)
