"""The setting ``contract``: what is checked against an API's description, and what happens where it differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from arazzo.document.shape import near

Check = Literal["status", "content_type", "schema"]
Level = Literal["off", "warn", "fail"]
On = Literal["warn", "fail"]
CHECKS: tuple[str, ...] = get_args(Check)
LEVELS: tuple[str, ...] = get_args(Level)


def contract_levels(value: Any) -> tuple[Any, str]:
    """Return the level of each check that a value of the setting names, and what is wrong with the value.

    :param value: a level for all checks, or a map of levels by check; None for nothing.
    :returns: a map, or None; and a sentence, empty if nothing is wrong.
    """
    if isinstance(value, str):
        return dict.fromkeys(CHECKS, value), "" if value in LEVELS else _no_level(value)
    if not isinstance(value, Mapping):
        return value, "" if value is None else f"it is {_listed(LEVELS)}, or a map of such by {_listed(CHECKS)}"
    for name, level in value.items():
        if name not in CHECKS:
            return value, f"there is no check '{name}'; " + (near(name, CHECKS) or f"there are {', '.join(CHECKS)}")
        if level not in LEVELS:
            return value, f"'{name}': {_no_level(level)}"
    return dict(value), ""


def levels_of(setting: Any) -> Mapping[Check, On]:
    """Return the levels of the checks that are on by the setting as it is read."""
    levels: dict[Check, Any] = dict(setting or {})
    return {check: level for check, level in levels.items() if level != "off"}


def _no_level(value: Any) -> str:
    given = f"'{value}'" if isinstance(value, str) else "this"
    return f"{given} is not one of {', '.join(LEVELS)}"


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
