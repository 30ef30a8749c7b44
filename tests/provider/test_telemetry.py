"""What OpenTelemetry and Airflow's metrics hear of exchanges: in a run of ``dag.test()``, and in a trigger's loop."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from running import Run, restored

from airflow_arazzo import ArazzoDag
from airflow_arazzo.compat import stats
from airflow_arazzo.hooks.source_hooks import SourceHooks
from airflow_arazzo.hooks.telemetry import Telemetry
from arazzo.engine.records import LoopRun
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response

SECRET = "tr0ub4dor"
OPENAPI = """
openapi: 3.1.0
info: {title: Scans, version: "1"}
servers: [{url: "SERVER"}]
paths:
  /scans/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: ticket, in: query, schema: {type: string}}
      - {name: traceparent, in: header, schema: {type: string}}
    get: {operationId: getScan, responses: {"200": {description: The scan}}}
    post: {operationId: endScan, responses: {"200": {description: The scan}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: Scans, version: "1"}
sourceDescriptions: [{name: scans, url: scans.openapi.yaml, type: openapi}]
workflows:
  - workflowId: scan
    inputs: {type: object, properties: {key: {type: string, format: password}}, required: [key]}
    steps:
      - stepId: watch
        operationId: getScan
        parameters: [{name: id, in: path, value: "7"}, {name: ticket, in: query, value: "a-{$inputs.key}"}]
        successCriteria: [{condition: $statusCode == 200}]
        onSuccess:
          - {name: again, type: goto, stepId: watch, criteria: [{condition: $response.body#/state == 'busy'}]}
          - {name: ready, type: goto, stepId: close, criteria: [{condition: $response.body#/state == 'ready'}]}
        x-airflow: {poke_interval: 0.05}
      - stepId: close
        operationId: endScan
        parameters: [{name: id, in: path, value: $inputs.key}]
"""
BUSY, READY = {"state": "busy"}, {"state": "ready"}


@pytest.fixture
def scan_dag(tmp_path, api):
    """Return the DAG of the workflow, with some text of its document replaced."""

    def made(*replacements, **settings):
        text = DOCUMENT
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "scans.openapi.yaml").write_text(OPENAPI.replace("SERVER", api.url))
        (tmp_path / "scan.arazzo.yaml").write_text(text)
        return ArazzoDag(tmp_path / "scan.arazzo.yaml", **settings)

    return made


@pytest.fixture
def provider(monkeypatch):
    provider = TracerProvider()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return provider


@pytest.fixture
def spans(provider):
    """The spans that have ended, those of exchanges only."""
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return lambda: [span for span in exporter.get_finished_spans() if span.kind is trace.SpanKind.CLIENT]


@dataclass
class Recorder:
    """Airflow's metrics, kept: counts and the number of timings, by name and tags."""

    counts: Counter = field(default_factory=Counter)
    timings: Counter = field(default_factory=Counter)

    def incr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Any = None) -> None:
        self.counts[stat, frozenset((tags or {}).items())] += count

    def timing(self, stat: str, dt: Any, *, tags: Any = None) -> None:
        self.timings[stat, frozenset((tags or {}).items())] += 1

    gauge = decr = lambda *_, **__: None

    def told(self, name: str, kept: Counter | None = None) -> dict[Any, int]:
        """Return what a metric came to, by the values of its tags; those of Airflow's own are not ours."""
        found = self.counts if kept is None else kept
        return {tuple(v for _, v in sorted(tags)): n for (stat, tags), n in found.items() if stat == name}


@pytest.fixture
def recorder(monkeypatch):
    """Airflow's metrics of tasks and of the triggerer, which go to one place here."""
    recorder = Recorder()
    for found in {stats(in_triggerer=False), stats(in_triggerer=True)}:
        for name in ("incr", "timing"):
            monkeypatch.setattr(found, name, getattr(recorder, name), raising=False)
    return recorder


def parent_of(asked):
    """Return trace and span that a request says it is sent in."""
    _, trace_id, span_id, _ = asked.headers["traceparent"].split("-")
    return int(trace_id, 16), int(span_id, 16)


@pytest.mark.airflow
def test_a_run_has_a_span_for_each_exchange_under_the_tasks(scan_dag, api, run_dag, provider, spans, recorder):
    api.on(f"GET /scans/7?ticket=a-{SECRET}", body=BUSY).on(f"GET /scans/7?ticket=a-{SECRET}", body=BUSY)
    api.on(f"GET /scans/7?ticket=a-{SECRET}", body=READY).on(f"POST /scans/{SECRET}", body={})
    with provider.get_tracer("test").start_as_current_span("task") as task:
        run = run_dag(scan_dag(inputs={"key": SECRET}))
    assert run.state == "success"
    found = spans()
    assert [span.name for span in found] == [*["GET /scans/{id}"] * 3, "POST /scans/{id}"]
    assert {span.parent.span_id for span in found} == {task.get_span_context().span_id}
    assert [parent_of(asked) for asked in api.asked] == [
        (span.context.trace_id, span.context.span_id) for span in found
    ]
    host, port = api.url.removeprefix("http://").split(":")
    assert dict(found[0].attributes) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": host,
        "server.port": int(port),
        "url.full": f"{api.url}/scans/7?ticket=a-***",
        "url.template": "/scans/{id}",
        "arazzo.step": "watch",
    }
    assert found[3].attributes["url.full"] == f"{api.url}/scans/***"
    assert SECRET not in "".join(span.to_json() for span in found)
    assert recorder.told("arazzo.exchange") == recorder.told("arazzo.exchange.duration", recorder.timings)
    get, post = ("scan", "GET /scans/{id}", "200", "watch"), ("scan", "POST /scans/{id}", "200", "close")
    # dag.test() tells triggers nothing of their tasks
    assert recorder.told("arazzo.exchange") == {get: 1, get[1:3]: 2, post: 1}
    assert recorder.told("arazzo.poll.rounds") == {("scan", "watch", "watch"): 3}
    assert recorder.told("arazzo.tolerated") == {}


def deferred(dag, task_id="watch", run=None):
    """Return the trigger that a task leaves its waiting to, as the triggerer has it."""
    ti = (run or Run()).context(task_id)["ti"]
    with pytest.raises(TaskDeferred) as caught:
        dag.get_task(task_id).execute({"ti": ti, "params": {}})
    trigger = restored(caught.value.trigger)
    trigger.task_instance = ti
    return trigger


def test_a_trigger_has_a_span_for_each_exchange_under_its_own(scan_dag, api, provider, spans, recorder):
    for body in (BUSY, BUSY, READY):
        api.on(f"GET /scans/7?ticket=a-{SECRET}", body=body)
    trigger = deferred(scan_dag(inputs={"key": SECRET}))
    [first] = spans()

    async def triggerer():
        with provider.get_tracer("test").start_as_current_span("trigger") as own:
            event = await asyncio.wait_for(anext(trigger.run()), 10)
        return event.payload["status"], own

    status, own = asyncio.run(triggerer())
    assert status == "done"
    found = spans()[1:]
    assert [span.name for span in found] == ["GET /scans/{id}"] * 2
    assert {span.parent.span_id for span in found} == {own.get_span_context().span_id}
    assert [parent_of(asked)[1] for asked in api.asked] == [span.context.span_id for span in (first, *found)]
    assert {span.attributes["url.full"] for span in found} == {f"{api.url}/scans/7?ticket=a-***"}
    assert SECRET not in "".join(span.to_json() for span in found)
    assert recorder.told("arazzo.exchange") == {("dag", "GET /scans/{id}", "200", "watch"): 3}


def test_nothing_is_sent_or_made_where_nobody_traces(scan_dag, api, recorder):
    api.on(f"GET /scans/7?ticket=a-{SECRET}", body=READY)
    Run().execute(scan_dag(inputs={"key": SECRET}).get_task("watch"))
    assert "traceparent" not in api.asked[0].headers
    assert sum(recorder.told("arazzo.exchange").values()) == 1


def test_opentelemetry_need_not_be_there(scan_dag, api, monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    api.on(f"GET /scans/7?ticket=a-{SECRET}", body=READY)
    Run().execute(scan_dag(inputs={"key": SECRET}).get_task("watch"))
    assert "traceparent" not in api.asked[0].headers


def test_a_setting_keeps_the_header_back(scan_dag, api, spans, monkeypatch):
    monkeypatch.setenv("AIRFLOW__ARAZZO__TRACEPARENT", "False")
    api.on(f"GET /scans/7?ticket=a-{SECRET}", body=READY)
    Run().execute(scan_dag(inputs={"key": SECRET}).get_task("watch"))
    assert "traceparent" not in api.asked[0].headers
    assert len(spans()) == 1


def test_a_documents_own_traceparent_is_sent_as_it_is(scan_dag, api, spans):
    own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    api.on(f"GET /scans/7?ticket=a-{SECRET}", body=READY)
    more = f'value: "7"}}, {{name: traceparent, in: header, value: {own}}}'
    Run().execute(scan_dag(('value: "7"}', more), inputs={"key": SECRET}).get_task("watch"))
    assert api.asked[0].headers["traceparent"] == own
    assert len(spans()) == 1


def test_a_failed_exchange_is_an_error_of_its_span_and_a_kind_in_the_metrics(provider, spans, recorder):
    request = Request("PURGE", "http://127.0.0.1:9/x/1", template="/x/{id}", step="drop", source="x", attempt=3)
    hooks = SourceHooks(telemetry=Telemetry(Run().context("drop")["ti"]))
    hooks.telemetry.sent("PURGE http://127.0.0.1:9/x/***")
    with pytest.raises(TransportError):
        hooks.send(request)
    [span] = spans()
    assert span.name == "HTTP /x/{id}"
    assert span.status.status_code is trace.StatusCode.ERROR
    assert not span.events
    assert dict(span.attributes) == {
        "http.request.method": "_OTHER",
        "http.request.method_original": "PURGE",
        "http.request.resend_count": 2,
        "server.address": "127.0.0.1",
        "server.port": 9,
        "url.full": "http://127.0.0.1:9/x/***",
        "url.template": "/x/{id}",
        "arazzo.step": "drop",
        "error.type": "connect",
    }
    assert recorder.told("arazzo.exchange") == {("dag", "PURGE /x/{id}", "connect", "drop"): 1}


def test_a_refused_status_is_an_error_of_its_span(scan_dag, api, spans):
    api.on(f"GET /scans/7?ticket=a-{SECRET}", 404)
    with pytest.raises(AirflowException):
        Run().execute(scan_dag(inputs={"key": SECRET}).get_task("watch"))
    [span] = spans()
    assert span.attributes["error.type"] == "404"
    assert span.status.status_code is trace.StatusCode.ERROR


def test_an_answer_that_is_used_again_has_no_span(scan_dag, api, spans, recorder):
    api.on(f"POST /scans/{SECRET}", body={})
    dag, run = scan_dag(inputs={"key": SECRET}), Run(stored={})
    for try_number in (1, 2):
        run.execute(dag.get_task("close"), try_number=try_number, max_tries=0)
    assert len(api.asked) == len(spans()) == sum(recorder.told("arazzo.exchange").values()) == 1


def test_rounds_that_were_tolerated_are_counted(scan_dag, api, recorder):
    line = f"GET /scans/7?ticket=a-{SECRET}"
    api.on(line, 503).on(line, 503).on(line, body=BUSY).on(line, body=READY)
    Run().execute(scan_dag(inputs={"key": SECRET}).get_task("watch"))
    assert recorder.told("arazzo.tolerated") == {("dag", "watch", "watch"): 2}
    assert recorder.told("arazzo.poll.rounds") == {("dag", "watch", "watch"): 4}


@pytest.mark.attack("metrics", "a path or a step that would be another metric, or a tag")
@pytest.mark.parametrize("evil", ["/a\nairflow.evil:1|c", "/a,evil=1", "/a|#evil:1", "/a\x00\x7f"])
def test_no_name_is_a_metric_or_a_tag(recorder, evil):
    telemetry = Telemetry()
    with telemetry.exchange(Request("GET", "https://x.example/a", template=evil)) as exchange:
        exchange.answered(Response(200))
    telemetry.went_round([LoopRun(evil, "poll", 2, 1)])
    told = [*recorder.told("arazzo.exchange"), *recorder.told("arazzo.poll.rounds"), *recorder.told("arazzo.tolerated")]
    assert len(told) == 3
    assert not re.search(r"[\x00-\x1f\x7f,|=]", "".join(value for values in told for value in values))
