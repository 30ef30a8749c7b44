"""The reason of a verdict: the condition and what it saw, and nothing that does not belong in a log."""

from __future__ import annotations

import pytest
from criteria_samples import context, jsonpath, simple

from arazzo.criteria import evaluate
from arazzo.document.models import Criterion, ExpressionType

BODY = {
    "status": "queued",
    "items": [1, 2, 3],
    "none": None,
    "object": {"a": 1, "b": 2},
    "flag": False,
    "long": "x" * 500,
    "lines": "a\nb",
    "access_token": "s3cr3t-value",
    "n": 1.5,
}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("$statusCode == 200", "$statusCode == 200: $statusCode was 401"),
        ("$statusCode  ==\n 200", "$statusCode == 200: $statusCode was 401"),
        ("$response.body#/status == 'x'", "$response.body#/status == 'x': $response.body#/status was 'queued'"),
        ("$response.body#/items == null", "$response.body#/items == null: $response.body#/items was array of 3"),
        ("$response.body == null", "$response.body == null: $response.body was object of 9"),
        ("$inputs.gone == 1", "$inputs.gone == 1: $inputs.gone was absent"),
        ("$response.body#/none == 1", "$response.body#/none == 1: $response.body#/none was null"),
        (
            "$response.body.items.length > 3 && $response.body.flag",
            "$response.body.items.length > 3 && $response.body.flag: "
            "$response.body.items.length was 3, $response.body.flag was false",
        ),
        ("$statusCode > $inputs.n", "$statusCode > $inputs.n: $statusCode was 401, $inputs.n was 'many'"),
        ("false", "false"),
    ],
)
def test_simple(condition, reason):
    verdict = simple(condition, BODY, status=401, n="many")
    assert not verdict.passed
    assert verdict.reason == reason


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ('$.status == "failed"', "$.status == \"failed\": $.status was 'queued'"),
        ("$.items.length == 0", "$.items.length == 0: $.items.length was 3"),
        ("$.gone.length > 0", "$.gone.length > 0: $.gone.length was absent"),
        ("$.status == 'a' || $.status == 'b'", "$.status == 'a' || $.status == 'b': $.status was 'queued'"),
        ("$.items[*] > 5", "$.items[*] > 5: $.items[*] was 3 values"),
        ("$.gone[*]", "$.gone[*]: selects nothing in $response.body"),
        ("$.n > $inputs.n", "$.n > $inputs.n: $.n was 1.5, $inputs.n was 2"),
    ],
)
def test_jsonpath(condition, reason):
    verdict = jsonpath(condition, BODY, n=2)
    assert not verdict.passed
    assert verdict.reason == reason


def test_a_verdict_that_passed_has_a_reason_too():
    assert simple("$statusCode == 200").reason == "$statusCode == 200: $statusCode was 200"
    assert jsonpath("$.items[*]", BODY).reason == "$.items[*]: selects 3 values in $response.body"


@pytest.mark.parametrize(
    ("condition", "version", "more"),
    [
        ("/jobs/job", "xpath-31", ", where 'jobs' has a namespace: write *:jobs"),
        ("//job[@state = 'gone']", "xpath-31", ", where 'job' has a namespace: write *:job"),
        ("//job", "xpath-10", ", where 'job' has a namespace: write *[local-name()='job']"),
        ("//*:job[@state = 'job']", "xpath-31", ""),
        ("//*[local-name()='job' and @job]", "xpath-31", ""),
        ("//a:jobs", "xpath-31", ""),
        ("//plain", "xpath-31", ""),
    ],
)
def test_an_element_that_is_named_without_its_namespace_is_said(condition, version, more):
    body = '<jobs xmlns="urn:a" xmlns:a="urn:b"><job state="open"/><plain xmlns=""><x/></plain></jobs>'
    kind = ExpressionType(type="xpath", version=version)
    verdict = evaluate(Criterion(context="$response.body", condition=f"{condition}[99]", type=kind), context(body))
    assert verdict.reason == f"{condition}[99]: false in $response.body{more}"


def test_long_things_are_cut():
    verdict = simple("$response.body#/long == 'y'", BODY)
    assert len(verdict.reason) < 120
    verdict = simple(" || ".join(f"$inputs.a{number} == 1" for number in range(100)))
    assert len(verdict.reason) < 400
    assert "\n" not in simple("$response.body#/lines == 'y'", BODY).reason


@pytest.mark.parametrize(
    "verdict",
    [
        simple("$response.body#/access_token == 'x'", BODY),
        jsonpath("$.access_token == 'x'", BODY),
        jsonpath("$.status == $inputs.password", BODY, password="s3cr3t-value"),
        jsonpath("$.list[?@ == {$inputs.password}]", BODY, password="s3cr3t-value"),
        jsonpath("$.list[?@ == {$inputs.password}]", BODY, password={"s3cr3t-value": 1}),
        simple("$response.header.Set-Cookie == 'x'", headers=(("Set-Cookie", "s3cr3t-value"),)),
        evaluate(
            Criterion(context="$response.body#/access_token", condition="^{$inputs.apiKey}$", type="regex"),
            context(BODY, apiKey="(s3cr3t-value"),
        ),
        evaluate(
            Criterion(context="$response.header.Authorization", condition="$.length == 1", type="jsonpath"),
            context(headers=(("Authorization", "s3cr3t-value"),)),
        ),
        evaluate(
            Criterion(context="$response.body", condition="/a[. = {$inputs.password}]", type="xpath"),
            context("<a/>", password="s3cr3t-value ]"),
        ),
    ],
    ids=str,
)
def test_no_secret_is_shown(verdict):
    assert not verdict.passed
    assert "s3cr3t" not in verdict.reason + (verdict.error or "")
