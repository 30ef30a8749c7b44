"""From what a step says to the operation that it means (Step Object, ``operationId`` and ``operationPath``).

Strict reads the specification's forms: ``operationId``, ``$sourceDescriptions.name.operationId`` and
``{$sourceDescriptions.name.url}#/paths/~1pets/get``. Lenient also reads what documents write instead. Neither guesses:
what is unknown or ambiguous is refused, and the near matches are named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Literal
from urllib.parse import unquote

from arazzo.errors import ArazzoError
from arazzo.openapi.description import Description, Endpoint
from arazzo.openapi.operation import Operation
from arazzo.pointer import escape, unescape

Descriptions = Mapping[str, Description]
Found = tuple[Description, Endpoint]

#: How many near matches a hint lists.
MOST_HINTS = 3

_QUALIFIER = "$sourceDescriptions."
_STRICT_PATH = re.compile(r"\{\$sourceDescriptions\.(?P<name>[^{}#]+)\.url\}#(?P<pointer>/.*)", re.DOTALL)
_LOOSE_PATH = re.compile(r"\{?(?:\$sourceDescriptions\.)?(?P<name>[^{}#\s]*?)(?:\.url)?\}?#(?P<pointer>/.*)", re.DOTALL)
_METHOD_AND_PATH = re.compile(r"(?P<method>[A-Za-z]+)\s+(?P<path>/\S*)")
_UNESCAPED = re.compile(r"/paths/(?P<path>/?.*)/(?P<method>[A-Za-z]+)")


class UnresolvedOperation(ArazzoError):  # noqa: N818
    """An operation that the step does not name clearly, or that does not exist.

    :param message: what is wrong, one sentence.
    :param hint: the near matches, or the spelling to use; None if nothing is near. A function is called only when
        somebody asks: comparing a name with every other takes time.
    """

    def __init__(self, message: str, hint: str | Callable[[], str | None] | None = None) -> None:
        super().__init__(message)
        self.message, self._hint = message, hint

    @cached_property
    def hint(self) -> str | None:
        """The near matches, or the spelling to use."""
        return self._hint() if callable(self._hint) else self._hint


def find_operation(
    operation_id: str | None,
    operation_path: str | None,
    descriptions: Descriptions,
    dialect: Literal["lenient", "strict"] = "lenient",
) -> Operation:
    """Return the operation that a step names by ``operationId`` or ``operationPath``.

    :param descriptions: by name of the source description, in document order.
    :raises UnresolvedOperation: if it is unknown or ambiguous; the hint lists near matches.
    :raises DocumentError: if it was found, but its description is broken there.
    """
    description, endpoint = _find(operation_id, operation_path, descriptions, dialect == "lenient")
    return description.operation(endpoint)


def portable_reference(operation_id: str | None, operation_path: str | None, descriptions: Descriptions) -> str | None:
    """Return a portable name for an operation whose name only the lenient dialect understands; None if all tools do.

    :raises UnresolvedOperation: if neither dialect finds it.
    """
    try:
        _find(operation_id, operation_path, descriptions, lenient=False)
    except UnresolvedOperation:
        return _spellings([_find(operation_id, operation_path, descriptions, lenient=True)])
    return None


def _find(operation_id: str | None, operation_path: str | None, descriptions: Descriptions, lenient: bool) -> Found:
    if operation_id is not None:
        return _by_id(operation_id, descriptions, lenient)
    if operation_path is not None:
        return _by_path(operation_path, descriptions, lenient)
    raise UnresolvedOperation("the step names no operation")


def _by_id(text: str, descriptions: Descriptions, lenient: bool) -> Found:
    if text.startswith(_QUALIFIER):
        return _qualified(text.removeprefix(_QUALIFIER), text, descriptions)
    found = list(_having(descriptions.values(), text))
    if not lenient and len(descriptions) > 1:
        hint = f"write {_spellings(found)}" if found else None
        message = f"with several source descriptions, operationId '{text}' must name its own"
        raise UnresolvedOperation(message, hint or (lambda: _near(text, descriptions.values())))
    if not found and lenient:
        found = list(_loose_id(text, descriptions))
    return _only(found, f"operationId '{text}'", lambda: _near(text, descriptions.values()))


def _loose_id(text: str, descriptions: Descriptions) -> Iterator[Found]:
    """Read ``name.operationId``, an expression in braces, or a reference that belongs in ``operationPath``."""
    if text.startswith("{" + _QUALIFIER) and text.endswith("}"):
        yield _qualified(text[1:-1].removeprefix(_QUALIFIER), text, descriptions)
    for name, description in descriptions.items():
        if text.startswith(f"{name}."):
            yield from _having([description], text.removeprefix(f"{name}."))
    if "#/" in text or _METHOD_AND_PATH.fullmatch(text) or text.startswith("/paths/"):
        yield _by_path(text, descriptions, lenient=True)


def _qualified(reference: str, text: str, descriptions: Descriptions) -> Found:
    beginnings = (reference[:at] for at in range(len(reference), 0, -1) if reference.startswith(".", at))
    name = next((each for each in beginnings if each in descriptions), None)
    if name is None:
        raise _unknown_source(reference.partition(".")[0], text, descriptions)
    wanted = reference.removeprefix(f"{name}.")
    found = list(_having([descriptions[name]], wanted))
    subject = f"operationId '{wanted}' of source description '{name}'"
    return _only(found, subject, lambda: _near(wanted, [descriptions[name]]))


def _by_path(text: str, descriptions: Descriptions, lenient: bool) -> Found:
    if match := _STRICT_PATH.fullmatch(text):
        return _by_pointer(match["pointer"], _named(match["name"], text, descriptions), text, lenient)
    if not lenient:
        hint = "write {$sourceDescriptions.name.url}#/paths/~1pets/get"
        raise UnresolvedOperation(f"operationPath '{text}' does not name its source description as required", hint)
    if match := _METHOD_AND_PATH.fullmatch(text):
        return _by_method(match["method"], match["path"], list(descriptions.values()), text)
    if text.startswith("/paths/"):
        return _by_pointer(text, list(descriptions.values()), text, lenient)
    if match := _LOOSE_PATH.fullmatch(text):
        return _by_pointer(match["pointer"], _named(match["name"], text, descriptions), text, lenient)
    hint = "write {$sourceDescriptions.name.url}#/paths/~1pets/get"
    raise UnresolvedOperation(f"operationPath '{text}' is not a reference to an operation", hint)


def _named(name: str, text: str, descriptions: Descriptions) -> list[Description]:
    """Return the descriptions that a reference may mean: by their name or URL; all of them if it has no name."""
    if not name:
        return list(descriptions.values())
    if name in descriptions:
        return [descriptions[name]]
    file = name.removeprefix("./")
    same = [one for one in descriptions.values() if one.source.uri == name or one.source.uri.endswith(f"/{file}")]
    if not same:
        raise _unknown_source(name, text, descriptions)
    return same


def _by_pointer(pointer: str, candidates: list[Description], text: str, lenient: bool) -> Found:
    pointer = unquote(pointer)
    found = [(one, end) for one in candidates for end in one.standing_at(pointer)]
    match = _UNESCAPED.fullmatch(pointer)
    if not found and lenient and match:
        path = "/" + unescape(match["path"].lstrip("/")).lstrip("/")
        return _by_method(match["method"], path, candidates, text)
    return _only(found, f"operationPath '{text}'", lambda: _near_path(pointer, candidates))


def _by_method(method: str, path: str, candidates: list[Description], text: str) -> Found:
    found = [
        (one, end)
        for one in candidates
        for end in one.endpoints()
        if end.path == path and end.method.upper() == method.upper()
    ]
    pointer = f"/paths/{escape(path)}/{method.lower()}"
    return _only(found, f"operation '{text}'", lambda: _near_path(pointer, candidates))


def _only(found: list[Found], subject: str, near: Callable[[], str | None]) -> Found:
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnresolvedOperation(f"{subject} is in no source description", near)
    raise UnresolvedOperation(f"{subject} is ambiguous: {len(found)} operations match", f"write {_spellings(found)}")


def _having(descriptions: Iterable[Description], operation_id: str) -> Iterator[Found]:
    return ((one, end) for one in descriptions for end in one.named(operation_id))


def _spellings(found: Iterable[Found]) -> str:
    """Return the portable spelling of each operation: by path where a description has the operationId twice."""
    pairs = list(found)[:MOST_HINTS]
    names = [(one.name, end.operation_id) for one, end in pairs]
    spelled = [
        f"operationId: $sourceDescriptions.{one.name}.{end.operation_id}"
        if end.operation_id and names.count((one.name, end.operation_id)) == 1
        else f"operationPath: '{{$sourceDescriptions.{one.name}.url}}#{end.pointer}'"
        for one, end in pairs
    ]
    return " or ".join(spelled)


def _unknown_source(name: str, text: str, descriptions: Descriptions) -> UnresolvedOperation:
    names = ", ".join(descriptions) or "none"
    return UnresolvedOperation(
        f"'{text}' names source description '{name}', which is not declared", f"declared: {names}"
    )


def _near(wanted: str, descriptions: Collection[Description]) -> str | None:
    """Return a sentence with the operationIds near the wanted one, or only those that differ by case alone.

    If a path cannot be read, the operation may be there.
    """
    wanted = wanted.rpartition("/")[2]
    known = list(dict.fromkeys(end.operation_id for one in descriptions for end in one.endpoints() if end.operation_id))
    same = [name for name in known if name.lower() == wanted.lower()]
    if same:
        return f"operationIds are case-sensitive: did you mean {_quoted(same)}?"
    if broken := _broken(descriptions):
        return broken
    lower = {name.lower(): name for name in reversed(known)}
    close = get_close_matches(wanted.lower(), lower, n=MOST_HINTS, cutoff=0.6)
    close = close or get_close_matches(wanted.rpartition(".")[2].lower(), lower, n=MOST_HINTS, cutoff=0.6)
    return f"did you mean {_quoted([lower[name] for name in close])}?" if close else None


def _near_path(pointer: str, descriptions: Collection[Description]) -> str | None:
    """Return a sentence with the operations near a pointer: other parameter names, other methods, other case."""
    known = {f"{_plain(end.pointer)}": end for one in descriptions for end in one.endpoints()}
    if same := known.get(_plain(pointer)):
        return f"the description has '{same.pointer}'"
    if broken := _broken(descriptions):
        return broken
    close = get_close_matches(_plain(pointer), known, n=MOST_HINTS, cutoff=0.8)
    return f"did you mean {_quoted([known[name].pointer for name in close])}?" if close else None


def _broken(descriptions: Iterable[Description]) -> str | None:
    return next((sentence for one in descriptions for sentence in one.broken_paths()), None)


def _plain(pointer: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", pointer).lower()


def _quoted(names: list[str]) -> str:
    return " or ".join(f"'{name}'" for name in names[:MOST_HINTS])
