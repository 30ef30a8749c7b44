"""Maps that grow are values, and say what dictionaries say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arazzo.engine.state import Frame, State, StepRecord
from arazzo.growing import Growing, grown

NAMES = st.integers(0, 60).map(str)


@given(st.lists(st.tuples(NAMES, st.integers()), max_size=200))
def test_a_map_that_grew_is_the_dictionary_with_the_same_members_in_the_same_order(members):
    grew, plain = Growing(), {}
    for name, value in members:
        grew, plain = grown(grew, name, value), plain | {name: value}
        assert grew[name] == grew.get(name) == value
        assert name in grew
    assert (list(grew), [*grew.items()], [*grew.values()], [*grew.keys()]) == (
        list(plain),
        [*plain.items()],
        [*plain.values()],
        [*plain],
    )
    assert (len(grew), bool(grew), repr(grew), grew) == (len(plain), bool(plain), repr(plain), plain)
    assert grew.get("none") is None
    assert "none" not in grew


@given(st.lists(NAMES, max_size=80), st.lists(NAMES, max_size=80))
def test_what_is_added_to_one_value_is_not_in_another(some, others):
    grew = {}
    for name in some:
        grew = grown(grew, name, 1)
    before = dict(grew)
    one = two = grew
    for name in others:
        one, two = grown(one, name, 2), grown(two, f"x{name}", 3)
    assert grew == before
    assert one == before | dict.fromkeys(others, 2)
    assert two == before | {f"x{name}": 3 for name in others}


def test_a_state_says_the_same_in_json_however_its_maps_grew():
    steps = [f"s{number}" for number in range(100)]
    outputs, records = {}, {}
    for step in steps:
        outputs, records = grown(outputs, step, {"id": 1}), grown(records, step, StepRecord(step))
    plain = State((Frame(outputs={step: {"id": 1} for step in steps}),), records={s: StepRecord(s) for s in steps})
    grew = State((Frame(outputs=outputs),), records=records)
    assert grew.to_json() == plain.to_json()
    assert State.from_json(grew.to_json()) == grew == plain
