"""A person marks tasks, and a document changes, while a poll waits or after it has failed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, TaskDeferred
from equivalence import in_place_of_the_world
from failures_shown import Answers
from running import Run, first_event, restored

from airflow_arazzo import ArazzoDag

NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"
API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "http://things.example"}]
paths:
  /things: {get: {operationId: listThings, responses: {"200": {description: some}}}}
  /more: {get: {operationId: more, responses: {"200": {description: more}}}}
"""
WATCH = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.openapi.yaml, type: openapi}]
workflows:
- workflowId: w
  x-airflow: {poke_interval: 5}
  steps:
  - stepId: watch
    operationId: listThings
    onSuccess: [{name: again, type: goto, stepId: watch, criteria: [{condition: $statusCode == 202}]}]
"""
BEHIND = """
  - {stepId: behind, operationId: more}
"""
OTHER = """
  - {stepId: other, operationId: more}
"""


# marked


def passed(step, following):
    return {(step, "arazzo"): {"step": step, "outcome": "success", "next": following}}


def refused(step):
    return {(step, "arazzo"): {"step": step, "outcome": "failed", "message": "who knows", "next": None}}


def test_a_step_and_its_branch_that_are_marked_lead_where_a_task_has_run():
    states = dict.fromkeys(("a", "a_branch", "b", "d"), "success")
    run = Run(states=states, xcoms=refused("a") | passed("d", "") | {("d", "return_value"): {"mark": 4}})
    assert run.execute(ArazzoDag(NODES, "diamond").outputs)["d"] == 4
    assert run.xcoms["outputs", "arazzo"]["route"] == ["a", "d"]


def test_where_none_has_run_they_lead_to_the_end():
    states = dict.fromkeys(("a", "b", "b_branch", "c"), "success")
    run = Run(states=states, xcoms=passed("a", "b") | refused("b"))
    run.execute(ArazzoDag(NODES, "diamond").outputs)
    assert run.xcoms["outputs", "arazzo"]["route"] == ["a", "b"]


@pytest.mark.parametrize(
    ("states", "told", "calls"),
    [
        ({"a": "success", "a_branch": "failed"}, {}, False),
        ({"a": "success", "a_branch": "success"}, {}, True),
        (dict.fromkeys(("a", "a_branch", "b", "d"), "success"), passed("b", "") | passed("d", ""), True),
    ],
    ids=["the branch is not marked", "nothing has run", "both have run"],
)
def test_else_the_message_says_what_to_do_and_calls_where_the_branch_has_not(states, told, calls):
    dag = ArazzoDag(NODES, "diamond", default_args={"on_failure_callback": [print]})
    run = Run(states=states, xcoms=refused("a") | told)
    wanted = "several routes lead on: mark the branch after it and the tasks that should not run as a success"
    with pytest.raises(AirflowFailException, match=wanted):
        run.execute(dag.outputs)
    assert dag.outputs.on_failure_callback == ([print] if calls else [])


JUDGED = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.openapi.yaml, type: openapi}]
workflows:
- workflowId: w
  steps:
  - {stepId: read, operationId: listThings, outputs: {state: $response.body#/state}}
  - stepId: decide
    operationId: listThings
    onSuccess:
    - {name: bad, type: goto, stepId: purge, criteria: [{condition: "$steps.read.outputs.state != 'kept'"}]}
    - {name: good, type: end}
  - {stepId: purge, operationId: more}
"""


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({}, "failed"),
        ({("read", "return_value"): {}}, "success"),
        ({("read", "return_value"): {"state": "x"}}, "success"),
    ],
)
def test_what_a_marked_task_has_not_told_decides_nothing(write, told, outcome):
    run = Run(states={"read": "success"}, xcoms=dict(told))
    with in_place_of_the_world(Answers([(200, {})])):
        if outcome == "failed":
            with pytest.raises(AirflowException, match="it is undecided whether to take action 'bad'"):
                run.execute(write(JUDGED).get_task("decide"))
        else:
            run.execute(write(JUDGED).get_task("decide"))
    assert run.xcoms["decide", "arazzo"]["outcome"] == outcome


# changed


@pytest.fixture
def write(tmp_path, settled, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": "http://things.example"}))
    (tmp_path / "api.openapi.yaml").write_text(API)

    def written(text):
        (tmp_path / "t.arazzo.yaml").write_text(text)
        return ArazzoDag(tmp_path / "t.arazzo.yaml")

    return written


def waiting(dag, run):
    with pytest.raises(TaskDeferred) as deferred:
        dag.get_task("watch").execute(run.context("watch"))
    return json.loads(json.dumps(first_event(restored(deferred.value.trigger))))


@pytest.mark.parametrize(
    ("before", "after", "following"),
    [
        ("", BEHIND, "behind"),
        (OTHER, BEHIND + OTHER, "behind"),
        (OTHER, "", ""),
        (BEHIND, BEHIND, "behind"),
        ("", "", ""),
    ],
)
def test_a_poll_goes_on_to_what_the_document_has_behind_it_now(write, before, after, following):
    run = Run()
    with in_place_of_the_world(Answers([(202, {}), (200, {})])):
        event = waiting(write(WATCH + before), run)
        dag = write(WATCH + after)
        dag.get_task("watch").resume_execution("resume", {"event": event}, run.context("watch"))
    assert (run.xcoms["watch", "arazzo"]["outcome"], run.xcoms["watch", "arazzo"]["next"]) == ("success", following)


def test_where_it_cannot_go_on_the_run_says_that_the_document_has_changed(write):
    run = Run()
    with in_place_of_the_world(Answers([(202, {}), (200, {})])):
        event = waiting(write(WATCH), run)
        dag = write(
            WATCH.replace("type: goto, stepId: watch", "type: goto, stepId: before")
            + BEHIND.replace("behind", "before, onSuccess: [{name: b, type: goto, stepId: watch}]")
        )
        with pytest.raises(AirflowException, match="the document has changed while task 'watch' waited"):
            dag.get_task("watch").resume_execution("resume", {"event": event}, run.context("watch"))
    run.states["watch"] = "failed"
    with pytest.raises(AirflowFailException, match="the document has changed while task 'watch' waited"):
        run.execute(dag.outputs)
