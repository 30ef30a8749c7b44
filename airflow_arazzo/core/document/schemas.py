"""Input schemas: what they refer to, written out.

``$ref`` follows JSON Schema 2020-12: a JSON pointer into the document, a plain name set by ``$anchor`` (Arazzo 1.1.0,
Resolving URI Fragments), or another file. A schema that holds itself stays a reference, into ``$defs`` of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from airflow_arazzo.core.document.models import Components, Document
from airflow_arazzo.core.document.shape import Reader, escape, near
from airflow_arazzo.core.errors import DocumentError
from airflow_arazzo.core.source import CopyError, Source, is_remote

Resolver = Callable[[str], Source]
"""Opens a file by absolute path or URL; DocumentError or CopyError when it cannot."""

#: Inputs beyond this size, references written out, are refused.
MAX_VALUES = 200_000
MAX_DEPTH = 200
#: Keywords that only describe: next to ``$ref`` they overrule what the target says.
_ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "format"}
)
#: Keywords whose values are data, in which ``$ref`` is nothing special.
_DATA = frozenset({"const", "enum", "default", "example", "examples"})
#: Keywords whose keys are names of the author's.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_MISSING = object()


def inline_inputs(reader: Reader, document: Document, resolver: Resolver) -> Document:
    """Return the document with the references of its input schemas written out."""
    shared = _Shared(reader, resolver)
    inputs = {
        name: _Inlining(shared, f"/components/inputs/{escape(name)}").whole(schema)
        for name, schema in document.components.inputs.items()
    }
    workflows = tuple(
        workflow.model_copy(update={"inputs": _Inlining(shared, f"{workflow.at}/inputs").whole(workflow.inputs)})
        for workflow in document.workflows
    )
    components: Components = document.components.model_copy(update={"inputs": inputs})
    return document.model_copy(update={"workflows": workflows, "components": components})


class _Shared:
    """What the schemas of one document share: files, targets written out before, and what is spent of the limits."""

    def __init__(self, reader: Reader, resolver: Resolver) -> None:
        self.reader, self.resolver = reader, resolver
        self.files = {reader.source.uri: reader.source}
        self.done: dict[tuple[str, str], tuple[Any, int]] = {}
        self.count = 0
        self.exceeded = False


class _Inlining:
    """Writes out the references of one schema.

    ``open`` holds the targets that are being written out, ``kept`` those that hold themselves.
    """

    def __init__(self, shared: _Shared, root: str) -> None:
        self.shared, self.reader, self.root = shared, shared.reader, root
        self.open: list[tuple[str, str]] = []
        self.kept: dict[tuple[str, str], str] = {}
        self.definitions: dict[str, Any] = {}
        self.depth = 0

    def whole(self, schema: Any) -> Any:
        """Return the schema with its references written out; those that cannot be are noted as problems."""
        if self.shared.exceeded or not _refers(schema):
            return schema
        written = self.schema(schema, self.root, self.reader.source, self.root)
        if self.shared.exceeded:
            message = f"inputs with references written out hold more than {MAX_VALUES:,} values, or nest too deep"
            self.reader.error("yaml-limits", self.root, message)
        if self.definitions and isinstance(written, dict):
            return {**written, "$defs": {**written.get("$defs", {}), **self.definitions}}
        return written

    def schema(self, schema: Any, pointer: str, source: Source, at: str, *, names: bool = False) -> Any:
        """Write out a schema, or a value inside of one.

        :param pointer: where it stands in ``source``.
        :param at: where a problem is shown: the place in the document itself.
        :param names: whether the keys are names of the author's, not keywords.
        """
        self.spend(1)
        if self.shared.exceeded:
            return {}
        self.depth += 1
        try:
            match schema:
                case list():
                    return [self.schema(item, f"{pointer}/{index}", source, at) for index, item in enumerate(schema)]
                case dict():
                    return self.members(schema, pointer, source, at, names)
                case _:
                    return schema
        finally:
            self.depth -= 1

    def spend(self, values: int) -> None:
        self.shared.count += values
        if self.shared.count > MAX_VALUES or self.depth > MAX_DEPTH:
            self.shared.exceeded = True

    def members(self, schema: dict[str, Any], pointer: str, source: Source, at: str, names: bool) -> Any:
        own = source is self.reader.source
        written = {}
        for key, value in schema.items():
            inner = f"{pointer}/{escape(key)}"
            as_it_is = not names and (key in _DATA or (key == "$ref" and isinstance(value, str)))
            written[key] = (
                value
                if as_it_is
                else self.schema(value, inner, source, inner if own else at, names=not names and key in _NAMED)
            )
        reference = schema.get("$ref")
        if names or not isinstance(reference, str):
            return written
        return self.reference(written, reference, source, f"{pointer}/$ref" if own else at)

    def reference(self, written: dict[str, Any], reference: str, source: Source, at: str) -> Any:
        """Return a schema with ``$ref``, its other keywords written out already, as one without."""
        found = self.find(reference, source, at)
        if found is None:
            return written
        target_source, pointer, target = found
        rest = {key: value for key, value in written.items() if key != "$ref"}
        identity = (target_source.uri, pointer)
        if identity in self.open:
            name = self.kept.setdefault(identity, f"{pointer.rpartition('/')[2] or 'inputs'}{len(self.kept) or ''}")
            return {**rest, "$ref": f"#/$defs/{name}"}
        result = self.target(identity, target_source, target, at)
        if not rest or not isinstance(result, dict):
            return result
        return (
            {**result, **rest} if rest.keys() <= _ANNOTATIONS else {**rest, "allOf": [result, *rest.get("allOf", [])]}
        )

    def target(self, identity: tuple[str, str], source: Source, target: Any, at: str) -> Any:
        """Write out a target once; a result that holds no reference to what is being written out is used again."""
        if identity in self.shared.done:
            result, size = self.shared.done[identity]
            self.spend(size)
            return result
        before, kept = self.shared.count, len(self.kept)
        self.open.append(identity)
        result = self.schema(target, identity[1], source, at)
        self.open.pop()
        if identity in self.kept:
            self.definitions[self.kept[identity]] = result
        if len(self.kept) == kept == 0 and not self.shared.exceeded:
            self.shared.done[identity] = result, self.shared.count - before
        return result

    def find(self, reference: str, source: Source, at: str) -> tuple[Source, str, Any] | None:
        """Return file, pointer and value of a reference's target; None after noting that there is none."""
        file, _, fragment = reference.partition("#")
        fragment = unquote(fragment)
        target_source = self.file(file, source, at) if file else source
        if target_source is None:
            return None
        if fragment and not fragment.startswith("/"):
            pointer = _anchors(target_source).get(fragment)
        else:
            base = "" if target_source is not self.reader.source else self.root
            pointer = next(
                (p for p in (fragment, base + fragment) if lookup(target_source.data, p) is not _MISSING), None
            )
        if pointer is None:
            known = lookup(target_source.data, fragment.rpartition("/")[0]) if "/" in fragment else _MISSING
            hint = near(fragment.rpartition("/")[2], known) if isinstance(known, dict) else None
            self.reader.error("unknown-reference", at, f"there is nothing at '{reference}'", hint)
            return None
        return target_source, pointer, lookup(target_source.data, pointer)

    def file(self, reference: str, source: Source, at: str) -> Source | None:
        try:
            uri = _against(source.uri, reference)
        except ValueError:
            self.reader.error("unknown-reference", at, f"'{reference}' is no URI")
            return None
        if is_remote(source.uri) and not is_remote(uri):
            self.reader.error("unknown-reference", at, f"'{reference}' is a local file, and a remote one refers to it")
            return None
        if uri not in self.shared.files:
            try:
                self.shared.files[uri] = self.shared.resolver(uri)
            except DocumentError as error:
                problem = error.problems[0]
                self.reader.error("unknown-reference", at, f"'{reference}' cannot be read: {problem.message}")
                return None
            except CopyError as error:
                self.reader.error("unknown-reference", at, f"'{reference}' cannot be read: {error}")
                return None
        return self.shared.files[uri]


def lookup(data: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer, a private mark where there is none."""
    for raw in pointer.split("/")[1:]:
        token = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and token in data:
            data = data[token]
        elif isinstance(data, list) and token.isdecimal() and len(token) < 10 and int(token) < len(data):
            data = data[int(token)]
        else:
            return _MISSING
    return data


def _against(base: str, reference: str) -> str:
    if urlsplit(reference).scheme:
        return reference
    if urlsplit(base).scheme in ("http", "https", "file"):
        return urljoin(base, reference)
    return str(Path(base).parent / unquote(reference))


def _refers(schema: Any) -> bool:
    match schema:
        case dict():
            return isinstance(schema.get("$ref"), str) or any(_refers(value) for value in schema.values())
        case list():
            return any(_refers(value) for value in schema)
    return False


def _anchors(source: Source) -> dict[str, str]:
    """Return the pointers of the schemas that have a plain name, in components and in inputs."""
    found: dict[str, str] = {}
    components = lookup(source.data, "/components/inputs")
    if isinstance(components, dict):
        _collect(components, "/components/inputs", found)
    workflows = lookup(source.data, "/workflows")
    for index, workflow in enumerate(workflows if isinstance(workflows, list) else ()):
        if isinstance(workflow, dict):
            _collect(workflow.get("inputs"), f"/workflows/{index}/inputs", found)
    if components is _MISSING and workflows is _MISSING:
        _collect(source.data, "", found)
    return found


def _collect(schema: Any, pointer: str, found: dict[str, str]) -> None:
    match schema:
        case dict():
            if isinstance(schema.get("$anchor"), str):
                found.setdefault(schema["$anchor"], pointer)
            for key, value in schema.items():
                _collect(value, f"{pointer}/{escape(key)}", found)
        case list():
            for index, value in enumerate(schema):
                _collect(value, f"{pointer}/{index}", found)
