"""The DAGs that are disturbed: one request each, a poll, or a retry, on the worker or with the triggerer's help."""

import os
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, get_parsing_context

from airflow_arazzo import ArazzoDag, ArazzoOutputsOperator, ArazzoStepOperator
from airflow_arazzo.operators.branching import choose_branch
from arazzo.engine import load_plan
from arazzo.flow import Options

DOCUMENT = Path(os.environ["FAULTS_DOCUMENT"])
MARKS = Path(os.environ["FAULTS_MARKS"])
AGAIN = {"retries": 2, "retry_delay": 1, "max_active_runs": 50}


class Pausing:
    """A task instance that takes its time before it pushes the first XCom of a try."""

    def __init__(self, ti, key):
        self._ti, self._key = ti, key

    def __getattr__(self, name):
        return getattr(self._ti, name)

    def xcom_push(self, *args, **kwargs):
        pause(self._key)
        return self._ti.xcom_push(*args, **kwargs)


def pause(key):
    """Say that the moment has come, and wait until it is over."""
    (MARKS / f"{key}.paused").touch()
    deadline = time.monotonic() + 300
    while not (MARKS / f"{key}.released").exists() and time.monotonic() < deadline:
        time.sleep(0.1)


class PausingStep(ArazzoStepOperator):
    """A step that has its answer, and tells nobody yet."""

    def execute(self, context):
        return super().execute({**context, "ti": Pausing(context["ti"], context["params"]["key"])})


class PausingOutputs(ArazzoOutputsOperator):
    """The last task, in its midst."""

    def execute(self, context):
        return super().execute({**context, "ti": Pausing(context["ti"], context["params"]["key"])})


def choose_late(*, params, **arguments):
    pause(params["key"])
    return choose_branch(params=params, **arguments)


def build(method):
    plan = load_plan(DOCUMENT, method, Options())
    if wanted(f"{method}-pause"):
        with DAG(f"{method}-pause", params={"key": Param(type="string")}, max_active_runs=50):
            step = PausingStep(task_id="ask", plan=plan, retries=2, retry_delay=timedelta(seconds=1))
            step >> ArazzoOutputsOperator(task_id="outputs", plan=plan, trigger_rule="all_done")
    if wanted(f"{method}-outputs"):
        with DAG(f"{method}-outputs", params={"key": Param(type="string")}, max_active_runs=50):
            step = ArazzoStepOperator(task_id="ask", plan=plan, retries=2, retry_delay=timedelta(seconds=1))
            step >> PausingOutputs(
                task_id="outputs", plan=plan, trigger_rule="all_done", retries=2, retry_delay=timedelta(seconds=1)
            )
    if wanted(f"{method}-fork"):
        fork = ArazzoDag(DOCUMENT, f"{method}-fork", settings=AGAIN)
        fork.get_task("ask_branch").python_callable = choose_late
    variant(method, method)
    variant(f"{method}-once", method, retries=0)
    for name in ("hasty", "nowhere"):
        variant(f"{method}-{name}", method, retries=1, connection=name)
    for kind in ("busy", "poll"):
        variant(f"{method}-{kind}", f"{method}-{kind}")
        variant(f"{method}-{kind}-worker", f"{method}-{kind}", deferrable=False)


def variant(dag_id, workflow_id, **settings):
    if wanted(dag_id):
        ArazzoDag(DOCUMENT, workflow_id, dag_id=dag_id, settings={**AGAIN, **settings})


def wanted(dag_id):
    return get_parsing_context().dag_id in {None, dag_id}


build("get")
build("post")
for other in ("put", "patch", "delete"):
    variant(other, other)
variant("post-key", "post", idempotency_key="Idempotency-Key")
variant("post-resend", "post", resend=True)
