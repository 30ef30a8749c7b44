"""Every limit at which the engine gives up, as one value: how long, how large, how deep (docs/limits.md).

Who embeds the engine says where the settings come from (:func:`read_from`); otherwise they come from the environment:
``ARAZZO_LIMIT_PATTERN_SECONDS=5``. Limits of time are CPU time of the evaluating thread, except those of an exchange.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Final

from arazzo.errors import ArazzoError
from arazzo.frozen import dataclass, field

PREFIX: Final = "ARAZZO_LIMIT_"


def _limit(default: float, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Limits:
    """The limits; ``meaning`` in the metadata of a field is its sentence in the documentation and in Airflow."""

    condition_seconds: float = _limit(3.0, "CPU seconds for one condition, query, XPath expression or check of inputs.")
    pattern_seconds: float = _limit(1.0, "CPU seconds for one search by a regular expression.")
    json_depth: int = _limit(1000, "Levels to which JSON of an answer is read.")
    json_values: int = _limit(5_000_000, "Values that JSON of an answer may hold.")
    json_lines: int = _limit(1_000_000, "Lines that JSON lines of an answer may have.")
    number_digits: int = _limit(4300, "Digits of a number; Python itself reads no integer of more than 4,300.")
    number_exponent: int = _limit(4300, "Exponent of a number, either way.")
    selected_nodes: int = _limit(100_000, "Nodes that a JSONPath query may select.")
    visited_values: int = _limit(200_000, "Values that a path in a condition may visit.")
    xpath_items: int = _limit(100_000, "Members of a range in an XPath expression (``1 to n``).")
    xpath_characters: int = _limit(64 * 1024 * 1024, "Characters of text that one XPath evaluation may make.")
    expression_characters: int = _limit(4096, "Characters of a runtime expression.")
    selector_characters: int = _limit(8192, "Characters of a selector, an XPath expression or a pattern.")
    pattern_pieces: int = _limit(100_000, "Pieces of a pattern with its repetitions written out.")
    condition_depth: int = _limit(32, "Levels of parentheses, brackets and negations in a condition.")
    file_characters: int = _limit(32 * 1024 * 1024, "Characters of a document or an API description.")
    file_depth: int = _limit(200, "Levels of a document or an API description.")
    file_values: int = _limit(2_000_000, "Values of a document or an API description, aliases written out.")
    schema_values: int = _limit(200_000, "Values of an input schema with its references written out.")
    schema_depth: int = _limit(100, "References that one input schema may lead through, one after another.")
    schema_nesting: int = _limit(32, "Schemas within one another that an input schema may have.")
    reference_chain: int = _limit(64, "References that an API description may lead through, one after another.")
    calls: int = _limit(1000, "Workflows that a workflow may call in all, inner calls included.")
    call_depth: int = _limit(32, "Workflows that may call each other, one inside another.")
    collected_items: int = _limit(100_000, "Elements that an output may collect over the rounds of a loop.")
    collected_bytes: int = _limit(16 * 1024 * 1024, "Bytes, as JSON, that an output may collect over rounds of a loop.")
    connect_timeout: float = _limit(10.0, "Seconds for a connection: name, TCP and TLS.")
    timeout: float = _limit(60.0, "Seconds for an exchange, unless step or connection say otherwise.")
    max_bytes: int = _limit(64 * 1024 * 1024, "Bytes of an answer that are read, decompressed.")
    shown_answer: int = _limit(
        1000, "Characters of an answer that messages and records show; 0: none, and no headers either."
    )
    asked_wait: float = _limit(86_400.0, "Seconds that an API may ask to wait, unless a loop has a ``timeout``.")
    max_redirects: int = _limit(10, "Redirects that are followed, one after another.")
    cookies: int = _limit(300, "Cookies that a run keeps.")
    cookie_characters: int = _limit(4096, "Characters of a cookie that a run keeps, its name included.")
    recorded_characters: int = _limit(1024 * 1024, "Characters of requests and answers that a task keeps for a replay.")
    interim_answers: int = _limit(100, "Interim answers (1xx) that may come before the final one.")
    unread_bytes: int = _limit(1024 * 1024, "Bytes that may come before any of them is part of an answer.")
    head_lines: int = _limit(1000, "Lines that the head of an answer may have.")
    token_timeout: float = _limit(30.0, "Seconds for a request for a token.")
    token_bytes: int = _limit(1024 * 1024, "Bytes that the answer to a request for a token may have.")


def parse_limits(settings: Mapping[str, str], where: str) -> Limits:
    """Return the limits with some of them set; an empty text leaves one as it is.

    :param settings: by name, as text.
    :param where: where they are written, for the start of an error message.
    :raises ArazzoError: for a name that is not a limit, and for a text that is not a number above zero.
    """
    kinds: dict[str, type[int] | type[float]] = {each.name: type(each.default) for each in fields(Limits)}  # type: ignore[misc]
    values: dict[str, Any] = {}
    for name, text in settings.items():
        if name not in kinds:
            raise ArazzoError(f"{where}: there is no limit '{name}' (docs/limits.md)")
        if not text.strip():
            continue
        try:
            value = kinds[name](text)
        except ValueError:
            value = 0
        if not 0 < value < 2**63:
            raise ArazzoError(f"{where}: limit '{name}' is a number above 0, not {text!r}")
        values[name] = value
    return Limits(**values)


def from_environment() -> Limits:
    """Return the limits that the environment sets: ``ARAZZO_LIMIT_`` and the name in capitals."""
    named = {name[len(PREFIX) :].lower(): text for name, text in os.environ.items() if name.startswith(PREFIX)}
    return parse_limits(named, "environment")


class _Settled:
    """The limits of this process: read when first asked for."""

    def __init__(self) -> None:
        self.read: Callable[[], Limits] = from_environment
        self.limits: Limits | None = None


_SETTLED: Final = _Settled()


def current_limits() -> Limits:
    """Return the limits that hold in this process.

    :raises ArazzoError: if a setting cannot be read.
    """
    if _SETTLED.limits is None:
        _SETTLED.limits = _SETTLED.read()
    return _SETTLED.limits


def read_from(source: Callable[[], Limits]) -> None:
    """Say where to read the limits of this process from, once they are asked for."""
    _SETTLED.read, _SETTLED.limits = source, None


@contextmanager
def limits_set(**values: float) -> Iterator[Limits]:
    """Set limits of this process for a while, as for a test."""
    before = current_limits()
    _SETTLED.limits = limits = Limits(**{**vars(before), **values})
    try:
        yield limits
    finally:
        _SETTLED.limits = before
