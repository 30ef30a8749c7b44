"""What a loop gathers over its rounds, in Airflow: in a triggerer that dies and after a reschedule, and sealed."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from equivalence import in_place_of_the_world
from executing import Execution
from running import Run, first_event, restored

from airflow_arazzo import ArazzoDag, ArazzoSensor
from arazzo.exchange import Response

SECRET = "hunter2-hunter2"
API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "http://pages.example"}]
paths:
  /pages: {get: {operationId: page, responses: {"200": {description: ok}}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: pages, url: pages.openapi.yaml, type: openapi}]
workflows:
- workflowId: all-pages
  steps:
  - stepId: page
    operationId: page
    parameters: [{name: page, in: query, value: $steps.page.outputs.page}]
    successCriteria: [{condition: $statusCode == 200}]
    x-airflow: {collect: {NAME: $response.body#/items}, next: {page: {number: 0}}}
    onSuccess:
    - {name: more, type: goto, stepId: page, criteria: [{condition: $response.body#/more == true}]}
    - {name: done, type: end}
  outputs: {all: $steps.page.outputs.NAME}
"""


class Pages:
    """An API of so many pages; at some of them it is not to be had at first."""

    def __init__(self, pages: int, busy: tuple[int, ...] = (), item: str = "item") -> None:
        self.pages, self.busy, self.item = pages, list(busy), item
        self.now = 1e9
        self.asked: list[int] = []

    def send(self, request):
        page = int(parse_qs(urlsplit(request.url).query).get("page", ["0"])[0])
        self.asked.append(page)
        if page in self.busy:
            self.busy.remove(page)
            return Response(503)
        body = {"items": [f"{self.item}-{page}"], "more": page + 1 < self.pages}
        return Response(200, (("Content-Type", "application/json"),), json.dumps(body).encode())

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def written(folder, name="items"):
    (folder / "pages.openapi.yaml").write_text(API)
    (folder / "w.arazzo.yaml").write_text(DOCUMENT.replace("NAME", name))
    return folder / "w.arazzo.yaml"


def test_a_thousand_pages_as_a_dag(tmp_path):
    dag, world = ArazzoDag(written(tmp_path)), Pages(1000, busy=(400, 401, 800))
    execution = Execution(dag, {}, world)
    with in_place_of_the_world(world):
        assert execution.finish() == "success"
    assert execution.run.xcoms["outputs", "return_value"]["all"] == [f"item-{page}" for page in range(1000)]
    assert len(world.asked) == 1003
    assert execution.run.xcoms["page", "arazzo"]["rounds"] == 1000 + 3


def test_what_is_gathered_goes_to_the_triggerer_sealed_and_survives_it(tmp_path):
    path, world = written(tmp_path, "tokens"), Pages(5, busy=(2, 3), item=SECRET)
    with in_place_of_the_world(world):
        sensor = ArazzoSensor(task_id="page", plan=path)
        run = Run()
        with pytest.raises(TaskDeferred) as deferred:
            sensor.execute(run.context("page"))
        row = json.dumps(deferred.value.trigger.serialize())
        assert SECRET not in row
        first_event(restored(deferred.value.trigger))  # a triggerer that dies before it has told anybody
        event = first_event(restored(deferred.value.trigger))
        assert SECRET not in json.dumps(event)
        outputs = sensor.resume(run.context("page"), event)
    assert outputs["tokens"] == ["***"] * 5
    assert world.asked[:4] == [0, 1, 2, 2]
