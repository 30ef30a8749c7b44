"""Path templates: OpenAPI's ``{name}``, and what RFC 6570 and real descriptions have besides.

``{+name}`` lets slashes pass. A query string in the key (``/rest?method=x``) goes into the query; a fragment
(``/tags/{arn}#keys``, which makes the key unique) is not sent.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote

from arazzo.absent import ABSENT
from arazzo.errors import RequestError
from arazzo.frozen import dataclass
from arazzo.openapi.encoding import percent_encode, scalar_text
from arazzo.openapi.operation import Operation, ParameterSpec
from arazzo.openapi.parameters import is_undefined, path_text
from arazzo.openapi.servers import describe

_EXPRESSION = re.compile(r"\{([+#./;?&]?)([^{}]*)\}")
_LITERAL = ":@!$&'()*+,;=/"
_DOTS = frozenset((".", ".."))
_STYLES = {".": "label", ";": "matrix"}


@dataclass(frozen=True)
class Slot:
    """One expression of a template: where it is, its operator and the names in it.

    :param other: the other spelling of its only name, with or without the operator.
    """

    start: int
    end: int
    operator: str
    names: tuple[str, ...]
    other: str = ""


@dataclass(frozen=True)
class PathTemplate:
    """A path key in its parts.

    :param path: the path with its expressions.
    :param query: the query string with its expressions, ``""`` for none.
    :param optional: names of query expressions (``{?a,b}``), whose values go into the query.
    :param declared: names of the path parameters that the operation declares.
    """

    path: str
    query: str
    optional: tuple[str, ...]
    declared: Container[str] = ()

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        return tuple(_slot(found, self.declared) for found in _EXPRESSION.finditer(self.path))

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """The text before the first slot, between two, and after the last, percent-encoded."""
        starts = (*(slot.start for slot in self.slots), len(self.path))
        ends = (0, *(slot.end for slot in self.slots))
        return tuple(percent_encode(self.path[end:start], _LITERAL) for end, start in zip(ends, starts, strict=True))

    def name_of(self, given: str) -> str:
        """Return the name by which the path takes a parameter: the one given, or its other spelling (``{Key+}``)."""
        if given in self.all_names:
            return given
        return next((slot.names[0] for slot in self.slots if slot.other == given), given)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that the path needs."""
        return tuple(name for slot in self.slots for name in slot.names)

    @cached_property
    def whole(self) -> str | None:
        """The name of the parameter that is the whole path (``/{+location}``)."""
        sole = self.slots[0] if len(self.slots) == 1 and self.literals == ("/", "") else None
        return sole.names[0] if sole is not None and sole.operator == "+" and len(sole.names) == 1 else None

    @cached_property
    def all_names(self) -> tuple[str, ...]:
        """The names that the path and the query string of the key take."""
        return (*self.names, *self.optional, *(found[2].rstrip("*") for found in _EXPRESSION.finditer(self.query)))


@lru_cache(maxsize=256)
def read_template(text: str, declared: frozenset[str] = frozenset()) -> PathTemplate:
    """Split a path key into its parts.

    :param declared: names of the path parameters that the operation declares; they are tried first (``{Key+}``).
    """
    optional = tuple(name for found in _EXPRESSION.finditer(text) if found[1] in ("?", "&") for name in _list(found[2]))
    text = _EXPRESSION.sub(lambda found: "" if found[1] in ("?", "&", "#") else found[0], text)
    path, _, query = _outside(text, "#")[0].partition("?")
    return PathTemplate(path if path.startswith("/") else f"/{path}", query, optional, declared)


def template_of(operation: Operation) -> PathTemplate:
    """Split an operation's path into its parts."""
    return read_template(operation.path, operation.path_names)


def expand_query(template: PathTemplate, values: Mapping[str, Any], own: Container[str]) -> tuple[list[str], set[str]]:
    """Return the query parts of a path key, percent-encoded, and the names of the values that they used.

    :param values: path and query parameters by name; a part whose expression has no value is left out.
    :param own: names of query parameters, which replace the part of the same name.
    """
    parts: list[str] = []
    taken: set[str] = set()
    for part in filter(None, template.query.split("&")):
        name, equals, text = part.partition("=")
        if unquote(name) in own:
            continue
        found = _EXPRESSION.fullmatch(text)
        if not found:
            parts.append(percent_encode(name, _LITERAL) + equals + percent_encode(text, _LITERAL + "?"))
            continue
        wanted = found[2].rstrip("*")
        if not is_undefined(values.get(wanted)):
            text = path_text(ParameterSpec(name=name, location="path"), values[wanted])
            parts.append(f"{percent_encode(name, _LITERAL)}={text}")
            taken.add(wanted)
    return parts, taken


def expand_path(template: PathTemplate, operation: Operation, values: Mapping[str, Any]) -> str:
    """Return the percent-encoded path with a value in every slot.

    :raises RequestError: if a value is missing, null, empty, ``.`` or ``..``, or would lead out of its place.
    """
    homeless = [name for name in values if name not in template.all_names]
    first, *between = template.literals
    parts = [first]
    for slot, literal in zip(template.slots, between, strict=True):
        parts += [_expand(slot, operation, values, homeless), literal]
    if homeless:
        raise RequestError(f"path parameter '{homeless[0]}' has no place in {describe(operation)}")
    path = "".join(parts)
    if template.slots and climbs(path):
        raise RequestError(f"the values of the path parameters of {describe(operation)} would lead out of its path")
    return path


def climbs(path: str) -> bool:
    """Say whether a server may take a segment for ``.`` or ``..``.

    Some servers read a backslash as a slash, and some drop what follows a semicolon (RFC 3986, 3.3) before they look.
    """
    if "." not in path and "%" not in path:
        return False
    segments = [segment.split(";")[0] for segment in unquote(path).replace("\\", "/").split("/")]
    return ".." in segments or not _DOTS.isdisjoint(segment.split(";")[0] for segment in path.split("/"))


def _expand(slot: Slot, operation: Operation, values: Mapping[str, Any], homeless: list[str]) -> str:
    written = []
    for name in slot.names:
        spec = operation.parameter(name, "path") or ParameterSpec(name=name, location="path")
        if slot.operator in _STYLES:
            spec = spec.model_copy(update={"style": _STYLES[slot.operator]})
        value = values.get(name, ABSENT)
        text = "" if value is ABSENT or value == "" else path_text(spec, value, slashes=slot.operator == "+")
        if not text:
            raise RequestError(_missing(spec, operation, value, homeless))
        if unquote(text) in _DOTS:
            raise RequestError(f"path parameter '{name}' of {describe(operation)} must not be '.' or '..'")
        written.append(f"/{text}" if slot.operator == "/" else text)
    return "".join(written) if slot.operator in ("/", ".", ";") else ",".join(written)


def _missing(spec: ParameterSpec, operation: Operation, value: Any, homeless: list[str]) -> str:
    state = "has no value" if value is ABSENT else "is null" if value is None else "is empty"
    message = f"path parameter '{spec.name}' of {describe(operation)} {state}"
    if spec.allowed:
        message += f"; allowed values: {', '.join(map(scalar_text, spec.allowed))}"
    if homeless:
        message += f"; the step gives '{homeless[0]}', which the path does not have"
    return message


def _slot(found: re.Match[str], declared: Container[str]) -> Slot:
    """Return an expression; without an operator it is a single name, as in OpenAPI.

    Gateways write ``{name+}`` where RFC 6570 has ``{+name}``; frameworks write a pattern after the name. A parameter
    may be declared with or without these.
    """
    operator, text = found[1], found[2].strip()
    whole = operator + text
    if operator:
        names = tuple(_list(text))
    else:
        operator, names = "+" if text.endswith("+") else "", (re.sub(r"(:.*|[*+])$", "", text),)
    if whole in declared:
        return Slot(found.start(), found.end(), operator, (whole,), names[0] if len(names) == 1 else "")
    return Slot(found.start(), found.end(), operator, names, whole if len(names) == 1 else "")


def _list(text: str) -> list[str]:
    return [re.sub(r"\*$|:\d+$", "", name.strip()) for name in text.split(",") if name.strip()]


def _outside(text: str, mark: str) -> tuple[str, str]:
    """Split at the first mark outside of all expressions."""
    blank = _EXPRESSION.sub(lambda found: " " * len(found[0]), text)
    at = blank.find(mark)
    return (text, "") if at < 0 else (text[:at], text[at + 1 :])
