"""``arazzo run`` with credentials: from options, files and the environment, as a DAG has them from a connection."""

from __future__ import annotations

import base64
import json
from itertools import pairwise

import pytest
from click.testing import CliRunner
from scripted_api import ScriptedApi

from arazzo.cli import main

DESCRIPTION = """
openapi: 3.1.0
info: {title: shop, version: "1"}
servers: [{url: https://shop.example/v1}]
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
    basic: {type: http, scheme: basic}
    key: {type: apiKey, in: header, name: X-Key}
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {read: r}}}}
paths:
  /things: {get: {operationId: list, security: [{SCHEME: []}], responses: {"200": {description: ok}}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: shop, url: api.yaml, type: openapi}]
workflows:
- workflowId: look
  steps: [{stepId: list, operationId: list, outputs: {seen: $response.body#/seen}}]
  outputs: {seen: $steps.list.outputs.seen}
"""


@pytest.fixture
def api():
    with ScriptedApi() as api:
        yield api


@pytest.fixture
def look(tmp_path):
    def run(scheme, *arguments, setting="", **options):
        (tmp_path / "api.yaml").write_text(DESCRIPTION.replace("SCHEME", scheme))
        path = tmp_path / "look.arazzo.yaml"
        path.write_text(DOCUMENT.replace("- workflowId: look", f"- workflowId: look\n{setting}"))
        return CliRunner().invoke(main, ["run", str(path), *arguments], **options)

    return run


def basic(login, password):
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("scheme", "rest", "header", "value"),
    [
        ("bearer", "?token=tok-secret", "Authorization", "Bearer tok-secret"),
        ("key", "?api_keys=%7B%22key%22%3A+%22key-secret%22%7D", "X-Key", "key-secret"),
    ],
)
def test_a_connection_says_where_and_who(api, look, scheme, rest, header, value):
    api.on("GET /things", 200, {"seen": 1})
    found = look(scheme, "--connection", f"shop=arazzo://{api.url.removeprefix('http://')}/http{rest}")
    assert found.exit_code == 0, found.output
    assert api.asked[0].headers[header] == value
    assert value.split()[-1] not in found.output


def test_the_environment_has_it_as_airflow_has_and_the_option_comes_first(api, look, tmp_path):
    api.on("GET /things", 200, {"seen": 1})
    place = api.url.removeprefix("http://")
    environment = {"AIRFLOW_CONN_SHOP": f"http://bob:first-secret@{place}"}
    assert look("basic", env=environment).exit_code == 0
    file = tmp_path / "connection.json"
    file.write_text(json.dumps({"conn_type": "http", "host": api.url, "login": "eve", "password": "second-secret"}))
    assert look("basic", "--connection", f"shop=@{file}", env=environment).exit_code == 0
    sent = [asked.headers["Authorization"] for asked in api.asked]
    assert sent == [basic("bob", "first-secret"), basic("eve", "second-secret")]


def test_a_token_is_got_with_client_credentials(api, look):
    api.on("POST /token", 200, {"access_token": "issued-secret", "expires_in": 60})
    api.on("GET /things", 200, {"seen": "issued-secret"})
    connection = json.dumps(
        {"conn_type": "arazzo", "host": api.url, "extra": {"client_id": "me", "client_secret": "client-secret"}}
    )
    found = look("oauth", "--connection", f"shop={connection}", "--json")
    assert found.exit_code == 0, found.output
    assert api.lines == ["POST /token", "GET /things"]
    assert api.asked[1].headers["Authorization"] == "Bearer issued-secret"
    assert "issued-secret" not in found.output, "an API that says a credential again"
    assert "client-secret" not in found.output


def test_a_run_alone_may_use_up_the_budget_and_tokens_count(api, look):
    """The API stamps what arrives; nothing can make the gaps shorter."""
    api.on("POST /token", 200, {"access_token": "issued-secret", "expires_in": 60})
    api.on("GET /things", 302, Location="/others").on("GET /others", 200, {"seen": 1})
    extra = {"client_id": "you", "client_secret": "client-secret"}
    connection = json.dumps({"conn_type": "arazzo", "host": api.url, "extra": extra})
    setting = "  x-airflow: {budget: {shop: {requests_per_second: 4}}}"
    found = look("oauth", "--connection", f"shop={connection}", setting=setting)
    assert found.exit_code == 0, found.output
    assert api.lines == ["POST /token", "GET /things", "GET /others"]
    assert min(later.at - earlier.at for earlier, later in pairwise(api.asked)) >= 0.25


def test_a_401_says_which_scheme_and_how_to_give_a_connection(api, look):
    api.on("GET /things", 401, {})
    found = look("bearer", "--server", f"shop={api.url}")
    assert found.exit_code == 1
    hint = "the operation asks for 'bearer' (http bearer), and a source without a connection (--connection NAME=URI"
    assert hint in found.output
    found = look("bearer", "--connection", f"shop=http://{api.url}")
    assert "and connection 'shop' has no credential for it" in found.output
    found = look("bearer", "--connection", f"shop=http://:refused-secret@{api.url.removeprefix('http://')}")
    assert "the credential for 'bearer' (http bearer) came from connection 'shop'; sent to" in found.output
    assert "refused-secret" not in found.output


def test_a_login_that_no_operation_asks_for_is_named(api, look):
    api.on("GET /things", 401, {})
    found = look("bearer", "--connection", f"shop=http://bob:pw-secret@{api.url.removeprefix('http://')}")
    assert found.exit_code == 1
    assert found.output.count("connection 'shop' has a login, and no operation of 'shop' that workflow 'look'") == 1
    assert "pw-secret" not in found.output
    found = look("basic", "--connection", f"shop=http://bob:pw-secret@{api.url.removeprefix('http://')}")
    assert "has a login" not in found.output


def test_a_server_that_is_typed_comes_before_the_connections_host(api, look):
    api.on("GET /things", 200, {"seen": 1})
    found = look("bearer", "--connection", "shop=arazzo://:t@nowhere.example", "--server", f"shop={api.url}")
    assert found.exit_code == 0, found.output
    assert api.lines == ["GET /things"]


def test_a_connection_that_the_document_names_has_to_be_there(api, look):
    api.on("GET /things", 200, {"seen": 1})
    setting = "  x-airflow: {connection: shop_production}"
    refused = look("bearer", "--server", f"shop={api.url}", setting=setting)
    assert refused.exit_code == 2
    assert "names connection 'shop_production' for source 'shop', and there is none" in refused.output
    assert api.lines == []
    for name in ("shop", "shop_production"):
        assert look("bearer", "--connection", f"{name}=http://{api.url}", setting=setting).exit_code == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("shop=hush", "neither a URI"),
        ("shop=arazzo://h?tokne=hush", "unknown extra 'tokne'"),
        ("stop=http://h", "no API of the workflow is stop; known are shop"),
        ("shop=@/no/such/file", "cannot read /no/such/file"),
        ("hush", "--connection takes NAME=VALUE"),
        ("shop=arazzo://h?verify=/no/such/file", "extra 'verify': /no/such/file cannot be read"),
    ],
)
def test_a_connection_that_cannot_be_used_is_refused_before_anything_is_sent(look, given, message):
    found = look("bearer", "--connection", given)
    assert found.exit_code == 2
    assert message in found.output
    assert "hush" not in found.output


def test_proxies_of_the_environment_and_of_the_option_count(api, look):
    api.on("GET http://shop.invalid/things", 200, {"seen": 1})
    arguments = ("--server", "shop=http://shop.invalid")
    assert look("bearer", *arguments, env={"http_proxy": api.url, "no_proxy": ""}).exit_code == 0
    assert look("bearer", *arguments, "--proxy", api.url).exit_code == 0
    assert api.lines == ["GET http://shop.invalid/things"] * 2


TENANTS = """
openapi: 3.1.0
info: {title: shop, version: "1"}
servers: [{url: https://shop.example/v1}]
paths:
  /things:
    get:
      operationId: list
      parameters: [{name: X-Tenant, in: header, required: true, schema: {type: string}}]
      responses: {"200": {description: ok}}
"""
TENANT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: shop, url: api.yaml, type: openapi}]
workflows:
- workflowId: look
  inputs: {type: object, properties: {tenant: {type: string}}}
  steps: [{stepId: list, operationId: list, parameters: [{name: X-Tenant, in: header, value: $inputs.tenant}]}]
"""


@pytest.mark.parametrize(
    ("extra", "code", "sent"),
    [
        ({}, 2, []),
        ({"headers": {"X-Tenant": "acme"}}, 0, ["acme"]),
        ({"required": "check"}, 2, []),
        ({"required": "send"}, 0, [None]),
    ],
)
def test_a_required_header_may_come_from_the_connection_which_may_leave_it_out(api, tmp_path, extra, code, sent):
    (tmp_path / "api.yaml").write_text(TENANTS)
    (tmp_path / "t.arazzo.yaml").write_text(TENANT)
    api.on("GET /things", 200, {})
    given = json.dumps({"conn_type": "arazzo", "host": api.url, "extra": extra})
    result = CliRunner().invoke(main, ["run", str(tmp_path / "t.arazzo.yaml"), "--connection", f"shop={given}"])
    assert result.exit_code == code, result.output
    assert ("input 'tenant' is needed by required header parameter 'X-Tenant'" in result.output) == (code == 2)
    assert [asked.headers.get("X-Tenant") for asked in api.asked] == sent


def test_a_connection_says_send_or_check(api, tmp_path):
    (tmp_path / "api.yaml").write_text(TENANTS)
    (tmp_path / "t.arazzo.yaml").write_text(TENANT)
    given = json.dumps({"conn_type": "arazzo", "host": api.url, "extra": {"required": "never"}})
    result = CliRunner().invoke(main, ["run", str(tmp_path / "t.arazzo.yaml"), "--connection", f"shop={given}"])
    assert result.exit_code == 2
    assert "'required' that is not one of check, send" in result.output
