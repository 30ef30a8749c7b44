"""Reports: text, JSON, SARIF, GitHub annotations."""

from __future__ import annotations

import json

import pytest

from arazzo.errors import Problem, Severity
from arazzo.source.text import parse_source
from arazzo.validation import report

SOURCE = parse_source("workflows:\n- workflowId: 'wörk'\n", "flows/a b,c.yaml")


@pytest.fixture
def problems() -> list[Problem]:
    at = "/workflows/0/workflowId"
    return [
        SOURCE.problem("unknown-step", Severity.ERROR, at, "there is none: 100%", "did you mean 'x'?"),
        SOURCE.problem("fall-through", Severity.WARNING, at, "it matters"),
        SOURCE.problem("unknown-step", Severity.ERROR, at, "again"),
    ]


def test_text_is_what_a_compiler_prints(problems: list[Problem]) -> None:
    assert report(problems[:1]) == problems[0].render()
    assert report([]) == ""


def test_json_has_every_part(problems: list[Problem]) -> None:
    first = json.loads(report(problems, "json"))["problems"][0]
    assert first == {
        "rule": "unknown-step",
        "severity": "error",
        "message": "there is none: 100%",
        "hint": "did you mean 'x'?",
        "file": "flows/a b,c.yaml",
        "line": 2,
        "column": 15,
        "pointer": "/workflows/0/workflowId",
        "path": "workflows[0].workflowId",
    }


def test_sarif_names_rules_once_and_places_in_code_points(problems: list[Problem]) -> None:
    log = json.loads(report(problems, "sarif"))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["unknown-step", "fall-through"]
    assert [(result["ruleId"], result["ruleIndex"], result["level"]) for result in run["results"]] == [
        ("unknown-step", 0, "error"),
        ("fall-through", 1, "warning"),
        ("unknown-step", 0, "error"),
    ]
    where = run["results"][0]["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == "flows/a%20b%2Cc.yaml"
    assert where["region"] == {"startLine": 2, "startColumn": 15, "endColumn": 21}


def test_sarif_of_a_file_as_a_whole_has_no_region() -> None:
    from arazzo.validation import validate

    log = json.loads(report(validate("no/such/file.yaml"), "sarif"))
    (result,) = log["runs"][0]["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]


def test_github_annotations_escape_what_ends_a_command(problems: list[Problem]) -> None:
    first, second, _ = report(problems, "github").splitlines()
    assert first == (
        "::error file=flows/a b%2Cc.yaml,line=2,col=15,endColumn=21,title=unknown-step"
        "::there is none: 100%25 (did you mean 'x'?)"
    )
    assert second.startswith("::warning ")
