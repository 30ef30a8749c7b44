"""Criteria of all types: reading them, and evaluating them to verdicts (Arazzo 1.1.0, Criterion Object)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from arazzo.absent import ABSENT, Unreadable
from arazzo.criteria.condition_portability import portable_spelling
from arazzo.criteria.interpolation import braced, readable
from arazzo.criteria.jsonpath_condition import Query, evaluate_jsonpath, read_jsonpath
from arazzo.criteria.query import misleading, misleading_draft
from arazzo.criteria.reasons import reason
from arazzo.criteria.regex_condition import check_pattern, matches
from arazzo.criteria.simple import evaluate_simple, parse_simple
from arazzo.criteria.syntax_tree import Condition, Remark
from arazzo.criteria.verdict import Finding, Truth, Verdict
from arazzo.criteria.xpath_condition import check_xpath, holds_xpath, missed
from arazzo.document.models import Criterion, ExpressionType
from arazzo.errors import AbsentError, EvaluationError, ExpressionSyntaxError, GaveUpError, Severity
from arazzo.exact_numbers import Beyond
from arazzo.expressions.context import Context, Dialect
from arazzo.expressions.evaluation import evaluate as value_of
from arazzo.expressions.evaluation import require_structured_output
from arazzo.expressions.nodes import RESPONSE_BODY, Message, reads_all
from arazzo.expressions.parser import parse_context
from arazzo.expressions.selectors import RFC9535, VERSIONS, selector_version
from arazzo.frozen import replace
from arazzo.json_values import read_json_value

_TYPES = ("simple", "regex", "jsonpath", "xpath")


def check(criterion: Criterion, dialect: Dialect = "lenient") -> tuple[Finding, ...]:
    """Read a criterion without evaluating it.

    :param criterion: the criterion.
    :param dialect: ``strict`` for the specification to the letter.
    :return: errors where it can never be evaluated, warnings where other tools will not read it.
    """
    broken = tuple(_broken_frame(criterion, dialect))
    if broken:
        return broken
    try:
        remarks = _remarks(criterion, dialect)
    except ExpressionSyntaxError as error:
        return (Finding(Severity.ERROR, "unreadable-condition", error.message, error.offset, error.hint),)
    except GaveUpError as error:
        return (Finding(Severity.ERROR, "unreadable-condition", str(error)),)
    except RecursionError:  # raised by a library
        return (Finding(Severity.ERROR, "unreadable-condition", "the condition is nested too deeply"),)
    found = (*_context_remarks(criterion, dialect), *remarks)
    if dialect == "strict" or any(finding.rule.startswith("non-portable") for finding in found):
        return found
    refusals = [each for each in check(criterion, "strict") if each.severity is Severity.ERROR]
    whole = parse_context(criterion.context or "") if criterion.kind != "simple" else None
    if isinstance(whole, Message) and whole.trail:
        refusals = []  # an example of the specification has "context: $response.body.status"
    return (*found, *map(_only_here, refusals))


def _only_here(refusal: Finding) -> Finding:
    """Return a warning instead of an error, for what ``strict`` refuses and ``lenient`` reads."""
    message = f"only the lenient dialect reads this: {refusal.message}"
    return replace(refusal, severity=Severity.WARNING, rule="non-portable-condition", message=message)


def evaluate(criterion: Criterion, context: Context, dialect: Dialect = "lenient") -> Verdict:
    """Evaluate a criterion; one that cannot be evaluated is undecided, and the verdict says why.

    In ``strict`` it then does not hold (Arazzo 1.1.0, Evaluation Errors); nor does one that embeds an absent value.

    :param criterion: the criterion.
    :param context: the values of runtime expressions.
    :param dialect: ``strict`` for the specification to the letter.
    :raises GaveUpError: if a limit is met, so that nothing may be concluded.
    """
    truth = Truth.UNDECIDED
    try:
        return _evaluated(criterion, replace(context, judging=True, dialect=dialect), dialect)
    except AbsentError as error:
        truth, message = Truth.FAILS, str(error)
    except (EvaluationError, ExpressionSyntaxError) as error:
        message = error.message if isinstance(error, ExpressionSyntaxError) else str(error)
    except RecursionError:
        raise GaveUpError("the value is nested too deep for the condition") from None
    truth = Truth.FAILS if dialect == "strict" else truth
    return Verdict(truth, f"{reason(criterion.condition, [], context.conceal)}: {context.conceal(message)}", message)


def _evaluated(criterion: Criterion, context: Context, dialect: Dialect) -> Verdict:
    kind, condition = criterion.kind, criterion.condition
    if kind == "simple":
        return evaluate_simple(condition, context, dialect)
    if criterion.context is None:
        raise EvaluationError(f"a criterion of type {kind} needs a context")
    value = _context_value(criterion.context, context, dialect)
    seen = reason(condition, [(criterion.context, value)], context.conceal)
    if value is ABSENT or value is None:
        return Verdict(Truth.FAILS, seen)
    if isinstance(value, Beyond) and kind != "jsonpath":
        value.give_up()
    match kind:
        case "regex":
            return Verdict(Truth.of(matches(condition, value, context, dialect)), seen)
        case "jsonpath":
            data = _structured(criterion.context, value, context, dialect)
            if data is ABSENT:
                return Verdict(Truth.FAILS, seen)
            return evaluate_jsonpath(condition, data, _version(criterion), context, dialect, criterion.context)
        case "xpath":
            version = _version(criterion)
            held = holds_xpath(condition, value, version, context, dialect)
            found = "true" if held else "false"
            more = "" if held else missed(condition, value, version)
            told = reason(condition, [], context.conceal)
            return Verdict(Truth.of(held), f"{told}: {found} in {criterion.context}{more}")
    raise EvaluationError(f"a criterion has no type {kind}")


def _context_value(text: str, context: Context, dialect: Dialect) -> Any:
    whole = parse_context(text, dialect)
    value = readable(value_of(whole, context), text)
    if value is ABSENT:
        require_structured_output(whole, context)
    return value


def _structured(text: str, value: Any, context: Context, dialect: Dialect) -> Any:
    """Return a value that JSONPath applies to: a text body only if it is JSON, ABSENT if it is blank.

    :raises EvaluationError: if it is not.
    """
    if isinstance(value, (bytes, bytearray)):
        raise EvaluationError(f"{text} is binary, not JSON")
    whole = parse_context(text, dialect)
    body = isinstance(whole, Message) and whole.part in ("body", "payload") and not whole.pointer and not whole.trail
    if not isinstance(value, str) or not body or _sent_as_json(context):
        return value
    if not value.strip():
        return ABSENT
    found = context.exchange.structure if context.exchange is not None and whole == RESPONSE_BODY else value
    if not isinstance(found, (str, Unreadable)):
        return found
    try:
        return read_json_value(value)
    except ValueError as error:
        raise EvaluationError(f"{text} is text, not JSON") from error


def _sent_as_json(context: Context) -> bool:
    response = context.exchange.response if context.exchange else None
    return "json" in (response.header("content-type") or "").lower() if response else False


def _version(criterion: Criterion) -> str:
    return selector_version(
        criterion.kind, criterion.type.version if isinstance(criterion.type, ExpressionType) else None
    )


def _broken_frame(criterion: Criterion, dialect: Dialect) -> Iterator[Finding]:
    """Yield what is wrong with the type and the context."""
    kind = criterion.kind
    if kind not in _TYPES:
        message = f"a criterion is of type {', '.join(_TYPES)}, not {kind}"
        yield Finding(Severity.ERROR, "unknown-criterion-type", message, field="type")
        return
    if isinstance(criterion.type, ExpressionType) and criterion.type.version not in VERSIONS.get(kind, ()):
        message = f"unknown version '{criterion.type.version}' of {kind}"
        hint = f"use {', '.join(VERSIONS.get(kind, ()))}"
        yield Finding(Severity.ERROR, "unknown-criterion-type", message, 0, hint, "type")
    if kind == "simple":
        return
    if criterion.context is None:
        message = f"a criterion of type {kind} needs a context"
        yield Finding(Severity.ERROR, "missing-context", message, 0, "context: $response.body", "condition")
        return
    try:
        parse_context(criterion.context, dialect)
    except ExpressionSyntaxError as error:
        yield Finding(Severity.ERROR, "unreadable-context", error.message, error.offset, error.hint, "context")


def _context_remarks(criterion: Criterion, dialect: Dialect) -> Iterator[Finding]:
    """Yield a warning if the context is all inputs or all outputs, for which the grammar has no expression."""
    if criterion.kind == "simple" or criterion.context is None:
        return
    whole = parse_context(criterion.context, dialect)
    if reads_all(whole):
        message = f"only the lenient dialect reads '{criterion.context.strip()}' as a context"
        hint = f"name one: '{criterion.context.strip()}.name'"
        yield Finding(Severity.WARNING, "non-portable-expression", message, 0, hint, "context")


def _remarks(criterion: Criterion, dialect: Dialect) -> tuple[Finding, ...]:
    """Return warnings.

    :raises ExpressionSyntaxError: if the condition cannot be read.
    """
    condition = criterion.condition
    match criterion.kind:
        case "simple":
            return _warnings("non-portable-condition", parse_simple(condition, dialect).remarks)
        case "regex":
            return _warnings("non-portable-condition", check_pattern(condition, dialect))
        case "xpath":
            remark = check_xpath(condition, _version(criterion), dialect)
            return _warnings("non-portable-condition", (remark,) if remark else ())
    return _jsonpath_remarks(read_jsonpath(condition, _version(criterion), dialect), criterion)


def _jsonpath_remarks(reading: Query | Condition, criterion: Criterion) -> tuple[Finding, ...]:
    """Return warnings: what a query only seems to say, or the portable spelling of the boolean dialect."""
    if isinstance(reading, Query):
        remark = braced(reading.template)
        warnings = _warnings("non-portable-condition", (remark,) if remark else ())
        misread = (misleading if reading.version == RFC9535 else misleading_draft)(reading.text, criterion.condition)
        return warnings + _warnings("misleading-jsonpath", misread)
    message = "not an RFC 9535 query; read as a boolean expression over JSON paths, which other tools do not read"
    spelling = portable_spelling(reading.node, criterion.context or "")
    return _warnings("non-portable-condition", (Remark(0, message, str(spelling) if spelling else None),))


def _warnings(rule: str, remarks: Iterable[Remark]) -> tuple[Finding, ...]:
    return tuple(Finding(Severity.WARNING, rule, remark.message, remark.offset, remark.hint) for remark in remarks)
