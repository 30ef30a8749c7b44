"""Outputs that are absent for a reason that people do not see: the log says it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arazzo.engine import load_plan, run_local
from arazzo.engine.state import Note
from arazzo.exchange import Request, Response

BODY = b'<jobs xmlns="urn:a"><job>7</job><plain xmlns=""/></jobs>'


@pytest.mark.parametrize(
    ("selector", "kind", "told"),
    [
        ("//job", "xpath", "nothing is selected by //job, where 'job' has a namespace: write *:job"),
        (
            "/jobs/job",
            {"type": "xpath", "version": "xpath-10"},
            "nothing is selected by /jobs/job, where 'jobs' has a namespace: write *[local-name()='jobs']",
        ),
        ("//*:job", "xpath", None),
        ("//plain", "xpath", None),
        ("//none", "xpath", None),
        ("$.none", "jsonpath", None),
    ],
)
def test_an_element_named_without_its_namespace_is_told(
    tmp_path: Path, selector: str, kind: object, told: str | None
) -> None:
    operation = {"operationId": "get", "responses": {"200": {"description": "ok"}}}
    api = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "servers": [{"url": "https://a.example"}]}
    (tmp_path / "api.json").write_text(json.dumps(api | {"paths": {"/jobs": {"get": operation}}}))
    output = {"context": "$response.body", "selector": selector, "type": kind}
    step = {"stepId": "look", "operationId": "get", "outputs": {"state": output}}
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [step]}],
    }
    (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
    notes: list[Note] = []

    def send(_: Request) -> Response:
        return Response(200, (("Content-Type", "application/xml"),), BODY)

    run_local(load_plan(tmp_path / "w.arazzo.json"), {}, send=send, note=notes.append)
    warnings = [note.text for note in notes if note.warning]
    assert warnings == ([f"output 'state' of step 'look' is absent: {told}"] if told else [])
