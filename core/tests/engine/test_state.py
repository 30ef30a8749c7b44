from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from arazzo.engine import State, advance, load_plan, start
from arazzo.engine.state import Call, Detour, Done, Frame, Send, StepRecord
from arazzo.exchange import Exchange, Response

STATE = State(
    frames=(
        Frame(inputs={"a": 1}, step="poll", detour=Detour("wait", Call("retry", 2.0))),
        Frame(plan=("x",), call=Call("step")),
    ),
    records={"poll": StepRecord("poll", status=200)},
)


def test_a_state_is_what_it_was_after_json():
    assert State.from_json(STATE.to_json()) == STATE
    assert State.from_data(json.loads(json.dumps(STATE.to_data(exclude_defaults=True)))) == STATE


@pytest.mark.parametrize(
    "place", [(), ("frames", 0), ("frames", 0, "detour"), ("frames", 1, "call"), ("records", "poll")]
)
def test_a_field_that_is_not_known_is_refused(place):
    data = STATE.to_data()
    inner = data
    for name in place:
        inner = inner[name]
    inner["roundz"] = 3
    with pytest.raises(ValueError, match="roundz"):
        State.from_data(data)


def test_a_misspelt_field_is_an_error_when_a_value_changes():
    with pytest.raises(TypeError, match="roundz"):
        replace(STATE.frame, roundz=3)
    with pytest.raises(FrozenInstanceError):
        STATE.phase = "sent"


API = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "servers": [{"url": "https://a.example"}],
    "paths": {"/a": {"get": {"operationId": "get", "responses": {"200": {"description": "ok"}}}}},
}


@pytest.mark.parametrize("stored", ["as it is", "before steps were kept"])
def test_a_state_that_does_not_tell_completed_steps_sends_nothing_that_depends_on_them(tmp_path, stored):
    (tmp_path / "api.json").write_text(json.dumps(API))
    step = {"stepId": "late", "operationId": "get", "dependsOn": ["$workflows.first.steps.early"]}
    first = {"workflowId": "first", "steps": [{"stepId": "early", "operationId": "get"}]}
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
        "workflows": [{"workflowId": "main", "dependsOn": ["first"], "steps": [step]}, first],
    }
    (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
    plan = load_plan(tmp_path / "w.arazzo.json", "main")
    state, command = advance(plan, start(plan, {}), None, now=0.0)
    assert isinstance(command, Send)
    data = json.loads(state.to_json())
    state, command = advance(plan, State.from_data(data), Exchange(command.request, Response(200)), now=0.0)
    if stored == "as it is":
        assert isinstance(command, Send)
        return
    data = json.loads(state.to_json())
    assert data["workflows"]["first"].pop("steps")
    data["phase"] = "ready"
    _, command = advance(plan, State.from_data(data), None, now=0.0)
    assert isinstance(command, Done)
    assert command.message == (
        "step 'late' depends on step 'early' of workflow 'first', which has not completed; nothing was sent"
    )
