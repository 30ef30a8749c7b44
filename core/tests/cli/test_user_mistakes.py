"""What people type wrong: each mistake is answered by a sentence and the documented exit code, never by a traceback."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from casebook import CASES
from click.testing import CliRunner
from scripted_api import ScriptedApi

from arazzo.cli import main

BRANCH = str(CASES / "branch" / "workflow.arazzo.yaml")
API = str(CASES / "api.openapi.yaml")

MISTAKES = [
    # what is typed, the exit code, words of the answer
    (("validat", BRANCH), 2, "did you mean 'validate'?"),
    (("frobnicate",), 2, "there are validate"),
    (("--verbose",), 2, "No such option"),
    (("validate",), 2, "Missing argument"),
    (("validate", "nowhere.yaml"), 1, "there is no such file"),
    (("validate", ""), 2, "the name is empty"),
    (("run", ""), 2, "the name is empty"),
    (("validate", "folder"), 2, "there is no Arazzo document below folder"),
    (("validate", "broken.yaml"), 1, "broken.yaml:3"),
    (("validate", "binary.yaml"), 1, "binary.yaml"),
    (("validate", "empty.yaml"), 1, "empty.yaml"),
    (("validate", API), 1, "it is an OpenAPI description"),
    (("validate", BRANCH, "--format", "xml"), 2, "'xml' is not one of"),
    (("validate", BRANCH, "--json", "--format", "sarif"), 2, "cannot be combined with --format sarif"),
    (("validate", BRANCH, "--source", "things"), 2, "--source takes NAME=VALUE"),
    (("graph", "folder"), 1, "folder"),
    (("graph", BRANCH, "mian"), 1, "there is no workflow 'mian'"),
    (("graph", BRANCH, "--form", "text"), 2, "--format"),
    (("run", "nowhere.yaml"), 2, "there is no such file"),
    (("run", "folder"), 2, "folder"),
    (("run", BRANCH, "main", "more"), 2, "unexpected extra argument"),
    (("run", BRANCH, "--input", "tag"), 2, "--input takes NAME=VALUE"),
    (("run", BRANCH, "--input", "=a"), 2, "--input takes NAME=VALUE"),
    (("run", BRANCH, "--input", "tags=a"), 2, "there is no input 'tags': did you mean 'tag'?"),
    (("run", BRANCH, "--input", "tga=a"), 2, "there is no input 'tga': did you mean 'tag'?"),
    (("run", BRANCH, "--input", "tags=a", "--dry-run"), 2, "did you mean 'tag'?"),
    (("run", BRANCH, "--input", "tag=3", "--dry-run"), 2, "must be string"),
    (("run", BRANCH, "--inputs", ""), 2, "--inputs is not JSON"),
    (("run", BRANCH, "--inputs", "@folder"), 2, "cannot read folder"),
    (("run", BRANCH, "--inputs", "@binary.yaml"), 2, "cannot read binary.yaml"),
    (("run", BRANCH, "--server", "things=http://127.0.0.1:99999"), 2, "a port from 1 to 65535"),
    (("run", BRANCH, "--server", "things=http://127.0.0.1:abc"), 2, "a port from 1 to 65535"),
    (("run", BRANCH, "--server", "things=http://127.0.0.1:0"), 2, "a port from 1 to 65535"),
    (("run", BRANCH, "--server", "things=ftp://127.0.0.1"), 2, "an absolute URL"),
    (("run", BRANCH, "--server", "things="), 2, "an absolute URL"),
    (("run", BRANCH, "--server", "thing=http://127.0.0.1:9"), 2, "no source thing"),
    (
        ("run", BRANCH, "--connection", "things=@nowhere.json"),
        2,
        "cannot read nowhere.json: No such file or directory\n",
    ),
    (("run", BRANCH, "--connection", "things=http://h:99999"), 2, "port"),
    (("run", BRANCH, "--connection", "thing=http://h"), 2, "no API of the workflow is thing"),
    (("run", BRANCH, "--ca-bundle", "nowhere.pem"), 2, "nowhere.pem"),
    (("run", BRANCH, "--server", "things=http://127.0.0.1:9", "--ca-bundle", "broken.yaml"), 2, "broken.yaml"),
    (("run", BRANCH, "--server", "things=http://127.0.0.1:9", "--proxy", "nonsense"), 2, "--proxy"),
    (("run", BRANCH, "--poll-interval", "soon"), 2, "--poll-interval"),
    (("run", BRANCH, "--poll-interval", "nan"), 2, "--poll-interval"),
    (("run", BRANCH, "--timeout", "-1"), 2, "--timeout"),
    (("run", BRANCH, "--report-json", "nowhere/run.json"), 2, "there is no folder nowhere"),
    (("run", BRANCH, "--report-junit", "/proc/run.xml"), 2, "cannot be written"),
    (("run", BRANCH, "--report-json", "folder"), 2, "is a directory"),
    (("fetch", BRANCH), 0, "Nothing to fetch"),
    (("fetch", "nowhere.yaml"), 1, "no such file"),
    (("fetch", BRANCH, "--check", "--update"), 2, "choose one"),
    (("fetch", BRANCH, "--allow", "ftp://a/"), 2, "is not an http or https URL"),
    (("mock", "nowhere.yaml"), 2, "there is no such file"),
    (("mock", BRANCH), 2, "another kind of document"),
    (("mock", API, "--port", "99999"), 2, "--port"),
    (("mock", API, API), 2, "two APIs are called 'api'"),
    (("mock", API, "--scenario", "nowhere"), 2, "nowhere"),
    (("mock", API, "--host", "203.0.113.1"), 1, "cannot listen on 203.0.113.1"),
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken.yaml").write_text("arazzo: 1.0.1\ninfo: {title: [\n")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "empty.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "words"), MISTAKES, ids=lambda item: " ".join(item)[-60:] if isinstance(item, tuple) else None
)
def test_a_mistake_is_answered_by_a_sentence_and_its_exit_code(place, arguments, code, words):
    result = CliRunner().invoke(main, arguments)
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert (result.exit_code, words in result.output) == (code, True), result.output
    assert "Traceback" not in result.output
    assert [path.name for path in place.iterdir() if path.suffix in (".json", ".xml")] == []


def test_a_refusal_is_json_where_json_was_asked_for(place):
    result = CliRunner().invoke(main, ["run", BRANCH, "--input", "tags=a", "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["status"] == "refused"


POLL = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.yaml, type: openapi}]
workflows:
- workflowId: wait
  inputs: {type: object, properties: {token: {type: string, format: password}}}
  steps:
  - stepId: look
    operationId: listThings
    parameters: [{name: tag, in: query, value: $inputs.token}]
    onSuccess:
    - {name: again, type: goto, stepId: look, criteria: [{condition: $response.body#/state == 'pending'}]}
    - {name: over, type: end}
"""


@pytest.fixture
def pending(tmp_path):
    """A document that polls an API which is never ready; yields arguments that run it, and the time of each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            body = b'{"state": "pending"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    seen: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "w.arazzo.yaml").write_text(POLL)
    (tmp_path / "api.yaml").write_text(Path(API).read_text())
    url = f"things=http://127.0.0.1:{server.server_port}"
    yield ["run", str(tmp_path / "w.arazzo.yaml"), "--server", url, "--input", "token=s3cret-word"], seen
    server.shutdown()
    server.server_close()


def started(arguments: list[str], **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "arazzo.cli", *arguments], **options)


def test_ctrl_c_during_a_poll_ends_it_with_a_sentence(pending):
    arguments, seen = pending
    process = started([*arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not seen and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out)["status"] == "stopped"
    assert b"Traceback" not in err


def test_an_output_that_nobody_reads_is_no_traceback():
    process = started(["graph", BRANCH], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(20)


def test_an_output_that_is_full_is_a_sentence():
    with open("/dev/full", "wb") as full:
        process = started(["graph", BRANCH], stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert b"No space left" in err


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_has_a_live_line_and_colours(pending, environment, coloured):
    arguments, _ = pending
    ours, theirs = pty.openpty()
    variables = {**os.environ, "TERM": "xterm", "COLUMNS": "200", **environment}
    process = started(arguments, stdout=subprocess.DEVNULL, stderr=theirs, env=variables)
    os.close(theirs)
    text = b""
    while b"next request in" not in text and process.poll() is None:
        text += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    os.close(ours)
    assert b"look: next request in 30 s, last status 200" in text
    assert b"-> 200 in" in text
    assert b"s3cret-word" not in text
    assert (b"\x1b[1m" in text) is coloured


def test_elsewhere_there_are_neither_colours_nor_a_live_line(pending):
    arguments, _ = pending
    process = started([*arguments, "--timeout", "0.5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"\x1b" not in out + err
    assert b"next request" not in err
    assert b"look: round 1: GET http://127.0.0.1" in err
    assert b"s3cret-word" not in out + err


def test_quiet_tells_only_how_it_ended(pending):
    arguments, _ = pending
    process = started([*arguments, "--timeout", "0.5", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, err = process.communicate(timeout=30)
    assert err.count(b"\n") == 1
    assert b"gave up" in err


def test_debug_shows_requests_and_answers_in_full_without_secrets(pending):
    arguments, _ = pending
    process = started([*arguments, "--timeout", "0.5", "--debug"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, err = process.communicate(timeout=30)
    assert b"> Accept: application/json" in err
    assert b"< Content-Type: application/json" in err
    assert b'{"state": "pending"}' in err
    assert b"s3cret-word" not in err


def test_a_dry_run_shows_what_is_known_and_sends_nothing(pending):
    arguments, seen = pending
    result = CliRunner().invoke(main, [*arguments, "--dry-run", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["status"] == "planned"
    assert report["inputs"] == {"token": "***"}
    [request] = report["requests"]
    assert (request["step"], request["method"], request["known"]) == ("look", "GET", True)
    assert request["url"].endswith("/things?tag=***")
    assert seen == []


def test_a_dry_run_names_what_is_known_only_later():
    result = CliRunner().invoke(main, ["run", BRANCH, "--server", "things=http://127.0.0.1:9", "--dry-run"])
    assert result.exit_code == 0
    assert "find: GET http://127.0.0.1:9/things\n" in result.stdout
    assert (
        "read: GET http://127.0.0.1:9/things/{id}\n    known when the workflow runs: $steps.find.outputs.id"
        in result.stdout
    )
    assert "nothing was sent" in result.stdout


def test_a_dry_run_shows_workflows_that_only_actions_lead_to():
    document = str(CASES / "retry-with-workflow" / "workflow.arazzo.yaml")
    arguments = ["run", document, "main", "--server", "things=http://127.0.0.1:9", "--dry-run", "--json"]
    requests = {each["step"]: each for each in json.loads(CliRunner().invoke(main, arguments).stdout)["requests"]}
    assert {"list", "enter/login", "tell/told"} <= requests.keys()
    assert requests["tell/told"]["after"] == ["$inputs.what"]


def test_the_url_of_a_failed_step_is_told_once_on_the_way():
    with ScriptedApi() as api:
        api.on("GET /things", 500, {"why": "broken"})
        result = CliRunner().invoke(main, ["run", BRANCH, "--server", f"things={api.url}"])
    *told, last = result.stderr.splitlines()
    assert [line for line in told if line.count(f"{api.url}/things")] == [
        next(line for line in told if "GET" in line and "-> 500" in line)
    ]
    assert [line for line in result.stderr.splitlines() if '{"why": "broken"}' in line] == [last]
    assert f"sent to {api.url}/things; the answer: " in last


def test_of_a_request_without_an_answer_nobody_says_that_it_was_sent():
    result = CliRunner().invoke(main, ["run", BRANCH, "--server", "things=http://127.0.0.1:9"])
    *told, last = result.stderr.splitlines()
    assert [line for line in told if "http://127.0.0.1:9/things" in line] == [told[0]]
    assert last.endswith("; the URL is http://127.0.0.1:9/things")
    assert "sent to" not in result.stderr
