"""Applies all rules to a document: every problem at once, sorted by place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from arazzo.document.loading import LoadedDocument, load_document, parse_document
from arazzo.errors import DocumentError, Problem
from arazzo.expressions.context import Dialect
from arazzo.openapi.sources import Sources
from arazzo.validation.body_rules import check_bodies
from arazzo.validation.criteria_rules import check_possibility
from arazzo.validation.expression_rules import (
    check_conditions,
    check_expressions,
    check_names,
    check_quoted,
    check_times,
    check_xml,
)
from arazzo.validation.extension_rules import check_contracts, check_setting_names, check_settings
from arazzo.validation.flow_rules import (
    check_fall_through,
    check_loops,
    check_order,
    check_reach,
    check_shared_settings,
    check_spent_retries,
    check_steps,
    check_workflows,
)
from arazzo.validation.message_rules import check_messages
from arazzo.validation.request_rules import (
    check_calls,
    check_credentials,
    check_input_needs,
    check_operations,
    check_parameters,
    check_places,
    check_servers,
    check_sources,
)
from arazzo.validation.validation_context import Subject
from arazzo.validation.value_rules import (
    check_cookies,
    check_empty_bodies,
    check_foreign,
    check_newer_values,
    check_secrets,
    check_selectors,
    check_unquoted,
)

Check = Callable[[Subject], Iterator[Problem]]

CHECKS: tuple[Check, ...] = (
    check_sources,
    check_operations,
    check_messages,
    check_settings,
    check_contracts,
    check_setting_names,
    check_expressions,
    check_quoted,
    check_unquoted,
    check_foreign,
    check_newer_values,
    check_selectors,
    check_conditions,
    check_names,
    check_times,
    check_xml,
    check_cookies,
    check_steps,
    check_workflows,
    check_reach,
    check_possibility,
    check_spent_retries,
    check_fall_through,
    check_loops,
    check_shared_settings,
    check_order,
    check_parameters,
    check_places,
    check_servers,
    check_calls,
    check_input_needs,
    check_empty_bodies,
    check_bodies,
    check_credentials,
    check_secrets,
)
"""Every check; each yields the problems of a family of rules."""


def validate(
    document: str | Path | LoadedDocument, *, dialect: Dialect = "lenient", sources: Sources | None = None
) -> tuple[Problem, ...]:
    """Return every problem of a document: in the file, its shape and its content.

    :param document: a file, or a document that is already loaded.
    :param dialect: ``strict`` makes errors of what only the lenient dialect understands.
    :param sources: the document's source descriptions; None opens them where the document says.
    :return: errors and warnings, sorted by place; nothing is raised.
    """
    try:
        loaded = _loaded(document, dialect)
    except DocumentError as error:
        return error.problems
    subject = Subject(loaded, dialect, sources or Sources(loaded))
    found = [*loaded.problems, *(problem for check in CHECKS for problem in check(subject))]
    shown = _concealed(dict.fromkeys(found))
    return tuple(sorted(shown, key=lambda problem: (problem.place, problem.rule, problem.message)))


def _loaded(document: str | Path | LoadedDocument, dialect: Dialect) -> LoadedDocument:
    if not isinstance(document, LoadedDocument):
        return load_document(document, dialect=dialect)
    return parse_document(document.source, dialect=dialect) if dialect == "strict" else document


def _concealed(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Hide the text of lines that contain a secret, whatever the problem there is."""
    problems = tuple(problems)
    secret = {(each.place.file, each.place.line) for each in problems if each.rule == "written-secret"}
    for problem in problems:
        hidden = (problem.place.file, problem.place.line) in secret
        yield replace(problem, place=replace(problem.place, excerpt="")) if hidden else problem
