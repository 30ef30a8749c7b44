"""Every condition of public documents can be read, and means what its author meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from criteria_samples import context
from suite import PUBLIC_DATA

from arazzo.criteria import check, evaluate
from arazzo.document.models import Criterion, ExpressionType

TYPES = ("simple", "regex", "jsonpath", "xpath", None)

pytestmark = pytest.mark.skipif(
    not (PUBLIC_DATA / "corpus").is_dir(), reason="the public documents are not beside the checkout"
)


def criteria(value: Any) -> Iterator[Criterion]:
    if isinstance(value, dict):
        kind = value.get("type")
        if isinstance(value.get("condition"), str) and (kind in TYPES or isinstance(kind, dict)):
            kind = ExpressionType(**kind) if isinstance(kind, dict) else kind
            yield Criterion(context=value.get("context"), condition=value["condition"], type=kind)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from criteria(item)


def harvested() -> list[Criterion]:
    found: dict[str, Criterion] = {}
    for folder in ("corpus", "seeds"):
        for path in sorted((PUBLIC_DATA / folder).rglob("*")):
            if path.suffix in (".yaml", ".yml", ".json"):
                text = path.read_text()
                if "arazzo" in text[:20000] and "condition" in text:
                    document = yaml.load(text, yaml.CSafeLoader)
                    for criterion in criteria(document):
                        found.setdefault(criterion.model_dump_json(), criterion)
    return list(found.values())


def test_all_of_them_can_be_read():
    read = harvested()
    assert len(read) > 80
    unreadable = [
        (one.condition, finding) for one in read for finding in check(one) if finding.severity.value == "error"
    ]
    assert unreadable == []


def test_none_of_them_is_an_error_when_evaluated():
    body = {"status": "x", "data": [{"id": "m"}], "items": [], "length": 1}
    steps = {"createRobot": {"robotId": "r"}, "SubmitSupportEmail": {"ticketId": "t"}}
    for criterion in harvested():
        for sample in (body, {}, [], [{"state": "running"}]):
            verdict = evaluate(criterion, context(sample, model="m", email="e", steps=steps))
            assert verdict.error is None, (criterion.condition, verdict)


MEANT = [
    (
        '$.scan_status == "pending" || $.scan_status == "in-progress"',
        {"scan_status": "in-progress"},
        {"scan_status": "failed"},
    ),
    ('$[0].state != "running" && $[0].state != "scheduled"', [{"state": "passed"}], [{"state": "running"}]),
    ("$.data[?(@.id == '$inputs.model')].length == 0", {"data": [{"id": "other"}]}, {"data": [{"id": "m"}]}),
    ("$.data[?(@.id == '$inputs.model')]", {"data": [{"id": "m"}]}, {"data": [{"id": "other"}]}),
    ("$.length > 0", [{}], []),
    ("$.length == 0", [], [{}]),
    ("$.mergeable != true", {"mergeable": None}, {"mergeable": True}),
    ("$.violation.id == null", {"violation": None}, {"violation": {"id": 1}}),
    ("$.violation.id != null", {"violation": {"id": 1}}, {}),
    ("$.data.status == 20 || $.data.status == 30", {"data": {"status": 30}}, {"data": {"status": 10}}),
    ("$.users.length == 0", {"users": []}, {"users": [1]}),
    ("$[?count(@.products) > 0]", {"products": [1]}, {"other": 1}),
]


@pytest.mark.parametrize(("condition", "holds", "fails"), MEANT)
def test_they_mean_what_was_meant(condition, holds, fails):
    assert condition in {criterion.condition for criterion in harvested()}
    criterion = Criterion(context="$response.body", condition=condition, type="jsonpath")
    assert evaluate(criterion, context(holds, model="m")).passed
    assert not evaluate(criterion, context(fails, model="m")).passed
