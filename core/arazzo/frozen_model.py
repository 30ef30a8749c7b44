"""Frozen pydantic values: fields are checked when they are read from data, and by name when one is changed.

Modules with such classes do without ``from __future__ import annotations``: pydantic would compile the text of each
field's annotation when the module is imported, which took a third of the time of making the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict
from typing_extensions import Self

_set = object.__setattr__


class FrozenModel(BaseModel):
    """The base of values that go to JSON and back; validators, which take a while to build, are built when needed.

    A document of ten thousand steps makes some hundred thousand of them. So this leaves out pydantic's own way of
    making and copying them, which takes four times as long.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @classmethod
    def model_construct(  # type: ignore[override] # mypy knows those of the subclasses by its plugin
        cls, _fields_set: set[str] | None = None, **values: Any
    ) -> Self:
        """Return a value from fields that are known to fit, by their Python names.

        :raises TypeError: if a field is missing or unknown.
        """
        fields = _fields(cls)
        members = {**fields.defaults, **values}
        if len(members) != len(fields.defaults) or not fields.required <= values.keys():
            raise TypeError(f"{cls.__name__} is made of other fields than {', '.join(values)}")
        for name, make in fields.factories:
            if name not in values:
                members[name] = make()
        return cls._of(members, fields.names if _fields_set is None else _fields_set)

    @classmethod
    def _of(cls, members: dict[str, Any], given: set[str]) -> Self:
        made = cls.__new__(cls)
        _set(made, "__dict__", members)
        _set(made, "__pydantic_fields_set__", given)
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed; TypeError for an unknown field.

        What is cached in the value is not copied, since it depends on the fields.
        """
        if deep:
            return super().model_copy(update=update, deep=True)
        cls, update, members = type(self), update or {}, self.__dict__
        names, given = _fields(cls).names, self.__pydantic_fields_set__
        if unknown := update.keys() - names:
            raise TypeError(f"{cls.__name__} has no field '{min(unknown)}'")
        if len(members) > len(names):
            members = {name: members[name] for name in _fields(cls).defaults}  # in their order, which JSON has, too
        return cls._of({**members, **update}, given if given is names else given.union(update))

    def __copy__(self) -> Self:
        """Return a copy without what is cached."""
        return self.model_copy()


class _Fields(NamedTuple):
    """The fields of a class in order, with their defaults, which of them are required, and what makes some of them."""

    names: set[str]
    defaults: dict[str, Any]
    required: frozenset[str]
    factories: tuple[tuple[str, Callable[[], Any]], ...]


@cache
def _fields(cls: type[FrozenModel]) -> _Fields:
    fields = cls.model_fields.items()
    factories: Any = ((name, field.default_factory) for name, field in fields if field.default_factory is not None)
    required = frozenset(name for name, field in fields if field.is_required())
    defaults = {name: field.default for name, field in fields}
    return _Fields(set(defaults), defaults, required, tuple(factories))
