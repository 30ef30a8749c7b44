"""Rules about values as they are written: expressions that YAML read as maps, and what other tools would fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from arazzo.document import escape
from arazzo.errors import ExpressionSyntaxError, Problem
from arazzo.expressions import is_selector, parse_expression
from arazzo.expressions.spelling import FIXED, ROOTS, nearest_root
from arazzo.json_values import values_in
from arazzo.validation.expression_index import texts, values
from arazzo.validation.validation_context import Subject

#: What starts like a call or a path in another tool's language, and any word after a brace that opens an expression.
_FOREIGN = re.compile(r"^\s*(\$[A-Za-z_][\w-]*(?=[.(])[^\s{}]*)|\{(\$[A-Za-z_][\w-]*[^\s{}]*)\}")
#: Words that other tools fill in although nothing follows them.
_GENERATED = re.compile(r"^\s*(\$(?:date|datetime|guid|now|random\w*|timestamp|today|uuid))\s*$", re.IGNORECASE)
_FOREIGN_EXTENSION = re.compile(r"x-(?:security|auth|authentication|credentials)(?:-.*)?")


def check_unquoted(subject: Subject) -> Iterator[Problem]:
    """Find maps that are expressions in braces without quotes: YAML reads ``{$inputs.a}`` as a map with a null."""
    seen: set[str] = set()
    for value in values(subject):
        maps = ((at, item) for at, item in values_in(value.value, value.at) if isinstance(item, dict))
        for at, name in ((at, str(name)) for at, item in maps for name, member in item.items() if member is None):
            if at not in seen and _is_expression(name):
                seen.add(at)
                message = f"without quotes this is a map with the null member '{name}', and not an expression"
                yield subject.error("unquoted-expression", at, message, f"write '{name}', or \"{{{name}}}\" in text")


def _is_expression(name: str) -> bool:
    try:
        parse_expression(name, "lenient")
    except ExpressionSyntaxError:
        return False
    return True


def check_foreign(subject: Subject) -> Iterator[Problem]:
    """Find what other tools would fill in and we send as written, and their extensions for credentials."""
    seen: set[str] = set()
    for text in texts(subject):
        if text.at not in seen and (found := _foreign(text.text)):
            seen.add(text.at)
            message = f"'{found}' is not a runtime expression; it is sent as text"
            yield subject.warning("foreign-expression", text.at, message, "make it an input of the workflow")
    yield from _extensions(subject)


def _foreign(text: str) -> str | None:
    for pattern in (_FOREIGN, _GENERATED):
        for match in pattern.finditer(text):
            found = next(filter(None, match.groups()))
            word = re.match(r"\$([A-Za-z_]+)", found)
            if word and word[1] not in ROOTS and word[1] not in FIXED and nearest_root(word[1]) is None:
                return str(found)
    return None


def _extensions(subject: Subject) -> Iterator[Problem]:
    """Find extensions by which other tools authenticate; here connections do."""
    document = subject.loaded.document
    for item in (document, *document.source_descriptions, *subject.workflows, *(step for _, step in subject.steps())):
        for name in item.extensions:
            if _FOREIGN_EXTENSION.fullmatch(name):
                message = f"'{name}' is an extension of another tool, and does nothing here"
                hint = "credentials come from the connection of the source description"
                yield subject.warning("foreign-extension", f"{item.at}/{escape(name)}", message, hint)


def check_newer_values(subject: Subject) -> Iterator[Problem]:
    """Find values that Arazzo 1.1 evaluates, and that are literals in a document of version 1.0."""
    if not subject.loaded.document.arazzo.startswith("1.0"):
        return
    seen: set[str] = set()
    for value in values(subject):
        for at, item in values_in(value.value, value.at):
            own = isinstance(item, str) and item.strip().strip("{}") == "$self"
            if at not in seen and (own or is_selector(item)):
                seen.add(at)
                found = "'$self'" if own else "a Selector Object"
                message = f"{found} came with Arazzo 1.1.0; in this document it is sent as it is written"
                yield subject.warning("newer-value", at, message, "write 'arazzo: 1.1.0'")
