"""The rule about credentials that are written into a document instead of an input or a connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from arazzo.document import EXTENSION, escape, merged_parameters
from arazzo.document.schemas import mapping
from arazzo.errors import Problem
from arazzo.source import is_written_secret
from arazzo.validation.validation_context import Subject


def check_secrets(subject: Subject) -> Iterator[Problem]:
    """Find secrets that are written into a document; the problem does not reveal them."""
    seen: set[str] = set()
    for name, value, at in _values(subject):
        for inner, text, where in _texts(name, value, at):
            if where not in seen and is_written_secret(inner, text):
                seen.add(where)
                message = f"'{inner}' holds a secret, and everybody who can read this document can read it"
                hint = "make it an input and bind it to a connection, or leave it to the source's connection"
                problem = subject.warning("written-secret", where, message, hint)
                yield replace(problem, place=replace(problem.place, excerpt=""))


def _values(subject: Subject) -> Iterator[tuple[str, Any, str]]:
    """Yield named values that may contain one."""
    for workflow, step in subject.steps():
        for parameter in merged_parameters(workflow, step):
            yield parameter.name, parameter.value, f"{parameter.at}/value"
        if step.request_body is not None:
            yield "payload", step.request_body.payload, f"{step.at}/requestBody/payload"
            for change in step.request_body.replacements:
                yield change.target.rpartition("/")[2], change.value, f"{change.at}/value"
    for workflow in subject.workflows:
        for name, schema in (subject.declared_inputs(workflow).known or {}).items():
            if "default" in mapping(schema):
                secret = f"{name} password" if schema.get("format") == "password" else name
                yield secret, schema["default"], f"{workflow.at}/inputs/properties/{escape(name)}/default"
    for item in (subject.loaded.document, *subject.workflows, *(step for _, step in subject.steps())):
        settings = item.extensions.get(EXTENSION)
        bound = settings.get("inputs") if isinstance(settings, dict) else None
        for name, value in (bound if isinstance(bound, dict) else {}).items():
            yield name, value, f"{item.at}/{EXTENSION}/inputs/{escape(name)}"


def _texts(name: str, value: Any, at: str) -> Iterator[tuple[str, str, str]]:
    match value:
        case str():
            yield name, value, at
        case dict():
            for key, item in value.items():
                yield from _texts(key, item, f"{at}/{escape(key)}")
        case list():
            for index, item in enumerate(value):
                yield from _texts(name, item, f"{at}/{index}")
