"""The reports of ``airflow-arazzo run``: what happened, for people and for CI, without secrets."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from casebook import CASES
from click.testing import CliRunner
from scripted_api import ScriptedApi

from arazzo.cli import main
from arazzo.cli.run_reports import junit
from arazzo.testing import MockApi, load_scenario, serve

API = """
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /login:
    post:
      operationId: login
      responses: {'200': {description: ok, content: {application/json: {example: {token: tok-5f1c9e, user: ann}}}}}
  /items/{id}:
    get:
      operationId: read
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok, content: {application/json: {example: {state: fine, echo: tok-5f1c9e}}}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: '7'}
sourceDescriptions: [{name: things, url: api.yaml, type: openapi}]
workflows:
- workflowId: enter
  inputs: {type: object, required: [password], properties: {password: {type: string}}}
  steps:
  - stepId: login
    operationId: login
    requestBody: {payload: {password: $inputs.password}}
    outputs: {token: $response.body#/token, user: $response.body#/user}
  - stepId: read
    operationId: read
    parameters: [{name: id, in: path, value: "7"}]
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess:
    - {name: broken, type: goto, stepId: login, criteria: [{condition: $response.body#/state == 'broken'}]}
    - {name: done, type: end, criteria: [{condition: $response.body#/echo == $steps.login.outputs.token}]}
    onFailure: [{name: later, type: end}]
    outputs: {state: $response.body#/state}
  outputs: {user: $steps.login.outputs.user}
"""
SCENARIO = """
mock: '1'
operations:
  read: {rules: [{answers: [{status: STATUS}]}]}
"""


@pytest.fixture
def run(tmp_path):
    """Run the document against a mock whose second operation answers with a status; return exit code and reports."""
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT)

    def invoke(status: int = 200, inputs: str = '{"password": "hunter2"}', *more: str):
        (tmp_path / "s.yaml").write_text(SCENARIO.replace("STATUS", str(status)))
        api = MockApi({"things": tmp_path / "api.yaml"}, load_scenario(tmp_path / "s.yaml"))
        kinds = {"json": "r.json", "junit": "r.xml", "html": "r.html"}
        files = [f"--report-{kind}={tmp_path / name}" for kind, name in kinds.items()]
        with serve(api) as url:
            arguments = ["run", str(tmp_path / "w.arazzo.yaml"), "--inputs", inputs, f"--server=things={url}", *files]
            result = CliRunner().invoke(main, [*arguments, *more])
        texts = [(tmp_path / name).read_text() for name in kinds.values()]
        for secret in ("hunter2", "tok-5f1c9e"):
            assert not any(secret in text for text in texts)
        return result, json.loads(texts[0]), ElementTree.fromstring(texts[1])

    return invoke


def test_the_json_report_tells_everything_of_each_step(run):
    result, report, _ = run()
    assert result.exit_code == 0
    assert (report["status"], report["workflow"], report["message"]) == ("success", "enter", "")
    assert report["document"]["version"] == "7"
    assert report["outputs"] == {"user": "ann"}
    login, read = report["steps"]
    assert (login["step"], login["operation"], login["request"]) == ("login", "login", "POST /login")
    assert login["outputs"] == {"token": "***", "user": "ann"}
    assert [(item["action"], item["passed"]) for item in read["criteria"]] == [
        (None, True),
        ("broken", False),
        ("done", True),
    ]
    assert (read["request"], read["status"], read["action"], read["next"]) == ("GET /items/{id}", 200, "done", "")
    assert "POST /login -> 200" in report["log"][0]
    assert report["started"].endswith("+00:00")


def test_the_page_shows_the_way_and_each_step(run, tmp_path):
    _, report, _ = run()
    text = (tmp_path / "r.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert text.count('<g class="box good">') == 3
    assert text.count('<g class="arrow taken">') == 2
    assert text.count("<section>") == 2
    assert report["document"]["digest"][:16] in text
    assert [mark["step"] for mark in report["exchanges"]] == ["login", "read"]
    assert report["steps"][1]["answer"].endswith('{"state": "fine", "echo": "***"}')


def test_the_page_of_a_refused_run_says_why(run, tmp_path):
    run(200, "{}")
    assert "password" in (tmp_path / "r.html").read_text()


def test_the_junit_report_has_a_test_case_for_each_step(run):
    _, _, root = run()
    suite = root.find("testsuite")
    assert suite.attrib | {"time": "", "timestamp": ""} == {
        "name": "enter",
        "tests": "2",
        "failures": "0",
        "errors": "0",
        "time": "",
        "timestamp": "",
    }
    assert [case.get("name") for case in suite] == ["login", "read"]
    assert "not met: broken: $response.body#/state == 'broken'" in suite[1].find("system-out").text
    assert "action: done" in suite[1].find("system-out").text


def test_a_failed_step_is_a_failure(run):
    result, report, root = run(status=500)
    assert result.exit_code == 1
    assert report["status"] == "failed"
    assert report["steps"][1]["outcome"] == "failed"
    assert root.find("testsuite").get("failures") == "1"
    assert "GET /items/{id} answered 500" in root.find("testsuite/testcase/failure").get("message")


def test_refused_inputs_are_an_error(run):
    result, report, root = run(200, "{}")
    assert result.exit_code == 2
    assert (report["status"], report["steps"]) == ("refused", [])
    assert "password" in report["message"]
    assert root.find("testsuite").get("errors") == "1"


def test_what_the_terminal_may_show_the_reports_may_not(run):
    result, _, _ = run(200, '{"password": "hunter2"}', "--show-secrets", "--json")
    assert json.loads(result.stdout)["steps"]["login"]["outputs"]["token"] == "tok-5f1c9e"


LONG = "s3cret-of-many-characters"
ECHO = {"stepId": "e", "operationId": "echo", "requestBody": {"payload": {"sent": "$inputs.password"}}}
ALL = {**ECHO, "outputs": {"all": "$response.body"}}
FAILS = {**ECHO, "successCriteria": [{"condition": "$response.body#/said == 'x'"}]}
LOGIN = {"stepId": "login", "operationId": "signIn", "outputs": {"token": "$response.body#/token"}}
CALL = {"stepId": "c", "workflowId": "child", "outputs": {"h": "$outputs.value"}}
SAID = {**FAILS, "requestBody": {"payload": {"x": "$inputs.key"}}, "outputs": {"said": "$response.body#/said"}}
KEY = {"stepId": "q", "operationId": "find", "parameters": [{"name": "token", "in": "query", "value": "$inputs.token"}]}


def workflow(*steps, name="w", inputs=None, **outputs):
    return {"workflowId": name, "steps": steps, **({"inputs": inputs} if inputs else {}), "outputs": outputs}


def properties(**schemas):
    return {"type": "object", "properties": schemas}


#: By what is special: workflows, inputs, what the API answers to everything, what must not be seen.
SECRETS = {
    "next to one that is a part of a number": (
        [workflow(ALL)],
        {"pin_token": "1234", "password": LONG},
        {"n": 51234, "p": LONG},
        LONG,
    ),
    "next to one that is a word of JSON": (
        [workflow(ALL)],
        {"secret_flag": "true", "password": LONG},
        {"n": True, "p": LONG},
        LONG,
    ),
    "with a quote": ([workflow(ALL)], {"password": 's3"zebra'}, {"p": 's3"zebra'}, "zebra"),
    "not in ASCII": ([workflow(ALL)], {"password": "s3äzebra"}, {"p": "s3äzebra"}, "zebra"),
    "with quotes, in a reason": ([workflow(FAILS)], {"password": "s3\\c'\"ret"}, {"said": "is s3\\c'\"ret"}, "ret'"),
    "in a URL": (
        [workflow({**KEY, "outputs": {"u": "$url"}}, u="$steps.q.outputs.u")],
        {"token": "s3/+ zebra"},
        {},
        "zebra",
    ),
    "a number": (
        [workflow({**FAILS, "outputs": {"all": "$response.body"}})],
        {"password": 8675309123},
        {"said": 8675309123},
        "8675309123",
    ),
    "a name": ([workflow(ALL)], {"password": LONG}, {"m": {LONG: 1}}, LONG),
    "in an output": (
        [workflow({**ALL, "outputs": {"a": "$response.body#/a", "b": "$response.body#/b"}})],
        {},
        {"a": {"api_key": LONG}, "b": LONG},
        LONG,
    ),
    "in an input": ([workflow(FAILS)], {"login": {"password": LONG}}, {"said": LONG}, LONG),
    "in an input, by its format": (
        [workflow(FAILS, inputs=properties(login=properties(pin={"format": "password"})))],
        {"login": {"pin": LONG}},
        {"said": LONG},
        LONG,
    ),
    "a default": ([workflow(ALL, inputs=properties(password={"default": LONG}))], {}, {"p": LONG}, LONG),
    "of an inner workflow": (
        [
            workflow(CALL, FAILS, r="$steps.c.outputs.h"),
            workflow(LOGIN, name="child", value="$steps.login.outputs.token"),
        ],
        {},
        {"token": LONG, "said": f"hi {LONG}"},
        LONG,
    ),
    "handed to an inner workflow": (
        [
            workflow(
                {**CALL, "parameters": [{"name": "key", "value": "$inputs.password"}]}, inputs=properties(password={})
            ),
            workflow(SAID, name="child", inputs=properties(key={}), value="$steps.e.outputs.said"),
        ],
        {"password": LONG},
        {"said": f"no {LONG}"},
        LONG,
    ),
    "after a scheme": ([workflow(ALL)], {"authorization": f"Bearer {LONG}"}, {"p": f"{LONG} has expired"}, LONG),
    "of a cookie": (
        [workflow({**ECHO, "outputs": {"s": "$response.body#/cookie"}}, {**ALL, "stepId": "again"})],
        {},
        {"cookie": f"sid={LONG}; Path=/", "said": LONG},
        LONG,
    ),
    "where a reason is cut": (
        [workflow(FAILS)],
        {"password": "s3cret-98765"},
        {"said": "." * 36 + "s3cret-98765" + "." * 30},
        "s3cr",
    ),
}


@pytest.mark.parametrize("case", SECRETS)
def test_no_secret_is_seen(case, tmp_path):
    workflows, inputs, body, unseen = SECRETS[case]
    declared = {"inputs": properties(**{name: {} for name in inputs})}
    workflows = [{**declared, **workflows[0]}, *workflows[1:]]
    operations = {"/sessions": ("post", "signIn"), "/echo": ("post", "echo"), "/find": ("get", "find")}
    paths = {path: {method: {"operationId": name, "responses": {}}} for path, (method, name) in operations.items()}
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "shop", "url": "./shop.json", "type": "openapi"}],
        "workflows": workflows,
    }
    (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
    with ScriptedApi() as api:
        api.others = [(200, body, {})]
        description = {"openapi": "3.1.0", "info": {"title": "S", "version": "1"}, "paths": paths}
        (tmp_path / "shop.json").write_text(json.dumps({**description, "servers": [{"url": api.url}]}))
        files = [f"--report-json={tmp_path / 'r.json'}", f"--report-junit={tmp_path / 'r.xml'}"]
        arguments = ["run", str(tmp_path / "w.arazzo.json"), "w", "--inputs", "@-", "--json", *files]
        result = CliRunner().invoke(main, arguments, input=json.dumps(inputs))
    assert api.asked, result.output
    reports = [json.loads(result.stdout), json.loads((tmp_path / "r.json").read_text())]
    junit_report = ElementTree.fromstring((tmp_path / "r.xml").read_text())
    texts = [
        repr(reports),
        result.stderr,
        *junit_report.itertext(),
        *(text for each in junit_report.iter() for text in each.attrib.values()),
    ]
    assert "***" in "".join(texts)
    assert not any(unseen in text for text in texts)


def test_a_folder_that_is_not_there_is_told_before_anything_is_sent():
    arguments = ["run", str(CASES / "branch" / "workflow.arazzo.yaml"), "--report-json", "no/such/folder/r.json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "there is no folder no/such/folder" in result.stderr


def test_what_xml_cannot_say_is_replaced():
    report = {"status": "refused", "message": "a\x00b\x1b<c>", "document": {"name": "d"}, "workflow": None, "steps": []}
    root = ElementTree.fromstring(junit(report))
    assert root.find("testsuite/testcase/error").get("message") == "a\ufffdb\ufffd<c>"


DRIFTING = """
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /items:
    get:
      operationId: list
      responses:
        '200':
          description: ok
          content: {application/json: {schema: {type: object, properties: {n: {type: integer}}}, example: {n: one}}}
"""
LIST = """
arazzo: 1.0.1
info: {title: t, version: '7'}
sourceDescriptions: [{name: things, url: api.yaml, type: openapi}]
workflows:
- workflowId: look
  CONTRACT
  steps:
  - stepId: list
    operationId: list
    outputs: {n: $response.body#/n}
"""


@pytest.fixture
def drifting(tmp_path):
    """Run a step whose answer does not match its description; return the result and the three reports."""
    (tmp_path / "api.yaml").write_text(DRIFTING)

    def invoke(*options: str, contract: str = ""):
        path = tmp_path / "look.arazzo.yaml"
        path.write_text(LIST.replace("CONTRACT", contract))
        files = [f"--report-{kind}={tmp_path / kind}" for kind in ("json", "junit", "sarif")]
        with serve(MockApi({"things": tmp_path / "api.yaml"})) as url:
            result = CliRunner().invoke(main, ["run", str(path), f"--server=things={url}", *files, *options])
        texts = [(tmp_path / kind).read_text() for kind in ("json", "junit", "sarif")]
        return result, json.loads(texts[0]), texts[1], json.loads(texts[2])["runs"][0]["results"]

    return invoke


WRONG = "$response.body#/n has to be integer, not string"


def test_drift_is_a_warning_of_the_command_and_of_every_report(drifting):
    result, data, junit_text, results = drifting()
    assert result.exit_code == 0
    assert f"warning: list: contract: {WRONG}" in result.stderr
    assert data["steps"][0]["drift"] == [
        {"check": "schema", "level": "warn", "at": "$response.body#/n", "message": WRONG.partition(" ")[2], "times": 1}
    ]
    assert f"contract, warn: {WRONG}" in junit_text
    (found,) = results
    assert (found["ruleId"], found["level"]) == ("contract-schema", "warning")
    assert found["message"]["text"] == f"list, GET /items: {WRONG}"
    assert found["locations"][0]["physicalLocation"]["region"]["startLine"] == 9


@pytest.mark.parametrize(
    ("options", "contract", "code", "rules"),
    [
        (["--check", "fail"], "", 1, ["contract-schema", "failed-step"]),
        (["--check", "schema=fail"], "", 1, ["contract-schema", "failed-step"]),
        (["--check", "fail", "--check", "schema=off"], "", 0, []),
        (["--check", "off"], "", 0, []),
        ([], "x-airflow: {contract: off}", 0, []),
        ([], "x-airflow: {contract: {schema: fail}}", 1, ["contract-schema", "failed-step"]),
        (["--check", "warn"], "x-airflow: {contract: {schema: fail}}", 0, ["contract-schema"]),
    ],
)
def test_the_option_is_over_the_document_and_that_over_the_default(drifting, options, contract, code, rules):
    result, _, _, results = drifting(*options, contract=contract)
    assert (result.exit_code, [found["ruleId"] for found in results]) == (code, rules)


@pytest.mark.parametrize(
    ("option", "said"), [("loud", "'loud' is not one of off, warn, fail"), ("body=fail", "there is no check 'body'")]
)
def test_a_check_that_does_not_exist_is_refused(option, said, tmp_path):
    (tmp_path / "w.arazzo.yaml").write_text(LIST.replace("CONTRACT", ""))
    result = CliRunner().invoke(main, ["run", str(tmp_path / "w.arazzo.yaml"), "--check", option])
    assert (result.exit_code, said in result.stderr) == (2, True)
