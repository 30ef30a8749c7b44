"""The part of an input's schema for Airflow: what it can check in bounded time, and understands correctly.

Airflow checks Params with ``jsonschema`` and patterns of ``re``, which nobody can interrupt, and does so also in the
API server. What is left out here is still checked before the first request of a run.
"""

from __future__ import annotations

import re
from typing import Any

from arazzo.document.formats import FORMATS
from arazzo.document.schemas import below, rewritten

#: Where a schema says its name. Nothing refers to that once references are written out.
_NAMES = frozenset(("$id", "$schema", "$anchor", "$dynamicAnchor", "$vocabulary", "$comment"))
#: Keywords that refuse more when their schemas refuse less.
_CONTRARY = frozenset(("not", "if", "then", "else", "oneOf", "contains", "unevaluatedProperties", "unevaluatedItems"))
#: Names that Airflow uses otherwise where it reads the keywords of a stored Param as arguments.
_ARGUMENTS = frozenset(("self", "default", "description", "source"))
#: Formats that Airflow's library asserts as we do, or not at all; others are asserted only before the first request.
_FORMATS = frozenset(FORMATS) - {"date", "date-time", "email", "ipv4", "ipv6", "uuid"}
# Of the letters, those of which ``re`` has more characters than ECMA-262, so it refuses nothing that we accept.
_CLASS = r"(?:\[(?!\^)(?:\\[dw]|\\[^\w\s]|[^\\\[\]])+\]|\[\^(?:\\[^\w\s]|[^\\\[\]])+\])"
_PIECE = re.compile(
    rf"(?P<atom>{_CLASS}|\\[dw]|\\[^\w\s]|[^\\\[\](){{}}*+?|^$])"
    r"(?P<times>[*+?]|\{(?P<low>[0-9]{1,3})(?P<range>,(?P<high>[0-9]{1,3})?)?\})?"
    r"|\((?:\?:)?|\)(?![*+?{])|[|^$]"
)
_MOST_WAYS = 100


def param_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a Param: no stricter than the input's, and complete in itself.

    :param schema: of the input, with the definitions that it needs.
    """
    weaker = any("patternProperties" in part or _dropped(part) for part in below(schema, None))
    kept = _kept(schema, weaker)
    return {name: value for name, value in kept.items() if name not in _ARGUMENTS}


def is_harmless(pattern: str) -> bool:
    """Say whether ``re`` plainly has a pattern and is soon done with it, whatever the text.

    Its repetitions are of single characters, at most one of them is unbounded, and it is tried only from the start of
    the text.
    """
    at, endless, ways, repeats = 0, 0, 1, False
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            return False
        at = piece.end()
        if piece["times"]:
            repeats = True
            least, most = _times(piece)
            endless += most is None
            ways *= 1 if most is None else max(1, most - least + 1)
    anchored = pattern.startswith("^") and "|" not in pattern
    return endless <= 1 and ways <= _MOST_WAYS and (anchored or not repeats) and _compiles(pattern)


def _times(piece: re.Match[str]) -> tuple[int, int | None]:
    if piece["low"] is None:
        return 0, 1 if piece["times"] == "?" else None
    low = int(piece["low"])
    if piece["range"] is None:
        return low, low
    return low, int(piece["high"]) if piece["high"] else None


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _dropped(schema: dict[str, Any]) -> set[str]:
    """Return the keywords that Airflow would assert differently."""
    dropped = set() if is_harmless(schema.get("pattern", "")) else {"pattern"}
    dropped |= set() if isinstance(schema.get("multipleOf", 1), int) else {"multipleOf"}  # 19.99 is one of 0.01
    return dropped | ({"format"} if schema.get("format") in _FORMATS else set())


def _kept(schema: Any, weaker: bool) -> Any:
    """Return a schema without what is not for Airflow.

    :param weaker: whether part of it checks something, so that a keyword that reverses a check cannot stay either.
    """
    if not isinstance(schema, dict):
        return schema
    gone = _NAMES | _CONTRARY if weaker else _NAMES
    if "patternProperties" in schema:
        gone |= {"patternProperties", "additionalProperties"}
    gone |= _dropped(schema)
    return {
        name: rewritten(name, value, lambda item, _: _kept(item, weaker))
        for name, value in schema.items()
        if name not in gone
    }
