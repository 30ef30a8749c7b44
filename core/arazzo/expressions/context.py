"""What runtime expressions are evaluated against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from arazzo.exchange import Exchange
from arazzo.frozen import dataclass, field

Dialect = Literal["lenient", "strict"]
"""``strict`` is the specification to the letter; ``lenient`` also reads what real documents write."""


def unchanged(text: str) -> str:
    """Return the text: nothing in it is secret."""
    return text


def ignore_warning(_: str) -> None:
    """Drop a warning."""


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
    :param judging: whether a criterion is judged. Then what is unreadable, and a way into a body that is neither object
        nor array, is an error (Arazzo 1.1.0, Evaluation Errors); elsewhere that is a value, and absent.
    :param newer: whether what came with Arazzo 1.1 is read: Selector Objects and ``$self``, which are literals in 1.0.
    :param dialect: of the document, where the same expression has two values: several headers of one name.
    :param warn: hears what whoever reads the log should know of a value.
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
    dialect: Dialect = "lenient"
    warn: Callable[[str], None] = field(default=ignore_warning, repr=False, compare=False)
    newer: bool = True
    conceal: Callable[[str], str] = field(default=unchanged, repr=False, compare=False)
