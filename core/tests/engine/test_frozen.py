"""Frozen values with other members: as dataclasses.replace, whatever the class is like."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property

import pytest

from arazzo.document.models import Criterion
from arazzo.document.settings import Settings
from arazzo.flow import Edge, Plan, Region
from arazzo.frozen import replace


@dataclass(frozen=True)
class Plain:
    number: int
    names: tuple[str, ...] = ()

    @cached_property
    def double(self) -> int:
        return self.number * 2


@dataclass(frozen=True)
class Checked:
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("negative")


@dataclass(frozen=True, slots=True)
class Slotted:
    number: int


@dataclass(frozen=True)
class Noting:
    number: int
    found: dict[str, int] = field(default_factory=dict, init=False)


@pytest.mark.parametrize("value", [Plain(1, ("a",)), Checked(1), Slotted(1), Noting(1)], ids=str)
def test_it_is_what_dataclasses_replace_makes(value: Plain | Checked | Slotted | Noting) -> None:
    made = replace(value, number=2)
    assert made == dataclasses.replace(value, number=2)
    assert type(made) is type(value)
    assert value.number == 1


def test_what_was_computed_from_the_old_members_is_left_behind() -> None:
    value = Plain(1, ("a",))
    assert value.double == 2
    assert replace(value, number=5).double == 10
    assert replace(value, number=5).names == ("a",)


def test_a_value_that_is_noted_beside_is_not_shared() -> None:
    value = Noting(1)
    value.found["a"] = 1
    assert replace(value, number=2).found == {}


def test_a_check_is_made_anew() -> None:
    with pytest.raises(ValueError, match="negative"):
        replace(Checked(1), number=-1)


def test_a_member_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError):
        replace(Plain(1), size=2)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "value", [Settings(), Edge(source="a", target="b", kind="next"), Region(entry="a", steps=("a",))]
)
def test_a_misspelt_field_of_a_frozen_model_is_an_error(value):
    with pytest.raises(TypeError, match="has no field 'timeuot'"):
        value.model_copy(update={"timeuot": 1})


def test_a_changed_copy_computes_anew_what_depends_on_its_fields():
    plan = Plan(key="w", workflow_id="w", steps=(), regions=(), inputs={"properties": {"token": {}}})
    assert plan.secret_inputs == {"token"}
    assert plan.model_copy(update={"inputs": {"properties": {"other": {}}}}).secret_inputs == frozenset()


@pytest.mark.parametrize("fields", [{}, {"condition": "a", "contxt": "b"}])
def test_values_are_not_made_of_other_fields_than_theirs(fields: dict) -> None:
    with pytest.raises(TypeError, match="Criterion is made of other fields"):
        Criterion.model_construct(**fields)
