"""Formats that are asserted, and defaults at every depth."""

from __future__ import annotations

from typing import Any

import pytest

from arazzo.document.formats import FORMATS, is_of_format
from arazzo.document.input_declarations import names_input, with_defaults
from arazzo.document.schema_checks import schema_errors
from arazzo.errors import EvaluationError


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2026-02-28", "2024-02-29"], ["2026-02-30", "20260228", "2026-2-1", "2026-01-01\n"]),
        ("time", ["10:00:00Z", "23:59:60Z", "00:59:60+01:00", "10:00:00.5-08:00"], ["25:00", "10:00:00", "22:59:60Z"]),
        (
            "date-time",
            ["2026-01-31T10:00:00Z", "2026-01-31t10:00:00+01:00"],
            ["2026-01-31 10:00:00Z", "2026-02-30T10:00:00Z"],
        ),
        ("duration", ["P1D", "PT5M", "P1Y2M3DT4H", "P2W"], ["P", "PT", "1D", "P1S", "P1DT"]),
        ("email", ["a@b.example"], ["a", "a@", "a b@c"]),
        ("hostname", ["localhost", "a-b.example", "1.example"], ["-a", "a-", "a..b", "a_b", "x" * 64]),
        ("ipv4", ["127.0.0.1"], ["127.0.0.256", "127.1", "01.2.3.4"]),
        ("ipv6", ["::1", "2001:db8::1"], ["12345::", "1.2.3.4", "fe80::1%eth0"]),
        ("uri", ["https://example.org/a?b#c", "urn:x:y"], ["/a", "https://example.org/a b", "https://x/{id}"]),
        ("uri-reference", ["/a", "", "#x"], ["a b", "\\"]),
        ("uuid", ["2eb8aa08-aa98-11ea-b4aa-73b441d16380"], ["2eb8aa08aa9811eab4aa73b441d16380", "x"]),
        ("regex", [r"^\p{L}$"], ["(", r"\h"]),
        ("json-pointer", ["", "/a/b~1c"], ["a", "/a~2"]),
    ],
)
def test_formats(name: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not is_of_format(text, name)] == []
    assert [text for text in bad if is_of_format(text, name)] == []
    assert {bool(schema_errors({"type": "string", "format": name}, text)) for text in bad} == {True}


def test_formats_are_of_text_and_others_only_describe() -> None:
    assert "idn-email" in FORMATS
    assert is_of_format(12, "date")
    assert is_of_format("anything", "int32")
    assert not schema_errors({"format": "card-number", "maxLength": 9}, "x")


PAGE = {"type": "object", "properties": {"size": {"default": 10}, "sort": {"properties": {"by": {"default": "id"}}}}}


@pytest.mark.parametrize(
    ("schema", "value", "filled"),
    [
        (PAGE, {}, {"size": 10}),
        (PAGE, {"sort": {}}, {"sort": {"by": "id"}, "size": 10}),
        (PAGE, {"size": None}, {"size": None}),
        ({"items": PAGE}, [{}, 1], [{"size": 10}, 1]),
        ({"prefixItems": [{}, PAGE]}, [{}, {}, {}], [{}, {"size": 10}, {}]),
        ({"additionalProperties": PAGE}, {"a": {}}, {"a": {"size": 10}}),
        ({"patternProperties": {"^x": PAGE}, "additionalProperties": False}, {"x": {}}, {"x": {"size": 10}}),
        ({"allOf": [PAGE, {"properties": {"size": {"default": 5}, "at": {"default": 0}}}]}, {}, {"size": 10, "at": 0}),
        ({"properties": {"page": {"allOf": [{"default": {}}, PAGE]}}}, {}, {"page": {"size": 10}}),
        ({"$defs": {"p": PAGE}, "properties": {"page": {"$ref": "#/$defs/p"}}}, {"page": {}}, {"page": {"size": 10}}),
        ({"anyOf": [PAGE]}, {}, {}),
        (True, {"a": 1}, {"a": 1}),
    ],
)
def test_defaults_at_every_depth(schema: Any, value: Any, filled: Any) -> None:
    before = repr(value)
    assert with_defaults(schema, value) == filled
    assert repr(value) == before


def test_defaults_that_hold_themselves_are_given_up() -> None:
    node = {"default": {}, "properties": {"next": {"$ref": "#/$defs/node"}}}
    with pytest.raises(EvaluationError, match="endlessly"):
        with_defaults({"$defs": {"node": node}, "properties": {"first": {"$ref": "#/$defs/node"}}}, {})


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"properties": {"a": {}}}, True),
        ({"required": ["a"]}, True),
        ({"allOf": [{"anyOf": [{"properties": {"a": {}}}]}]}, True),
        ({"if": {}, "then": {"properties": {"a": {}}}}, True),
        ({"dependentRequired": {"b": ["a"]}}, True),
        ({"dependentSchemas": {"b": {"required": ["a"]}}}, True),
        ({"patternProperties": {"^a$": {}}}, True),
        ({"patternProperties": {"^b$": {}}}, False),
        ({"additionalProperties": {"type": "string"}}, True),
        ({"additionalProperties": False}, False),
        ({"not": {"required": ["a"]}}, False),
        ({"propertyNames": {"pattern": "a"}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_what_a_schema_names(schema: Any, named: bool) -> None:
    assert names_input(schema, "a") is named
