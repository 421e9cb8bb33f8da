"""A DAG that each night plans what is new or changed, indexes one shard in each mapped task, and merges.

The first job reads everything. For Airflow 3, tried with 3.3; older ones have the exceptions in `airflow.exceptions`.
`dredge` must be in PATH where tasks run, with credentials of its own. Airflow maps 1,024 tasks at most, unless `[core]
max_map_length` says otherwise.
"""

import json
import os
from datetime import timedelta

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import BaseOperator, Param, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException


class Shard(BaseOperator):
    """One worker. Stopped (4) or dead by a signal, it is worth another attempt; 1 and 3 would be the same again."""

    template_fields = ("job", "scratch", "env")

    def __init__(self, *, job, index, scratch, env, **arguments):
        super().__init__(**arguments)
        self.job, self.index, self.scratch, self.env = job, index, scratch, env
        self.hook = None

    def execute(self, context):
        self.hook = SubprocessHook()
        command = ["dredge", "worker", "--job", self.job, "--shard-index", str(self.index), "--scratch", self.scratch]
        code = self.hook.run_command([*command, "--accept-failed-objects"], env=os.environ | self.env).exit_code
        if code in (1, 3):
            raise AirflowFailException(f"shard {self.index} ended with {code}")
        if code != 0:
            raise AirflowException(f"shard {self.index} ended with {code}")

    def on_kill(self):
        if self.hook:
            self.hook.send_sigterm()


# Change: what the config's ${NAME} needs, as {"NAME": "{{ conn.storage.password }}"}, and AWS_ENDPOINT_URL_S3 of an
# S3-compatible service. Tasks also have the environment of Airflow's workers.
ENVIRONMENT = {}


# Change: the params' defaults, or give others when you trigger the DAG.
@dag(
    dag_id="dredge",
    schedule="30 1 * * *",  # change: None, and it runs only when it is triggered
    max_active_runs=1,
    params={
        "config": "/etc/dredge/contracts.yaml",
        "shards": 100,
        "results": "s3://results/contracts/",
        "job": Param(None, type=["null", "string"], description="a job that exists, in the place of planning one"),
        "scratch": "/tmp",  # a folder where tasks run, with room for some half of a shard's text
    },
)
def index():
    # The last line that a command prints becomes its value, be it of standard output or of standard error. With 2 there
    # is a job, too: the log says what it has not removed, or what the listing may lack.
    plan = BashOperator(
        task_id="plan",
        bash_command='job=$({% if params.job %}dredge status --job "$JOB"{% else %}dredge plan "$CONFIG" '
        '--shards "$SHARDS" --results "$RESULTS" --since latest{% endif %} --json) || [ $? = 2 ] && echo "$job"',
        env=ENVIRONMENT | {name.upper(): f"{{{{ params.{name} }}}}" for name in ("job", "config", "shards", "results")},
        append_env=True,
        output_processor=json.loads,
    )

    @task
    def indexes(plan):
        return list(range(plan["shard_count"]))

    job = "{{ ti.xcom_pull(task_ids='plan', default={'job': ''})['job'] }}"
    work = Shard.partial(
        task_id="work",
        job=job,
        scratch="{{ params.scratch }}",
        env=ENVIRONMENT,
        retries=10,
        retry_delay=timedelta(seconds=10),
        max_active_tis_per_dagrun=20,  # change: how many at once
    ).expand(index=indexes(plan.output))

    # Also where shards have failed: it names them, and fails.
    merge = BashOperator(
        task_id="merge",
        bash_command='exec dredge merge --job "${JOB:?there is none, since plan failed}" --accept-failed-objects',
        env=ENVIRONMENT | {"JOB": job},
        append_env=True,
        trigger_rule="all_done",
    )
    plan >> work >> merge


index()
