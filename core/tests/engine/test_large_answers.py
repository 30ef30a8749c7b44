"""Large answers are judged in a thread, so that an event loop goes on meanwhile; larger ones are left to a worker."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from arazzo.engine import drive, drive_async, load_plan, start
from arazzo.exchange import Response

INFO = {"title": "T", "version": "1"}
JSON = (("Content-Type", "application/json"),)


def plan_of(folder, *steps):
    operation = {"post": {"operationId": "signIn", "responses": {}}, "get": {"operationId": "look", "responses": {}}}
    api = {"openapi": "3.1.0", "info": INFO, "servers": [{"url": "https://shop.invalid"}], "paths": {"/s": operation}}
    document = {"arazzo": "1.0.1", "info": INFO}
    document["sourceDescriptions"] = [{"name": "shop", "url": "shop.json", "type": "openapi"}]
    document["workflows"] = [{"workflowId": "w", "steps": list(steps)}]
    (folder / "shop.json").write_text(json.dumps(api))
    (folder / "w.arazzo.json").write_text(json.dumps(document))
    return load_plan(folder / "w.arazzo.json")


@pytest.mark.attack("the triggerer's event loop", "a poll with an answer of many megabytes beside others")
@pytest.mark.parametrize(
    ("size", "elsewhere"), [(100, False), (32 * 1024, False), (34 * 1024, True), (5_000_000, True)]
)
def test_a_large_answer_is_judged_in_a_thread(tmp_path, size, elsewhere):
    step = {"stepId": "signIn", "operationId": "signIn"}
    criteria = [{"condition": "$response.body#/said == 'no'"}]
    plan = plan_of(tmp_path, {**step, "successCriteria": criteria})
    where = set()

    async def send(request):
        body = json.dumps({"said": "x" * (size - 12)}).encode()
        assert len(body) == size
        return Response(200, JSON, body)

    async def wait(state, seconds):
        raise AssertionError("there is nothing to wait for")

    def conceal(text):
        where.add(threading.get_ident())
        return text

    _, done = asyncio.run(drive_async(plan, start(plan, {}), send=send, wait=wait, conceal=conceal))
    assert done.outcome == "failed"
    assert (where != {threading.get_ident()}) is elsewhere


@pytest.mark.attack("the triggerer's event loop", "a poll that carries outputs of many megabytes")
@pytest.mark.parametrize("limited", [False, True])
def test_what_comes_after_a_costly_answer_is_judged_in_a_thread_too(tmp_path, limited):
    """Costly is a large answer, and where time is limited, one that takes long."""
    criteria = [{"condition": "$response.body#/said == 'no'"}]
    looks = [{"stepId": f"look{n}", "operationId": "look", "outputs": {"all": "$response.body"}} for n in range(3)]
    plan = plan_of(tmp_path, *looks, {"stepId": "signIn", "operationId": "signIn", "successCriteria": criteria})
    sizes = iter([100, 100 if limited else 100_000, 100, 100])
    here = threading.get_ident()
    where = []

    async def send(request):
        where.append(None)
        return Response(200, JSON, json.dumps({"said": "x" * next(sizes)}).encode())

    def conceal(text):
        where[-1] = threading.get_ident()
        while limited and len(where) == 2 and where[-1] == here:
            pass
        return text

    driven = drive_async(
        plan, start(plan, {}), send=send, wait=wait_for_nothing, conceal=conceal, most_seconds=60 * limited
    )
    asyncio.run(driven)
    assert [thread == here for thread in where] == [True, False, False, False]


async def wait_for_nothing(state, seconds):
    raise AssertionError("there is nothing to wait for")


@pytest.mark.attack("the triggerer's event loop", "a poll with an answer of many megabytes beside others")
@pytest.mark.parametrize(("size", "left"), [(1000, False), (1001, True), (5_000_000, True)])
def test_a_request_whose_answer_is_too_large_is_left_to_whoever_may_evaluate_it(tmp_path, size, left):
    plan = plan_of(tmp_path, {"stepId": "look", "operationId": "look", "outputs": {"said": "$response.body#/said"}})
    sent = []

    def answer(request):
        sent.append(request)
        return Response(200, JSON, json.dumps({"said": "x" * (size - 12)}).encode())

    async def send(request):
        return answer(request)

    state, done = asyncio.run(drive_async(plan, start(plan, {}), send=send, wait=wait_for_nothing, most=1000))
    assert (done is None) is left
    if done is None:
        assert (state.phase, state.frame.attempts, state.records) == ("ready", 0, {})
        state, done = drive(plan, state, send=answer, wait=wait_for_nothing)
    assert (done.outcome, len(sent), state.records["look"].attempts) == ("end", 1 + left, 1)
    assert len(state.outputs["look"]["said"]) == size - 12


@pytest.mark.attack("the triggerer's event loop", "a poll that carries outputs of many megabytes")
def test_a_loop_that_has_collected_too_much_goes_on_elsewhere(tmp_path):
    more = {
        "name": "more",
        "type": "goto",
        "stepId": "look",
        "criteria": [{"condition": "$response.body#/next != null"}],
    }
    step = {"stepId": "look", "operationId": "look", "onSuccess": [more, {"name": "done", "type": "end"}]}
    step |= {"parameters": [{"name": "at", "in": "query", "value": "$steps.look.outputs.next"}]}
    step |= {"outputs": {"next": "$response.body#/next"}, "x-airflow": {"collect": {"all": "$response.body#/items"}}}
    plan = plan_of(tmp_path, step)
    pages = iter(range(1, 100))

    async def send(request):
        return Response(200, JSON, json.dumps({"items": ["x" * 100], "next": next(pages)}).encode())

    state, done = asyncio.run(drive_async(plan, start(plan, {}), send=send, wait=wait_for_nothing, most=1000))
    assert done is None
    assert (state.phase, len(state.outputs["look"]["all"])) == ("ready", 10)
