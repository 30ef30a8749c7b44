"""Strings that are, or embed, runtime expressions (Arazzo 1.1.0, ``expression-string``).

A string that is one expression keeps the type of its value. Braces make a string: ``{$inputs.count}`` is an
expression-string with one embedded expression, and embedded values "are converted to their string representation", so
its value is text even when nothing surrounds the braces. Braces around anything but an expression are literal, since
the specification's own payloads are JSON text; around a malformed expression (``{$steps.a.b}``) they are an error.

The lenient dialect also finds expressions without braces. Some strings then have two readings: in
``$steps.a.outputs.Policy object`` the name may hold a space or be followed by a word, ``$inputs.name.`` may be a name
or a sentence. Such a template keeps both; evaluation takes the expression if that name is declared, and the text with
embedded expressions if not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Expression, Message, SourceReference, reads_all
from arazzo.expressions.parser import is_strict, parse_context, parse_expression
from arazzo.expressions.selectors import VERSIONS
from arazzo.expressions.spelling import HIDDEN, ROOTS, UNSEEN, misspelled_root
from arazzo.frozen import dataclass, replace
from arazzo.limits import current_limits
from arazzo.pointer import escape

Parts = tuple["str | Expression", ...]


@dataclass(frozen=True)
class Template:
    """A string read for expressions.

    :param text: the string as written.
    :param parts: literal text and expressions in order, as the string is most likely meant.
    :param offsets: where in ``text`` each part begins.
    :param unbraced: indices of parts that are embedded without braces (lenient).
    :param whole: the reading as one expression, to be tried first; None if the string cannot be one.
    :param split: the other reading of an ambiguous string; empty if there is one reading.
    """

    text: str
    parts: Parts
    offsets: tuple[int, ...] = ()
    unbraced: frozenset[int] = frozenset()
    whole: Expression | None = None
    split: Template | None = None

    @property
    def sole(self) -> Expression | None:
        """The expression, if the whole string is one and not in braces; its value keeps its type."""
        return self.whole if self.whole is not None and self.parts == (self.whole,) else None

    @cached_property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions of the most likely reading, in order."""
        return tuple(part for part in self.parts if not isinstance(part, str))


_ID: Final = r"\w+(?:-+\w+)*"
_TRAIL: Final = rf"""(?:\.{_ID}|\[{_ID}\]|\['[^'{{}}\n]*'\]|\["[^"{{}}\n]*"\])*"""
_SEGMENT: Final = rf"""[^{UNSEEN}/~{{}}"'<>,;&|()\[\]=]*"""
_TOKENS: Final = rf"(?:/{_SEGMENT}(?:~[01]{_SEGMENT})*)+"
_POINTER: Final = rf"(?:\#{_TOKENS})?"
_UNBRACED: Final = re.compile(
    rf"""\$(?:
        (?:(?:workflows\.{_ID}(?:\.{_ID})*?\.)?(?:inputs|outputs)|steps\.{_ID}(?:\.{_ID})*?\.outputs)
        \.{_ID}{_TRAIL}{_POINTER}
      | (?:request|response|message)\.(?:
            (?:headers?|query|path)\.{_ID}(?:\.{_ID}|\[{_ID}\])*
          | (?:body|payload)(?![\w-])(?:\#(?:\w{_SEGMENT})?{_TOKENS}|\#\w{_SEGMENT}|{_TRAIL}) )
      | sourceDescriptions\.{_ID}(?:\.{_ID})+
      | components\.(?:parameters|successActions|failureActions|inputs)\.{_ID}(?:\.{_ID})*
      | (?:url|method|statusCode|self)(?![\w\[(-]|\.\w)
    )""",
    re.VERBOSE | re.ASCII,
)
_BRACED: Final = re.compile(r"\{(\$[^{}]*)\}")
_DOTTED_ROOT: Final = re.compile(rf"\$(?:{'|'.join(ROOTS)})\.")
_MARKS: Final = {"lenient": re.compile(r"\{?\$"), "strict": re.compile(r"\{\$")}
_SENTENCE_END: Final = ".,;:!?"


@lru_cache(maxsize=16_384)
def parse_template(text: str, dialect: Dialect = "lenient") -> Template:
    """Read a string that may be, or may embed, expressions.

    :param text: any string.
    :param dialect: ``lenient`` also finds expressions without braces.
    :raises ExpressionSyntaxError: if something in it begins like an expression (``$steps.a.b``, ``{$steps.a.b}``) and
        is none; in strict also if it resembles one (``$input.a``).
    """
    if "$" not in text:
        return Template(text, (text,) if text else (), (0,) if text else ())
    candidate = text.strip() if dialect == "lenient" else text
    try:
        whole = parse_expression(candidate, dialect) if candidate.startswith("$") else None
        problem = None
    except ExpressionSyntaxError as error:
        whole, problem = None, error
    if whole is None:
        template = _scan(text, dialect)
        _refuse_malformed(template, dialect, problem)
        return template
    one = Template(text, (whole,), (text.find("$"),), whole=whole)
    return one if dialect == "strict" else _weigh(one, whole, candidate)


@lru_cache(maxsize=4096)
def parse_selected(text: str, dialect: Dialect = "lenient") -> Template:
    """Parse the context of a selector: a template that may also, in lenient, be all inputs or all outputs.

    :raises ExpressionSyntaxError: as :func:`parse_template`.
    """
    try:
        whole = parse_context(text, dialect)
    except ExpressionSyntaxError:
        return parse_template(text, dialect)
    if not reads_all(whole):
        return parse_template(text, dialect)
    return Template(text, (whole,), (text.find("$"),), whole=whole)


def find_expressions(value: Any, dialect: Dialect = "lenient") -> Iterator[tuple[str, Expression]]:
    """Yield every expression in a JSON value with the JSON pointer of the string it is in, in document order.

    For a Selector Object these are its context and what its selector embeds; for a string with two readings, both.

    :raises ExpressionSyntaxError: when a string is reached that begins like an expression but is not one.
    """
    match value:
        case str():
            template = parse_template(value, dialect)
            yield from (("", expression) for expression in template.expressions)
            whole = template.whole if template.split is not None else None
            if whole is not None and whole not in template.expressions:
                yield "", whole
        case Mapping():
            selector = is_selector(value)
            for name, item in value.items():
                if selector and name == "context":
                    yield from (("/context", each) for each in parse_selected(item, dialect).expressions)
                    continue
                for pointer, expression in find_expressions(item, dialect):
                    yield f"/{escape(str(name))}{pointer}", expression
        case list() | tuple():
            for index, item in enumerate(value):
                for pointer, expression in find_expressions(item, dialect):
                    yield f"/{index}{pointer}", expression


def scan_expression(text: str, start: int = 0, dialect: Dialect = "lenient") -> tuple[Expression, int] | None:
    """Read the expression that begins at an offset and stands there without braces; None if none does.

    In a simple condition dots and brackets are operators of both dialects: read those in lenient.

    :raises ExpressionSyntaxError: if it goes on for too long.
    :return: the expression and the offset after it.
    """
    most = current_limits().expression_characters
    match = _UNBRACED.match(text, start, start + most + 1)
    if match is None:
        return None
    if len(match[0]) > most:
        raise ExpressionSyntaxError(
            f"an expression is at most {most} characters long (expression_characters)", text, start
        )
    end = match.end()
    if text[end : end + 1] == "$":
        end = start + len(match[0].rstrip("_"))
    if "#" in match[0]:
        end = start + len(text[start:end].rstrip(_SENTENCE_END))
    try:
        return parse_expression(text[start:end], dialect), end
    except ExpressionSyntaxError:
        return None


def is_selector(value: Any) -> bool:
    """Tell whether a JSON object is a Selector Object: context, selector and type, and nothing else but extensions."""
    if not isinstance(value, Mapping) or not {"context", "selector", "type"} <= value.keys():
        return False
    kind = value["type"].get("type") if isinstance(value["type"], Mapping) else value["type"]
    context, selector = value["context"], value["selector"]
    others = [name for name in value if name not in ("context", "selector", "type")]
    return (
        isinstance(context, str)
        and context.startswith("$")
        and isinstance(selector, str)
        and isinstance(kind, str)
        and kind in VERSIONS
        and all(str(name).startswith("x-") for name in others)
    )


def _weigh(one: Template, whole: Expression, candidate: str) -> Template:
    """Decide between one expression and text with unbraced ones; keep both where the data must decide."""
    split = _scan(one.text, "lenient")
    first = next(iter(split.expressions), None)
    if first is None or first.text == candidate:
        return one
    sentence = candidate[-1] in _SENTENCE_END
    fragment = isinstance(whole, SourceReference) and "#" in whole.reference
    if len(split.expressions) > 1 or sentence or fragment:
        return replace(split, whole=whole, split=split)
    if is_strict(candidate):
        return one
    match candidate[len(first.text)]:
        case "[" | "(":
            return one
        case " ":
            return replace(one, split=split)
        case _:
            return replace(split, whole=whole, split=split)


def _refuse_malformed(template: Template, dialect: Dialect, problem: ExpressionSyntaxError | None) -> None:
    """Raise for a string that begins like an expression but is not one."""
    text = template.text
    if dialect == "strict" and (near := misspelled_root(text)) and re.search(r"(?:^|\{)\$", text):
        raise ExpressionSyntaxError("this looks like a runtime expression but is not one", text, text.find("$"), near)
    if problem is None or not _DOTTED_ROOT.match(text.strip()):
        return
    if template.expressions and (dialect == "strict" or not _looks_cut(template, text.strip())):
        return
    if dialect == "strict" or not re.search(r"\s", text.strip()):
        raise problem


def _looks_cut(template: Template, text: str) -> bool:
    """Tell whether the expression that begins a text stops short of a malformed pointer, or of what nobody sees."""
    first = template.expressions[0]
    rest = text[len(first.text) :]
    cut = rest.startswith(("#", "~", "/") if isinstance(first, Message) else ("#", "~"))
    return text.startswith(first.text) and (cut or HIDDEN.match(rest) is not None)


def _scan(text: str, dialect: Dialect) -> Template:
    """Split a string at its embedded expressions."""
    parts: list[str | Expression] = []
    offsets: list[int] = []
    unbraced: set[int] = set()
    literal, position = 0, 0
    while (position := _next(text, position, dialect)) < len(text):
        braced = text[position] == "{"
        found = _braced(text, position, dialect) if braced else scan_expression(text, position, dialect)
        if found is None:
            position += 1
            continue
        if position > literal:
            parts.append(text[literal:position])
            offsets.append(literal)
        if not braced:
            unbraced.add(len(parts))
        parts.append(found[0])
        offsets.append(position + braced)
        literal = position = found[1]
    if literal < len(text):
        parts.append(text[literal:])
        offsets.append(literal)
    return Template(text, tuple(parts), tuple(offsets), frozenset(unbraced))


def _next(text: str, position: int, dialect: Dialect) -> int:
    """Return where the next embedded expression may begin."""
    found = _MARKS[dialect].search(text, position)
    return found.start() if found else len(text)


def _braced(text: str, start: int, dialect: Dialect) -> tuple[Expression, int] | None:
    """Read ``{expression}`` at an offset; None where the braces hold something else."""
    match = _BRACED.match(text, start)
    if match is None:
        return None
    inside = match[1].rstrip() if dialect == "lenient" else match[1]
    try:
        return parse_expression(inside, dialect), match.end()
    except ExpressionSyntaxError as error:
        if _DOTTED_ROOT.match(inside):
            raise ExpressionSyntaxError(error.message, text, start + 1 + error.offset, error.hint) from error
        return None
