"""No verdict comes from what is undecided: what is said of an unreadable answer is so whatever the answer was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from casebook import CASES
from hypothesis import event, given
from hypothesis import strategies as st
from suite import drawn

from arazzo.absent import ABSENT, NOT_RUN, UNKNOWN, Unreadable
from arazzo.criteria import Truth, check, evaluate
from arazzo.document.loading import parse_document
from arazzo.document.models import Criterion, ExpressionType
from arazzo.engine import run_local
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.flow import compile_document
from arazzo.source.text import parse_source

some = drawn(80)
WORDS = ["a", "b", "length", "items"]
SCALARS = st.sampled_from([None, True, False, 0, 1, 5, 1.5, "", "x", "true", "null"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=3,
)
BODIES = st.lists(VALUES, max_size=2) | st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=3)
LITERALS = st.sampled_from(["null", "true", "false", "0", "1", "5", "'x'", "''", "'null'", "200", "500"])
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
#: What leads into the answer at hand, into one before it, and what is known whatever came.
LOST = ["$response.body#/a", "$response.body.a.b", "$response.body#/items/0", "$response.body", "$steps.s.outputs.a"]
KNOWN = ["$statusCode", "$inputs.one", "$inputs.gone", "$method", "$response.header.X-A"]
PATHS = ["$.a", "$.a.b", "$.items[0]", "$.a.length", "$.items[?(@.a == 1)].length", "$inputs.one", "$statusCode"]


def conditions(operands: list[str]) -> st.SearchStrategy[str]:
    """Return conditions over operands, nested as they come."""
    operand = st.sampled_from(operands)
    compared = st.builds(lambda left, sign, right: f"{left} {sign} {right}", operand, OPERATORS, LITERALS | operand)
    embedded = st.builds(lambda text, sign: f"'see {{{text}}}' {sign} 'see x'", operand, st.sampled_from(["==", "!="]))
    return st.recursive(
        st.one_of(compared, compared, compared, embedded, operand),
        lambda inner: st.one_of(
            st.builds(lambda one: f"!({one})", inner),
            st.builds(
                lambda one, sign, other: f"({one}) {sign} ({other})", inner, st.sampled_from(["||", "&&"]), inner
            ),
        ),
        max_leaves=4,
    )


QUERIES = st.sampled_from(["$.a", "$[?@.a == 1]", "$.items[?@.b != 'x']", "$..a", "$[?!@.a]", "$[?length(@.a) == 0]"])
CRITERIA = st.one_of(
    conditions(LOST + KNOWN).map(lambda text: Criterion(condition=text)),
    conditions(LOST + KNOWN).map(lambda text: Criterion(condition=text)),
    conditions(PATHS).map(lambda text: Criterion(condition=text, context="$response.body", type="jsonpath")),
    QUERIES.map(lambda text: Criterion(condition=text, context="$response.body", type="jsonpath")),
    st.sampled_from(["", "x", "^$", "[^x]"]).map(
        lambda text: Criterion(condition=text, context="$response.body#/a", type="regex")
    ),
).filter(lambda criterion: not any(found.severity.value == "error" for found in check(criterion)))


def truth(criterion: Criterion, body: Any, before: Any) -> Truth:
    """Return what comes of a criterion, given this answer's body and what an output of an earlier one is."""
    response = Response(200, (("Content-Type", "application/json"),))
    exchange = Exchange(Request("GET", "https://api.test/x"), response, content=body)
    steps = {} if before is NOT_RUN else {"s": {"a": before}}
    context = Context(inputs={"one": 1}, steps=steps, exchange=exchange)
    return evaluate(criterion, context).truth


@some
@given(CRITERIA, st.lists(st.tuples(BODIES, VALUES), min_size=1, max_size=6))
def test_what_is_decided_of_the_unreadable_is_so_of_anything(criterion, answers):
    unreadable = Unreadable("the body is not JSON")
    decided = truth(criterion, unreadable, unreadable)
    event(f"{criterion.kind}: {decided.value}")
    for body, before in answers:
        found = truth(criterion, body, before)
        assert decided is Truth.UNDECIDED or found in (decided, Truth.UNDECIDED), (body, before)


@some
@given(CRITERIA, BODIES, st.lists(VALUES, min_size=1, max_size=6))
def test_what_is_decided_of_a_step_that_got_no_answer_is_so_of_any_answer(criterion, body, before):
    decided = truth(criterion, body, UNKNOWN)
    event(f"{criterion.kind}: {decided.value}")
    for value in (ABSENT, *before):
        assert decided is Truth.UNDECIDED or truth(criterion, body, value) in (decided, Truth.UNDECIDED), value


@some
@given(CRITERIA, BODIES)
def test_what_is_decided_of_a_step_that_did_not_run_is_so_of_one_that_gave_nothing(criterion, body):
    decided = truth(criterion, body, NOT_RUN)
    event(f"{criterion.kind}: {decided.value}")
    assert decided in (truth(criterion, body, ABSENT), Truth.UNDECIDED)


DRAFT = ExpressionType(type="jsonpath", version="draft-goessner-dispatch-jsonpath-00")
MEMBERS = ["$.a", "$.a.b", "$.known", "$.*", "$..b", "$.a[0]", "$.a.length", "$.length", "$[?(@.b != 'x')].length"]
FILTERS = ["@.b != 'x'", "!@.b", "count($.*) < 2", "$.a != @", "length($.a) == 0", "$.known == 'k'", "match(@, 'x')"]
OF_ALL = st.one_of(
    conditions(MEMBERS).map(lambda text: ("jsonpath", text)),
    conditions(FILTERS[:3] + MEMBERS[:4]).map(lambda text: ("jsonpath", f"$[?{text}]")),
    st.sampled_from(FILTERS + MEMBERS[:6]).map(lambda text: ("jsonpath", text if text[0] == "$" else f"$[?{text}]")),
    st.sampled_from([*MEMBERS[:6], "$[?(@.b != 'x')]", "$.known[?(@ == 1)]"]).map(lambda text: (DRAFT, text)),
    st.sampled_from(["^(?!.*x)", "k", "^$"]).map(lambda text: ("regex", text)),
).map(lambda each: Criterion(type=each[0], condition=each[1], context="$steps.s.outputs"))


@some
@given(
    OF_ALL.filter(lambda criterion: not any(found.severity.value == "error" for found in check(criterion))),
    st.sampled_from([UNKNOWN, NOT_RUN, Unreadable("the body is not JSON")]),
    st.lists(VALUES, min_size=3, max_size=6),
)
def test_what_is_decided_of_outputs_of_which_one_is_not_known_is_so_whatever_that_is(criterion, unknown, values):
    def judged(value: Any) -> Truth:
        return evaluate(criterion, Context(steps={"s": {"known": "k", "a": value}})).truth

    decided = judged(unknown)
    event(f"{criterion.kind}: {decided.value}")
    if unknown is NOT_RUN and (decided is Truth.FAILS or "null" in criterion.condition):
        values = [ABSENT]  # it is known that it has given nothing
    for value in values:
        assert decided is Truth.UNDECIDED or judged(value) in (decided, Truth.UNDECIDED), value


def taken(kinds: list[Criterion], body: bytes, status: int) -> list[str]:
    """Return what a run sends whose first step has an action for each criterion, to another step each."""
    targets = "xyz"
    actions = [
        {
            "name": f"to-{target}",
            "type": "goto",
            "stepId": target,
            "criteria": [
                criterion.model_dump(by_alias=True, exclude_none=True, include={"context", "condition", "type"})
            ],
        }
        for target, criterion in zip(targets, kinds, strict=False)
    ]
    field = "onSuccess" if status == 200 else "onFailure"
    asking = [{"stepId": "a", "operationId": "listThings", "outputs": {"a": "$response.body#/a"}, field: actions}]
    ends = [{"name": "end", "type": "end"}]
    others = [
        {
            "stepId": step,
            "operationId": "listThings",
            "parameters": [{"name": "X-Step", "in": "header", "value": step}],
            "onSuccess": ends,
        }
        for step in ("w", *targets)
    ]
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "drawn", "version": "1"},
        "sourceDescriptions": [{"name": "things", "url": "api.openapi.yaml", "type": "openapi"}],
        "x-airflow": {"unmatched": "next"},
        "workflows": [{"workflowId": "main", "steps": [*asking, *others]}],
    }
    plan = compile_document(parse_document(parse_source(json.dumps(document), "d.json", str(CASES / "d.json"))), "main")
    sent: list[str] = []

    def send(request: Request) -> Response:
        sent.append(next((value for name, value in request.headers if name == "X-Step"), "a"))
        answer, code = (body, status) if len(sent) == 1 else (b"{}", 200)
        return Response(code, (("Content-Type", "application/json"),), answer)

    run_local(plan, {}, send=send, sleep=lambda _: None, clock=lambda: 0.0)
    return sent[1:]


ACTIONS = st.one_of(
    conditions(["$statusCode", "$method"]).map(lambda text: Criterion(condition=text)),
    conditions([*LOST[:4], "$statusCode"]).map(lambda text: Criterion(condition=text)),
    QUERIES.map(lambda text: Criterion(condition=text, context="$response.body", type="jsonpath")),
)


@some
@given(
    st.lists(ACTIONS, min_size=1, max_size=3),
    st.sampled_from([b"{", b"<p>Log in</p>", b"NaN", b"\xff"]),
    st.lists(BODIES, min_size=1, max_size=4),
    st.sampled_from([200, 500]),
)
def test_where_control_goes_after_the_unreadable_it_goes_after_anything(criteria, unreadable, bodies, status):
    went = taken(criteria, unreadable, status)
    event(f"{status}: went on {bool(went)}")
    for body in bodies:
        assert not went or taken(criteria, json.dumps(body).encode(), status) in (went, []), body


@pytest.mark.parametrize("condition", ["$response.body#/a == null", "!($response.body#/a == 1)"])
def test_what_the_property_looks_for(condition):
    criterion = Criterion(condition=condition)
    assert truth(criterion, Unreadable("x"), None) is Truth.UNDECIDED
    assert {truth(criterion, body, None) for body in ({"a": 1}, {})} == {Truth.HOLDS, Truth.FAILS}
