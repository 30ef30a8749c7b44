"""Texts that would be more than texts where they are printed, drawn or reported: in a terminal, in CI, in a picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from scripted_api import ScriptedApi

from arazzo.cli import main

EVIL = {
    "an escape of a terminal": "x\x1b]0;owned\x07\x1b[31m\x9b2J",
    "a command of CI": "x\n::error::owned\n##[error]owned\r::stop-commands::owned\u2028::error::owned",
    "a way to go back": "x\r\x08\x08owned\x7f",
    "another direction": "x\u202eowned\u2066owned",
    "markup": "x</script></title>]]><script>owned</script><!--",
    "an end of a string": 'x\\"]; owned [URL="javascript:owned"]; "\\',
    "a click in a picture": 'x"] --> y\nclick s0 href "javascript:owned"\n%%{init: {}}%%',
}
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
pytestmark = [
    pytest.mark.attack("terminals, reports and pictures", "{name}"),
    pytest.mark.parametrize("name", EVIL),
]


def write(folder: Path, evil: str, url: str = "http://127.0.0.1:9", **step: Any) -> str:
    """Write a document all of whose names and texts are evil; return its path."""
    operation = {"operationId": evil, "summary": evil, "responses": {"200": {"description": evil}}}
    info = {"title": evil, "version": evil}
    api = {"openapi": "3.1.0", "info": info, "servers": [{"url": url}], "paths": {"/x": {"get": operation}}}
    steps = [{"stepId": f"{evil}{n}", "description": evil, "operationId": evil, **step} for n in "12"]
    steps[0]["onFailure"] = [{"name": evil, "type": "goto", "stepId": f"{evil}2"}]
    inputs = {"type": "object", "properties": {evil: {"type": "string", "title": evil, "default": evil}}}
    workflow = {"workflowId": evil, "summary": evil, "description": evil, "inputs": inputs, "steps": steps}
    source = {"name": "shop", "url": "shop.json", "type": "openapi"}
    document = {"arazzo": "1.0.1", "info": info, "sourceDescriptions": [source], "workflows": [workflow]}
    (folder / "shop.json").write_text(json.dumps(api))
    (folder / "evil.arazzo.json").write_text(json.dumps(document))
    return str(folder / "evil.arazzo.json")


def printed(*command: str) -> Result:
    """Return what a command has printed, after a look whether each line of it is one."""
    result = CliRunner().invoke(main, list(command), color=True)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert _CONTROLS.search(result.output) is None
    assert not re.search(r"^(?:::(?!(?:error|warning) file=)|##\[|owned)", result.output, re.MULTILINE)
    return result


def test_no_text_is_a_command_where_problems_are_printed(tmp_path, name):
    document = write(tmp_path, EVIL[name], onSuccess=[{"name": EVIL[name], "type": "goto", "stepId": EVIL[name]}])
    for form in ("text", "json", "sarif", "github"):
        assert "owned" in printed("validate", document, "--format", form).output


def test_no_text_is_a_command_where_a_picture_is_drawn(tmp_path, name):
    document = write(tmp_path, EVIL[name])
    text, mermaid, dot = (printed("graph", document, "--format", form).stdout for form in ("text", "mermaid", "dot"))
    assert len(text.splitlines()) == 6
    assert not re.search(r"owned|script", re.sub(r'"[^"\n]*"', "", mermaid))
    assert not re.search(r"owned|script", re.sub(r'"(?:\\.|[^"\\])*"', "", dot))
    assert dot.count("\n") == 9


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/xml"])
def test_no_text_is_a_command_where_a_run_is_told(tmp_path, name, kind):
    evil = EVIL[name]
    reports = {kind: tmp_path / f"report.{kind}" for kind in ("json", "junit", "sarif", "html")}
    options = [part for each, path in reports.items() for part in (f"--report-{each}", str(path))]
    with ScriptedApi() as api:
        answer = {"said": evil, evil: evil} if kind == "application/json" else evil.encode()
        api.on("GET /x", 200, answer, content_type=kind).on("GET /x", 500, answer, content_type=kind)
        outputs = {"all": "$response.body", "said": "$response.body#/said"}
        document = write(tmp_path, evil, api.url, outputs=outputs, successCriteria=[{"condition": "$statusCode == 9"}])
        har = tmp_path / "run.har"
        result = printed("run", document, "--debug", "--record", str(har), *options)
    assert "owned" in result.output
    assert ElementTree.parse(reports["junit"]).getroot().find("testsuite") is not None
    assert "<script" not in re.sub(r'"[^"]*"', "", reports["html"].read_text("utf-8"))
    for path in (reports["json"], reports["sarif"], har):
        json.loads(path.read_text("utf-8"))


def test_no_text_is_a_command_where_something_is_refused_or_written(tmp_path, name):
    evil = EVIL[name]
    document = write(tmp_path, evil)
    api, made = str(tmp_path / "shop.json"), tmp_path / "made.yaml"
    assert "owned" in printed("init", api, "--operation", "nothing").output
    printed("init", api, "--operation", evil, "-o", str(made))
    assert "owned" in printed("graph", document, "nothing").output
    assert "owned" in printed("run", document, "--input", "nothing=1").output
    whole = json.loads(Path(document).read_text())
    Path(document).write_text(json.dumps({**whole, "x-airflow": {"connection": evil}}))
    assert "owned" in printed("run", document).output
    assert "owned" in printed("run", document, "--dry-run").output
