"""Problems in forms for people and for tools: text, JSON, SARIF 2.1.0, GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from arazzo.errors import Problem
from arazzo.validation.rules import RULES

Format = Literal["text", "json", "sarif", "github"]


def report(problems: Sequence[Problem], form: Format = "text") -> str:
    """Return problems as text.

    :param problems: in the order to show them in.
    :param form: ``text`` as a compiler prints them, ``json`` as one object, ``sarif`` as a SARIF 2.1.0 log, ``github``
        as workflow commands that GitHub shows as annotations.
    """
    match form:
        case "json":
            return json.dumps({"problems": [_object(problem) for problem in problems]}, indent=2, ensure_ascii=False)
        case "sarif":
            return json.dumps(_sarif(problems), indent=2, ensure_ascii=False)
        case "github":
            return "\n".join(_annotation(problem) for problem in problems)
        case _:
            return "\n".join(problem.render() for problem in problems)


def _object(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "rule": problem.rule,
        "severity": problem.severity.value,
        "message": problem.message,
        "hint": problem.hint,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "pointer": place.pointer,
        "path": place.path,
    }


def _sarif(problems: Sequence[Problem]) -> dict[str, Any]:
    """SARIF 2.1.0 (OASIS), 3.13: one run; rules in the order of their first result."""
    rules = list(dict.fromkeys(problem.rule for problem in problems))
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "airflow-arazzo", "rules": [_sarif_rule(rule) for rule in rules]}},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(problem, rules.index(problem.rule)) for problem in problems],
            }
        ],
    }


def _sarif_rule(name: str) -> dict[str, Any]:
    rule = RULES.get(name)
    described: dict[str, Any] = {"id": name}
    if rule is not None:
        described["shortDescription"] = {"text": rule.summary}
        described["defaultConfiguration"] = {"level": rule.severity.value}
    return described


def _sarif_result(problem: Problem, index: int) -> dict[str, Any]:
    place = problem.place
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(place.file.replace("\\", "/"), safe="/:@")}}
    if place.line:
        end = place.column + place.width
        location["region"] = {"startLine": place.line, "startColumn": place.column, "endColumn": end}
    text = problem.message + (f" ({problem.hint})" if problem.hint else "")
    return {
        "ruleId": problem.rule,
        "ruleIndex": index,
        "level": problem.severity.value,
        "message": {"text": text},
        "locations": [
            {"physicalLocation": location, "logicalLocations": [{"fullyQualifiedName": place.path or place.file}]}
        ],
    }


def _annotation(problem: Problem) -> str:
    place = problem.place
    where = f"file={_property(place.file)}"
    if place.line:
        where += f",line={place.line},col={place.column},endColumn={place.column + place.width}"
    text = problem.message + (f" ({problem.hint})" if problem.hint else "")
    return f"::{problem.severity.value} {where},title={_property(problem.rule)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
