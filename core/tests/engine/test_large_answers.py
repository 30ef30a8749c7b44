"""Large answers are judged in a thread, so that an event loop goes on meanwhile; small ones are not."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from arazzo.engine import drive_async, load_plan, start
from arazzo.exchange import Response

SIZES = [(100, False), (32 * 1024, False), (34 * 1024, True), (5_000_000, True)]


@pytest.mark.attack("the triggerer's event loop", "a poll with an answer of many megabytes beside others")
@pytest.mark.parametrize(
    ("size", "elsewhere"), [(100, False), (32 * 1024, False), (34 * 1024, True), (5_000_000, True)]
)
def test_a_large_answer_is_judged_in_a_thread(tmp_path, size, elsewhere):
    step = {"stepId": "signIn", "operationId": "signIn"}
    criteria = [{"condition": "$response.body#/said == 'no'"}]
    operation = {"post": {"operationId": "signIn", "responses": {}}}
    info = {"title": "T", "version": "1"}
    api = {"openapi": "3.1.0", "info": info, "servers": [{"url": "https://shop.invalid"}], "paths": {"/s": operation}}
    document = {"arazzo": "1.0.1", "info": info}
    document["sourceDescriptions"] = [{"name": "shop", "url": "shop.json", "type": "openapi"}]
    document["workflows"] = [{"workflowId": "w", "steps": [{**step, "successCriteria": criteria}]}]
    (tmp_path / "shop.json").write_text(json.dumps(api))
    (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
    plan = load_plan(tmp_path / "w.arazzo.json")
    where = set()

    async def send(request):
        body = json.dumps({"said": "x" * (size - 12)}).encode()
        assert len(body) == size
        return Response(200, (("Content-Type", "application/json"),), body)

    async def wait(state, seconds):
        raise AssertionError("there is nothing to wait for")

    def conceal(text):
        where.add(threading.get_ident())
        return text

    _, done = asyncio.run(drive_async(plan, start(plan, {}), send=send, wait=wait, conceal=conceal))
    assert done.outcome == "failed"
    assert (where != {threading.get_ident()}) is elsewhere
