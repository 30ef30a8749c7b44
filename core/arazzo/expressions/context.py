"""What runtime expressions are evaluated against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from arazzo.exchange import Exchange

Dialect = Literal["lenient", "strict"]
"""``strict`` is the specification to the letter; ``lenient`` also reads what real documents write."""


def as_it_is(text: str) -> str:
    """Return the text: nothing in it is secret."""
    return text


@dataclass(frozen=True)
class Context:
    """The values an expression may name. What is not in a mapping is absent.

    :param inputs: the workflow's inputs by name (``$inputs``).
    :param steps: outputs of the steps that have run, by step id (``$steps.x.outputs``).
    :param outputs: the workflow's outputs, when they are known (``$outputs``).
    :param workflows: ``{"inputs": ..., "outputs": ...}`` by workflow id (``$workflows``).
    :param sources: fields of the source descriptions by name (``$sourceDescriptions.x.url``).
    :param components: reusable parameters by name under ``parameters`` (``$components.parameters.x``).
    :param self_uri: the document's ``$self``.
    :param exchange: the request of the step at hand and its response, if any.
    :param judging: whether a criterion is judged. Then a body that cannot be read, and a way into one that is neither
        object nor array, is an error (Arazzo 1.1.0, Evaluation Errors); elsewhere it is absent.
    :param conceal: hides what is secret in a text that is shown to people: no value of an expression goes through it.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    workflows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    components: Mapping[str, Any] = field(default_factory=dict)
    self_uri: str | None = None
    exchange: Exchange | None = field(default=None, repr=False)
    judging: bool = False
    conceal: Callable[[str], str] = field(default=as_it_is, repr=False, compare=False)
