"""Rules about ``x-airflow``: settings that do not exist, cannot have their value, or name what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_arazzo.core.document import EXTENSION, Settings, escape, near, settings_of
from airflow_arazzo.core.errors import DocumentError, Problem
from airflow_arazzo.core.validation.subject import Subject


def check_settings(subject: Subject) -> Iterator[Problem]:
    """Find what is wrong under ``x-airflow`` of the document, its workflows and their steps."""
    known: dict[str, Any] = {}
    for workflow in subject.workflows:
        inputs = subject.taken_inputs(workflow).known or {}
        known.update(inputs)
        yield from _settings(subject, workflow.extensions, workflow.at, inputs)
        for step in workflow.steps:
            yield from _settings(subject, step.extensions, step.at, inputs)
    yield from _settings(subject, subject.loaded.document.extensions, "", known)


def _settings(subject: Subject, extensions: Mapping[str, Any], at: str, inputs: Mapping[str, Any]) -> Iterator[Problem]:
    pointer = f"{at}/{EXTENSION}"
    try:
        settings = settings_of(extensions, pointer, subject.loaded.source)
    except DocumentError as error:
        yield from error.problems
        return
    yield from _bound(subject, settings, pointer, inputs)
    known = [source.name for source in subject.loaded.document.source_descriptions]
    for field in ("connection", "server"):
        value = getattr(settings, field)
        for name in value if isinstance(value, dict) else ():
            if name not in known:
                message = f"'{field}' names source description '{name}', which is not declared"
                yield subject.error("unknown-source", f"{pointer}/{field}/{escape(name)}", message, near(name, known))


def _bound(subject: Subject, settings: Settings, pointer: str, inputs: Mapping[str, Any]) -> Iterator[Problem]:
    for name in settings.inputs or ():
        if name not in inputs:
            message = f"'{name}' is bound and not declared as an input"
            yield subject.warning("undeclared-input", f"{pointer}/inputs/{escape(name)}", message, near(name, inputs))
