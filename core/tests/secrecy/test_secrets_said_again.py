"""An API that says a secret again where nobody looks for one: in names, types, charsets, addresses, faults."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from scripted_api import ScriptedApi

from arazzo.cli import main

PLAIN, ODD = "zebraQuux7431", "zebraQuux7431+/&x"
JSON = {"content_type": "application/json"}
TEXT = {"content_type": "text/plain"}
XML = {"content_type": "application/xml"}
#: By what is said again where: the secret, the status, the body and the headers of the answer.
ANSWERS: dict[str, tuple[str, int, Any, dict[str, str]]] = {
    "the name of a header": (PLAIN, 200, {}, {f"X_{PLAIN}": "1"}),
    "a charset of JSON": (PLAIN, 200, {"said": 1}, {"content_type": f"application/json; charset={PLAIN}"}),
    "a charset of text": (PLAIN, 200, "said", {"content_type": f"text/plain; charset={PLAIN}"}),
    "a type": (PLAIN, 200, "\x00\x01", {"content_type": f"application/{PLAIN}"}),
    "a boundary": (PLAIN, 200, "said", {"content_type": f"multipart/mixed; boundary={PLAIN}"}),
    "a coding": (PLAIN, 200, {"said": 1}, {**JSON, "Content_Encoding": PLAIN}),
    "a host": (PLAIN, 302, None, {"Location": f"http://{PLAIN}.invalid/x"}),
    "an address that leads nowhere": (ODD, 302, None, {"Location": f"ftp://a/{ODD}"}),
    "a query": (ODD, 302, None, {"Location": f"http://a.invalid:99999/?{quote(ODD, safe='')}"}),
    "a wait": (ODD, 503, None, {"Retry_After": ODD}),
    "a challenge": (ODD, 401, None, {"WWW_Authenticate": f'Digest realm="{ODD}", nonce="{ODD}"'}),
    "the name of a cookie": (PLAIN, 200, {}, {"Set_Cookie": f"{PLAIN}=1; Path=/{PLAIN}"}),
    "the name of a member": (ODD, 200, {ODD: 1, "said": {ODD: [1]}}, JSON),
    "JSON that is cut off": (ODD, 200, f'{{"said": "{ODD}', JSON),
    "a number beyond all limits": (ODD, 200, f'{{"said": 1e99999999, "x": "{ODD}"}}', JSON),
    "a section of XML": (ODD, 200, f"<a><said><![CDATA[{ODD}]]></said></a>", XML),
    "the name of an element": (PLAIN, 200, f"<{PLAIN}><said>1</said></{PLAIN}>", XML),
    "an element that is cut off": (PLAIN, 200, f"<a><{PLAIN}>", XML),
    "a comment": (ODD, 200, f"<a><!--{ODD}--><?x {ODD}?></a>", XML),
    "an entity": (ODD, 200, f'<!DOCTYPE a [<!ENTITY e "{escape(ODD)}">]><a>&e;</a>', XML),
    "the end of what is shown": (ODD, 500, "y" * 995 + ODD, TEXT),
    "the end, in a URL": (ODD, 500, "y" * 990 + quote(ODD, safe=""), TEXT),
    "the end, in a program": (ODD, 500, "y" * 970 + "".join(f"\\x{ord(char):02x}" for char in ODD), TEXT),
    "lower case": (PLAIN, 500, PLAIN.lower(), TEXT),
    "upper case": (PLAIN, 500, {"said": PLAIN.upper()}, JSON),
}
CRITERIA = {
    "of the status": {"condition": "$statusCode == 299"},
    "of a member": {"condition": "$response.body#/said == 'q'"},
    "of a path": {"context": "$response.body", "type": "jsonpath", "condition": "$.said < 3"},
    "of an element": {"context": "$response.body", "type": "xpath", "condition": "//said = 'q'"},
}


@pytest.mark.attack("spellings of secrets", "an answer that says a secret in a name, a type, an address or a fault")
@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("place", ANSWERS)
def test_a_secret_that_is_said_again_is_shown_nowhere(tmp_path, place, criterion):
    secret, status, body, headers = ANSWERS[place]
    names = {"a": "$response.body", "b": "$response.body#/said", "c": "$response.header.Location"}
    step = {
        "stepId": "ask",
        "operationId": "ask",
        "parameters": [{"name": "X-Key", "in": "header", "value": "$inputs.password"}],
        "successCriteria": [CRITERIA[criterion]],
        "outputs": names,
        "onFailure": [{"name": "stop", "type": "end"}],
    }
    inputs = {"type": "object", "properties": {"password": {"type": "string"}}}
    workflow = {"workflowId": "w", "inputs": inputs, "steps": [step], "outputs": {"a": "$steps.ask.outputs.a"}}
    workflow["x-airflow"] = {"contract": "warn"}
    info = {"title": "t", "version": "1"}
    schema = {"type": "object", "additionalProperties": False, "properties": {"said": {"type": "boolean"}}}
    answers = {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}
    reports = [tmp_path / f"report.{kind}" for kind in ("json", "html", "junit", "sarif")]
    har = tmp_path / "run.har"
    with ScriptedApi() as api:
        api.on("GET /x", status, body.encode() if isinstance(body, str) else body, **headers)
        paths = {"/x": {"get": {"operationId": "ask", "responses": answers}}}
        description = {"openapi": "3.1.0", "info": info, "servers": [{"url": api.url}], "paths": paths}
        (tmp_path / "shop.json").write_text(json.dumps(description))
        source = {"name": "shop", "url": "shop.json", "type": "openapi"}
        document = {"arazzo": "1.0.1", "info": info, "sourceDescriptions": [source], "workflows": [workflow]}
        (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
        options = [part for path in reports for part in (f"--report-{path.suffix[1:]}", str(path))]
        command = ["run", str(tmp_path / "w.arazzo.json"), "--input", f"password={secret}", "--debug", *options]
        result = CliRunner().invoke(main, [*command, "--record", str(har)])
        assert api.asked[0].headers["X-Key"] == secret
    assert result.exit_code in (0, 1), result.exception
    for text in (result.output, *(path.read_text("utf-8") for path in (*reports, har))):
        assert "quux" not in text.lower()
