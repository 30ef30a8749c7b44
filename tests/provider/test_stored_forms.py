"""What is stored, as files: what this version writes, and that it reads what such files hold.

A release that changes a file changes a form: then the form's number goes up, and rows of the old one are refused with a
sentence (or read, by code that says so). ``UPDATE_GOLDEN=1`` writes the files anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, TaskDeferred
from running import Run, first_event

from airflow_arazzo import ArazzoOutputsOperator, ArazzoStepOperator
from airflow_arazzo.operators.branching import choose_branch
from airflow_arazzo.protocol import xcoms
from airflow_arazzo.protocol.channel import Channel
from airflow_arazzo.protocol.encryption import seal_json, unseal_json
from airflow_arazzo.protocol.envelope import Carried, Sent, pack, unpack
from airflow_arazzo.protocol.route_replay import read_result
from airflow_arazzo.protocol.stored_forms import FORM
from airflow_arazzo.protocol.topology import Course
from airflow_arazzo.triggers.arazzo import ArazzoTrigger
from arazzo.engine import Done, State, load_plan
from arazzo.engine.state import Call, CriterionRecord, Detour, Frame, Mark, StepRecord
from arazzo.secrecy.secrets import Secrets

FILES = Path(__file__).parent / "stored_forms"
NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"
pytestmark = pytest.mark.attack("stored rows", "triggers, states and XComs of another version, or not known whole")
OTHERS = [None, FORM - 1, FORM + 1, str(FORM), FORM + 0.5]


def held(name: str) -> Any:
    return json.loads((FILES / f"{name}.json").read_text())


def is_held(name: str, value: Any) -> None:
    """Assert that what is written has the form of the file."""
    path = FILES / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
    assert json.loads(json.dumps(value)) == json.loads(path.read_text())


RECORD = StepRecord(
    *("a", "getNode", "GET /nodes/{node}", 200, 0.25, "failed"),
    criteria=(CriterionRecord("$statusCode == 200", True, "", "left"),),
    action="left",
    next="b",
    attempts=2,
    rounds=3,
    message="no",
    url="http://nodes.example/nodes/a",
    answer="content-type: application/json",
)
FRAME = Frame(
    inputs={"node": "a", "n": None},
    outputs={"a": {"mark": 1, "none": None}},
    step="a",
    retries={"again": 1},
    attempts=2,
    rounds=3,
    waits=1,
    visited=("a",),
    deadline=1.5e9,
    collected={"a": {"items": 12}},
    detour=Detour("a", Call("retry", 1.5), {"again": 1}, 1),
)
STATE = State(
    frames=(FRAME, Frame(("b",), {}, {}, "b", call=Call("retry", 2.5))),
    scope=("a", "b"),
    elsewhere=("c",),
    phase="waiting",
    resume_at=1.5e9,
    last_status=200,
    workflows={"d": {"inputs": {}, "outputs": {"x": 1}}},
    records={"a": RECORD},
    history=("GET /nodes/{node} -> 200",),
    exchanges=(Mark("a", 1.5e9, 200, 0.25),),
    secrets=Secrets({"hunter2-hunter2": False, "key-of-a-connection": True}),
)
CARRIED = Carried(
    STATE,
    Done("step", "b", "a", "why", {"x": 1}, {"": {"node": "a"}}),
    Sent({"a": 1}, {"a": "key"}, True),
)


@pytest.fixture
def plan():
    return load_plan(NODES, "diamond")


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    return api


def test_the_state_of_a_waiting_task():
    is_held("envelope", unseal_json(pack(CARRIED)))
    assert unpack(seal_json(held("envelope"))) == CARRIED


def deferred(nodes):
    """Return the trigger of a step that waits before it tries again."""
    nodes.on("GET /nodes/flaky", 503, None, Retry_After="60").on("GET /nodes/flaky", 200, {"mark": "ok"})
    with pytest.raises(TaskDeferred) as error:
        ArazzoStepOperator(task_id="flaky", plan=NODES, workflow_id="retry-safe").execute(Run().context("flaky"))
    return error.value.trigger


def test_a_trigger_that_is_held_is_read(nodes):
    stored = json.loads(json.dumps(held("trigger")).replace("{server}", nodes.url))
    nodes.on("GET /nodes/flaky", 200, {"mark": "ok"})
    trigger = ArazzoTrigger(**{**stored, "plan": json.dumps(stored["plan"]), "state": seal_json(stored["state"])})
    event = first_event(trigger)
    assert event["status"] == "done", event
    assert unpack(event["state"]).state.outputs == {"flaky": {"mark": "ok"}}


def test_a_trigger_is_written_as_it_is_held(nodes):
    path, arguments = deferred(nodes).serialize()
    assert path == "airflow_arazzo.triggers.arazzo.ArazzoTrigger"
    plan = json.loads(arguments["plan"].replace(nodes.url, "{server}"))
    plan["document"]["name"] = NODES.name
    state = unseal_json(arguments["state"])
    state["state"] |= {"resume_at": 1.5e9, "history": []}
    for record in state["state"]["records"].values():
        record |= {"seconds": 0.25, "url": record["url"].replace(nodes.url, "{server}")}
    for mark in state["state"]["exchanges"]:
        mark |= {"seconds": 0.25, "at": 1.5e9}
    is_held("trigger", {**arguments, "plan": plan, "state": state})


@pytest.mark.parametrize("version", OTHERS)
def test_a_trigger_of_another_version_ends_its_task_with_that_message(nodes, version):
    arguments = deferred(nodes).serialize()[1]
    arguments = {**arguments, "version": version}
    event = first_event(ArazzoTrigger(**arguments))
    flaky = ArazzoStepOperator(task_id="flaky", plan=NODES, workflow_id="retry-safe")
    with pytest.raises(
        AirflowException, match=f"the trigger cannot be read: it has form .* but this version reads form {FORM}"
    ):
        flaky.resume_execution("resume", {"event": event}, Run().context("flaky"))
    assert len(nodes.lines) == 1


@pytest.mark.parametrize(
    "change", [{"roundz": 3}, {"plan": '{"roundz": 3}'}, {"state": seal_json({"version": FORM + 1})}]
)
def test_a_trigger_that_is_not_known_whole_is_refused(nodes, change):
    arguments = deferred(nodes).serialize()[1]
    trigger = ArazzoTrigger(**{**arguments, **change})
    assert trigger.serialize()[1] == {**arguments, **change}
    event = first_event(trigger)
    assert (event["status"], "cannot be read" in event["message"]) == ("error", True)
    assert len(nodes.lines) == 1


@pytest.mark.parametrize("version", OTHERS)
def test_an_event_of_another_version_ends_its_task_with_that_message(nodes, version):
    event = {"status": "waited", "state": seal_json({**held("envelope"), "version": version})}
    flaky = ArazzoStepOperator(task_id="flaky", plan=NODES, workflow_id="retry-safe")
    with pytest.raises(AirflowException, match="Another version of airflow-provider-arazzo stored it"):
        flaky.resume_execution("resume", {"event": event}, Run().context("flaky"))
    assert nodes.lines == []


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the places of the objects whose fields are ours."""
    if isinstance(value, dict):
        if at[-1:] not in (
            (name,) for name in ("inputs", "outputs", "retries", "workflows", "records", "counts", "open", "collected")
        ):
            yield at
        for name in value.keys() - {
            "inputs",
            "outputs",
            "workflows",
            "retries",
            "counts",
            "open",
            "secrets",
            "collected",
        }:
            yield from paths(value[name], (*at, name))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from paths(member, (*at, number))


@pytest.mark.parametrize("name", ["state", "done", "sent", "end"])
def test_a_state_without_one_of_its_fields_is_refused(name):
    with pytest.raises(AirflowException, match=f"cannot be read: '{name}' is missing"):
        unpack(seal_json({field: value for field, value in held("envelope").items() if field != name}))


@pytest.mark.parametrize("place", sorted(paths(held("envelope")), key=str), ids=str)
def test_a_state_with_an_unknown_field_is_refused_wherever_it_is(place):
    value = held("envelope")
    inner = value
    for name in place:
        inner = inner[name]
    inner["roundz"] = 3
    with pytest.raises(AirflowException, match=r"cannot be read: .*roundz"):
        unpack(seal_json(value))


# XComs


def told(plan) -> Run:
    """Return the run to which a task has told all that there is to tell."""
    run = Run()
    state = replace(STATE, frames=(replace(FRAME, outputs={"a": {"token": "t"}}),))
    channel, done = Channel(run.context("a")["ti"]), replace(CARRIED.done, outputs={"x": 1})
    xcoms.push_region(channel, plan, plan.region_of("a"), state, done, {"d"})
    return run


def test_xcoms_are_written_as_they_are_held(plan):
    run = told(plan)
    assert run.xcoms.keys() == {("a", "arazzo"), ("a", "arazzo_envelope")}
    is_held("told", unseal_json(run.xcoms["a", "arazzo_envelope"]))
    is_held("record", run.xcoms["a", "arazzo"])


def reading(envelope=None, **xcoms) -> Channel:
    """Return the channel of a task after one that has left these XComs."""
    stored = {("a", key): value for key, value in xcoms.items()}
    stored |= {("a", "arazzo_envelope"): seal_json(envelope)} if envelope else {}
    return Channel(Run(xcoms=stored, states={"a": "success"}).context("b")["ti"])


def test_xcoms_that_are_held_are_read(plan):
    channel = reading(held("told"), arazzo=held("record"))
    assert channel.record("a") == {name: value for name, value in held("record").items() if name != "version"}
    assert xcoms.pull_outputs(channel, plan, {r.entry: r.entry for r in plan.regions}, ["a"]) == {"a": {"token": "t"}}
    assert xcoms.pull_workflows(channel, plan, {"d": ["a"]}) == {"d": {"inputs": {}, "outputs": {"x": 1}}}
    assert xcoms.pull_result(channel, "a") == {"x": 1}
    assert xcoms.pull_inputs(channel, plan, "a", "") == {"node": "a"}
    assert "hunter2-hunter2" in channel.ledger.secrets.texts


@pytest.mark.parametrize("version", OTHERS[1:])
def test_a_record_of_another_version_decides_nothing(version):
    run = Run(xcoms={("a", "arazzo"): {**held("record"), "version": version}}, states={"a": "success"})
    with pytest.raises(AirflowFailException, match="the record of task 'a' cannot be read"):
        choose_branch(ti=run.context("a_branch")["ti"], source="a", ways={"b": "b", "": "outputs"})


@pytest.mark.parametrize("change", [*({"version": version} for version in OTHERS), {"more": 1}])
def test_what_another_version_has_told_is_refused(change):
    with pytest.raises(AirflowException, match="what task 'a' has stored cannot be read"):
        reading({**held("told"), **change}).read("a", "outputs")


def test_what_the_version_before_has_stored_is_refused_and_never_half_read(plan, nodes):
    """It told in six XComs what is in one now, and what it showed people was ``***``."""
    before = json.loads((FILES / "form_2.json").read_text())
    sealed = {key: seal_json(value) for key, value in before["xcoms"].items()}
    stored = {("a", key): value for key, value in {**sealed, "arazzo": before["record"]}.items()}
    stored["a", "return_value"] = {"token": "***"}
    run = Run(xcoms=stored, states={"a": "success"})
    channel = Channel(run.context("b")["ti"])
    for read in (
        lambda: xcoms.pull_outputs(channel, plan, {r.entry: r.entry for r in plan.regions}, ["a"]),
        lambda: xcoms.pull_workflows(channel, plan, {"d": ["a"]}),
        lambda: run.execute(ArazzoStepOperator(task_id="b", plan=NODES, workflow_id="diamond")),
        lambda: run.execute(ArazzoOutputsOperator(task_id="outputs", plan=NODES, workflow_id="diamond")),
    ):
        with pytest.raises(AirflowFailException, match="'a' cannot be read: it has form 2, but"):
            read()
    with pytest.raises(AirflowException, match="it has form 2, but this version reads form 3"):
        unpack(seal_json(before["state"]))
    assert nodes.lines == []


STEPS = {"a": {name: value for name, value in held("record").items() if name != "version"}}


@pytest.mark.attack("stored rows", "a record that somebody has made up, or another version")
@pytest.mark.parametrize(
    "change",
    [
        *({"roundz": 3}, {"steps": {"a": {**STEPS["a"], "roundz": 3}}}, {"next": 1}, {"outcome": None}),
        *({"steps": []}, {"steps": {"a": 1}}, {"steps": {"a": {**STEPS["a"], "rounds": "2"}}}, {"stopped": "no"}),
    ],
    ids=str,
)
def test_a_record_that_is_not_known_whole_decides_nothing(change):
    run = Run(xcoms={("a", "arazzo"): {**held("record"), **change}}, states={"a": "success"})
    with pytest.raises(AirflowFailException, match=r"the record of task 'a'.* cannot be read: .*"):
        choose_branch(ti=run.context("a_branch")["ti"], source="a", ways={"b": "b", "": "outputs"})


@pytest.mark.attack("stored rows", "a record that somebody has made up, or another version")
@pytest.mark.parametrize("record", ["a text", 1, ["b"], {"next": ["b"]}, {"next": "b", "steps": 7}], ids=str)
def test_a_record_without_a_version_is_one_of_its_kind_at_least(record):
    run = Run(xcoms={("a", "arazzo"): record}, states={"a": "success"})
    with pytest.raises(AirflowFailException, match="the record of task 'a' cannot be read"):
        choose_branch(ti=run.context("a_branch")["ti"], source="a", ways={"b": "b", "": "outputs"})


@pytest.mark.attack("stored rows", "a record that somebody has made up, or another version")
def test_records_that_lead_in_a_circle_end_the_workflow(plan):
    course = Course(plan, {region.entry: region.entry for region in plan.regions})
    entries = [region.entry for region in plan.regions]
    following = dict(zip(entries, [*entries[1:], entries[0]], strict=True))
    made_up = {(entry, "arazzo"): {"outcome": "success", "next": following[entry]} for entry in entries}
    run = Run(xcoms=made_up, states=dict.fromkeys(entries, "success"))
    with pytest.raises(AirflowFailException, match="lead to step 'a' twice"):
        read_result(Channel(run.context("outputs")["ti"]), course, {})


@pytest.mark.attack("stored rows", "a record that somebody has made up, or another version")
@pytest.mark.parametrize("value", [{"a": 1}, 7, "a text", ["x"]], ids=str)
def test_what_nobody_has_sealed_is_refused(value):
    with pytest.raises(AirflowException, match="a sealed value cannot be read"):
        reading(arazzo_envelope=value).read("a", "outputs")
    for inner in (value, {"version": FORM, "outputs": {}}, {"version": FORM, "outputs": [], "secrets": []}):
        with pytest.raises(AirflowException, match="what task 'a' has stored cannot be read"):
            reading(inner).read("a", "outputs")


# requests that are sent once


def flaky() -> ArazzoStepOperator:
    return ArazzoStepOperator(task_id="flaky", plan=NODES, workflow_id="retry-unsafe")


def test_a_record_of_a_request_is_written_as_it_is_held(nodes):
    nodes.on("POST /nodes/flaky", 200, {"mark": 1})
    run = Run(stored={})
    run.execute(flaky())
    (record,) = run.stored.values()
    assert record.keys() == held("sent")["arazzo_sent_flaky_1"].keys()


def test_a_record_of_a_request_that_is_held_is_read(nodes):
    assert Run(stored=held("sent")).execute(flaky(), try_number=2) == {"mark": 1}
    assert nodes.lines == []


@pytest.mark.attack("stored rows", "a record of a POST that another version has written")
@pytest.mark.parametrize("change", [*({"version": version} for version in OTHERS), {"more": 1}])
def test_a_request_whose_record_cannot_be_read_is_not_sent(nodes, change):
    stored = held("sent")
    stored["arazzo_sent_flaky_1"] |= change
    with pytest.raises(AirflowFailException, match="of a request that may have been sent cannot be read"):
        Run(stored=stored).execute(flaky(), try_number=2)
    assert nodes.lines == []


@pytest.mark.attack("stored rows", "a record of a POST that another version has written")
@pytest.mark.parametrize("name", ["state", "try", "max_tries"])
@pytest.mark.parametrize("value", [None, ["1"]], ids=str)
def test_a_request_of_whose_record_a_part_is_gone_is_not_sent(nodes, name, value):
    stored = held("sent")
    stored["arazzo_sent_flaky_1"] |= {name: value}
    if value is None:
        del stored["arazzo_sent_flaky_1"][name]
    with pytest.raises(AirflowFailException, match=f"cannot be read: '{name}' is (missing|of type list)"):
        Run(stored=stored).execute(flaky(), try_number=2)
    assert nodes.lines == []
