"""The Airflow example, by `dag.test()` in a home of its own."""

import json
import os
import subprocess
import sys

from common import EXAMPLES, Failure, check, main, say, work

SHARDS = 6
RUN = """
import datetime
import json
import os
import sys

sys.path.insert(0, os.environ["ENGINES_DAG"])
import index as example

dag = example.index()
dag.get_task("work").partial_kwargs["retry_delay"] = datetime.timedelta(0)
run = dag.test(run_conf=json.loads(os.environ["ENGINES_CONF"]))
tasks = {}
for each in run.get_task_instances():
    name = each.task_id if each.map_index < 0 else str(each.map_index)
    tasks[name] = {"state": str(each.state), "tries": each.try_number}
with open(os.environ["ENGINES_OUTPUT"], "w") as file:
    plan = run.get_task_instance("plan").xcom_pull(task_ids="plan") or {}
    json.dump({"state": str(run.state), "tasks": tasks, "job": plan.get("job")}, file)
"""
KILL = """
import os
import pathlib
import sys
import threading
import time

sys.path.insert(0, os.environ["ENGINES_DAG"])
import index as example

shard = example.Shard(task_id="shard", job=sys.argv[1], index=0, scratch=sys.argv[2], env={})


def kill():
    while not (pathlib.Path(os.environ["ENGINES_STATE"]) / "0.0").exists():
        time.sleep(0.1)
    time.sleep(0.2)
    shard.on_kill()


threading.Thread(target=kill).start()
try:
    shard.execute({})
except example.AirflowFailException as error:
    sys.exit(f"a stopped worker fails at once: {error}")
except example.AirflowException as error:
    sys.exit(None if str(error) == "shard 0 ended with 4" else str(error))
sys.exit("a stopped worker does not fail")
"""


class Home:
    def __init__(self, here):
        self.here, self.folder = here, here.folder / "airflow"
        (self.folder / "dags").mkdir(parents=True)
        self.environment = here.environment | {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES / "airflow"),
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "ENGINES_DAG": str(EXAMPLES / "airflow"),
            "ENGINES_OUTPUT": str(self.folder / "run.json"),
        }

    def run(self, what, *command, **variables):
        log = self.folder / f"{what}.log"
        with open(log, "wb") as output:
            try:
                ran = subprocess.run(
                    [sys.executable, *command],
                    env=self.environment | variables,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    timeout=240,
                )
            except subprocess.TimeoutExpired as error:
                print(log.read_text()[-5000:], file=sys.stderr)
                raise Failure(f"{what} does not end") from error
        if ran.returncode != 0:
            print(log.read_text()[-5000:], file=sys.stderr)
            raise Failure(f"{what} ended with {ran.returncode}")

    def run_dag(self, what, **params):
        conf = {"scratch": str(self.here.scratch)} | params
        self.run(what, "-c", RUN, ENGINES_CONF=json.dumps(conf))
        return json.loads((self.folder / "run.json").read_text())


def states(run):
    return {name: task["state"] for name, task in run["tasks"].items()}


def later_night(home, **plan):
    run = home.run_dag("later", **plan)
    check(run["state"] == "success", f"the run ended as {run}")
    return run["job"]


def dag_runs():
    """runs with kills and stops, with shards that fail at once, and without a plan; a task that is killed:"""
    with work({"1": ["KILL"], "2": ["TERM", "TERM"], "3": ["2"], "merge": ["2"]}) as here:
        home = Home(here)
        home.run("migrate", "-m", "airflow", "db", "migrate")
        say("made a database")
        plan = {"config": str(here.config), "shards": SHARDS, "results": here.results}
        run = home.run_dag("first", **plan)
        check(run["state"] == "success", f"the run ended as {run}")
        here.check_attempts({"0": 1, "1": 2, "2": 3, "3": 1, "4": 1, "5": 1})
        here.merge(here.plan(SHARDS))
        here.check_later_nights(lambda: later_night(home, **plan))

        job = here.dredge("plan", here.config, "--shards", SHARDS, "--results", f"{here.results}second/").strip()
        here.begin({"1": ["3"] * 99, "2": ["1"] * 99})
        run = home.run_dag("second", job=job)
        expected = {"plan": "success", "indexes": "success", "merge": "failed"} | {
            str(index): "failed" if index in (1, 2) else "success" for index in range(SHARDS)
        }
        check(run["state"] == "failed" and states(run) == expected, f"the run ended as {run}")
        here.check_attempts({str(index): 1 for index in range(SHARDS)} | {"merge": 1})

        here.begin()
        run = home.run_dag("third", **plan | {"config": "/none.yaml"})
        expected = {"plan": "failed", "indexes": "upstream_failed", "work": "upstream_failed", "merge": "failed"}
        check(run["state"] == "failed" and states(run) == expected, f"the run ended as {run}")
        here.check_attempts({"merge": 0})

        here.begin({"0": ["WAIT"]})
        home.run("kill", "-c", KILL, here.plan(SHARDS), here.scratch)


if __name__ == "__main__":
    main(dag_runs)
