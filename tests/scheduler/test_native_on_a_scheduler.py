"""On a scheduler that traces (Airflow 3.2): spans under those of task and trigger, no secret there; a retry in time."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import airflow.sdk
import pytest
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from played_api import PlayedApi
from scripted_api import ScriptedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.exchange import Response

pytest.importorskip("airflow.sdk.observability", reason="the tasks of Airflow make no spans before 3.2")
pytestmark = pytest.mark.scheduler

SECRET = "tr0ub4dor"
API = """\
openapi: 3.1.0
info: {title: Scans, version: "1"}
paths:
  /scans/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: getScan, responses: {'200': {description: ok}}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {title: Scans, version: "1"}
sourceDescriptions: [{name: scans, url: scans.openapi.yaml}]
workflows:
- workflowId: scan
  inputs: {type: object, properties: {key: {type: string, format: password}}, required: [key]}
  steps:
  - stepId: watch
    operationId: getScan
    parameters: [{name: id, in: path, value: $inputs.key}]
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess:
    - {name: again, type: goto, stepId: watch, criteria: [{condition: $response.body == 'busy'}]}
    - {name: done, type: end, criteria: [{condition: $response.body == 'done'}]}
    x-airflow: {poke_interval: 1}
- workflowId: hurry
  steps:
  - {stepId: look, operationId: getScan, parameters: [{name: id, in: path, value: x}]}
"""
DAGS = f"""\
import json
from airflow_arazzo import ArazzoDag

def told(context):
    with open({{folder!r}} + "/told", "a") as file:
        file.write(json.dumps(context["arazzo"]) + "\\n")

document = {{folder!r}} + "/scan.arazzo.yaml"
ArazzoDag(document, "scan", inputs={{{{"key": {SECRET!r}}}}})
try:
    from airflow_arazzo import ArazzoRetryPolicy
except ImportError:
    pass
else:
    patient = {{{{"retries": 1, "retry_delay": 3600, "retry_policy": ArazzoRetryPolicy(), "on_retry_callback": told}}}}
    ArazzoDag(document, "hurry", default_args=patient)
"""
LINE = f"GET /scans/{SECRET}"


class Collector(PlayedApi):
    """What OpenTelemetry's exporters send to: keeps spans, and the names and points of metrics."""

    def __init__(self) -> None:
        super().__init__(self.take, base="")
        self.raw, self.spans, self.points = b"", [], []

    def take(self, request):
        self.raw += request.body or b""
        with suppress(DecodeError):  # of an exporter that was ended half-way
            self.read(request)
        return Response(200, (("Content-Type", "application/x-protobuf"),))

    def read(self, request):
        if request.url.endswith("/v1/traces"):
            for group in ExportTraceServiceRequest.FromString(request.body).resource_spans:
                self.spans += [span for scope in group.scope_spans for span in scope.spans]
        elif request.url.endswith("/v1/metrics"):
            for group in ExportMetricsServiceRequest.FromString(request.body).resource_metrics:
                metrics = [metric for scope in group.scope_metrics for metric in scope.metrics]
                self.points += [(metric.name, attributes(p)) for metric in metrics for p in metric.sum.data_points]

    def polls(self):
        """Return the spans of the poll's requests."""
        return [
            span for span in self.spans if span.name == "GET /scans/{id}" and attributes(span)["arazzo.step"] == "watch"
        ]

    def wait(self, found, limit=60):
        deadline = time.monotonic() + limit
        while not found():
            assert time.monotonic() < deadline, ([span.name for span in self.spans], self.points)
            time.sleep(0.5)


def attributes(told):
    return {each.key: each.value.string_value or each.value.int_value for each in told.attributes}


def test_spans_and_metrics_leave_a_task_and_a_trigger(tmp_path, migrate):
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "scans.openapi.yaml").write_text(API)
    (folder / "scan.arazzo.yaml").write_text(DOCUMENT)
    (folder / "scan.py").write_text(DAGS.format(folder=str(folder)))
    dags = ["scan", "hurry"] if hasattr(airflow.sdk, "RetryPolicy") else ["scan"]
    with ScriptedApi() as api, Collector() as collector:
        api.on("GET /scans/x", 503, None, Retry_After="2").on("GET /scans/x", 200, {})
        api.on(LINE, 200, "busy").on(LINE, 200, "busy").on(LINE, 200, "done")
        environment = {
            "AIRFLOW_CONN_SCANS": json.dumps({"conn_type": "arazzo", "host": api.url}),
            "AIRFLOW__TRACES__OTEL_ON": "True",
            "AIRFLOW__METRICS__OTEL_ON": "True",
            "OTEL_TRACES_EXPORTER": "otlp_proto_http",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_METRIC_EXPORT_INTERVAL": "3000",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
        }
        with LocalAirflow(tmp_path / "home", folder, environment, restart=True) as local:
            migrate(local)
            local.start()
            local.wait_healthy(180)
            local.wait_for_dags(*dags, limit=120)
            runs = {dag: local.rest.trigger(dag) for dag in dags}
            for dag, run in runs.items():
                assert local.rest.wait(dag, run, 240)["state"] == "success"
            collector.wait(lambda: len(collector.polls()) == 3)
            collector.wait(
                lambda: {"airflow.arazzo.exchange", "airflow.arazzo.poll.rounds"} <= dict(collector.points).keys()
            )
    by_id = {span.span_id: span for span in collector.spans}
    ours = collector.polls()
    assert [asked.headers["traceparent"] for asked in api.asked if asked.line == LINE] == [
        f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01"
        for span in sorted(ours, key=lambda s: s.start_time_unix_nano)
    ]
    assert {by_id[span.parent_span_id].name for span in ours} == {"worker.watch", "trigger.watch"}
    assert len({span.trace_id for span in ours}) == 1
    counted = [
        told for name, told in collector.points if name == "airflow.arazzo.exchange" and told["task_id"] == "watch"
    ]
    assert {(told["task_id"], told["operation"], told["status"]) for told in counted} == {
        ("watch", "GET /scans/{id}", "200")
    }
    assert SECRET.encode() not in collector.raw
    if "hurry" in dags:
        assert api.lines.count("GET /scans/x") == 2
        told = json.loads((folder / "told").read_text())
        assert (told["step"], told["operation"], told["status"]) == ("look", "getScan", 503)
