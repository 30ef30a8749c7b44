"""Outputs that gather over the rounds of a loop: many pages, limits, and what leads to the next page."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from casebook import CASES

from arazzo.absent import ABSENT, Unreadable
from arazzo.document.settings import Settings
from arazzo.engine import State, Wait, advance, load_plan, run_local, start
from arazzo.engine.collecting import next_link_parameter
from arazzo.engine.document_problems import find_problems
from arazzo.errors import DocumentError
from arazzo.exchange import Exchange, Response
from arazzo.flow import Options
from arazzo.limits import limits_set

COLLECTED = CASES / "collected" / "workflow.arazzo.yaml"


class Pages:
    """An API of so many pages, each of some items; the cursor is the number of the page."""

    def __init__(self, pages: int, items: int = 1) -> None:
        self.pages, self.items = pages, items
        self.bodies = []

    def send(self, request):
        if request.method == "POST":
            self.bodies.append(json.loads(request.body))
            return Response(201)
        page = int(parse_qs(urlsplit(request.url).query).get("cursor", ["0"])[0])
        found = {"items": [page * self.items + n for n in range(self.items)]}
        body = found if page + 1 == self.pages else {**found, "next": str(page + 1)}
        return Response(200, (("Content-Type", "application/json"),), json.dumps(body).encode())


def test_a_thousand_pages():
    api = Pages(1000, 20)
    run = run_local(load_plan(COLLECTED, "main"), {}, send=api.send)
    assert run.status == "success"
    assert run.outputs["items"] == list(range(20_000)) == api.bodies[0]["all"]
    assert run.records[0].rounds == 1000


def test_a_thousand_pages_of_which_each_is_asked_for_after_a_crash():
    plan, api, state, exchange = load_plan(COLLECTED, "main"), Pages(1000), None, None
    state = start(plan, {})
    for _ in range(1002):
        state = State.from_json(state.to_json())
        state, command = advance(plan, state, exchange, now=1e9)
        exchange = Exchange(command.request, api.send(command.request)) if hasattr(command, "request") else None
    assert command.outputs["items"] == list(range(1000))
    assert not isinstance(command, Wait)
    assert state.frame.collected == {}


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"collected_items": 9}, "collected output 'items' of step 'page' has more than 9 elements (collected_items)"),
        ({"collected_bytes": 40}, "collected output 'items' of step 'page' has more than 40 bytes (collected_bytes)"),
    ],
)
def test_too_much_of_it_fails_the_run_and_is_not_cut(limit, said):
    api = Pages(1000, 5)
    with limits_set(**limit):
        run = run_local(load_plan(COLLECTED, "main"), {}, send=api.send)
    assert (run.status, api.bodies) == ("failed", [])
    assert said in run.message
    assert len(run.outputs["items"]) < 20


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('<https://a.example/?p=2>; rel="next"', "2"),
        ("<?p=2>;rel=next", "2"),
        ('<?p=1>; rel=prev, <?p=3>; foo="a, <b>; rel=next"; rel="last next"', "3"),
        ("<?p=a%26b&q=1>; REL=Next", "a&b"),
        ("<?p=>; rel=next", ""),
        ("<?p=1>; rel=nextish", ABSENT),
        ("<?p=1>", ABSENT),
        ("", ABSENT),
    ],
)
def test_the_next_link_is_read_as_rfc_8288_says(header, found):
    assert next_link_parameter(header, "p") == found


@pytest.mark.parametrize(
    "header", ["<?q=1>; rel=next", "<http://[>; rel=next", '?p=2; rel="next"', "<?p=1>; rel=prev, ?p=3; rel=next"]
)
def test_a_next_link_that_does_not_say_where_is_not_the_end(header):
    assert isinstance(next_link_parameter(header, "p"), Unreadable)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"collect": {"next": "$response.body#/items"}}, "'next' is an output of step 'page' already"),
        ({"next": {"at": {"count": "items"}}}, "'at': count names an output under 'collect', and there is no 'items'"),
        ({"next": {"at": {"number": 2}}}, "'at': number is that of the first page, 0 or 1"),
        ({"next": {"at": {"number": 1, "link": "a"}}}, "'at' is a map of one of link, count, number"),
        ({"next": {"at": {"link": ""}}}, "'at': link is the name of a parameter of the link's query"),
        ({"collect": {"at": "$response.body"}, "next": {"at": {"number": 1}}}, "'at' is an output under 'collect'"),
        ({"collect": {"items": "$steps.gone.outputs.items"}}, "'gone'"),
    ],
)
def test_what_is_wrong_in_them_is_an_error_of_the_document(tmp_path, settings, said):
    text = COLLECTED.read_text().replace("../api.openapi.yaml", str(CASES / "api.openapi.yaml"))
    path = tmp_path / "w.arazzo.yaml"
    path.write_text(text.replace("{collect: {items: $response.body#/items}}", json.dumps(settings)))
    assert any(said in str(problem) for problem in find_problems(path) if problem.is_error)
    with pytest.raises(DocumentError):
        load_plan(path, "main")


def test_they_are_of_a_step_in_a_loop(tmp_path):
    text = COLLECTED.read_text().replace("../api.openapi.yaml", str(CASES / "api.openapi.yaml"))
    path = tmp_path / "w.arazzo.yaml"
    path.write_text(
        text.replace("- stepId: use", "- stepId: use\n    x-airflow: {collect: {a: $response.body}}").replace(
            "- workflowId: main", "- workflowId: main\n  x-airflow: {next: {a: {number: 1}}}"
        )
    )
    found = [problem for problem in find_problems(path) if problem.rule == "idle-field"]
    assert {problem.place.pointer for problem in found} == {
        "/workflows/0/steps/1/x-airflow/collect",
        "/workflows/0/x-airflow/next",
    }


def test_settings_of_a_step_from_outside_collect_too():
    steps = {"page": Settings(collect={"ids": "$response.body#/items"})}
    run = run_local(load_plan(COLLECTED, "main", Options(step_settings=steps)), {}, send=Pages(3).send)
    assert run.steps["page"]["ids"] == [0, 1, 2]
