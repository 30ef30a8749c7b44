"""Whatever the control flow: the DAG of a workflow does, task by task, exactly what the interpreter does.

Workflows and the answers of their API are drawn. Only the clock and the socket are not the real ones.
``HYPOTHESIS_PROFILE=thorough`` runs thousands of cases, CI some hundred.
"""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import gaps
import pytest
from casebook import sent_cookie
from equivalence import (
    assert_in_order,
    assert_same,
    assert_side_by_side,
    executed,
    executed_in_a_group,
    executed_in_one_task,
    interpreted,
)
from hypothesis import event, example, given
from hypothesis import strategies as st
from suite import drawn
from workflows import ANSWERS, INPUTS, ROUTES, STEPS, Api, ApiOfPlaces, graphs, load, side_by_side, workflows

from airflow_arazzo import ArazzoDag
from arazzo.document.settings import Settings
from arazzo.errors import InputError
from arazzo.flow import Options, compile_document


@pytest.fixture(scope="module", autouse=True)
def things():
    """The connection of the drawn workflows' API."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": "https://api.example.test/v1"}))
        yield


#: How a workflow is run: a task for each step, one task for all, or a group in somebody's own DAG.
FORMS = st.sampled_from(["tasks", "tasks", "task", "group"])
PLAIN = st.one_of(ROUTES, ANSWERS)
ORDERS = st.integers(0, 1000).map(Random)


@drawn(60)
@given(workflows(), INPUTS, ANSWERS, FORMS)
def test_a_dag_does_what_the_interpreter_does(text, inputs, answers, form):
    agree(text, inputs, answers, form)


@drawn(60)
@given(graphs(), ROUTES, FORMS)
def test_a_dag_takes_the_ways_that_the_interpreter_takes(text, answers, form):
    agree(text, {}, answers, form)


GAPS = st.booleans().flatmap(lambda nulls: st.tuples(gaps.documents(True), gaps.inputs(nulls), gaps.answers(nulls)))


@drawn(20)
@given(GAPS, FORMS)
def test_a_dag_sends_what_the_interpreter_sends_of_what_may_not_be_there(drawn, form):
    text, inputs, answers = drawn
    plan = compile_document(gaps.load(text), "main")
    expected_api, api = gaps.GapsApi(answers), gaps.GapsApi(answers)
    found, _ = run(plan, inputs, api, form)
    expected = interpreted(plan, inputs, expected_api)
    assert api.trace == expected_api.trace
    assert_same(found, expected)


CALL = {"stepId": "a", "workflowId": "second", "outputs": {"way": "$outputs.a"}}
SENDS = {
    "stepId": "a",
    "operationId": "listThings",
    "parameters": [{"name": "X-Step", "in": "header", "value": "a"}],
    "outputs": {"way": "$response.body#/way"},
}
EMBEDS = {**SENDS, "stepId": "b", "parameters": [{"name": "X-Step", "in": "header", "value": "see {$inputs.tag}"}]}
UNMATCHED = {
    "onSuccess": [{"name": "x0", "type": "end", "criteria": [{"condition": "$outputs.a == 1"}]}],
    "x-airflow": {"unmatched": "fail"},
}


def calling(*steps):
    """Return a document, as JSON, whose workflow ``main`` has these steps, and another one a request."""
    listed = [{"workflowId": "main", "steps": steps}, {"workflowId": "second", "steps": [SENDS]}]
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "drawn", "version": "1"},
        "sourceDescriptions": [{"name": "things", "url": "api.openapi.yaml", "type": "openapi"}],
        "workflows": [{**each, "outputs": {"a": "$steps.a.outputs.way"}} for each in listed],
    }
    return json.dumps(document)


@drawn(40)
@given(workflows(3, calls=True, depends=True), INPUTS, ANSWERS, FORMS)
@example(calling(CALL, EMBEDS), {}, [(200, 0)], "tasks").via("inputs are refused where a call comes first")
@example(calling({**CALL, **UNMATCHED}), {}, [(200, 0)], "tasks").via("a call fails whose workflow was answered")
@example(calling(CALL), {"nobody": 1}, [(200, 0)], "group").via("an input that there is none of")
def test_a_dag_calls_workflows_as_the_interpreter_does(text, inputs, answers, form):
    agree(text, inputs, answers, form)


class ApiOfCookies(Api):
    """Sets cookies with every answer, some for a while, some of those that are there already, and remembers them."""

    def send(self, request):
        self.trace.append(sent_cookie(request))
        response = super().send(request)
        age = (self.sent * 7) % 50 - 5
        lines = (f"c{self.sent % 5}=v{self.sent}; Path=/; Max-Age={age}", f"way={response.body.hex()[:8]}")
        return replace(response, headers=(*response.headers, *(("Set-Cookie", line) for line in lines)))


@drawn(40)
@given(st.one_of(workflows(3, calls=True, depends=True), graphs(), side_by_side(calls=True)), INPUTS, ANSWERS, FORMS)
def test_a_dag_sends_the_cookies_that_the_interpreter_sends(text, inputs, answers, form):
    agree(text, inputs, answers, form, options=Options(settings=Settings(cookies=True)), api_of=ApiOfCookies)


@drawn(20)
@given(side_by_side(), INPUTS, PLAIN, FORMS, ORDERS)
def test_a_dag_sends_side_by_side_what_the_interpreter_sends_in_order(text, inputs, answers, form, order):
    agree_side_by_side(text, inputs, answers, form, order)


@drawn(20)
@given(side_by_side(calls=True), INPUTS, PLAIN, FORMS, ORDERS)
def test_a_dag_calls_workflows_side_by_side(text, inputs, answers, form, order):
    agree_side_by_side(text, inputs, answers, form, order)


@drawn(20)
@given(workflows(4), ANSWERS, st.data())
def test_what_is_approved_is_done_and_what_is_refused_is_not(text, answers, data):
    plain = compile_document(load(text), "main")
    asking = data.draw(st.sets(st.sampled_from(plain.steps).map(lambda step: step.step_id), min_size=1))
    options = Options(step_settings={step: Settings(approval=True) for step in asking})
    plan = compile_document(load(text), "main", options)
    refused = {region.entry for region in plan.regions if asking & set(region.steps)} & {
        data.draw(st.sampled_from(STEPS))
    }
    api, expected_api = Api(answers), Api(answers)
    steps = {step for region in plan.regions if region.entry in refused for step in region.steps}
    found, execution = executed(ArazzoDag(plan), {}, api, refused={f"{task}_approval" for task in refused})
    asked = [task for task in execution.errors if task.endswith("_approval")]
    if asked:
        assert found.status == "failed"
        assert "was refused; nothing was sent" in found.message
        assert not [entry for entry in api.trace if isinstance(entry, tuple) and entry[2]["X-Step"] in steps]
        interpreted(plain, {}, expected_api)
        assert expected_api.trace[: len(api.trace)] == api.trace
    else:
        expected = interpreted(plain, {}, expected_api)
        assert api.trace == expected_api.trace
        assert_same(found, expected)


def run(plan, inputs, api, form, **how):
    """Run a workflow in one of the forms; return what it came to, and whether a task of a step has failed."""
    event(form)
    if form == "task":
        return executed_in_one_task(plan, inputs, api), False
    found, execution = (
        executed(ArazzoDag(plan), inputs, api, **how)
        if form == "tasks"
        else executed_in_a_group(plan, inputs, api, **how)
    )
    return found, "failed" in execution.states.values()


def refused_where_it_is_built(plan, inputs, form):
    """Say whether it is a group to which an input is bound that the workflow does not have: then none is made."""
    if form != "group" or all(map(plan.takes, inputs)):
        return False
    api = Api([])
    with pytest.raises(InputError, match="has no input"):
        executed_in_a_group(plan, inputs, api)
    assert interpreted(plan, inputs, api).status == "refused"
    assert not api.trace
    return True


def agree(text, inputs, answers, form, *, options=None, api_of=Api):
    plan = compile_document(load(text), "main", options)
    if refused_where_it_is_built(plan, inputs, form):
        return
    expected_api, api = api_of(answers), api_of(answers)
    found, _ = run(plan, inputs, api, form)
    expected = interpreted(plan, inputs, expected_api)
    assert api.trace == expected_api.trace
    assert_same(found, expected)


def agree_side_by_side(text, inputs, answers, form, order):
    plan = compile_document(load(text), "main")
    if refused_where_it_is_built(plan, inputs, form):
        return
    expected_api, api = ApiOfPlaces(answers), ApiOfPlaces(answers)
    found, red = run(plan, inputs, api, form, **({} if form == "task" else {"shuffle": order}))
    expected = interpreted(plan, inputs, expected_api)
    event(f"side by side: {plan.needs is not None}, {expected.status}")
    assert_side_by_side(found, expected, (api.trace, expected_api.trace), red=red)
    assert_in_order(plan, api.trace)
    assert_in_order(plan, expected_api.trace)
