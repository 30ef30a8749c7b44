"""Frozen values: what :mod:`dataclasses` and :func:`dataclasses.replace` do, in a fraction of their time.

The engine has more than a hundred such classes and starts anew for each command and each task; before Python 3.13,
``dataclass`` compiles six methods of each, which took a seventh of ``arazzo run``. The state of a run is a value of
some thirty members, and changes some thirty times a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace  # whose arguments type checkers know
else:
    import dataclasses
    from dataclasses import field
    from functools import cache, partial
    from operator import attrgetter
    from reprlib import recursive_repr

    _set = object.__setattr__
    _MISSING = dataclasses.MISSING

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        """Make a class a dataclass; if it is frozen, and has no order, just the constructor is compiled."""
        compared = options.pop("eq", True)
        if cls is not None or options != {"frozen": True}:
            return dataclasses.dataclass(cls, eq=compared, **options)
        return partial(_frozen, methods=_METHODS if compared else _UNCOMPARED)

    def _frozen(cls: type, methods: dict[str, Any]) -> type:
        own = dict(cls.__dict__)
        if cls.__doc__ is None:
            cls.__doc__ = cls.__name__  # or dataclasses makes one of the signature, which takes longer than all else
        dataclasses.dataclass(cls, init=False, repr=False, eq=False)
        for name, method in methods.items():
            if own.get(name) is None:
                setattr(cls, name, method)
        if "__init__" not in own:
            cls.__init__ = _constructor(cls)
        return cls

    def _constructor(cls: type) -> Any:
        """Return ``__init__`` of a class, from the names of its fields."""
        known, arguments, members = {"_set": _set, "_MISSING": _MISSING}, ["self"], []
        for each in sorted(dataclasses.fields(cls), key=attrgetter("kw_only")):
            name, argument, member = each.name, each.name, each.name
            if each.default_factory is not _MISSING:
                known[f"_{name}"] = each.default_factory
                argument, member = f"{name}=_MISSING", f"_{name}() if {name} is _MISSING else {name}"
            elif each.default is not _MISSING:
                known[f"_{name}"] = each.default
                argument = f"{name}=_{name}"
            arguments += ["*", argument] if each.kw_only and "*" not in arguments else [argument]
            members.append(f"{name!r}: {member}")
        text = f"def __init__({', '.join(arguments)}): _set(self, '__dict__', {{{', '.join(members)}}})"
        text += "; self.__post_init__()" if hasattr(cls, "__post_init__") else ""
        exec(text, known)  # noqa: S102 - it is made of the names of fields
        known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
        return known["__init__"]

    def _refuse(self: Any, name: str, *_: Any) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot change field {name!r} of {type(self).__name__}")

    def _equal(self: Any, other: Any) -> Any:
        if type(self) is not type(other):
            return NotImplemented
        compared = _compared(type(self))
        return compared(self) == compared(other)

    def _hash(self: Any) -> int:
        return hash(_compared(type(self))(self))

    @cache
    def _compared(cls: type) -> Any:
        names = [field.name for field in dataclasses.fields(cls) if field.compare]
        return attrgetter(*names) if names else type

    @recursive_repr()
    def _repr(self: Any) -> str:
        shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    _UNCOMPARED = {"__repr__": _repr, "__setattr__": _refuse, "__delattr__": _refuse}
    _METHODS = {"__eq__": _equal, "__hash__": _hash, **_UNCOMPARED}

    def replace(value: Any, /, **changes: Any) -> Any:
        """Return a value of the same class with some members changed; TypeError for one that it does not have."""
        cls = type(value)
        names = _copied(cls)
        if names is None:
            return dataclasses.replace(value, **changes)
        members = {**value.__dict__, **changes}  # in two thirds of the time of "|"
        if len(members) != len(names):  # something is cached, too, or there is no such member
            if not names.issuperset(changes):
                return dataclasses.replace(value, **changes)
            members = {name: members[name] for name in names}
        made = object.__new__(cls)
        _set(made, "__dict__", members)
        return made

    @cache
    def _copied(cls: type) -> frozenset[str] | None:
        """Return the names of a class's members; None if copying them is not enough."""
        fields = dataclasses.fields(cls)
        if hasattr(cls, "__post_init__") or hasattr(cls, "__slots__") or not all(field.init for field in fields):
            return None
        return frozenset(field.name for field in fields)


__all__ = ["dataclass", "field", "replace"]
