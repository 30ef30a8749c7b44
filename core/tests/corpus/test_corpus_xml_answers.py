"""What the steps of public documents read of an answer in JSON, they read of the same answer in XML.

Most of their APIs answer in JSON only: what their schemas make of XML says all the more of the reading of XML.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from catalogue import documents, open_document, overrides

from arazzo.absent import ABSENT
from arazzo.engine.bindings import step_outputs
from arazzo.errors import RequestError
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.expressions.nodes import Message
from arazzo.expressions.templates import find_expressions
from arazzo.flow import Plan, PlannedStep
from arazzo.openapi.data_url import PayloadError
from arazzo.openapi.description import Description
from arazzo.openapi.media import is_json, is_xml
from arazzo.openapi.operation import AnswerSpec
from arazzo.openapi.responses import with_content
from arazzo.openapi.schema_slices import prune
from arazzo.openapi.v3 import XML_DEPTH
from arazzo.openapi.xml_bodies import write_xml, xml_facts
from arazzo.testing.sample_values import Values

pytestmark = pytest.mark.skipif(not documents(), reason="the public documents are not beside the checkout")
ROOT = {"xml": {"name": "root"}}


@pytest.fixture(scope="module")
def reading() -> list[tuple[str, Plan, PlannedStep, Description]]:
    """Return the steps that read members of an answer."""
    files, found = overrides(), []
    for opened in (open_document(path, files) for path in documents()):
        for plan in opened.plans.values():
            for step in plan.steps:
                name = f"{opened.name}: {step.step_id}"
                source = step.operation.source if step.operation else ""
                if source in opened.descriptions and any(_pointers(step)):
                    found.append((name, plan, step, opened.descriptions[source]))
    return found


def _pointers(step: PlannedStep) -> Iterator[bool]:
    for value in step.step.outputs.values():
        for _, expression in find_expressions(value):
            yield isinstance(expression, Message) and bool(expression.pointer or expression.trail)


def described(step: PlannedStep, description: Description, *, xml: bool) -> dict[str, Any] | None:
    """Return the Media Type Object of the step's success."""
    responses = description.responses(step.operation)
    content = next((each.get("content", {}) for status, each in responses.items() if status[0] == "2"), {})
    fits = is_xml if xml else lambda name: is_json(name) or is_xml(name) or "*" in name
    return next((media for name, media in content.items() if fits(name) and "schema" in media), None)


def in_xml(schema: Any, value: Any) -> str:
    facts = {**ROOT["xml"], **xml_facts(schema)}
    if not isinstance(value, list):
        return write_xml({**(schema if isinstance(schema, dict) else {}), "xml": facts}, value)
    items = schema.get("items") if isinstance(schema, dict) else None
    named = {**(items if isinstance(items, dict) else {}), "xml": {"name": "item", **xml_facts(items)}}
    written = "".join(write_xml(named, item).partition("?>")[2] for item in value)
    return f"<root>{written}</root>"


def read(plan: Plan, step: PlannedStep, schema: Any, body: str, kind: str) -> dict[str, Any]:
    operation = step.operation.model_copy(update={"answers": (AnswerSpec(status="2XX", schema=schema),)})
    exchange = Exchange(Request("GET", "https://a.test"), Response(200, (("Content-Type", kind),), body.encode()))
    return step_outputs(plan, step, Context(exchange=with_content(exchange, operation)))


def differences(json_value: Any, xml_value: Any, depth: int = 0) -> Iterator[str]:
    """Yield where two values differ in another way than XML cannot help: what is empty, and types far below."""
    if json_value in (None, [], {}) and xml_value in (None, "", ABSENT, {}, [], [""]):
        return
    match json_value, xml_value:
        case dict(), dict():
            for name in json_value.keys() | xml_value.keys():
                yield from differences(json_value.get(name), xml_value.get(name), depth + 1)
        case list(), list() if len(json_value) == len(xml_value) or depth >= XML_DEPTH - 1:
            for one, other in zip(json_value, xml_value, strict=False):
                yield from differences(one, other, depth + 1)
        case _ if depth < XML_DEPTH - 1 and f"{json_value}".lower() != f"{xml_value}".lower():
            yield f"{str(json_value)[:60]} is {str(xml_value)[:60]}"


def compared(steps: list[tuple[str, Plan, PlannedStep, Description]], *, xml: bool) -> tuple[int, list[str]]:
    count, found = 0, []
    for name, plan, step, description in steps:
        media = described(step, description, xml=xml)
        value = Values(description).media(media) if media else None
        if not isinstance(value, dict | list):
            continue
        schema = prune(description, media["schema"], XML_DEPTH)
        try:
            body = in_xml(schema, value)
        except (PayloadError, RequestError):
            continue  # a name that XML does not have
        count += 1
        expected = read(plan, step, schema, json.dumps(value), "application/json")
        outputs = read(plan, step, schema, body, "application/xml")
        for output, seen in outputs.items():
            if not (isinstance(seen, str) and seen == body):  # the whole of it, which stays text
                found += [f"{name}: {output}: {each}" for each in differences(expected[output], seen)]
    return count, found


def test_of_apis_that_answer_in_xml(reading):
    count, found = compared(reading, xml=True)
    assert count >= 15
    assert found == []


def test_of_apis_whose_schemas_make_xml_too(reading):
    count, found = compared(reading, xml=False)
    assert count >= 150
    assert found == []
