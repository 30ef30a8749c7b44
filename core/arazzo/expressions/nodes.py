"""Runtime expressions as values: one node per kind of reference (Arazzo 1.1.0, Runtime Expressions).

``text`` is the expression as written and takes no part in comparisons; ``str(node)`` is its canonical spelling, which
parses to an equal node in the dialect it was read in. ``loose`` marks what the lenient dialect reads in more ways than
one: a name that may be a name and a trail of dots and brackets (the longest declared name wins), or a pointer with
percent-encoding.
"""

from __future__ import annotations

import dataclasses
from typing import Final, Literal, TypeAlias

from arazzo.frozen import dataclass, field

FixedName = Literal["url", "method", "statusCode", "self"]
Side = Literal["request", "response", "message"]
Part = Literal["header", "query", "path", "body", "payload"]


@dataclass(frozen=True)
class Fixed:
    """``$url``, ``$method``, ``$statusCode`` or ``$self``."""

    name: FixedName
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"${self.name}"


@dataclass(frozen=True)
class Message:
    """A part of the request, the response or the message: ``$response.body#/id``, ``$request.query.q``.

    :param name: of the header, query or path parameter, JSON escapes resolved; empty for a body.
    :param pointer: into a body; None for no ``#``.
    :param trail: dots and brackets after a body instead of a pointer (lenient).
    """

    side: Side
    part: Part
    name: str = ""
    pointer: str | None = None
    trail: str = ""
    loose: bool = False
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.part in ("body", "payload"):
            return f"${self.side}.{self.part}{_fragment(self.pointer)}{self.trail}"
        name = self.name if self.part == "header" else escape_char(self.name)
        return f"${self.side}.{self.part}.{name}"


@dataclass(frozen=True)
class Input:
    """``$inputs.name``; an empty name is all inputs (lenient, a context)."""

    name: str
    pointer: str | None = None
    loose: bool = False
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"$inputs.{self.name}{_fragment(self.pointer)}" if self.name else "$inputs"


@dataclass(frozen=True)
class Output:
    """``$outputs.name``; an empty name is all outputs of the workflow (lenient, a context)."""

    name: str
    pointer: str | None = None
    loose: bool = False
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"$outputs.{self.name}{_fragment(self.pointer)}" if self.name else "$outputs"


@dataclass(frozen=True)
class StepOutput:
    """``$steps.step.outputs.name``; an empty name is all outputs of the step (lenient, a context)."""

    step: str
    name: str
    pointer: str | None = None
    loose: bool = False
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        whole = f"$steps.{self.step}.outputs"
        return f"{whole}.{self.name}{_fragment(self.pointer)}" if self.name else whole


@dataclass(frozen=True)
class WorkflowValue:
    """``$workflows.workflow.inputs.name`` or ``$workflows.workflow.outputs.name``."""

    workflow: str
    field: Literal["inputs", "outputs"]
    name: str
    pointer: str | None = None
    loose: bool = False
    text: str = dataclasses.field(default="", compare=False)

    def __str__(self) -> str:
        return f"$workflows.{self.workflow}.{self.field}.{self.name}{_fragment(self.pointer)}"


@dataclass(frozen=True)
class SourceReference:
    """``$sourceDescriptions.source.reference``: an operationId, a workflowId or a field such as ``url``.

    :param reference: JSON escapes resolved; beginning with ``#`` it is a pointer into the source (lenient).
    """

    source: str
    reference: str
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        dot = "" if self.reference.startswith("#") else "."
        return f"$sourceDescriptions.{self.source}{dot}{escape_char(self.reference)}"


@dataclass(frozen=True)
class ComponentReference:
    """``$components.parameters.name``, ``$components.successActions.name`` or ``$components.failureActions.name``."""

    kind: Literal["parameters", "successActions", "failureActions", "inputs"]
    name: str
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"$components.{self.kind}.{self.name}"


#: All of the body of an answer.
RESPONSE_BODY: Final = Message("response", "body")

Named: TypeAlias = Input | Output | StepOutput | WorkflowValue


def reads_all(expression: object) -> bool:
    """Return whether an expression means all inputs or all outputs, which only a context may."""
    return isinstance(expression, (Input, Output, StepOutput)) and not expression.name


Expression: TypeAlias = Fixed | Message | Named | SourceReference | ComponentReference


def escape_char(name: str) -> str:
    """Write a name as the grammar's CHAR requires: JSON escapes for quotes, backslashes and control characters."""
    return "".join(_ESCAPES.get(char) or (char if char >= " " else f"\\u{ord(char):04x}") for char in name)


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _fragment(pointer: str | None) -> str:
    return "" if pointer is None else f"#{pointer}"
