"""Values against JSON Schemas (2020-12): bounded in time, nothing fetched, the library loaded only when needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from arazzo.document.formats import is_of_format
from arazzo.document.plain_schemas import plainly_valid
from arazzo.errors import EvaluationError, ExpressionSyntaxError, GaveUpError
from arazzo.exact_numbers import decimal_of, is_number
from arazzo.expressions.ecma_patterns import compile_ecma
from arazzo.expressions.interruption import within_time
from arazzo.expressions.regular_expressions import finds

_SUBJECT = "the check of them"
_ENDLESS = "their schema refers to itself endlessly, or they are nested too deep"


def schema_errors(schema: Any, value: Any, *, missing: bool = True) -> list[Any]:
    """Return what jsonschema finds wrong in a value (its ``ValidationError``), sorted by path; nothing if it is valid.

    :param missing: False if it does not matter which of the outermost members are missing; they may be left out.
    :raises EvaluationError: if nobody can tell: a reference leads nowhere.
    :raises GaveUpError: if it takes too long, or goes in a circle or too deep.
    """
    all_there = not missing and isinstance(schema, Mapping)
    plain = {keyword: wanted for keyword, wanted in schema.items() if keyword != "required"} if all_there else schema
    try:
        if within_time(_SUBJECT, lambda: plainly_valid(plain, value)):
            return []
    except RecursionError:
        raise GaveUpError(_ENDLESS) from None
    from referencing.exceptions import Unresolvable

    validator = _validator()  # its imports do not count

    def find() -> list[Any]:
        return sorted(validator(schema).iter_errors(value), key=lambda error: [str(part) for part in error.path])

    try:
        return within_time(_SUBJECT, find)
    except Unresolvable as error:
        raise EvaluationError(f"their schema refers to '{error.ref}', which is not there") from error
    except RecursionError as error:
        raise GaveUpError(_ENDLESS) from error
    except (ArithmeticError, ValueError) as error:
        raise EvaluationError("they hold a number that is out of range") from error


@lru_cache(maxsize=1)
def _validator() -> Any:
    """Return the validator of 2020-12 with bounded patterns, and without the network that the library would use."""
    from functools import partial

    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing.jsonschema import EMPTY_REGISTRY

    keywords = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "multipleOf": _multiple_of,
        "format": _format,
    }
    bounded = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    validator = partial(bounded, registry=EMPTY_REGISTRY)
    validator({"$ref": "#/$defs/a", "$defs": {"a": {"pattern": "a"}}}).is_valid("b")  # it imports more when it runs
    return validator


def _matches(pattern: str, text: str) -> bool:
    try:
        compiled = compile_ecma(pattern)
    except ExpressionSyntaxError as error:
        raise EvaluationError(f"their schema has a pattern that cannot be read: {error.message}") from error
    return finds(compiled, text)


def _multiple_of(validator: Any, factor: Any, instance: Any, _: Any) -> Iterator[Any]:
    """Check as decimals: 19.99 is a multiple of 0.01."""
    from jsonschema import ValidationError

    if is_number(instance) and (Fraction(decimal_of(instance)) / Fraction(decimal_of(factor))).denominator != 1:
        yield ValidationError(f"{instance!r} is not a multiple of {factor!r}")


def _pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not _matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _format(validator: Any, name: Any, instance: Any, _: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not is_of_format(instance, name):
        yield ValidationError(f"{instance!r} is not a {name!r}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any) -> Iterator[Any]:
    for pattern, schema in patterns.items() if isinstance(instance, dict) else ():
        for name, value in instance.items():
            if _matches(pattern, name):
                yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, schema: Any, instance: Any, around: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    known, patterns = around.get("properties", {}), around.get("patternProperties", {})
    others = [name for name in instance if name not in known and not any(_matches(p, name) for p in patterns)]
    if schema is False and others:
        yield ValidationError(f"additional properties are not allowed: {', '.join(map(repr, others))}")
    elif schema is not False:
        for name in others:
            yield from validator.descend(instance[name], schema, path=name)
