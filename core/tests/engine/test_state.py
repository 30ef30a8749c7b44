from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from arazzo.engine import State
from arazzo.engine.state import Call, Detour, Frame, StepRecord

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
