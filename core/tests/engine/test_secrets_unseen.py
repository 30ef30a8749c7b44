"""No message of the engine shows what is secret, wherever it comes from."""

from __future__ import annotations

import json

import pytest

from arazzo.engine import advance, check_inputs, load_plan, run_local, start
from arazzo.errors import InputError
from arazzo.exchange import Exchange, Request, Response
from arazzo.secrecy.sensitive_names import names_credential

DESCRIPTION = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.invalid"}],
    "paths": {"/sessions": {"post": {"operationId": "signIn", "responses": {"200": {"description": "Signed in"}}}}},
}


@pytest.fixture
def documents(tmp_path):
    def compile_first(workflows):
        document = {
            "arazzo": "1.0.1",
            "info": {"title": "T", "version": "1"},
            "sourceDescriptions": [{"name": "shop", "url": "./shop.json", "type": "openapi"}],
            "workflows": workflows,
        }
        (tmp_path / "shop.json").write_text(json.dumps(DESCRIPTION))
        (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
        return load_plan(tmp_path / "w.arazzo.json", workflows[0]["workflowId"])

    return compile_first


@pytest.fixture
def compiled(documents):
    def compile_step(step, inputs=None):
        workflow = {"workflowId": "w", "steps": [{"stepId": "signIn", "operationId": "signIn", **step}]}
        return documents([{**workflow, **({"inputs": inputs} if inputs else {})}])

    return compile_step


def answered(plan, body, headers=()):
    state, _ = advance(plan, start(plan, {}), now=0)
    response = Response(200, (("Content-Type", "application/json"), *headers), json.dumps(body).encode())
    state, command = advance(plan, state, Exchange(Request("POST", "https://shop.invalid/sessions"), response), now=1)
    return state, command


@pytest.mark.parametrize(
    "condition",
    [
        "$response.body#/access_token == 'other'",
        "$response.body#/deep/0/client-secret == 'other'",
        "$response.header.X-Auth-Token == 'other'",
        "$response.body#/says == 'other'",
    ],
)
def test_criteria_show_no_credential_of_the_answer(compiled, condition):
    plan = compiled({"successCriteria": [{"condition": condition}]})
    body = {"access_token": "s3cret-1", "deep": [{"client-secret": "s3cret-2"}], "says": "token s3cret-1 granted"}
    headers = (("Set-Cookie", "sid=s3cret-3; Path=/"), ("X-Auth-Token", "s3cret-4"))
    state, command = answered(plan, body, headers)
    assert command.outcome == "failed"
    told = repr(command) + repr((state.records, state.history))
    assert "***" in told
    assert "s3cret" not in told


def test_what_is_no_credential_is_shown(compiled):
    plan = compiled({"successCriteria": [{"condition": "$response.body#/kind == 'mac'"}]})
    _, command = answered(plan, {"kind": "Bearer", "token_type": "Bearer", "secret_scan": {"status": "pending"}})
    assert "Bearer" in command.message


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("$response.header.Set-Cookie", True),
        ("$response.body#/data/accessToken", True),
        ("$response.body.token", True),
        ("{$response.body#/jwt}", True),
        ("Bearer {$response.body#/access_token}", True),
        ("id $response.body#/id of {$response.header.X-Api-Key}", True),
        ({"id": "$response.body#/id", "handle": ["$response.body#/tokens/0/access_token"]}, True),
        ({"context": "$response.body", "selector": "$.data['access_token']", "type": "jsonpath"}, True),
        ({"context": "$response.body", "selector": "$[?@.id == 1].token", "type": "jsonpath"}, True),
        ({"context": "$response.body", "selector": "/a/token/text()", "type": "xpath"}, True),
        ({"context": "$response.body", "selector": "/secret/status", "type": "jsonpointer"}, False),
        ({"context": "$response.body", "selector": "$.users[?@.token == 'x']", "type": "jsonpath"}, False),
        ({"context": "$response.header.Set-Cookie", "selector": "", "type": "jsonpointer"}, True),
        ("the token is {$response.body#/id}", False),
        ("$response.body#/token_type", False),
        ("$response.body#/next_page_token", False),
        ("$response.body", False),
        ("$response.header.Location", False),
        ("$statusCode", False),
    ],
)
def test_outputs_are_secret_by_where_they_come_from(compiled, value, secret):
    plan = compiled({"outputs": {"session": value}})
    assert ("session" in plan.sensitive) is secret


JAR = {
    "workflowId": "inner",
    "steps": [
        {
            "stepId": "look",
            "operationId": "signIn",
            "outputs": {"jar": "$response.header.Set-Cookie", "id": "$response.body#/id"},
        }
    ],
    "outputs": {"held": "$steps.look.outputs.jar", "id": "$steps.look.outputs.id"},
}


@pytest.mark.parametrize(
    ("outputs", "own", "secret"),
    [
        ({"mine": "$outputs.held"}, {"kept": "$steps.call.outputs.mine"}, {"mine", "kept"}),
        ({"mine": "$outputs.held#/0"}, {"kept": "of {$steps.call.outputs.mine}"}, {"mine", "kept"}),
        ({}, {"kept": "$steps.call.outputs.held"}, {"held", "kept"}),
        ({}, {"kept": "$workflows.inner.outputs.held"}, {"kept"}),
        ({"late": "$steps.after.outputs.again"}, {}, {"late", "again"}),
        ({"id": "$outputs.id"}, {"id": "$steps.call.outputs.id"}, set()),
        ({"none": "$outputs.missing"}, {}, set()),
    ],
)
def test_a_credential_is_secret_in_whatever_output_it_is_handed_on(documents, outputs, own, secret):
    steps = [
        {"stepId": "call", "workflowId": "inner", "outputs": outputs},
        {"stepId": "after", "workflowId": "inner", "outputs": {"again": "$outputs.held"} if "late" in outputs else {}},
    ]
    plan = documents([{"workflowId": "w", "steps": steps, "outputs": own}, JAR])
    assert set(plan.sensitive) == secret
    assert set(plan.children["inner"].sensitive) == {"jar", "held"}


def test_so_it_is_where_it_is_the_result_of_a_workflow_that_takes_over(documents):
    action = {"name": "over", "type": "goto", "workflowId": "inner"}
    step = {"stepId": "a", "operationId": "signIn", "onSuccess": [action]}
    assert documents([{"workflowId": "w", "steps": [step]}, JAR]).sensitive == ("held",)


def test_all_outputs_of_a_step_are_secret_if_one_is(documents):
    selector = {"context": "$steps.look.outputs", "selector": "$", "type": "jsonpath"}
    workflow = {**JAR, "outputs": {"all": selector}}
    assert set(documents([workflow]).sensitive) == {"jar", "all"}


PASSWORD = {"type": "string", "format": "password"}


@pytest.mark.parametrize(
    ("schema", "secret"),
    [
        ({"properties": {"pin": PASSWORD, "user": {"type": "string"}}}, {"pin"}),
        ({"properties": {"login": {"properties": {"deep": {"properties": {"pin": PASSWORD}}}}, "user": {}}}, {"login"}),
        ({"properties": {"pins": {"type": "array", "items": PASSWORD}}}, {"pins"}),
        ({"properties": {"pins": {"prefixItems": [{}, PASSWORD]}}}, {"pins"}),
        ({"properties": {"pin": {"allOf": [PASSWORD]}}}, {"pin"}),
        ({"properties": {"pin": {"anyOf": [{"type": "null"}, PASSWORD]}}}, {"pin"}),
        ({"properties": {"pin": {"oneOf": [{"type": "null"}, PASSWORD]}}}, {"pin"}),
        ({"properties": {"pin": {"$ref": "#/$defs/pw"}}, "$defs": {"pw": PASSWORD}}, {"pin"}),
        ({"allOf": [{"properties": {"pin": PASSWORD}}, {"properties": {"user": {}}}]}, {"pin"}),
        (
            {
                "properties": {"tree": {"$ref": "#/$defs/node"}},
                "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}, "pin": PASSWORD}}},
            },
            {"tree"},
        ),
        ({"properties": {"format": {"type": "string"}, "user": {"format": "email"}}}, set()),
        (True, set()),
    ],
)
def test_an_input_is_secret_if_something_in_it_is_a_password(compiled, schema, secret):
    inputs = {"type": "object", **schema} if isinstance(schema, dict) else schema
    assert compiled({}, inputs=inputs).secret_inputs == secret


@pytest.mark.parametrize("before", range(30, 50))
@pytest.mark.parametrize("known", ["input", "elsewhere"])
def test_no_part_of_a_secret_is_left_where_a_reason_is_cut(compiled, before, known):
    plan = compiled({"successCriteria": [{"condition": "$response.body#/said == 'x'"}]}, inputs={"type": "object"})
    said = "." * before + "s3cret-9876" + "." * 50
    inputs = {"password": "s3cret-9876"} if known == "input" else {}
    state, _ = advance(plan, start(plan, inputs), now=0)
    response = Response(200, (("Content-Type", "application/json"),), json.dumps({"said": said}).encode())
    exchange = Exchange(Request("POST", "https://shop.invalid/sessions"), response)
    hide = {} if known == "input" else {"conceal": lambda text: text.replace("s3cret-9876", "***")}
    state, command = advance(plan, state, exchange, now=1, **hide)
    assert "s3" not in command.message + repr((state.records, state.history))


@pytest.mark.parametrize(("body", "headers"), [({"token": "POST"}, ()), ({}, (("Set-Cookie", "lang=200; Path=/"),))])
def test_short_values_of_an_answer_do_not_spoil_what_is_said_of_it(compiled, body, headers):
    plan = compiled({"successCriteria": [{"condition": "$statusCode == 201"}]})
    _, command = answered(plan, body, headers)
    assert "/sessions answered 200: $statusCode == 201: $statusCode was 200" in command.message
    assert "POST https" in command.notes[0].text


@pytest.mark.parametrize("name", ["token", "X-API-Key", "client_secret", "Set-Cookie", "refreshToken", "id_token"])
def test_names_of_credentials(name):
    assert names_credential(name)


@pytest.mark.parametrize("name", ["token_type", "total_tokens", "nextPageToken", "secretScan", "key", "name", ""])
def test_other_names(name):
    assert not names_credential(name)


@pytest.mark.parametrize(
    ("schema", "inputs"),
    [
        ({"properties": {"password": {"minLength": 20}}}, {"password": "s3cret"}),
        ({"properties": {"pin": {"format": "password", "pattern": "^[0-9]+$"}}}, {"pin": "s3cret"}),
        ({"properties": {"login": {"properties": {"password": {"maxLength": 1}}}}}, {"login": {"password": "s3cret"}}),
        ({"properties": {"login": {"minProperties": 9}}}, {"login": {"password": "s3cret"}}),
        ({"minProperties": 9}, {"password": "s3cret"}),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"password": "s3cret"}),
        ({"not": {"required": ["password"]}}, {"password": "s3cret"}),
        ({"properties": {"password": {"const": "other"}}}, {"password": "s3cret"}),
        ({"properties": {"password": {"type": "integer"}}}, {"password": "s3cret"}),
        ({"additionalProperties": False, "properties": {}}, {"password": "s3cret"}),
    ],
)
def test_refused_inputs_are_not_shown(compiled, schema, inputs):
    plan = compiled({}, inputs={"type": "object", **schema})
    with pytest.raises(InputError) as error:
        check_inputs(plan, inputs)
    assert "s3cret" not in str(error.value)


def test_values_that_nobody_hides_are_shown(compiled):
    plan = compiled({}, inputs={"type": "object", "properties": {"image": {"pattern": "^[a-z]+$"}}})
    with pytest.raises(InputError, match="NGINX"):
        check_inputs(plan, {"image": "NGINX"})


def run_through(plan, *answers):
    """Run a workflow to its end, the answers in turn, and return how it ended with all that was told about it."""
    answers = iter(answers)
    told: list[str] = []
    waited: list[float] = []
    run = run_local(
        plan,
        {},
        send=lambda _: Response(200, (("Content-Type", "application/json"),), json.dumps(next(answers)).encode()),
        sleep=waited.append,
        clock=lambda: sum(waited),
        note=lambda note: told.append(note.text),
    )
    return run, run.message + repr(run.records) + "".join(told)


SHOWS = {"stepId": "show", "operationId": "signIn", "successCriteria": [{"condition": "$response.body#/says == 1"}]}
CALL = {"stepId": "call", "workflowId": "inner", "outputs": {"handle": "$outputs.handle"}}
LOGIN = {"stepId": "login", "operationId": "signIn", "outputs": {"token": "$response.body#/data/a"}}
ROUNDS = {
    **LOGIN,
    "onSuccess": [
        {"name": "on", "type": "goto", "stepId": "login", "criteria": [{"condition": "$response.body#/n == 1"}]}
    ],
}


@pytest.mark.parametrize(
    ("workflows", "answers"),
    [
        (
            [
                {"workflowId": "w", "steps": [CALL, SHOWS]},
                {"workflowId": "inner", "steps": [LOGIN], "outputs": {"handle": "$steps.login.outputs.token"}},
            ],
            [{"data": {"a": "s3cret-1"}}],
        ),
        (
            [
                {"workflowId": "w", "steps": [LOGIN, {"stepId": "call", "workflowId": "inner"}]},
                {"workflowId": "inner", "steps": [SHOWS]},
            ],
            [{"data": {"a": "s3cret-1"}}],
        ),
        (
            [{"workflowId": "w", "steps": [ROUNDS, SHOWS]}],
            [{"n": 1, "data": {"a": "s3cret-1"}}, {"n": 2, "data": {"a": "s3cret-2"}}],
        ),
        (
            [{"workflowId": "w", "steps": [{**LOGIN, "outputs": {"session": "$response.body#/session"}}, SHOWS]}],
            [{"session": {"api_key": "s3cret-1"}}],
        ),
    ],
    ids=["called", "calling", "earlier round", "member"],
)
def test_secrets_are_known_in_all_workflows_of_a_run(documents, workflows, answers):
    run, told = run_through(documents(workflows), *answers, {"says": "it was s3cret-1"})
    assert run.status == "failed"
    assert "it was ***" in run.message
    assert "s3cret-1" in run.secrets
    assert "s3cret" not in told
