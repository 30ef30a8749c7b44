"""``arazzo run --record`` and ``--replay``: what is written, and a run that nobody answers but the file."""

from __future__ import annotations

import base64
import json
from functools import partial

import pytest
from click.testing import CliRunner

from arazzo.cli import main
from arazzo.cookies import Jar
from arazzo.engine import load_plan, run_local
from arazzo.engine.recording import entry_of, har, hidden_entries
from arazzo.errors import RecordingError, TransportError
from arazzo.exchange import Exchange, Request, Response
from arazzo.secrecy.concealing import conceal
from arazzo.testing import MockApi, Replay, load_scenario, serve

API = """
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /login:
    post: {operationId: login, responses: {'200': {description: ok}}}
  /jobs/{id}:
    get:
      operationId: look
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: '7'}
sourceDescriptions: [{name: jobs, url: api.yaml, type: openapi}]
workflows:
- workflowId: watch
  inputs:
    type: object
    required: [password]
    properties: {password: {type: string}, job: {type: string, default: a b}}
  steps:
  - stepId: login
    operationId: login
    requestBody: {payload: {user: ann, password: $inputs.password}}
    outputs: {token: $response.body#/token}
  - stepId: look
    operationId: look
    parameters:
    - {name: id, in: path, value: $inputs.job}
    - {name: key, in: query, value: $steps.login.outputs.token}
    outputs: {state: $response.body#/state}
    onSuccess:
    - {name: again, type: goto, stepId: look, criteria: [{condition: $response.body#/state == 'busy'}]}
    - {name: done, type: end}
  outputs: {state: $steps.look.outputs.state}
"""
SCENARIO = """
mock: '1'
operations:
  login: {rules: [{answers: [{body: {token: tok-5f1c9e-5f1c9e}}]}]}
  look:
    rules:
    - answers:
      - {body: {state: busy, echo: tok-5f1c9e-5f1c9e}, times: 2}
      - {body: {state: fine}}
"""
SECRETS = ("hunter2-hunter2", "tok-5f1c9e-5f1c9e")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    return tmp_path


def run(folder, *options, password=SECRETS[0]):
    return CliRunner().invoke(
        main, ["run", str(folder / "w.arazzo.yaml"), "--input", f"password={password}", "--json", *options]
    )


@pytest.fixture
def recording(folder):
    """Record a run against a mock, which is gone then; return the file."""
    with serve(MockApi({"jobs": folder / "api.yaml"}, load_scenario(folder / "s.yaml"))) as url:
        result = run(folder, f"--server=jobs={url}", "--poll-interval=0.01", f"--record={folder / 'r.har'}")
    assert (result.exit_code, json.loads(result.stdout)["outputs"]) == (0, {"state": "fine"})
    return folder / "r.har"


SERVER = "--server=jobs=http://127.0.0.1:9"


def test_it_is_har_and_holds_no_secret(recording):
    text = recording.read_text()
    assert not any(secret in text for secret in SECRETS)
    log = json.loads(text)["log"]
    assert (log["version"], [entry["_step"] for entry in log["entries"]]) == ("1.2", ["login", "look", "look", "look"])
    first, second = log["entries"][:2]
    assert json.loads(first["request"]["postData"]["text"]) == {"user": "ann", "password": "***"}
    assert json.loads(first["response"]["content"]["text"]) == {"token": "***"}
    assert second["request"]["url"].endswith("/jobs/a%20b?key=***")
    assert second["request"]["queryString"] == [{"name": "key", "value": "***"}]
    assert json.loads(second["response"]["content"]["text"]) == {"state": "busy", "echo": "***"}
    for entry in log["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
        assert {
            "method",
            "url",
            "httpVersion",
            "cookies",
            "headers",
            "queryString",
            "headersSize",
            "bodySize",
        } <= entry["request"].keys()
        assert {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL"} <= entry[
            "response"
        ].keys()


def test_a_replay_sends_nothing_waits_for_nobody_and_ends_alike(folder, recording):
    result = run(folder, SERVER, "--poll-interval=3000", f"--replay={recording}", password="another-password")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["outputs"], report["steps"]["look"]["rounds"]) == (0, {"state": "fine"}, 3)


def test_with_a_changed_answer_it_says_what_would_have_happened(folder, recording):
    recording.write_text(recording.read_text().replace('\\"busy\\"', '\\"gone\\"', 1))
    result = run(folder, SERVER, f"--replay={recording}")
    assert json.loads(result.stdout)["outputs"] == {"state": "gone"}


def test_a_server_with_another_path_is_told_from_another_request(folder, recording):
    result = run(folder, f"{SERVER}/v2", f"--replay={recording}")
    assert "no answer to POST /login: it has one from a server whose URL has another path" in result.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--input=job=b", "the recording has no answer to GET /jobs/{id}: left are GET /jobs/a%20b"),
        ("--max-busy", "the recording has no answer to GET /jobs/{id}: all of its answers have been used"),
    ],
)
def test_a_request_that_it_does_not_answer_ends_the_run(folder, recording, option, said):
    options = [option] if option != "--max-busy" else []
    if not options:
        recording.write_text(recording.read_text().replace('\\"fine\\"', '\\"busy\\"'))
    result = run(folder, SERVER, f"--replay={recording}", f"--report-json={folder / 'r.json'}", *options)
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (1, "failed")
    assert said in result.stderr
    assert said in json.loads((folder / "r.json").read_text())["message"]


ENTRY = {
    "startedDateTime": "2026-01-01T00:00:00Z",
    "time": 1,
    "request": {"method": "GET", "url": "https://x.invalid/jobs/a%20b"},
    "response": {"status": 200, "headers": [], "content": {}},
}
WRONG = [
    *[{"time": 10**400}, {"time": [1]}, {"request": None}, {"request": []}, {"request": {"method": "GET"}}],
    *[{"request": {**ENTRY["request"], **part}} for part in ({"url": "http://[::1/s"}, {"postData": 5})],
    *[{"startedDateTime": "0001-01-01T00:00:00"}, {"response": {"status": [1]}}, {"response": None}, {"_error": 5}],
]


@pytest.mark.attack("recordings", "a recording that is none, or has no end")
@pytest.mark.parametrize(
    "text",
    [
        *["", "[]", "{}", '{"log": {"entries": [{}]}}', '{"log": {"entries": [{"request": 1}]}}', "[" * 5000],
        *[json.dumps({"log": {"entries": [{**ENTRY, **wrong}]}}) for wrong in WRONG],
        json.dumps({"log": {"entries": [ENTRY]}}).replace("200", "1e5000"),
        json.dumps({"log": {"entries": [ENTRY]}}).replace("{}", "[" * 5000 + "]" * 5000),
        json.dumps({"log": {"entries": [ENTRY]}}).replace(
            '{"method"', '{"postData": ' + '{"a":' * 5000 + "1" + "}" * 5001
        ),
    ],
)
def test_a_file_that_is_no_recording_is_refused(folder, text):
    (folder / "bad.har").write_text(text)
    result = run(folder, SERVER, f"--replay={folder / 'bad.har'}")
    assert (result.exit_code, "bad.har is not HAR 1.2" in result.stderr) == (2, True)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_sent(folder):
    result = run(folder, SERVER, f"--record={folder / 'none' / 'r.har'}")
    assert (result.exit_code, "there is no folder" in result.stderr) == (2, True)


# what a recording keeps


def replayed(folder, request, answer):
    """Return what a recording of one exchange answers to its request."""
    failed = isinstance(answer, TransportError)
    exchange = Exchange.unanswered(request, answer) if failed else Exchange(request, answer)
    (folder / "one.har").write_text(recording_of(folder, exchange))
    return Replay.read(folder / "one.har").send(request)


def recording_of(folder, *exchanges):
    hidden = partial(conceal, secrets=frozenset({SECRETS[0]}))
    plan = load_plan(folder / "w.arazzo.yaml")
    return har("all", hidden_entries([entry_of(exchange, 1e9) for exchange in exchanges], plan, hidden))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"n": 1.10, "big": 12345678901234567890123}'),
        ("application/json", b'{"n": '),
        ("text/plain; charset=latin-1", "caf\u00e9".encode("latin-1")),
        ("application/octet-stream", bytes(range(256))),
        ("application/xml", b"<a>1</a>"),
        ("", b""),
    ],
)
def test_an_answer_comes_back_as_it_was(folder, kind, body):
    answer = Response(201, (("Content-Type", kind), ("X-A", "1"), ("X-A", "2")), body, 0.25)
    found = replayed(folder, Request("GET", "http://a.example/x"), answer)
    assert (found.status, found.headers, found.seconds) == (answer.status, answer.headers, 0.25)
    assert found.body.replace(b" ", b"") == body.replace(b" ", b"")


def test_the_cookies_of_the_run_are_a_header_like_all_others(folder):
    url = "http://a.example/x"
    jar = Jar().after(url, (("Set-Cookie", "sid=abcdef"),))
    requests = (Request("GET", each, cookies=jar) for each in (url, "http://b.example/x"))
    text = recording_of(folder, *(Exchange(request, Response(204)) for request in requests))
    told = [entry["request"]["headers"] for entry in json.loads(text)["log"]["entries"]]
    assert told == [[{"name": "Cookie", "value": "***"}], []]
    assert "abcdef" not in text


def test_no_answer_is_none_again(folder):
    with pytest.raises(TransportError, match=r"no route to \*\*\*") as error:
        replayed(folder, Request("GET", "http://a.example/x"), TransportError("timeout", f"no route to {SECRETS[0]}"))
    assert error.value.kind == "timeout"


@pytest.mark.parametrize(
    ("method", "maybe_sent", "told"),
    [("POST", True, True), ("DELETE", True, True), ("POST", False, False), ("GET", True, False)],
)
def test_whether_a_request_may_have_arrived_is_told_and_replayed(folder, method, maybe_sent, told):
    request = Request(method, "http://a.example/x")
    first = Exchange.unanswered(request, TransportError("reset", "closed", maybe_sent=maybe_sent))
    assert first.error == "closed" + ("; the request may have reached the server" if told else "")
    with pytest.raises(TransportError) as error:
        replayed(folder, request, TransportError("reset", "closed", maybe_sent=maybe_sent))
    assert Exchange.unanswered(request, error.value).error == first.error


def test_what_was_too_large_to_read_still_is(folder):
    assert replayed(folder, Request("GET", "http://a/x"), Response(200, beyond="too large")).beyond == "too large"


def entry(method="GET", url="http://a.example/x", body=None, kind="application/json", answer="1"):
    sent = {"method": method, "url": url}
    if body is not None:
        sent["postData"] = {"mimeType": kind, "text": body}
    response = {"status": 200, "headers": [], "content": {"text": answer}}
    return {"startedDateTime": "2026-01-15T09:30:00Z", "time": 0, "request": sent, "response": response}


@pytest.mark.parametrize(
    ("recorded", "sent", "answered"),
    [
        ({"url": "http://a.example/x?k=***"}, Request("GET", "https://b.example/x?k=%2A%2A%2A"), True),
        ({"url": "http://a.example/x?k=***&n=1"}, Request("GET", "http://a.example/x?k=abc&n=1"), True),
        ({"url": "http://a.example/x?k=***&n=1"}, Request("GET", "http://a.example/x?k=abc&n=2"), False),
        ({"url": "http://a.example/x"}, Request("HEAD", "http://a.example/x"), False),
        (
            {"body": '{"a": "x ***", "b": [1, true]}'},
            Request("GET", "http://a/x", body=b'{"b":[1,true],"a":"x y"}'),
            True,
        ),
        ({"body": '{"a": [1, true]}'}, Request("GET", "http://a/x", body=b'{"a":[1,1]}'), False),
        ({"body": '{"a": "***"}'}, Request("GET", "http://a/x", body=b'{"a":5}'), True),
        ({"body": '{"a": "***"}'}, Request("GET", "http://a/x", body=b'{"b":5}'), False),
        ({"body": "a=***&b=1", "kind": "text/plain"}, Request("GET", "http://a/x", body=b"a=x&b=1"), True),
        ({"body": "a=***&b=1", "kind": "text/plain"}, Request("GET", "http://a/x", body=b"a=x&b=2"), False),
        ({"body": "***x***", "kind": "text/plain"}, Request("GET", "http://a/x", body=b"xx"), True),
        ({"body": "ab***bc", "kind": "text/plain"}, Request("GET", "http://a/x", body=b"abc"), False),
        ({}, Request("GET", "http://a/x", body=b"a"), False),
    ],
)
def test_what_answers_what(folder, recorded, sent, answered):
    (folder / "a.har").write_text(json.dumps({"log": {"entries": [entry(**recorded)]}}))
    replay = Replay.read(folder / "a.har")
    if answered:
        assert replay.send(sent).body == b"1"
    with pytest.raises(RecordingError, match="has no answer to"):
        replay.send(sent)


def test_answers_of_the_same_request_come_in_order_and_bytes_are_bytes(folder):
    coded = entry(answer=base64.b64encode(b"\xff").decode())
    coded["response"]["content"]["encoding"] = "base64"
    (folder / "a.har").write_text(json.dumps({"log": {"entries": [entry(answer="1"), entry(answer="2"), coded]}}))
    replay = Replay.read(folder / "a.har")
    assert [replay.send(Request("GET", "http://a/x")).body for _ in range(3)] == [b"1", b"2", b"\xff"]


def test_a_replay_answers_a_run_in_python(folder, recording):
    replay = Replay.read(recording)
    plan = load_plan(folder / "w.arazzo.yaml")
    plan = plan.model_copy(
        update={
            "steps": tuple(
                step.model_copy(update={"settings": step.settings.model_copy(update={"server": "http://a.example"})})
                for step in plan.steps
            )
        }
    )
    found = run_local(plan, {"password": "x"}, send=replay.send, sleep=replay.sleep, clock=replay.clock)
    assert found.outputs == {"state": "fine"}


COOKIES = """
mock: '1'
operations:
  login:
    rules:
    - answers:
      - {body: {}, headers: {Set-Cookie: whatever=c00kie-5f1c9e; Path=/}}
  look: {rules: [{answers: [{body: {state: 'you are {{header.Cookie}}'}}]}]}
"""


def test_no_cookie_of_a_run_is_recorded_or_reported(folder):
    reports = {name: folder / name for name in ("record", "report-json", "report-html")}
    text = DOCUMENT.replace("- workflowId: watch", "- workflowId: watch\n  x-airflow: {cookies: true}")
    (folder / "w.arazzo.yaml").write_text(text)
    (folder / "s.yaml").write_text(COOKIES)
    options = ("--debug", *(f"--{name}={path}" for name, path in reports.items()))
    with serve(MockApi({"jobs": folder / "api.yaml"}, load_scenario(folder / "s.yaml"))) as url:
        result = run(folder, f"--server=jobs={url}", *options)
    assert result.exit_code == 0, result.output
    assert "you are whatever=***" in result.output
    assert "c00kie" not in result.output + "".join(path.read_text() for path in reports.values())
    assert run(folder, f"--replay={reports['record']}", SERVER).exit_code == 0
