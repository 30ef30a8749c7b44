"""``airflow-arazzo run``, ``validate`` and ``graph`` as a person types them: exit codes, stdout, stderr."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from casebook import CASES
from click.testing import CliRunner

from arazzo.cli import main

BRANCH = str(CASES / "branch" / "workflow.arazzo.yaml")
LOGIN = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.yaml, type: openapi}]
workflows:
- workflowId: enter
  inputs: {type: object, required: [password], properties: {password: {type: string}}}
  steps:
  - stepId: login
    operationId: login
    requestBody: {payload: {password: $inputs.password}}
    outputs: {token: $response.body#/token, user: $response.body#/user}
  outputs: {user: $steps.login.outputs.user, greeting: "hello {$steps.login.outputs.token}"}
"""


@pytest.fixture
def api():
    """Serve answers by ``METHOD path``; remembers what was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = answers.get(f"{self.command} {self.path}", (404, {}))
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815 - the names the base class looks for

        def log_message(self, *_: object) -> None:
            pass

    seen: list[str] = []
    answers: dict[str, tuple[int, object]] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", answers, seen
    server.shutdown()
    server.server_close()


def invoke(*arguments: str, stdin: str | None = None):
    return CliRunner().invoke(main, arguments, input=stdin)


def test_success_prints_one_json_object_and_exits_with_0(api):
    url, answers, seen = api
    answers["GET /v1/things?tag=a"] = (200, [{"id": "7"}])
    answers["GET /v1/things/7"] = (200, {"state": "fine"})
    result = invoke("run", BRANCH, "main", "--inputs", '{"tag": "a"}', "--server", f"things={url}", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["status"] == "success"
    assert report["outputs"] == {"id": "7", "state": "fine", "removed": None}
    assert list(report["steps"]) == ["find", "read"]
    assert report["steps"]["read"]["status"] == 200
    assert report["steps"]["find"]["outputs"] == {"id": "7"}
    assert seen == ["GET /v1/things?tag=a", "GET /v1/things/7"]
    assert f"read: GET {url}/things/7 -> 200" in result.stderr
    assert "find: found: goto read" in result.stderr


def test_a_failed_workflow_exits_with_1(api):
    url, answers, _ = api
    answers["GET /v1/things"] = (500, {})
    result = invoke("run", BRANCH, "--server", f"things={url}", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["status"] == "failed"
    assert "GET /things answered 500" in report["message"]


def test_an_api_that_is_down_is_a_failure_that_says_so():
    result = invoke("run", BRANCH, "--server", "things=http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "GET /things got no response" in result.stderr
    told = "source 'things' has no connection that names a server"
    assert told in result.stderr
    connection = 'things={"conn_type": "arazzo", "host": "http://127.0.0.1:9"}'
    assert told not in invoke("run", BRANCH, "--connection", connection).stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--inputs", "{"), "--inputs is not JSON"),
        (("--inputs", "[]"), "--inputs takes a JSON object"),
        (("--inputs", "@nowhere.json"), "cannot read nowhere.json"),
        (("--server", "other=http://127.0.0.1:9"), "no source other; there are things"),
        (("--server", "things"), "--server takes NAME=VALUE, not 'things'"),
        (("--input", "password s3cret"), "--input takes NAME=VALUE\n"),
        (("--poll-interval", "0"), "--poll-interval"),
        (("--inputs", '{"tag": 3}'), "input 'tag' must be string, not number\n"),
        (
            ("--input", "tag=3"),
            "must be string, not number; text that looks like JSON needs quotes: --input 'tag=\"...\"'",
        ),
    ],
)
def test_what_is_refused_exits_with_2_and_sends_nothing(arguments, message):
    result = invoke("run", BRANCH, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bad_document_is_refused_with_its_place(tmp_path):
    path = tmp_path / "bad.arazzo.yaml"
    path.write_text(LOGIN.replace("operationId: login", "operationId: logim"))
    (tmp_path / "api.yaml").write_text((CASES / "api.openapi.yaml").read_text())
    result = invoke("run", str(path), "--json")
    assert result.exit_code == 2
    assert "bad.arazzo.yaml:10:18: error[unknown-operation]" in result.stderr
    assert "login" in result.stderr
    assert json.loads(result.stdout)["status"] == "refused"


def test_secrets_are_not_printed_unless_asked_for(api, tmp_path):
    url, answers, _ = api
    answers["POST /v1/login"] = (200, {"token": "tok-5f1c9e", "user": "ann"})
    path = tmp_path / "w.arazzo.yaml"
    path.write_text(LOGIN)
    (tmp_path / "api.yaml").write_text((CASES / "api.openapi.yaml").read_text())
    arguments = ("run", str(path), "--inputs", "@-", "--server", f"things={url}", "--json")
    hidden = invoke(*arguments, stdin='{"password": "hunter2"}')
    assert hidden.exit_code == 0
    assert "tok-5f1c9e" not in hidden.output
    assert "hunter2" not in hidden.output
    report = json.loads(hidden.stdout)
    assert report["steps"]["login"]["outputs"] == {"token": "***", "user": "ann"}
    assert report["outputs"] == {"user": "ann", "greeting": "***"}  # it hands a secret output on
    shown = invoke(*arguments, "--show-secrets", stdin='{"password": "hunter2"}')
    assert json.loads(shown.stdout)["outputs"]["greeting"] == "hello tok-5f1c9e"


def test_validate_reports_and_counts(tmp_path):
    good = tmp_path / "good.arazzo.yaml"
    good.write_text(LOGIN)
    (tmp_path / "api.yaml").write_text((CASES / "api.openapi.yaml").read_text())
    assert invoke("validate", str(good)).exit_code == 0
    (tmp_path / "bad.arazzo.yaml").write_text(LOGIN.replace("stepId: login", "stepId: login\n    onSuccess: [{}]"))
    result = invoke("validate", str(tmp_path), "--format", "json")
    assert result.exit_code == 1
    problems = json.loads(result.stdout)["problems"]
    assert {problem["file"] for problem in problems if problem["severity"] == "error"} == {
        str(tmp_path / "bad.arazzo.yaml")
    }
    assert "2 documents: " in result.stderr


def test_validate_of_an_empty_folder_is_a_mistake_of_usage(tmp_path):
    result = invoke("validate", str(tmp_path))
    assert result.exit_code == 2
    assert "there is no Arazzo document below" in result.stderr


def test_graph_draws_and_refuses():
    result = invoke("graph", BRANCH, "--format", "text")
    assert result.exit_code == 0
    assert "success -> found: read" in result.stdout
    result = invoke("graph", BRANCH, "other")
    assert result.exit_code == 1
    assert "there is no workflow 'other' here, only 'main'" in result.stderr


@pytest.mark.parametrize("place", ["in: path, ", ""])
def test_a_parameter_that_has_no_place_is_found_before_the_first_request(api, tmp_path, place):
    url, _, seen = api
    (tmp_path / "a.yaml").write_text(
        f"openapi: 3.1.0\ninfo: {{title: A, version: '1'}}\nservers: [{{url: '{url}'}}]\n"
        "paths: {/things: {post: {operationId: make, responses: {'201': {description: ok}}}}}\n"
    )
    document = tmp_path / "w.arazzo.yaml"
    document.write_text(
        "arazzo: 1.0.1\ninfo: {title: T, version: '1'}\n"
        "sourceDescriptions: [{name: a, url: a.yaml, type: openapi}]\n"
        "workflows: [{workflowId: w, steps: [{stepId: one, operationId: make}, {stepId: two, workflowId: inner}]},\n"
        "  {workflowId: inner, steps: [{stepId: three, operationId: make,\n"
        f"  parameters: [{{name: id, {place}value: a}}]}}]}}]\n"
    )
    refused = invoke("run", str(document), "w")
    assert refused.exit_code == 2
    assert "step 'three': " in refused.output
    assert "parameter 'id'" in refused.output
    assert "nothing was sent" in refused.output
    assert seen == []


def test_a_server_that_cannot_be_called_is_found_before_the_first_request(api, tmp_path):
    url, _, seen = api
    (tmp_path / "a.yaml").write_text(
        f"openapi: 3.1.0\ninfo: {{title: A, version: '1'}}\nservers: [{{url: '{url}'}}]\n"
        "paths: {/things: {post: {operationId: make, responses: {'201': {description: ok}}}}}\n"
    )
    (tmp_path / "b.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: B, version: '1'}\nservers: [{url: /v1}]\n"
        "paths: {/things: {get: {operationId: look, responses: {'200': {description: ok}}}}}\n"
    )
    document = tmp_path / "w.arazzo.yaml"
    document.write_text(
        "arazzo: 1.0.1\ninfo: {title: T, version: '1'}\n"
        "sourceDescriptions: [{name: a, url: a.yaml, type: openapi}, {name: b, url: b.yaml, type: openapi}]\n"
        "workflows: [{workflowId: w, steps: [{stepId: one, operationId: make}, {stepId: two, workflowId: inner}]},\n"
        "  {workflowId: inner, steps: [{stepId: three, operationId: look}]}]\n"
    )
    refused = invoke("run", str(document), "w")
    assert refused.exit_code == 2
    assert "step 'three': GET /things (look) has only the server '/v1'" in refused.output
    assert "nothing was sent" in refused.output
    assert seen == []
    invoke("run", str(document), "w", "--server", f"b={url}")
    assert len(seen) > 0
