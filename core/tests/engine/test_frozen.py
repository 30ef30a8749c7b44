"""Frozen values: as dataclasses makes them, whatever the class is like."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import pytest

from arazzo import frozen
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


def values_of(made_by: Any) -> Any:
    """Return two classes that are frozen by a decorator of that name, the second of which extends the first."""

    @made_by(frozen=True)
    class Kept:
        number: int
        shown: str = field(default="a", repr=False)
        noted: str = field(default="", compare=False)
        names: dict[str, int] = field(default_factory=dict, hash=None)
        at: ClassVar[int] = 7
        last: int = field(default=0, kw_only=True)

    @made_by(frozen=True)
    class More(Kept):
        own: tuple[int, ...] = (1,)

        def __repr__(self) -> str:
            return "own"

    return Kept, More


@pytest.mark.parametrize(
    "look",
    [
        lambda kept, more: [repr(kept(1, last=2)).split(".")[-1], repr(more(1))],
        lambda kept, more: [kept(1) == kept(1), kept(1) == kept(2), kept(1) == more(1), more(1) == more(1, own=(2,))],
        lambda kept, more: [kept(1, noted="a") == kept(1, noted="b"), kept(1, shown="b") == kept(1), kept(1) == 1],
        lambda kept, more: [vars(kept(1)), vars(more(1, "b", last=3)), kept.at, kept(1).names is kept(1).names],
        lambda kept, more: [kept.__match_args__, [each.name for each in dataclasses.fields(more)]],
        lambda kept, more: [str(inspect.signature(kept).replace(return_annotation=None)).count(name) for name in "*="],
        lambda kept, more: [dataclasses.asdict(more(3)), vars(dataclasses.replace(more(3), number=4))],
        lambda kept, more: [vars(copy.deepcopy(more(3))), vars(pickle.loads(pickle.dumps(Plain(3))))],
        lambda kept, more: kept(),
        lambda kept, more: kept(1, 2, 3, {}, 5),
        lambda kept, more: kept(1, other=2),
        lambda kept, more: setattr(kept(1), "number", 2),
        lambda kept, more: setattr(more(1), "other", 2),
        lambda kept, more: delattr(more(1), "own"),
        lambda kept, more: hash(kept(1)),
    ],
)
def test_classes_are_as_dataclasses_makes_them(look: Any) -> None:
    def found(made_by: Any) -> Any:
        try:
            return look(*values_of(made_by))
        except FrozenInstanceError as error:
            return type(error)
        except TypeError as error:
            return str(error)

    assert found(frozen.dataclass) == found(dataclass)


def test_equal_values_have_one_hash() -> None:
    @frozen.dataclass(frozen=True)
    class Value:
        number: int
        text: str = field(default="", compare=False)

    assert {Value(1, "a"): 1, Value(2): 2}[Value(1, "b")] == 1


def test_a_class_may_check_its_members_and_equal_nothing_else() -> None:
    @frozen.dataclass(frozen=True, eq=False)
    class Own:
        number: int
        seen: dict[str, int] = field(default_factory=dict)

        def __post_init__(self) -> None:
            if self.number < 0:
                raise ValueError("negative")

    value = Own(1)
    assert {value: 1}[value] == 1
    assert value != Own(1)
    assert repr(value).endswith("Own(number=1, seen={})")
    with pytest.raises(FrozenInstanceError):
        value.number = 2  # type: ignore[misc]
    for make in (lambda: Own(-1), lambda: replace(value, number=-1)):
        with pytest.raises(ValueError, match="negative"):
            make()
