"""What a criterion comes to over a body that is not what it takes it for (Arazzo 1.1.0, Evaluation Errors)."""

from __future__ import annotations

import pytest

from arazzo.absent import ABSENT, Unreadable
from arazzo.criteria import Verdict, evaluate
from arazzo.document.models import Criterion, ExpressionType
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate_output
from arazzo.openapi.responses import decode_content, parsed_content

JSON = "application/json"
UNFIT = [
    (JSON, b'{"error": "the disk is fa'),
    (JSON, b"<html>a login page</html>"),
    (JSON, b'"a string"'),
    (JSON, b"5"),
    (JSON, b"true"),
    ("application/jsonl", b'{"a": 1}\n{"b'),
    ("text/html", b"<html>a login page</html>"),
    ("text/plain", b"the disk is full"),
    ("application/octet-stream", b"\x00\xff"),
    (None, b"the disk is full"),
]
EMPTY = [(JSON, b""), (JSON, b" \r\n"), (JSON, b"null"), ("text/plain", b" \n"), (None, b"")]
#: Conditions that hold of an empty body, and say that there is no error in it.
NO_ERROR = [
    "$response.body#/error == null",
    "$response.body.error == null",
    "$response.body['error'] == null",
    "!$response.body#/error",
    "!($response.body#/error != null)",
    "$response.body#/error != 'yes'",
    "{$response.body}.error == null",
    "$statusCode == 200 && $response.body#/error == null",
    "$response.body#/error == null || $statusCode == 500",
]


def context_of(content_type: str | None, body: bytes, content: object = ABSENT) -> Context:
    response = Response(200, (("Content-Type", content_type),) if content_type else (), body)
    request = Request("POST", "https://api.test/x", content=content)
    decoded = decode_content(response)
    return Context(exchange=Exchange(request, response, content=decoded, parsed=parsed_content(response, decoded)))


def judged(condition: str, content_type: str | None, body: bytes, dialect: str = "lenient") -> Verdict:
    return evaluate(Criterion(condition=condition), context_of(content_type, body), dialect)


@pytest.mark.parametrize(("content_type", "body"), UNFIT)
@pytest.mark.parametrize("condition", NO_ERROR)
def test_what_leads_into_no_structure_cannot_be_evaluated(condition, content_type, body):
    verdict = judged(condition, content_type, body)
    assert not verdict.passed
    assert verdict.error is not None
    assert "$response.body" in verdict.error
    assert "disk" not in verdict.error + verdict.reason
    assert "login" not in verdict.error + verdict.reason


@pytest.mark.parametrize(("content_type", "body"), EMPTY)
@pytest.mark.parametrize("condition", NO_ERROR)
def test_what_leads_into_an_empty_body_is_absent(condition, content_type, body):
    verdict = judged(condition, content_type, body)
    assert (verdict.passed, verdict.error) == (True, None)


@pytest.mark.parametrize(("content_type", "body"), UNFIT)
@pytest.mark.parametrize(
    "condition", ["$response.body#/error == null", "$response.body.error == null", "!$response.body#/error"]
)
def test_strict_agrees(condition, content_type, body):
    verdict = judged(condition, content_type, body, "strict")
    assert not verdict.passed
    assert verdict.error is not None


@pytest.mark.parametrize("condition", ["$response.body == null", "!$response.body", "$response.body.length == 0"])
def test_a_body_that_cannot_be_read_is_not_an_absent_one(condition):
    verdict = judged(condition, JSON, b'{"a": ')
    assert not verdict.passed
    assert verdict.error is not None
    assert verdict.error.startswith("$response.body: unreadable: the body is not JSON")
    assert judged(condition, JSON, b"").passed


@pytest.mark.parametrize("condition", ["$response.body == 'done'", "$response.body.length == 4", "$response.body"])
def test_text_as_a_whole_is_a_value(condition):
    verdict = judged(condition, "text/plain", b"done")
    assert (verdict.passed, verdict.error) == (True, None)


@pytest.mark.parametrize(
    ("condition", "passed", "error"),
    [
        ("$statusCode == 200 || $response.body#/code == 'BUSY'", True, False),
        ("$response.body#/code == 'BUSY' || $statusCode == 200", True, False),
        ("$response.body#/code == 'BUSY' || $statusCode == 503", False, True),
        ("$response.body#/code == 'BUSY' && $statusCode == 503", False, False),
        ("$response.body#/code == 'BUSY' && $statusCode == 200", False, True),
        ("!($response.body#/code == 'BUSY' && $statusCode == 503)", True, False),
        ("!($response.body#/code == 'BUSY' || $statusCode == 503)", False, True),
    ],
)
def test_what_decides_without_it_decides(condition, passed, error):
    verdict = judged(condition, "text/html", b"<html>Bad gateway</html>")
    assert (verdict.passed, verdict.error is not None) == (passed, error)


@pytest.mark.parametrize(
    ("kind", "condition", "context"),
    [
        ("jsonpath", "$.error == null", "$response.body"),
        ("jsonpath", "!$.error", "$response.body"),
        ("jsonpath", "$.items.length == 0", "$response.body"),
        ("jsonpath", "$[?@.status == 'ok']", "$response.body#/jobs"),
        ("regex", ".*", "$response.body#/status"),
        ("xpath", "not(//error)", "$response.body#/xml"),
    ],
)
@pytest.mark.parametrize(("content_type", "body"), UNFIT)
def test_a_context_in_it_cannot_be_evaluated(kind, condition, context, content_type, body):
    criterion = Criterion(context=context, condition=condition, type=kind)
    verdict = evaluate(criterion, context_of(content_type, body))
    assert not verdict.passed
    assert verdict.error is not None


@pytest.mark.parametrize("kind", ["regex", "xpath", "jsonpath", ExpressionType(type="jsonpath", version="rfc9535")])
def test_a_context_that_cannot_be_read_cannot_be_evaluated(kind):
    criterion = Criterion(context="$response.body", condition="$" if kind != "xpath" else "true()", type=kind)
    verdict = evaluate(criterion, context_of(JSON, b'{"error": "the disk is fa'))
    assert not verdict.passed
    assert verdict.error is not None
    assert verdict.error.startswith("$response.body: unreadable: the body is not JSON")


def test_the_body_of_a_request_is_no_different():
    unfit = context_of(JSON, b"{}", content="just text")
    assert evaluate(Criterion(condition="$request.body#/a == null"), unfit).error is not None
    assert evaluate(Criterion(condition="$request.body#/a == null"), context_of(JSON, b"{}", content={})).passed
    assert evaluate(Criterion(condition="$request.body#/a == null"), context_of(JSON, b"{}")).passed


@pytest.mark.parametrize(("content_type", "body"), UNFIT)
def test_an_output_is_unreadable_unless_the_answer_is_json_without_members(content_type, body):
    found = evaluate_output("$response.body#/error", context_of(content_type, body))
    assert found is ABSENT if body in (b'"a string"', b"5", b"true") else isinstance(found, Unreadable)


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "text/html", None])
@pytest.mark.parametrize(
    "output",
    ["$response.body#/a", "$response.body.a", {"context": "$response.body", "selector": "$.a", "type": "jsonpath"}],
)
def test_json_is_read_whatever_its_type_says(content_type, output):
    context = context_of(content_type, b'{"a": "found"}')
    assert evaluate_output(output, context) == "found"


@pytest.mark.parametrize(
    ("content_type", "whole"),
    [("text/html", "<p>"), ("application/json", None), ("application/xml", None), ("text/plain", "<p>")],
)
def test_a_body_as_a_whole_is_unreadable_only_where_its_type_says_json_or_xml(content_type, whole):
    found = evaluate_output("$response.body", context_of(content_type, b"<p>"))
    assert isinstance(found, Unreadable) if whole is None else found == whole


@pytest.mark.parametrize(
    "condition",
    [
        *("$response.body#/error == null", "$response.body#/error != 'x'", "$response.header.X != 'x'"),
        *("!$response.body#/error", "$response.body#/list.length == 0", "$response.body == null", "!$statusCode"),
        *("$statusCode < 500", "$statusCode <= null", "$statusCode != null", "null != $statusCode"),
    ],
)
def test_nothing_holds_of_an_answer_that_never_came(condition):
    context = Context(exchange=Exchange(Request("GET", "https://api.test/x"), None, "timed out"))
    verdict = evaluate(Criterion(condition=condition), context)
    assert (verdict.passed, verdict.undecided, verdict.error) == (False, False, None)
    assert "was absent" in verdict.reason


@pytest.mark.parametrize(
    "condition",
    ["$statusCode == null", "$response.body#/x == 1 || $method == 'GET'", "!($response.body#/a == 1 && $url == 1)"],
)
def test_what_is_known_decides_without_an_answer(condition):
    context = Context(exchange=Exchange(Request("GET", "https://api.test/x"), None, "timed out"))
    assert evaluate(Criterion(condition=condition), context).passed


@pytest.mark.parametrize("condition", ["$request.header.X != 'x'", "$url != 'x'", "$method != 'GET'"])
def test_nothing_holds_of_a_request_that_was_never_made(condition):
    assert not evaluate(Criterion(condition=condition), Context()).passed
