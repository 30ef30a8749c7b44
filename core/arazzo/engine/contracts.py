"""Answers and requests checked against the API's description (setting ``contract``).

This comes after the criteria and does not change their verdicts. Findings name places and schemas, but no values: the
messages of a JSON Schema library quote the value, so they are not used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from arazzo.absent import ABSENT, Unreadable
from arazzo.document.contract_levels import Check, levels_of
from arazzo.document.schema_checks import schema_errors
from arazzo.engine.input_checks import kind_of
from arazzo.engine.state import Drift
from arazzo.errors import EvaluationError, GaveUpError, RequestError
from arazzo.exact_numbers import Beyond
from arazzo.exchange import Exchange, Request, Response, header
from arazzo.flow import PlannedStep
from arazzo.frozen import replace
from arazzo.json_values import read_json_value
from arazzo.openapi.media import best_match, is_json, is_json_lines, is_xml, plain
from arazzo.openapi.operation import AnswerContract, Contract, HeaderContract, SchemaSlice
from arazzo.openapi.typed_values import from_header
from arazzo.pointer import escape
from arazzo.secrecy.concealing import Conceal

#: How many kinds of drift the record of a step keeps.
MOST_KINDS = 20
#: How many characters of a schema's demand a message shows.
_LONGEST = 80
_NUMBER = re.compile(r"/[0-9]+(?=/|$)")
Found = tuple[Check, str, str]
"""Which check found something, where, and what it found."""


def answer_drift(planned: PlannedStep, exchange: Exchange, conceal: Conceal) -> tuple[Drift, ...]:
    """Return where an answer differs from the API's description; the request too, if only warnings are asked for.

    :param conceal: hides in a text what is secret.
    :raises GaveUpError: if a limit is met and the step is to fail for what is found.
    """
    contract = planned.operation.contract if planned.operation else None
    if contract is None:
        return ()
    sent = [drift for drift in request_drift(planned, exchange.request, conceal) if drift.level == "warn"]
    found = _of_answer(contract, exchange, exchange.response) if exchange.response else ()
    return merged(sent, _leveled(planned, found, "$response.body", conceal))


def request_drift(planned: PlannedStep, request: Request, conceal: Conceal) -> tuple[Drift, ...]:
    """Return where the body of a request differs from the API's description; arguments as :func:`answer_drift`."""
    operation = planned.operation
    if operation is None or operation.contract is None:
        return ()
    found = _of_request(operation.contract, operation.body_required, request)
    return _leveled(planned, found, "$request.body", conceal)


def require_contract(planned: PlannedStep, request: Request, conceal: Conceal) -> None:
    """Refuse a request whose body differs from the API's description, if the step is to fail for that.

    :raises RequestError: saying what is wrong; nothing was sent.
    :raises GaveUpError: if a limit is met.
    """
    described = planned.operation is not None and planned.operation.contract is not None
    if not described or "fail" not in levels_of(planned.settings.contract).values():
        return
    wrong = [str(drift) for drift in request_drift(planned, request, conceal) if drift.level == "fail"]
    if wrong:
        subject = f"step '{planned.step_id}': the request does not match its description"
        raise RequestError(f"{subject}: {'; '.join(wrong)}; nothing was sent")


def merged(earlier: Iterable[Drift], later: Iterable[Drift]) -> tuple[Drift, ...]:
    """Return drift with findings of the same kind counted together; array elements do not count as different places."""
    kinds: dict[tuple[str, ...], Drift] = {}
    for drift in (*earlier, *later):
        kind = (drift.check, drift.level, _NUMBER.sub("/*", drift.at), drift.message)
        known = kinds.get(kind)
        if known is not None:
            kinds[kind] = replace(known, times=known.times + drift.times)
        elif len(kinds) < MOST_KINDS:
            kinds[kind] = drift
    return tuple(kinds.values())


def _leveled(planned: PlannedStep, found: Iterable[Found], subject: str, conceal: Conceal) -> tuple[Drift, ...]:
    """Return what was found by the checks that are on.

    :param subject: what was looked at, for the message that it was not looked at to the end.
    :raises GaveUpError: if a limit is met and the step is to fail for what is found.
    """
    levels = levels_of(planned.settings.contract)
    drift: list[Drift] = []
    try:
        for check, at, message in found:
            if check in levels:
                drift.append(Drift(check, levels[check], conceal(at), conceal(message)))
    except GaveUpError as error:
        if levels.get("schema") == "fail":
            raise
        drift.append(Drift("schema", "warn", subject, f"was not checked to the end: {error.limit}"))
    return merged((), drift)


def _of_request(contract: Contract, required: bool, request: Request) -> Iterator[Found]:
    if request.body is None:
        if required:
            yield "schema", "$request.body", "is required, but there is none"
        return
    content_type = header(request.headers, "Content-Type") or ""
    described = best_match(list(contract.bodies), content_type)
    if described is None:
        if contract.bodies:
            yield "content_type", "$request.header.Content-Type", _other(content_type, contract.bodies)
    elif is_json(content_type) and contract.schemas:
        value = request.content
        if value is ABSENT:
            try:
                value = read_json_value(request.body.decode())
            except ValueError:
                yield "schema", "$request.body", "is not JSON"
                return
        yield from _by_schema(contract.schemas[contract.bodies[described]], value, "$request.body")


def _of_answer(contract: Contract, exchange: Exchange, response: Response) -> Iterator[Found]:
    answer = contract.answer(response.status)
    if answer is None:
        if contract.answers:
            names = ", ".join(each.status for each in contract.answers)
            yield "status", "$statusCode", f"is {response.status}, but the description has {names}"
        return
    bodiless = exchange.request.method == "HEAD" or response.status in (204, 304)
    if answer.content and not bodiless:
        yield from _of_body(contract.schemas, answer, exchange, response)
    for each in answer.headers:
        yield from _of_header(contract.schemas[each.schema_], each, response)


def _of_body(
    schemas: Sequence[SchemaSlice], answer: AnswerContract, exchange: Exchange, response: Response
) -> Iterator[Found]:
    if not response.body and not response.beyond:
        yield "schema", "$response.body", f"is empty, but the description has {', '.join(answer.content)}"
        return
    content_type = response.header("Content-Type") or ""
    described = best_match(list(answer.content), content_type)
    if described is None:
        yield "content_type", "$response.header.Content-Type", _other(content_type, answer.content)
        described = None if is_xml(content_type) else next(filter(is_json, answer.content), None)
    if described is None or not schemas:
        return
    value = exchange.structure
    if isinstance(value, Beyond):
        value.give_up()
    json_said = is_json(content_type) or is_json_lines(content_type)
    if isinstance(value, Unreadable) and json_said:
        yield "schema", "$response.body", f"cannot be read: {value.reason}"
    elif json_said or (is_json(described) and value is not ABSENT and not isinstance(value, Unreadable)):
        yield from _by_schema(schemas[answer.content[described]], value, "$response.body")


def _other(content_type: str, described: Iterable[str]) -> str:
    given = f"is {plain(content_type)}" if content_type else "is missing"
    return f"{given}, but the description has {', '.join(described)}"


def _of_header(schema: SchemaSlice, described: HeaderContract, response: Response) -> Iterator[Found]:
    at = f"$response.header.{described.name}"
    values = [value for name, value in response.headers if name.lower() == described.name.lower()]
    if not values and described.required:
        yield "schema", at, "is required, but missing"
    whole = values if described.name.lower() == "set-cookie" else [", ".join(values)] if values else []
    for text in whole:
        try:
            value = read_json_value(text) if described.is_json else from_header(schema.schema_, text)
        except ValueError:
            yield "schema", at, "is not JSON"
            continue
        yield from _by_schema(schema, value, at)


def _by_schema(schema: SchemaSlice, value: Any, at: str) -> Iterator[Found]:
    """Yield where a value differs from a schema, and the parts of the schema that cannot be read."""
    for text in schema.unread:
        yield "schema", at, f"was checked against only part of its schema: {text}"
    try:
        errors = schema_errors(schema.schema_, value)
    except EvaluationError as error:
        yield "schema", at, f"was not checked: {error}"
        return
    for each in errors:
        for way, message in _findings(each):
            yield "schema", f"{at}#{way}" if way else at, message


def _findings(error: Any) -> Iterator[tuple[str, str]]:
    """Yield the place and the wording of the library's findings, without the value."""
    context = _of_the_branch_meant(error) if error.validator in ("anyOf", "oneOf") else []
    if context:
        for inner in context:
            yield from _findings(inner)
        return
    yield "".join(f"/{escape(part)}" for part in _place(error)), _words(error)


def _place(error: Any) -> Iterator[str]:
    """Yield the path to a value; ``*`` for a member name that the schema does not have, since it may be data."""
    schema = list(error.absolute_schema_path)
    declared = {name for word, name in pairwise(schema) if word == "properties"}
    yield from (str(part) if isinstance(part, int) or part in declared else "*" for part in error.absolute_path)


def _of_the_branch_meant(error: Any) -> list[Any]:
    """Return the findings of the only branch that has the value's type; nothing unless there is exactly one."""
    branches: dict[Any, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [found for found in branches.values() if not any(_is_of_other_kind(inner) for inner in found)]
    return meant[0] if len(meant) == 1 else []


def _is_of_other_kind(error: Any) -> bool:
    return not error.path and error.validator == "type"


def _words(error: Any) -> str:
    wanted, value = error.validator_value, error.instance
    match error.validator:
        case "required":
            missing = [name for name in wanted if name not in value]
            return f"lacks {', '.join(map(repr, missing))}"
        case "type":
            kinds = wanted if isinstance(wanted, str) else " or ".join(wanted)
            return f"has to be {kinds}, not {kind_of(value)}"
        case "enum" | "const":
            allowed = wanted if error.validator == "enum" else [wanted]
            return f"has to be one of {_short(', '.join(json.dumps(each) for each in allowed))}"
        case "format":
            return f"is not of the format {wanted}"
        case "additionalProperties" | "unevaluatedProperties" if isinstance(error.schema, Mapping):
            return "has members that its schema does not have"
        case "anyOf" | "oneOf" | "not":
            return f"does not satisfy '{error.validator}' of its schema"
        case None:
            return "is not allowed at all"
    shown = f" {_short(json.dumps(wanted))}" if isinstance(wanted, (str, int, float, bool)) else ""
    return f"does not satisfy '{error.validator}'{shown} of its schema"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
