"""What ``default_args`` do to the tasks of a workflow: the table of docs/operating.md, and what it is there for."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import DAG
from airflow.sdk import Asset
from equivalence import in_place_of_the_world
from executing import Execution
from failures_shown import Answers

from airflow_arazzo import ArazzoDag, ArazzoTaskGroup

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
OPENAPI = """
openapi: 3.1.0
info: {title: Scans, version: "1"}
servers: [{url: "http://scans.example"}]
paths:
  /scans:
    post: {operationId: start, responses: {"200": {description: ok}}}
    get: {operationId: look, responses: {"200": {description: ok}}}
    delete: {operationId: remove, responses: {"200": {description: ok}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: Scans, version: "1"}
sourceDescriptions: [{name: scans, url: scans.openapi.yaml, type: openapi}]
workflows:
  - workflowId: scan
    steps:
      - {stepId: order, operationId: start}
      - stepId: poll
        operationId: look
        onSuccess:
          - {name: again, type: goto, stepId: poll, criteria: [{condition: $response.body#/state == 'busy'}]}
          - {name: failed, type: goto, stepId: clean, criteria: [{condition: $response.body#/state == 'failed'}]}
          - {name: done, type: end, criteria: [{condition: $response.body#/state == 'done'}]}
        outputs: {state: $response.body#/state}
      - {stepId: clean, operationId: remove, outputs: {status: $statusCode}}
    outputs: {state: $steps.poll.outputs.state, cleaned: $steps.clean.outputs.status}
"""


def call(context):
    """Stand for a person's callback."""


VALUES = {
    "trigger_rule": "all_done",
    "do_xcom_push": False,
    "multiple_outputs": True,
    "soft_fail": True,
    "retries": 7,
    "retry_delay": timedelta(seconds=77),
    "outlets": [Asset("scanned")],
    "execution_timeout": timedelta(seconds=70),
    "depends_on_past": True,
    "max_active_tis_per_dag": 3,
    **{f"on_{event}_callback": [call] for event in ("failure", "success", "retry", "execute", "skipped")},
    "pool": "narrow",
    "queue": "far",
    "priority_weight": 9,
    "deferrable": False,
    "mode": "reschedule",
    "poke_interval": 11.0,
    "timeout": 1234.0,
}
#: The tasks of each column.
COLUMNS = (("g.order", "g.clean"), ("g.poll",), ("g.inputs", "g.poll_branch", "g.outputs"), ("g.begin", "g.done"))


def rows():
    """Return the rows of the page's table by setting."""
    table = PAGE.read_text().partition("| setting |")[2].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table if line.startswith("|")]
    return {row[0].strip("`"): row[1:] for row in cells}


@pytest.fixture
def document(tmp_path):
    (tmp_path / "scans.openapi.yaml").write_text(OPENAPI)
    (tmp_path / "scan.arazzo.yaml").write_text(DOCUMENT)
    return tmp_path / "scan.arazzo.yaml"


def tasks(document, **default_args):
    """Return the tasks of the workflow by column of the table."""
    with DAG("own", schedule=None, default_args=default_args) as dag:
        ArazzoTaskGroup(document, group_id="g")
    return [[dag.get_task(name) for name in column] for column in COLUMNS]


def test_the_table_has_every_setting():
    assert rows().keys() == VALUES.keys()


@pytest.mark.parametrize("setting", VALUES)
def test_a_setting_does_what_the_page_says(document, setting):
    before, after = tasks(document), tasks(document, **{setting: VALUES[setting]})
    for said, plain, changed in zip(rows()[setting], before, after, strict=True):
        for one, other in zip(plain, changed, strict=True):
            was, found = getattr(one, setting, None), getattr(other, setting, None)
            applied = said.startswith("applied") or (said == "`outputs` alone" and other.task_id == "g.outputs")
            if said != "-":
                assert found == (VALUES[setting] if applied else was), (other.task_id, said)


def test_the_document_comes_before_default_args(document):
    document.write_text(
        DOCUMENT.replace("outputs: {state: $resp", "x-airflow: {timeout: 5}\n        outputs: {state: $resp")
    )
    _, (poll,), _, _ = tasks(document, timeout=1234, poke_interval=timedelta(seconds=11))
    assert (poll.timeout, poll.poke_interval) == (5, 11)


def test_so_they_are_in_a_dag_and_in_a_group_of_tasks_with_its_own(document):
    dag = ArazzoDag(document, default_args={"poke_interval": 11})
    assert dag.get_task("poll").poke_interval == 11
    with DAG("own", schedule=None, default_args={"poke_interval": 11, "retries": 7}) as dag:
        ArazzoTaskGroup(document, group_id="g", default_args={"poke_interval": 12, "retries": 8})
    assert (dag.get_task("g.poll").poke_interval, dag.get_task("g.poll").retries) == (12, 8)


@pytest.mark.parametrize(("value", "deferrable"), [(None, True), ("True", True), ("False", False)])
def test_the_environment_says_whether_polls_are_deferrable(document, monkeypatch, value, deferrable):
    if value is not None:
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", value)
    assert ArazzoDag(document).get_task("poll").deferrable is deferrable


def test_no_trigger_rule_sends_the_deletion_behind_a_poll_that_failed(document):
    sent = []

    class World(Answers):
        def send(self, request):
            sent.append(str(request))
            return super().send(request)

    world = World([(200, {}), (500, {"state": "failed"})])
    dag = ArazzoDag(document, default_args={"trigger_rule": "all_done", "do_xcom_push": False, "soft_fail": True})
    with in_place_of_the_world(world):
        run = Execution(dag, {}, world)
        assert run.finish() == "failed"
    assert sent == ["POST /scans", "GET /scans"]
    assert run.states["clean"] == "upstream_failed"
    assert json.dumps(run.run.xcoms["outputs", "arazzo"]["route"]) == '["order", "poll"]'
