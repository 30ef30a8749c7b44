"""The limits and boundaries of the machine, each where a change by one would be seen."""

from __future__ import annotations

import json

import pytest

from arazzo.engine import advance, load_plan, run_local, start
from arazzo.errors import TransportError
from arazzo.exchange import Exchange, Response

DESCRIPTION = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.invalid"}],
    "paths": {"/things": {"get": {"operationId": "look", "responses": {"200": {"description": "Here"}}}}},
}


@pytest.fixture
def compiled(tmp_path):
    def compile_workflows(*workflows):
        document = {
            "arazzo": "1.0.1",
            "info": {"title": "T", "version": "1"},
            "sourceDescriptions": [{"name": "shop", "url": "./shop.json", "type": "openapi"}],
            "workflows": list(workflows),
        }
        (tmp_path / "shop.json").write_text(json.dumps(DESCRIPTION))
        (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
        return load_plan(tmp_path / "w.arazzo.json", workflows[0]["workflowId"])

    return compile_workflows


def looking(**step):
    return {"workflowId": "w", "steps": [{"stepId": "look", "operationId": "look", **step}]}


def always(status, body=None):
    return lambda request: Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())


@pytest.mark.parametrize(("status", "ended"), [(199, "failed"), (200, "success"), (299, "success"), (300, "failed")])
def test_without_criteria_a_success_is_2xx(compiled, status, ended):
    assert run_local(compiled(looking()), {}, send=always(status)).status == ended


@pytest.mark.parametrize(("limit", "sent"), [(None, 2), (0, 1), (1, 2), (3, 4)])
def test_a_retry_is_made_as_often_as_it_says_and_once_by_default(compiled, limit, sent):
    action = {"name": "again", "type": "retry", **({} if limit is None else {"retryLimit": limit})}
    attempts = []

    def refuse(request):
        attempts.append(request.attempt)
        raise TransportError("connect", "no connection")

    run = run_local(compiled(looking(onFailure=[action])), {}, send=refuse, sleep=lambda _: None)
    assert attempts == list(range(1, sent + 1))
    assert run.records[0].attempts == sent


def test_time_that_nobody_waits_is_skipped(compiled):
    action = {"name": "again", "type": "retry", "retryAfter": 3600, "retryLimit": 3}
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        assert len(slept) < 10

    run = run_local(compiled(looking(onFailure=[action])), {}, send=always(503), sleep=sleep)
    assert run.status == "failed"
    assert [round(seconds) for seconds in slept] == [3600] * 3


def test_attempts_begin_anew_at_the_next_step(compiled):
    plan = compiled(
        {
            "workflowId": "w",
            "steps": [
                {"stepId": "a", "operationId": "look", "onFailure": [{"name": "again", "type": "retry"}]},
                {"stepId": "b", "operationId": "look"},
            ],
        }
    )
    answers = iter([503, 200, 200])
    seen = []

    def send(request):
        seen.append((request.step, request.attempt))
        return Response(next(answers))

    run_local(plan, {}, send=send, sleep=lambda _: None)
    assert seen == [("a", 1), ("a", 2), ("b", 1)]


def test_the_history_keeps_the_last_hundred_lines(compiled):
    action = {"name": "again", "type": "retry", "retryLimit": 80}
    plan = compiled(looking(onFailure=[action]))
    state, command = advance(plan, start(plan, {}), now=0.0)
    told = []
    for now in range(1, 200):
        exchange = Exchange(command.request, Response(503)) if hasattr(command, "request") else None
        state, command = advance(plan, state, exchange, now=float(now))
        told += [note.text for note in command.notes]
    assert len(told) > 100
    assert state.history == tuple(told[-100:])


def test_what_a_finished_workflow_gave_out_stays_secret(compiled):
    plan = compiled(
        {
            "workflowId": "w",
            "steps": [
                {"stepId": "enter", "workflowId": "inner"},
                {
                    "stepId": "look",
                    "operationId": "look",
                    "successCriteria": [{"condition": "$response.body#/said == 'x'"}],
                },
            ],
        },
        {
            "workflowId": "inner",
            "steps": [{"stepId": "get", "operationId": "look", "outputs": {"said": "$response.body#/said"}}],
            "outputs": {"password": "$steps.get.outputs.said"},
        },
    )
    run = run_local(plan, {}, send=always(200, {"said": "hidden-value-1"}))
    assert run.status == "failed"
    assert "hidden-value-1" in run.secrets
    assert "hidden-value-1" not in run.message + repr(run.records)
