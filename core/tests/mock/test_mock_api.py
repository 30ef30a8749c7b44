"""What a mock does by a description alone: routes, checks, values, the record."""

from __future__ import annotations

import json

import jsonschema
import pytest
from descriptions import SHOP
from suite import PUBLIC_DATA

from arazzo.errors import TransportError
from arazzo.exchange import Request
from arazzo.openapi.sources import load_description
from arazzo.source.text import load_source
from arazzo.testing import MockApi, Received, Scenario
from arazzo.testing.sample_values import Values

CORPUS = PUBLIC_DATA / "corpus"


@pytest.fixture
def shop(start, write):
    return start({"shop": write("shop.yaml", SHOP)})


@pytest.mark.parametrize(
    ("target", "operation", "path"),
    [
        ("/orders/7", "getOrder", {"id": "7"}),
        ("/orders/a%2Fb%20c", "getOrder", {"id": "a/b c"}),
        ("/orders/%2E%2E", "getOrder", {"id": ".."}),
        ("/orders/a%252Fb", "getOrder", {"id": "a%2Fb"}),
        ("/orders/mine", "myOrder", {}),
        ("/orders/%6Dine", "myOrder", {}),
        ("/orders/7.csv", "exportOrder", {"id": "7", "format": "csv"}),
        ("/files/a/b%20c", "getFile", {"path": "a/b c"}),
        ("/rest?method=ping&x=1", "ping", {}),
        ("/live/orders/7", "getOrder", {"id": "7"}),
        ("/shop/orders/7", "getOrder", {"id": "7"}),
        ("/shop/live/orders/7", "getOrder", {"id": "7"}),
    ],
)
def test_routes(shop, target, operation, path):
    assert shop.send("GET", target).status == 200
    entry = shop.api.record[-1]
    assert (entry.operation, entry.path, str(entry)) == (operation, path, f"GET {target}")


@pytest.mark.parametrize(
    "target",
    ["/", "/orders/", "/orders/mine/", "/orders/a/b", "/rest?method=pong", "/rest", "/Orders/7", "/other/orders/7"],
)
def test_what_is_no_operation(shop, target):
    answer = shop.send("GET", target)
    assert answer.status == 404
    assert "no operation has the path" in json.loads(answer.body)["message"]


def test_a_method_that_the_path_does_not_know(shop):
    answer = shop.send("DELETE", "/orders/mine")
    assert answer.status == 405
    assert answer.header("Allow") == "GET"


GOOD = {"X_Trace": "1"}


@pytest.mark.parametrize(
    ("target", "headers", "reason"),
    [
        ("/orders?limit=5", GOOD, None),
        ("/orders?limit=5&state=open&tags=a&tags=b&unknown=1", GOOD, None),
        ("/orders", GOOD, "query parameter 'limit' is required"),
        ("/orders?limit=", GOOD, "it is not an integer"),
        ("/orders?limit=many", GOOD, "query parameter 'limit' is 'many': it is not an integer"),
        ("/orders?limit=5&state=lost", GOOD, "'state' is 'lost': allowed are open, closed"),
        ("/orders?limit=5", {}, "header parameter 'X-Trace' is required"),
    ],
)
def test_parameters(shop, target, headers, reason):
    answer = shop.send("GET", target, **headers)
    assert answer.status == (422 if reason else 200)
    if reason:
        assert reason in json.loads(answer.body)["message"]
        assert reason in shop.api.record[-1].refused[0]


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        ({"item": "pen"}, {}, None),
        ({"item": "pen", "note": None, "count": 1, "parent": {"item": "box"}}, {}, None),
        ({"item": "pen"}, {"Content_Type": "application/json; charset=utf-8"}, None),
        (None, {}, "a request body is required"),
        ({}, {}, "'item' is a required property"),
        ({"item": "x"}, {}, "body at item: 'x' is too short"),
        ({"item": "pen", "parent": {"item": "x"}}, {}, "body at parent/item"),
        ({"item": "pen", "count": 0}, {}, "body at count"),
        ([], {}, "is not of type 'object'"),
        ({"item": "pen"}, {"Content_Type": "text/plain"}, "content type 'text/plain' is not accepted"),
    ],
)
def test_bodies(shop, body, headers, reason):
    answer = shop.send("POST", "/orders", body, **headers)
    assert answer.status == (400 if reason else 201)
    if reason:
        assert reason in json.loads(answer.body)["message"]
        assert json.loads(answer.body)["code"] == 400


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"X_Api_Key": "k"}, None),
        ({"Authorization": "Basic dTpw"}, None),
        ({}, "API key 'X-Api-Key' is missing; basic credentials are missing"),
        ({"Authorization": "Basic not base64"}, "basic credentials are not readable"),
        ({"Authorization": "Bearer x"}, "basic credentials are missing"),
    ],
)
def test_security(shop, headers, reason):
    answer = shop.send("GET", "/secret", **headers)
    assert answer.status == (401 if reason else 200)
    assert reason is None or reason in json.loads(answer.body)["message"]


def test_credentials_that_are_right(start, write):
    accepted = {"shop": {"basic": ["u:p"], "api_keys": {"X-Api-Key": ["k"]}, "bearer": ["t"]}}
    shop = start({"shop": write("shop.yaml", SHOP)}, Scenario(credentials=accepted))
    assert shop.send("GET", "/secret", X_Api_Key="k").status == 200
    assert shop.send("GET", "/secret", X_Api_Key="other").status == 401
    assert shop.send("GET", "/secret", Authorization="Basic dTpw").status == 200
    assert shop.send("GET", "/secret", Authorization="Basic dTpx").status == 401
    assert shop.send("GET", "/tokened", token="t").status == 200
    assert shop.send("GET", "/tokened", token="other").status == 401


@pytest.mark.parametrize(("level", "status"), [("right", 401), ("present", 200), ("none", 200)])
def test_levels_of_security(start, write, level, status):
    accepted = {"shop": {"bearer": ["t"]}}
    shop = start({"shop": write("shop.yaml", SHOP)}, Scenario(checks={"security": level}, credentials=accepted))
    assert shop.send("GET", "/tokened", token="other").status == status
    assert shop.send("GET", "/tokened").status == (200 if level == "none" else 401)


def test_answers_are_by_schema_and_always_the_same(shop):
    answer = shop.send("GET", "/orders/7")
    order = json.loads(answer.body)
    assert answer.header("Content-Type") == "application/json"
    assert isinstance(order["id"], int)
    assert len(order["item"]) >= 3
    assert order["count"] > 0
    assert shop.send("GET", "/orders/7").body == answer.body


def test_answers_are_examples_where_there_are_some(shop):
    answer = shop.send("GET", "/orders?limit=1", X_Trace="1")
    assert (json.loads(answer.body), answer.header("X-Total")) == ([], "7")
    assert shop.send("GET", "/orders/7.csv").body == b"a,b"
    assert shop.json("GET", "/orders?limit=1", X_Trace="1", Prefer="example=one") == [{"id": 1}]


def test_another_status_on_request(shop):
    answer = shop.send("GET", "/orders/7", Prefer="code=404")
    assert answer.status == 404
    assert set(json.loads(answer.body)) == {"code", "message"}
    assert shop.send("POST", "/orders", {"item": "pen"}, Prefer="code=503").status == 503


def test_the_record_hides_nothing(shop):
    shop.send("POST", "/orders?a=1&a=2", {"item": "pen"}, Authorization="Basic dTpw")
    shop.send("POST", "/login", None)
    (entry, _) = shop.json("GET", "/__mock__/requests")["requests"]
    assert entry["method"] == "POST"
    assert entry["path"] == "/orders?a=1&a=2"
    assert entry["query"] == [["a", "1"], ["a", "2"]]
    assert entry["body"] == {"item": "pen"}
    assert ["authorization", "Basic dTpw"] in [[name.lower(), value] for name, value in entry["headers"]]
    assert (entry["api"], entry["operation"], entry["status"]) == ("shop", "createOrder", 201)
    assert shop.json("GET", "/__mock__/requests?operation=login")["requests"][0]["number"] == 2
    assert shop.json("GET", "/__mock__/requests?api=other") == {"requests": []}
    assert shop.send("DELETE", "/__mock__/requests").status == 204
    assert shop.json("GET", "/__mock__/requests") == {"requests": []}


def test_bytes_are_recorded_too(shop):
    entry = shop.api.record.add(Received("POST", "/x", body=b"\xff\x00"))
    assert entry.to_json()["body_base64"] == "/wA="


def test_two_apis_in_one_mock(start, write):
    other = SHOP.replace("/orders", "/parcels").replace("Order", "Parcel")
    both = start({"shop": write("shop.yaml", SHOP), "post": write("post.yaml", other)})
    both.send("GET", "/parcels/1")
    both.send("GET", "/post/parcels/1")
    both.send("GET", "/orders/1")
    assert [entry.api for entry in both.api.record] == ["post", "post", "shop"]


def test_swagger_2(start, write):
    text = """
swagger: '2.0'
info: {title: Old, version: '1'}
basePath: /v1
consumes: [application/json]
produces: [application/json]
paths:
  /things:
    post:
      operationId: make
      parameters:
        - {name: thing, in: body, required: true, schema: {$ref: '#/definitions/Thing'}}
        - {name: mode, in: query, type: string, enum: [a, b]}
      responses: {'200': {description: ok, schema: {$ref: '#/definitions/Thing'}}}
definitions:
  Thing: {type: object, required: [name], properties: {name: {type: string}}}
"""
    old = start({"old": write("old.yaml", text)})
    assert old.send("POST", "/v1/things", {"name": "x"}).status == 200
    assert old.send("POST", "/things", {"nome": "x"}).status == 400
    assert old.send("POST", "/things?mode=c", {"name": "x"}).status == 400
    assert old.json("POST", "/things", {"name": "x"}) == {"name": "name-1"}


def test_a_schema_in_a_file_beside(start, write):
    write(
        "thing.yaml",
        "type: object\nrequired: [name]\nproperties: {name: {$ref: '#/$defs/name'}}\n$defs: {name: {type: string}}\n",
    )
    text = """
openapi: 3.1.0
info: {title: Split, version: '1'}
paths:
  /things:
    post:
      operationId: make
      requestBody: {content: {application/json: {schema: {$ref: './thing.yaml'}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: './thing.yaml'}}}}}
"""
    split = start({"split": write("split.yaml", text)})
    assert split.json("POST", "/things", {"name": "x"}) == {"name": "name-1"}
    assert split.send("POST", "/things", {"name": 1}).status == 400


@pytest.mark.parametrize("schema", ["{$ref: '#/nowhere'}", "{type: float}", "{type: string, pattern: '['}"])
def test_a_schema_that_is_at_fault_refuses_nothing(start, write, schema):
    text = SHOP.replace(
        "schema: {$ref: '#/components/schemas/Order'}}}\n      responses", f"schema: {schema}}}}}\n      responses"
    )
    shop = start({"shop": write("shop.yaml", text)})
    assert shop.send("POST", "/orders", "text").status == 201


def test_a_refusal_that_is_described_as_text_is_text(start, write):
    text = """
openapi: 3.1.0
info: {title: Loans, version: "1"}
paths:
  /loans:
    get:
      parameters: [{name: member, in: query, required: true, schema: {type: string}}]
      responses:
        "200": {description: all}
        "400": {description: no, content: {text/plain: {schema: {type: string}}}}
"""
    answer = start({"loans": write("loans.yaml", text)}).send("GET", "/loans")
    assert (answer.status, answer.body) == (400, b"query parameter 'member' is required")


SCHEMAS = [
    {"type": "string", "minLength": 12, "maxLength": 14},
    {"type": "string", "format": "uuid"},
    {"type": "integer", "minimum": 3, "maximum": 4},
    {"type": "integer", "multipleOf": 7, "minimum": 1},
    {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
    {"type": ["null", "string"]},
    {"type": "null"},
    {"type": "boolean"},
    {"enum": ["b", "a"]},
    {"const": {"x": 1}},
    {"type": "array", "minItems": 3, "items": {"type": "integer"}},
    {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "string"}},
    {"type": "array", "maxItems": 0, "items": {"type": "integer"}},
    {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "string"}}},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "integer"}}}]},
    {"oneOf": [{"type": "null"}, {"type": "object", "required": ["k"], "properties": {"k": {"const": 5}}}]},
    {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    {"properties": {"deep": {"allOf": [{"allOf": [{"type": "string", "enum": ["x"]}]}]}}, "required": ["deep"]},
    {},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_values_fit_their_schema(schema, write):
    description = load_description(load_source(write("shop.yaml", SHOP)), "shop")
    value = Values(description).value(schema)
    jsonschema.Draft202012Validator(schema).validate(value)
    assert Values(description).value(schema) == value


def test_a_schema_that_is_its_own_part_ends(write):
    description = load_description(load_source(write("shop.yaml", SHOP)), "shop")
    circle = "#/components/schemas/Circle"
    schemas = description.raw["components"]["schemas"]
    schemas["Circle"] = {"allOf": [{"$ref": circle}], "type": "object", "properties": {"next": {"$ref": circle}}}
    schemas["Tree"] = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Tree"}}
    assert isinstance(Values(description).value({"$ref": circle}), (dict, type(None)))
    assert isinstance(Values(description).value({"$ref": "#/components/schemas/Tree"}), list)


@pytest.mark.parametrize("folder", ["api-evangelist__stripe", "api-evangelist__github", "api-evangelist__anthropic"])
def test_public_descriptions_can_be_mocked(folder):
    files = [path for path in (CORPUS / folder).rglob("*.y*ml") if "openapi:" in path.read_text()[:2000]]
    if not files:
        pytest.skip("the corpus is not beside the checkout")
    api = MockApi({f"api{number}": path for number, path in enumerate(files[:3])})
    shown = [
        Values(route.description).media(media)
        for route in api.routes[:40]
        for response in route.description.responses(route.operation).values()
        for media in response.get("content", {}).values()
    ]
    assert sum(value is not None for value in shown) >= 10
    for value in shown:
        json.dumps(value, default=str)


def test_answers_in_process(write):
    api = MockApi({"shop": write("shop.yaml", SHOP), "orders": write("orders.yaml", SHOP)})
    request = Request("GET", "https://orders.example.com/live/orders/7?x=1", source="orders", template="/orders/{id}")
    response = api.send(request)
    assert response.status == 200
    assert [(entry.api, entry.operation, str(entry)) for entry in api.record] == [
        ("orders", "getOrder", "GET /live/orders/7?x=1")
    ]
    assert api.send(Request("GET", "https://orders.example.com/nowhere", source="orders")).status == 404


def test_faults_in_process(write):
    scenario = write("s.yaml", "mock: '1'\noperations: {getOrder: {rules: [{answers: [{fault: hang}, {size: 9}]}]}}\n")
    api = MockApi({"shop": write("shop.yaml", SHOP)}, scenario)
    request = Request("GET", "https://x/orders/7", source="shop")
    with pytest.raises(TransportError) as caught:
        api.send(request)
    assert caught.value.kind == "timeout"
    assert len(api.send(request).body) == 9


TREE = {"Tree": {"type": "object", "required": ["l", "m", "r"], "properties": {}}, "All": {}}
TREE["Tree"]["properties"] = {name: {"$ref": "#/components/schemas/Tree"} for name in "lmr"}
TREE["All"]["allOf"] = [{"$ref": "#/components/schemas/All"}] * 4
LISTS = {"type": "array", "minItems": 10**9, "items": {"type": "array", "minItems": 10**9}}
BOMBS = {
    "a tree in itself": {"$ref": "#/components/schemas/Tree"},
    "allOf of itself": {"$ref": "#/components/schemas/All"},
    "lists of lists": {**LISTS, "items": {**LISTS, "items": LISTS}},
    "a long text": {"type": "string", "minLength": 10**12},
    "a long match": {"type": "string", "pattern": "((a{9999}){9999}){9999}"},
    "a deep pattern": {"type": "string", "pattern": "(" * 2000 + "a" + ")" * 2000},
    "a pattern that explodes": {"type": "string", "pattern": "^(([a-z]+)+)+$", "minLength": 900},
    "a number beyond all": {"type": "integer", "multipleOf": 1e-300, "minimum": 10**400},
    "no properties": {"type": "object", "properties": 5},
}


@pytest.mark.attack("mocks", "a schema whose values have no end: {bomb}")
@pytest.mark.parametrize("bomb", BOMBS)
def test_values_of_any_schema_have_an_end(tmp_path, bomb):
    (tmp_path / "bomb.json").write_text(json.dumps({"openapi": "3.1.0", "components": {"schemas": TREE}}))
    values = Values(load_description(load_source(str(tmp_path / "bomb.json")), "bomb"))
    assert len(json.dumps(values.value(BOMBS[bomb]))) < 1_000_000
    assert values.value({"type": "boolean"}), "and the next one is made as before"
