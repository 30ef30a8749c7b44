"""XML answers as the objects that a schema makes of them (docs/semantics.md, 1)."""

from __future__ import annotations

import pytest
from casebook import CASES

from arazzo.absent import Unreadable
from arazzo.exchange import Response
from arazzo.openapi.operation import AnswerSpec, Operation
from arazzo.openapi.responses import decode_content, parsed_content
from arazzo.openapi.xml_answers import read_xml_answer
from arazzo.openapi.xml_bodies import write_xml
from arazzo.validation import validate

NAMED = {"type": "string", "xml": {"name": "n"}}
PET = {
    "type": "object",
    "xml": {"name": "pet", "prefix": "p", "namespace": "urn:pets"},
    "properties": {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "weight": {"type": "number"},
        "good": {"type": "boolean"},
        "zip": {"type": "string"},
        "plain": {"type": "array", "items": NAMED},
        "wrapped": {"type": "array", "xml": {"wrapped": True, "name": "w"}, "items": NAMED},
        "inner": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}


@pytest.mark.parametrize(
    "value",
    [
        {"id": 2**70, "weight": 1.5, "good": False, "zip": "007"},
        {"plain": ["x"], "wrapped": ["x", "y"], "inner": {"a": 1}},
        {"wrapped": [], "zip": "", "inner": {}},
        {"plain": ["<&>", " "]},
    ],
)
def test_what_is_written_is_read(value):
    assert read_xml_answer(write_xml(PET, value), PET) == value


def test_what_is_written_without_a_schema_is_read():
    value = {"pet": {"id": "1", "tags": ["a", "b"], "deep": {"x": ""}}}
    assert read_xml_answer(write_xml(True, value), True) == value


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("<a><b/></a>", {"type": "object"}, {"a": {"b": ""}}),
        ("<a><b>1</b></a>", {"properties": {"b": {"type": "integer"}}}, {"b": 1}),
        ("<a><b>1</b></a>", {"properties": {"a": {"properties": {"b": {"type": "integer"}}}}}, {"a": {"b": 1}}),
        ("<a><b>x</b></a>", {"properties": {"b": {"type": "integer"}}}, {"b": "x"}),
        ("<as><a>1</a><a>2</a></as>", {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ("<as/>", {"type": "array"}, []),
        (
            '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><b i:nil="true"/></a>',
            {"properties": {"b": {"type": "integer"}}},
            {"b": None},
        ),
    ],
)
def test_xml_is_read(text, schema, value):
    assert read_xml_answer(text, schema) == value


def answer(content_type: str, body: bytes, *, operation: Operation | None) -> object:
    response = Response(200, (("Content-Type", content_type),), body)
    return parsed_content(response, decode_content(response), operation)


OPERATION = Operation(source="", method="GET", path="/", answers=(AnswerSpec(status="2xx", schema=PET),))


def test_the_schema_is_that_of_the_status_or_its_range():
    assert answer("text/xml", b"<pet id='1'/>", operation=OPERATION) == {"id": 1}
    assert OPERATION.answer_schema(404) is True


def test_strict_reads_no_xml_so():
    assert isinstance(answer("text/xml", b"<pet id='1'/>", operation=None), Unreadable)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<p>log in</p>"),
        ("application/xhtml+xml", b"<html/>"),
        ("text/plain", b"<p>x</p>"),
        ("text/xml", b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'),
    ],
)
def test_a_page_is_no_xml_answer(content_type, body):
    assert isinstance(answer(content_type, body, operation=OPERATION), Unreadable)


@pytest.mark.parametrize(("workflow", "warned"), [("main", True), ("undescribed", False)])
def test_a_pointer_into_what_is_xml_only_is_not_portable(workflow, warned):
    found = {
        problem.place.path.partition(".")[0]
        for problem in validate(CASES / "xml-answers" / "workflow.arazzo.yaml")
        if problem.rule == "non-portable-expression" and "the answer is XML" in problem.message
    }
    assert ({"main": "workflows[0]", "undescribed": "workflows[2]"}[workflow] in found) is warned
