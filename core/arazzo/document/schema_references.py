"""Input schemas: what they refer to, written out.

``$ref`` follows JSON Schema 2020-12: a JSON pointer into the document, a plain name set by ``$anchor`` (Arazzo 1.1.0,
Resolving URI Fragments), or another file. A schema that contains itself stays a reference, into ``$defs`` of the
inputs. ``$dynamicRef`` is read in the same way; unless several places have an anchor of that name, it means the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from arazzo.absent import ABSENT
from arazzo.document.input_declarations import declared_inputs
from arazzo.document.models import Components, Document
from arazzo.document.schema_checks import schema_errors
from arazzo.document.schemas import (
    ANNOTATIONS,
    IN_PLACE,
    REFERENCES,
    definition_name,
    is_too_deep,
    mapping,
    rewritten,
    sequence,
)
from arazzo.document.shape import DocumentReader
from arazzo.errors import DocumentError, EvaluationError, GaveUpError
from arazzo.expressions.navigation import apply_pointer
from arazzo.json_values import objects_in, values_in
from arazzo.limits import current_limits
from arazzo.pointer import escape, to_pointer
from arazzo.source.copies import CopyError, is_remote
from arazzo.source.text import Source
from arazzo.source.uri_references import leads_to

Resolver = Callable[[str], Source]
"""Opens a file by absolute path or URL; DocumentError or CopyError if it cannot."""

#: Keywords that overrule what the target of a ``$ref`` beside them says.
_OVERRULING = ANNOTATIONS | {"format"}
#: Keywords that say by which rules, or at which address, a schema is read: written out, inputs have one draft and file.
_FRAME = frozenset({"$id", "$schema"})


def inline_inputs(reader: DocumentReader, document: Document, resolver: Resolver) -> Document:
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
    if not any(problem.is_error for problem in reader.problems):
        for workflow in workflows:
            _check_inputs(reader, workflow.inputs, f"{workflow.at}/inputs")
    components: Components = document.components.model_copy(update={"inputs": inputs})
    return document.model_copy(update={"workflows": workflows, "components": components})


def _check_inputs(reader: DocumentReader, inputs: Any, at: str) -> None:
    """Note what Airflow, which checks each input on its own, or a run without that input would stumble over."""
    if is_too_deep(inputs):
        reader.error(
            "yaml-limits",
            at,
            f"with references written out, more than {current_limits().schema_nesting} schemas are in each other",
        )
        return
    declared = declared_inputs(inputs)
    for name, default in declared.defaults.items():
        if default is None:  # where null is not allowed, it is a way to say that there is none
            continue
        try:
            errors = schema_errors(declared.schemas[name], default)
            message = f"the default of input '{name}' does not satisfy '{errors[0].validator}'" if errors else ""
        except (EvaluationError, GaveUpError) as error:
            message = f"the default of input '{name}' cannot be checked: {error}"
        if message:
            reader.error("invalid-schema", f"{at}/properties/{escape(name)}/default", message)


class _Shared:
    """What the schemas of one document share: files, targets already written out, and what is spent of the limits."""

    def __init__(self, reader: DocumentReader, resolver: Resolver) -> None:
        self.reader, self.resolver = reader, resolver
        self.files = {reader.source.uri: reader.source}
        self.done: dict[tuple[str, str], tuple[Any, int]] = {}
        self.count = 0
        self.exceeded = False


class _Inlining:
    """Writes out the references of one schema.

    ``open`` holds the targets that are being written out, ``kept`` those that contain themselves. Those from ``here``
    on are for one and the same value: a reference back to one of them would be followed for ever.
    """

    def __init__(self, shared: _Shared, root: str) -> None:
        self.shared, self.reader, self.root = shared, shared.reader, root
        self.open: list[tuple[str, str]] = []
        self.kept: dict[tuple[str, str], str] = {}
        self.definitions: dict[str, Any] = {}
        self.depth = self.here = 0

    def whole(self, schema: Any) -> Any:
        """Return the schema with its references written out; a reference for which this fails is noted as a problem."""
        if self.shared.exceeded or not _has_to_be_written(schema):
            return schema
        written = self.schema(schema, self.root, self.reader.source, self.root)
        if self.shared.exceeded:
            most = current_limits().schema_values
            message = f"inputs with references written out hold more than {most:,} values, or nest too deep"
            self.reader.error("yaml-limits", self.root, message)
        if self.definitions and isinstance(written, dict):
            return {**written, "$defs": {**written.get("$defs", {}), **self.definitions}}
        return written

    def schema(self, schema: Any, pointer: str, source: Source, at: str) -> Any:
        """Write out a schema.

        :param pointer: where it is in ``source``.
        :param at: where a problem is shown: the place in the document.
        """
        self.spend(1 + len(mapping(schema)))
        if self.shared.exceeded or not isinstance(schema, dict):
            return {} if self.shared.exceeded else schema
        self.depth += 1
        own = source is self.reader.source
        references = [word for word in REFERENCES if isinstance(schema.get(word), str)]
        written = {}
        for key, value in schema.items():
            if key in _FRAME:
                continue
            here = self.here
            if key not in IN_PLACE:
                self.here = len(self.open)
            written[key] = rewritten(key, value, lambda item, way: self.inside(item, way, pointer, source, at))
            self.here = here
        for word in references:
            written = self.reference(written, word, source, f"{pointer}/{word}" if own else at)
        self.depth -= 1
        return written

    def inside(self, schema: Any, way: tuple[str, ...], around: str, source: Source, at: str) -> Any:
        """Write out a schema that is in another one; arguments as :meth:`schema`."""
        pointer = around + to_pointer(way)
        return self.schema(schema, pointer, source, pointer if source is self.reader.source else at)

    def spend(self, values: int) -> None:
        self.shared.count += values
        limits = current_limits()
        if self.shared.count > limits.schema_values or self.depth > limits.schema_depth:
            self.shared.exceeded = True

    def reference(self, written: Any, word: str, source: Source, at: str) -> Any:
        """Return a schema without its reference; its other keywords are already written out."""
        if not isinstance(written, dict) or word not in written:
            return written
        reference = written[word]
        rest = {key: value for key, value in written.items() if key != word}
        found = self.find(reference, source, at, dynamic=word != "$ref")
        if found is None:
            return written
        target_source, pointer, target = found
        identity = (target_source.uri, pointer)
        if identity in self.open[self.here :]:
            self.reader.error("unknown-reference", at, f"'{reference}' leads in a circle, back to itself")
            return rest
        if identity in self.open:
            name = self.kept.setdefault(identity, definition_name(pointer, len(self.kept)))
            return {**rest, "$ref": f"#/$defs/{name}"}
        result = self.target(identity, target_source, target, at)
        if not rest or not isinstance(result, dict):
            return result
        return {**result, **rest} if rest.keys() <= _OVERRULING else {**rest, "allOf": [result, *rest.get("allOf", [])]}

    def target(self, identity: tuple[str, str], source: Source, target: Any, at: str) -> Any:
        """Write out a target once; its result is used again unless it refers to what is still being written out."""
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

    def find(self, reference: str, source: Source, at: str, *, dynamic: bool) -> tuple[Source, str, Any] | None:
        """Return the file, pointer and value that a reference leads to; None after noting that there is no target."""
        file, _, fragment = reference.partition("#")
        fragment = unquote(fragment)
        target_source = self.file(file, source, at) if file else source
        if target_source is None:
            return None
        if fragment and not fragment.startswith("/"):
            anchors = _anchors(target_source).get(fragment, [])
            if dynamic and len(anchors) > 1:
                self.reader.error(
                    "unknown-reference", at, f"'{reference}' may mean {len(anchors)} schemas of that anchor"
                )
                return None
            pointer = next(iter(anchors), None)
        else:
            base = "" if target_source is not self.reader.source else self.root
            pointer = next(
                (p for p in (fragment, base + fragment) if apply_pointer(target_source.data, p) is not ABSENT), None
            )
        if pointer is None:
            known = apply_pointer(target_source.data, fragment.rpartition("/")[0]) if "/" in fragment else ABSENT
            hint = self.reader.hints.near(fragment.rpartition("/")[2], known) if isinstance(known, dict) else None
            self.reader.error("unknown-reference", at, f"there is nothing at '{reference}'", hint)
            return None
        return target_source, pointer, apply_pointer(target_source.data, pointer)

    def file(self, reference: str, source: Source, at: str) -> Source | None:
        try:
            uri = leads_to(source.uri, reference)
        except ValueError:
            self.reader.error("unknown-reference", at, f"'{reference}' is not a URI")
            return None
        if is_remote(source.uri) and not is_remote(uri):
            self.reader.error("unknown-reference", at, f"'{reference}' is a local file, and a remote one refers to it")
            return None
        if uri not in self.shared.files:
            try:
                self.shared.files[uri] = self.shared.resolver(uri)
                if problems := self.shared.files[uri].unfit_problems():
                    raise DocumentError(problems)
            except (DocumentError, CopyError) as error:
                reason = error.without_text if isinstance(error, DocumentError) else error
                self.reader.error("unknown-reference", at, f"'{reference}' cannot be read: {reason}")
                return None
        return self.shared.files[uri]


def _has_to_be_written(schema: Any) -> bool:
    return any(isinstance(each.get(word), str) for each in objects_in(schema) for word in (*REFERENCES, *_FRAME))


def _anchors(source: Source) -> dict[str, list[str]]:
    """Return the pointers of the schemas in components and inputs that have a plain name."""
    found: dict[str, list[str]] = {}
    components, workflows = (apply_pointer(source.data, at) for at in ("/components/inputs", "/workflows"))
    _collect(mapping(components), "/components/inputs", found)
    for index, workflow in enumerate(sequence(workflows)):
        _collect(mapping(workflow).get("inputs"), f"/workflows/{index}/inputs", found)
    if components is workflows is ABSENT:
        _collect(source.data, "", found)
    return found


def _collect(schema: Any, pointer: str, found: dict[str, list[str]]) -> None:
    for at, item in values_in(schema, pointer):
        for word in ("$anchor", "$dynamicAnchor"):
            if isinstance(name := mapping(item).get(word), str):
                found.setdefault(name, []).append(at)
