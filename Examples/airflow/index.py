"""A DAG that plans a job, indexes one shard in each mapped task, and merges.

For Airflow 3, tried with 3.3; older ones have the exceptions in `airflow.exceptions`. `dredge` must be in PATH where
tasks run, with credentials of its own. Airflow maps 1,024 tasks at most, unless `[core] max_map_length` says otherwise.
"""

import json
from datetime import timedelta

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import BaseOperator, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException


class Shard(BaseOperator):
    """One worker. Stopped (4) or dead by a signal, it is worth another attempt; 1 and 3 would be the same again."""

    template_fields = ("job", "scratch")

    def __init__(self, *, job, index, scratch, **arguments):
        super().__init__(**arguments)
        self.job, self.index, self.scratch = job, index, scratch
        self.hook = None

    def execute(self, context):
        self.hook = SubprocessHook()
        command = ["dredge", "worker", "--job", self.job, "--shard-index", str(self.index), "--scratch", self.scratch]
        code = self.hook.run_command(command).exit_code
        if code in (1, 3):
            raise AirflowFailException(f"shard {self.index} ended with {code}")
        if code not in (0, 2):  # 2: the shard is done, and the merge tells which objects failed
            raise AirflowException(f"shard {self.index} ended with {code}")

    def on_kill(self):
        if self.hook:
            self.hook.send_sigterm()


# Change: the params' defaults, or give others when you trigger the DAG.
@dag(
    dag_id="dredge",
    schedule=None,
    params={
        "config": "/etc/dredge/contracts.yaml",
        "shards": 100,
        "results": "s3://results/contracts",
        "scratch": "/tmp",  # a folder where tasks run
    },
)
def index():
    # The last line that a command prints becomes its value, be it of standard output or of standard error.
    plan = BashOperator(
        task_id="plan",
        bash_command='job=$(dredge plan "$CONFIG" --shards "$SHARDS" --results "$RESULTS" --json) && echo "$job"',
        env={"CONFIG": "{{ params.config }}", "SHARDS": "{{ params.shards }}", "RESULTS": "{{ params.results }}"},
        append_env=True,
        output_processor=json.loads,
    )

    @task
    def indexes(plan):
        return list(range(plan["shard_count"]))

    job = "{{ ti.xcom_pull(task_ids='plan')['job'] }}"
    work = Shard.partial(
        task_id="work",
        job=job,
        scratch="{{ params.scratch }}",
        retries=10,
        retry_delay=timedelta(seconds=10),
        max_active_tis_per_dagrun=20,  # change: how many at once
    ).expand(index=indexes(plan.output))

    # Also where shards have failed: it names them, and fails with 3. With 2 the catalog is written.
    merge = BashOperator(
        task_id="merge",
        bash_command='dredge merge --job "$JOB"; code=$?; [ "$code" = 2 ] || exit "$code"',
        env={"JOB": job},
        append_env=True,
        trigger_rule="all_done",
    )
    plan >> work >> merge


index()
