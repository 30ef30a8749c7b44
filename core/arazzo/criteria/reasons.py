"""The reason of a verdict: the condition and the values it saw, fit for a log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from arazzo.absent import ABSENT, Absent, Unreadable
from arazzo.criteria.comparison import NoLength
from arazzo.criteria.condition_evaluation import NoAnswerError, Scope, Several, value_of
from arazzo.criteria.syntax_tree import Condition
from arazzo.errors import EvaluationError, GaveUpError
from arazzo.exact_numbers import Beyond
from arazzo.expressions.context import unchanged
from arazzo.expressions.open_members import OpenMembers

MAX_CONDITION = 160
MAX_STRING = 48
MAX_VALUES = 6
_SECRET = re.compile(
    r"passw|passphrase|secret|token|authori[sz]ation|cookie|credential|api[-_]?key|(access|private|signing)[-_]?key",
    re.IGNORECASE,
)


def reason(condition: str, seen: Iterable[tuple[str, Any]], conceal: Callable[[str], str] = unchanged) -> str:
    """Return ``condition: operand was value, ...``.

    :param condition: as written; a long one is cut.
    :param seen: the operands by name, with their values; a name that mentions a secret hides its value.
    :param conceal: hides what is secret in a text before that is cut: nobody can recognise part of a secret.
    """
    texts = list(dict.fromkeys(f"{_line(name)} was {shown(value, name, conceal)}" for name, value in seen))
    more = ["..."] if len(texts) > MAX_VALUES else []
    values = ", ".join(texts[:MAX_VALUES] + more)
    text = _cut(conceal(_line(condition)), MAX_CONDITION)
    return f"{text}: {values}" if values else text


def observed(condition: Condition, scope: Scope, owner: str = "") -> list[tuple[str, Any]]:
    """Return the operands of a condition with their values.

    :param owner: the context of the paths, whose name may mention a secret too.
    """
    seen = []
    for operand in condition.operands:
        try:
            value = value_of(operand, scope)
        except NoAnswerError:
            value = ABSENT
        except (EvaluationError, GaveUpError):
            continue
        seen.append((operand.text, "***" if _SECRET.search(owner) and not isinstance(value, Absent) else value))
    return seen


def shown(value: Any, name: str = "", conceal: Callable[[str], str] = unchanged) -> str:
    """Return a value in one or two words: scalars as they are, structures by their size.

    :param name: the operand's name; ``***`` is shown for one that mentions a secret.
    :param conceal: hides what is secret in a text; a number is hidden if all of it is a secret.
    """
    if type(value) in (str, int):
        return _scalar(value, name, conceal)
    if isinstance(value, (Absent, NoLength)):
        return "absent"
    if isinstance(value, (Unreadable, Beyond)):
        return "unreadable" if isinstance(value, Unreadable) else "beyond a limit"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Several):
        return shown(value.values[0], name, conceal) if len(value.values) == 1 else f"{len(value.values)} values"
    if isinstance(value, Mapping):
        return f"object of {len(value)}" if type(value) is not OpenMembers else "an object that is only partly known"
    if isinstance(value, (list, tuple)):
        return f"array of {len(value)}"
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes"
    return _scalar(value, name, conceal)


def _scalar(value: Any, name: str, conceal: Callable[[str], str]) -> str:
    if _SECRET.search(name) or value == "***":
        return "***"
    if isinstance(value, str):
        return repr(_cut(conceal(value), MAX_STRING))
    return "***" if conceal(str(value)) == "***" else _cut(str(value), MAX_STRING)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _line(text: str) -> str:
    return " ".join(text.split())
