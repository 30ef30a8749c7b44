"""Which values are secret, and how they are kept out of text.

A value is secret by its name (the names Airflow treats as sensitive), by ``format: password`` in the schema of the
inputs, or because the document or the factory marks its name (docs/semantics.md, 6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_arazzo.core.exchange import Exchange
from airflow_arazzo.core.flow import Plan, is_sensitive, names_credential

CONCEALED = "***"

_SHORTEST = 3
_PREFIX = 12


def sensitive_inputs(plan: Plan) -> frozenset[str]:
    """Return the names of the inputs that are secret, those included that are only passed on."""
    return frozenset(
        name
        for name, item in plan.taken.schemas.items()
        if is_sensitive(name, plan.sensitive) or (isinstance(item, dict) and item.get("format") == "password")
    )


def secret_values(plan: Plan, inputs: Mapping[str, Any], outputs: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the secret texts among inputs and step outputs; what a bearer prefix precedes is secret by itself."""
    declared = sensitive_inputs(plan)
    named = [value for name, value in inputs.items() if name in declared or is_sensitive(name, plan.sensitive)]
    for step in () if plan.harmless.issuperset(outputs) else outputs.keys() - plan.harmless:
        named += [value for name, value in outputs[step].items() if is_sensitive(name, plan.sensitive)]
    return frozenset(text for value in named for text in _texts(value) if len(text) >= _SHORTEST)


def exposed_secrets(exchange: Exchange) -> frozenset[str]:
    """Return the secret texts in an answer, by the names of headers and of members at any depth of its body."""
    found = []
    if exchange.response is not None:
        found = [text for name, text in exchange.response.headers if names_credential(name)]
        found += [text.split(";")[0].partition("=")[2] for text in found]
    queue = [exchange.content]
    while queue:
        match queue.pop():
            case dict() as members:
                queue += members.values()
                found += [text for name, text in members.items() if isinstance(text, str) and names_credential(name)]
            case list() as items:
                queue += items
    return frozenset(text for text in found if len(text) >= _SHORTEST)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
            yield from value.split()[1:]
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)


def conceal(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret in it, or the beginning of a long one that was cut, replaced."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, CONCEALED)
        if len(secret) > _PREFIX and (start := secret[:_PREFIX]) in text:
            text = re.sub(re.escape(start) + r"[^\s'\"]*", CONCEALED, text)
    return text
