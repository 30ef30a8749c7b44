"""A file becomes a document: its shape is read, references are resolved, and all problems are found at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from arazzo.document.models import Action, Document, Parameter, Step, Workflow
from arazzo.document.objects import read_document
from arazzo.document.order import in_order
from arazzo.document.schema_references import Resolver, inline_inputs
from arazzo.document.shape import DocumentReader, snake
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.expressions.context import Dialect
from arazzo.frozen import dataclass
from arazzo.source.copies import Copies
from arazzo.source.text import Source, load_source

_VERSION = re.compile(r"1\.([0-9]{1,3})(\.[0-9]{1,6})?(-.+)?")


@dataclass(frozen=True)
class LoadedDocument:
    """A document that can be read, with its text and the warnings about its shape.

    :param document: the document, its reusable objects and input schemas resolved.
    :param source: the file.
    :param problems: warnings, sorted by place.
    """

    document: Document
    source: Source
    problems: tuple[Problem, ...] = ()


def load_document(path: str | Path, *, dialect: Dialect = "lenient") -> LoadedDocument:
    """Load an Arazzo document.

    :param path: the file.
    :param dialect: ``strict`` refuses what the specification does not allow.
    :raises DocumentError: with every problem of its shape.
    """
    return parse_document(load_source(path, located=True), dialect=dialect)


def parse_document(source: Source, *, resolver: Resolver | None = None, dialect: Dialect = "lenient") -> LoadedDocument:
    """Read an Arazzo document from a source; other arguments and errors as :func:`load_document`.

    :param resolver: opens other files that input schemas refer to, by path or URL; None opens local ones and copies.
    """
    reader = DocumentReader(source, dialect)
    _check_kind(reader)
    _check_merges(reader)
    reader.problems += source.unfit_problems()
    document = read_document(reader)
    if isinstance(document, Document):
        _check_names(reader, document)
        document = in_order(reader, inline_inputs(reader, document, resolver or Copies.of(source.uri).open))
    problems = tuple(sorted(dict.fromkeys(reader.problems), key=lambda problem: (problem.place, problem.rule)))
    if not isinstance(document, Document) or any(problem.is_error for problem in problems):
        raise DocumentError(problems)
    return LoadedDocument(document, source, problems)


def _check_kind(reader: DocumentReader) -> None:
    """Refuse at once what is not an Arazzo document: its other problems would mean nothing."""
    data = reader.source.data
    if not isinstance(data, dict):
        reader.error("not-a-document", "", "this is not an Arazzo document: it has no fields")
    elif data.get("arazzo") is None:
        other = next((kind for kind in ("openapi", "swagger", "asyncapi") if kind in data), None)
        names = {"openapi": "an OpenAPI", "swagger": "a Swagger", "asyncapi": "an AsyncAPI"}
        what = f": it is {names[other]} description" if other else ""
        reader.error("not-a-document", "", f"this is not an Arazzo document{what}", "it starts with 'arazzo: 1.0.1'")
    else:
        _check_version(reader, data["arazzo"])
    if any(problem.is_error for problem in reader.problems):
        raise DocumentError(reader.problems)


def _check_version(reader: DocumentReader, version: Any) -> None:
    written = version if isinstance(version, str) else str(version)
    match = _VERSION.fullmatch(written)
    if match is None or int(match[1]) > 2:
        message = f"Arazzo version '{written}' is not known"
        reader.error("unsupported-version", "/arazzo", message, "known are 1.0.x and 1.1.x; 1.2.x is read as 1.1")
        return
    reader.version = f"{written[:3]}.0" if match[2] is None else written
    if match[1] == "2":
        reader.lenient("newer-version", "/arazzo", f"Arazzo {written} is read as 1.1.0")
    elif match[2] is None and isinstance(version, str):
        reader.lenient("newer-version", "/arazzo", f"'{written}' is not a complete version", f"write '{written}.0'")


def _check_merges(reader: DocumentReader) -> None:
    severity = Severity.ERROR if reader.dialect == "strict" else Severity.WARNING
    message = "merge keys belong to YAML 1.1; in YAML 1.2 '<<' is an ordinary field"
    reader.problems += reader.source.merge_problems("merge-key", severity, message, "write the fields out")


def _check_names(reader: DocumentReader, document: Document) -> None:
    """Note names that are given twice. Two parameters or actions of one name can still be told apart by their order."""
    sources = ((item.name, f"{item.at}/name") for item in document.source_descriptions)
    _check_twice(reader, "duplicate-source", "source name", sources)
    ids = ((item.workflow_id, f"{item.at}/workflowId") for item in document.workflows)
    _check_twice(reader, "duplicate-workflow", "workflow id", ids)
    for workflow in document.workflows:
        steps = ((step.step_id, f"{step.at}/stepId") for step in workflow.steps)
        _check_twice(reader, "duplicate-step", f"in workflow '{workflow.workflow_id}', step id", steps)
        _check_lists(reader, workflow, ("successActions", "failureActions", "parameters"))
        for step in workflow.steps:
            _check_lists(reader, step, ("onSuccess", "onFailure", "parameters"))
            for action in (*step.on_success, *step.on_failure):
                _check_lists(reader, action, ("parameters",))
        for action in (*workflow.success_actions, *workflow.failure_actions):
            _check_lists(reader, action, ("parameters",))


def _check_lists(reader: DocumentReader, owner: Workflow | Step | Action, fields: tuple[str, ...]) -> None:
    for field in fields:
        items: tuple[Action | Parameter, ...] = getattr(owner, snake(field))
        places = ((_identity(item), f"{owner.at}/{field}/{index}") for index, item in enumerate(items))
        if field == "parameters":
            _check_twice(reader, "duplicate-parameter", "parameter", places)
        else:
            _check_twice(reader, "duplicate-action", "action", places)


def _identity(item: Action | Parameter) -> tuple[str, ...]:
    if not isinstance(item, Parameter):
        return (item.name,)
    return (item.name.lower() if item.location == "header" else item.name, item.location or "")


def _check_twice(
    reader: DocumentReader, rule: str, noun: str, items: Iterable[tuple[str | tuple[str, ...], str]]
) -> None:
    seen: dict[object, str] = {}
    for name, at in items:
        first = seen.setdefault(name, at)
        if first == at:
            continue
        shown = name if isinstance(name, str) else name[0]
        message = f"{noun} '{shown}' is given twice; the first one is on line {reader.source.place(first).line}"
        if isinstance(name, str):
            reader.error(rule, at, message)
        else:
            reader.lenient(rule, at, message)
