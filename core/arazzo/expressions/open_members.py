"""All inputs, or all outputs of a step, where some are not known: what can still be said of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from arazzo.absent import ABSENT, NOT_RUN, UNKNOWN, Absent, Unreadable
from arazzo.errors import EvaluationError, UnreadableError


class NotRunError(EvaluationError):
    """A look at an output of a step or workflow that did not run."""


class OpenMembers(dict[str, Any]):
    """An object in which looking at an unknown member, or at all members, is an error; at another member it is not.

    :param text: the expression whose value it is, for messages.
    """

    def __init__(self, values: Mapping[str, Any], text: str) -> None:
        super().__init__((name, value) for name, value in values.items() if value is not ABSENT)
        self.text = text

    @property
    def known(self) -> Any:
        """What a request gets of it: the known members; nothing if one is lost, Unreadable if one cannot be read."""
        values = list(dict.values(self))
        lost = (value for value in values if isinstance(value, Unreadable) or value is UNKNOWN)
        return next(
            lost, {name: dict.get(self, name) for name in dict.keys(self) if dict.get(self, name) is not NOT_RUN}
        )

    @property
    def kind(self) -> Absent | None:
        """Which kind of absent it is where nothing is found in it."""
        kinds = list(dict.values(self))
        return next((kind for kind in (UNKNOWN, NOT_RUN) if kind in kinds), None)

    def __getitem__(self, name: str) -> Any:
        return self._known(name, super().__getitem__(name))

    def get(self, name: str, default: Any = None) -> Any:
        """Return a member, or the default."""
        return self._known(name, super().get(name, default))

    def __contains__(self, name: object) -> bool:
        self.get(str(name))
        return super().__contains__(name)

    def _known(self, name: str, value: Any) -> Any:
        if isinstance(value, Unreadable):
            raise UnreadableError(f"'{name}' of {self.text}: {value}")
        if value is UNKNOWN:
            raise UnreadableError(f"'{name}' of {self.text} is not known: what gives it failed or got no answer")
        if value is NOT_RUN:
            raise NotRunError(f"'{name}' of {self.text} is not known: what gives it did not run")
        return value

    def _all(self, *_: object) -> NoReturn:
        for name in dict.keys(self):
            self.get(name)
        raise AssertionError("one member at least is not known")

    __iter__ = keys = values = items = __len__ = __eq__ = __ne__ = _all


def all_members(values: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return named values as an object, without what is absent."""
    if any(isinstance(value, Unreadable) or value in (UNKNOWN, NOT_RUN) for value in values.values()):
        return OpenMembers(values, text)
    return {name: value for name, value in values.items() if value is not ABSENT}
