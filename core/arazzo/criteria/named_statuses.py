"""Which status codes criteria name: whoever writes ``$statusCode == 302`` wants to see the redirect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from arazzo.document.models import Criterion

_STATUS = r"\$statusCode"
_EQUAL = re.compile(rf"{_STATUS}\s*[!=]=\s*['\"]?([0-9]{{3}})\b|\b([0-9]{{3}})['\"]?\s*[!=]=\s*{_STATUS}")
_FROM = re.compile(rf"{_STATUS}\s*(?:>=\s*300|>\s*299)\b")
_TO = re.compile(rf"{_STATUS}\s*(?:<\s*400|<=\s*399)\b")
_NUMBER = re.compile(r"(?<![\w.])[0-9]{3}(?![\w.])")


def named_statuses(criteria: Iterable[Criterion], statuses: Iterable[int]) -> tuple[int, ...]:
    """Return those of the statuses that some of the criteria name, in order."""
    known = tuple(criteria)
    return tuple(status for status in statuses if any(_names(criterion, status) for criterion in known))


def _names(criterion: Criterion, status: int) -> bool:
    condition = criterion.condition
    if (criterion.context or "").strip() == "$statusCode":
        if criterion.kind == "regex":
            return _matches(condition, str(status)) and not _matches(condition, "200")
        return str(status) in _NUMBER.findall(condition)
    if _FROM.search(condition) and _TO.search(condition):
        return 300 <= status <= 399
    return str(status) in _equals(condition)


def _equals(condition: str) -> Iterator[str]:
    return (left or right for left, right in _EQUAL.findall(condition))


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except (re.error, RecursionError):
        return False
