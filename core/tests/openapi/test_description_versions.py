"""OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0 as operations; references; what is no description."""

import json
from urllib.parse import unquote_plus

import pytest
from apidoc import SERVER, describe

from arazzo.errors import DocumentError
from arazzo.openapi.bodies import Body
from arazzo.openapi.description import UnresolvedReferenceError
from arazzo.openapi.operation_lookup import find_operation
from arazzo.openapi.request_building import Argument, build_request
from arazzo.openapi.sources import load_description
from arazzo.source.text import load_source, parse_source

SWAGGER = {
    "swagger": "2.0",
    "host": "api.example.com",
    "basePath": "/v1/",
    "schemes": ["http", "https"],
    "consumes": ["application/xml", "application/json"],
    "produces": ["application/json"],
    "security": [{"basic": []}],
    "securityDefinitions": {
        "basic": {"type": "basic"},
        "key": {"type": "apiKey", "in": "query", "name": "k"},
        "oauth": {"type": "oauth2", "flow": "application", "tokenUrl": "https://x/t", "scopes": {"a": "A"}},
    },
    "parameters": {"Limit": {"name": "limit", "in": "query", "type": "integer"}},
    "definitions": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}},
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "type": "string", "required": True, "enum": ["a", "b"]}],
            "get": {
                "operationId": "getPet",
                "parameters": [
                    {"$ref": "#/parameters/Limit"},
                    *(
                        {"name": name, "in": "query", "type": "array", "items": {}, "collectionFormat": name}
                        for name in ("csv", "ssv", "tsv", "pipes", "multi")
                    ),
                    {"name": "plain", "in": "query", "type": "array", "items": {}},
                    {"name": "X-List", "in": "header", "type": "array", "items": {}, "collectionFormat": "pipes"},
                ],
                "responses": {
                    "200": {
                        "description": "one",
                        "schema": {"$ref": "#/definitions/Pet"},
                        "examples": {"application/json": {"name": "x"}},
                        "headers": {"X-Rate": {"type": "integer"}},
                    },
                    "204": {"description": "none"},
                },
                "security": [{"key": []}, {"oauth": ["a"]}],
            },
            "post": {
                "operationId": "setPet",
                "parameters": [
                    {"name": "pet", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pet"}}
                ],
            },
            "put": {
                "operationId": "uploadPet",
                "consumes": ["multipart/form-data"],
                "parameters": [
                    {"name": "file", "in": "formData", "type": "file"},
                    {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}},
                ],
            },
            "patch": {
                "operationId": "formPet",
                "consumes": ["application/x-www-form-urlencoded"],
                "parameters": [
                    {"name": "tags", "in": "formData", "type": "array", "items": {}, "collectionFormat": "pipes"},
                    {"name": "many", "in": "formData", "type": "array", "items": {}, "collectionFormat": "multi"},
                ],
            },
        }
    },
}


def pet(operation_id, document=SWAGGER, **fields):
    return find_operation(operation_id, None, {"api": describe({**document, **fields})})


def test_swagger_servers_prefer_https():
    assert [server.url for server in pet("getPet").servers] == [
        "https://api.example.com/v1/",
        "http://api.example.com/v1/",
    ]
    bare = describe({"swagger": "2.0", "paths": SWAGGER["paths"]}, uri="http://docs.example.com/specs/api.json")
    assert [server.url for server in next(bare.operations()).servers] == ["http://docs.example.com/"]
    assert [server.url for server in pet("getPet", host=None, schemes=[]).servers] == ["/v1/"]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("csv", "csv=1,2"),
        ("ssv", "ssv=1%202"),
        ("tsv", "tsv=1%092"),
        ("pipes", "pipes=1%7C2"),
        ("multi", "multi=1&multi=2"),
        ("plain", "plain=1,2"),
    ],
)
def test_swagger_collection_formats(name, query):
    request = build_request(pet("getPet"), [Argument("id", "path", "a"), Argument(name, "query", [1, 2])])
    assert request.url == f"{SERVER}/pets/a?{query}"


def test_swagger_parameters_are_their_own_schema():
    spec = pet("getPet")
    assert spec.parameter("limit", "query").schema_ == {"type": "integer"}
    assert spec.parameter("id").allowed == ("a", "b")


def test_swagger_header_list():
    request = build_request(pet("getPet"), [Argument("id", "path", "a"), Argument("X-List", "header", [1, 2])])
    assert dict(request.headers)["X-List"] == "1|2"
    assert dict(request.headers)["Accept"].startswith("application/json")


def test_swagger_body_and_forms():
    path = [Argument("id", "path", "a")]
    request = build_request(pet("setPet"), path, Body(payload={"name": "x"}))
    assert (dict(request.headers)["Content-Type"], request.body) == ("application/json", b'{"name":"x"}')
    assert pet("setPet").body_required
    request = build_request(pet("uploadPet"), path, Body(payload={"file": "text", "tags": ["a"]}))
    assert b'name="file"; filename="file"' in request.body
    assert b'name="tags"\r\n\r\na' in request.body
    request = build_request(pet("formPet"), path, Body(payload={"tags": ["a", "b"], "many": ["c", "d"]}))
    assert request.body == b"tags=a%7Cb&many=c&many=d"


def test_swagger_security():
    names = [[(scheme.key, scheme.type, scheme.scheme) for scheme in need] for need in pet("getPet").security]
    assert names == [[("key", "apiKey", "")], [("oauth", "oauth2", "")]]
    assert pet("getPet").security[1][0].flows == {"clientCredentials": {"tokenUrl": "https://x/t"}}
    assert pet("setPet").security[0][0].scheme == "basic"


def test_swagger_responses_have_the_shape_of_openapi_3():
    description = describe(SWAGGER)
    found = description.responses(next(description.operations()))
    assert list(found) == ["200", "204"]
    assert found["200"]["headers"] == {"X-Rate": {"schema": {"type": "integer"}}}
    media = found["200"]["content"]["application/json"]
    assert media["example"] == {"name": "x"}
    assert description.resolve(media["schema"]) == SWAGGER["definitions"]["Pet"]
    assert found["204"]["content"] == {}


WHOLE = {
    "servers": [{"url": SERVER}],
    "components": {
        "parameters": {
            "Id": {"name": "id", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/Id"}}
        },
        "schemas": {
            "Id": {"$ref": "#/components/schemas/Really"},
            "Really": {"type": "string", "enum": ["a", "b"], "description": "long", "pattern": "x"},
            "Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}},
            "Circle": {"$ref": "#/components/schemas/Circle"},
            "Deep": {"$ref": "#/components/schemas/Deep/properties/x"},
            "Base": {"properties": {"id": {"type": "integer"}}},
            "All": {
                "allOf": [
                    {"$ref": "#/components/schemas/Base"},
                    {"type": "object", "properties": {"file": {"format": "binary"}}},
                ]
            },
            "Anchored": {"$anchor": "here", "type": "boolean"},
        },
        "requestBodies": {
            "All": {
                "required": True,
                "content": {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/All"}}},
            }
        },
        "responses": {
            "Ok": {
                "headers": {"X": {"$ref": "#/components/headers/X"}},
                "content": {
                    "application/json": {
                        "schema": {"$ref": "#/components/schemas/Node"},
                        "examples": {"one": {"$ref": "#/components/examples/One"}},
                    }
                },
            }
        },
        "headers": {"X": {"schema": {"type": "integer"}}},
        "examples": {"One": {"value": {"next": None}}},
    },
    "paths": {
        "/things/{id}": {
            "parameters": [
                {"$ref": "#/components/parameters/Id"},
                {"name": "q", "in": "query", "schema": {"type": "string"}},
                {"name": "broken", "in": "query", "schema": {"$ref": "#/nowhere"}},
            ],
            "post": {
                "operationId": "post",
                "parameters": [
                    {"name": "q", "in": "query", "schema": {"type": "integer"}},
                    {"name": "q", "in": "header", "schema": {"$ref": "#/components/schemas/Circle"}},
                    {"$ref": "#/components/parameters/Missing"},
                    {"name": "deep", "in": "query", "schema": {"$ref": "#/components/schemas/Deep"}},
                    {"name": "flag", "in": "query", "schema": {"$ref": "#here"}},
                    {"name": "either", "in": "query", "schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
                    {"name": "Content-Type", "in": "header", "schema": {}},
                    {"name": "pathless", "in": "nowhere"},
                    None,
                ],
                "requestBody": {"$ref": "#/components/requestBodies/All"},
                "responses": {"200": {"$ref": "#/components/responses/Ok"}, "default": {"$ref": "#/nowhere"}},
            },
        },
        "/alias/{id}": {"$ref": "#/paths/~1things~1{id}"},
        "x-hidden": {"get": {"operationId": "hidden"}},
        "/null": None,
    },
}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
def test_references_are_resolved_and_schemas_cut_down(version):
    description = describe({**WHOLE, "openapi": version})
    spec = next(description.operations())
    found = {(one.name, one.location): one.schema_ for one in spec.parameters}
    assert found == {
        ("id", "path"): {"type": "string", "enum": ["a", "b"]},
        ("q", "query"): {"type": "integer"},
        ("broken", "query"): True,
        ("q", "header"): True,
        ("deep", "query"): True,
        ("flag", "query"): {"type": "boolean"},
        ("either", "query"): {"type": "integer"},
        ("Content-Type", "header"): True,
    }
    (only,) = spec.bodies
    assert only.schema_ == {"type": "object", "properties": {"id": {"type": "integer"}, "file": {"format": "binary"}}}
    assert spec.body_required
    assert spec.accepts == ("application/json",)


def test_circles_are_cut_at_a_depth():
    document = {
        "paths": {
            "/x": {
                "post": {
                    "requestBody": {"content": {"application/xml": {"schema": {"$ref": "#/components/schemas/Node"}}}}
                }
            }
        }
    }
    spec = next(describe({**document, "components": WHOLE["components"]}).operations())
    assert json.dumps(spec.bodies[0].schema_).count("next") == 5


def test_path_items_by_reference_have_operations_of_their_own():
    description = describe(WHOLE)
    assert [str(end) for end in description.endpoints()] == ["POST /things/{id}", "POST /alias/{id}"]
    assert [spec.path for spec in description.operations()] == ["/things/{id}", "/alias/{id}"]


def test_broken_references_are_warnings():
    description = describe(WHOLE)
    first, _ = description.operations()
    assert [problem.place.pointer for problem in description.problems(first)] == [
        "/paths/~1things~1{id}/post/parameters/2",
        "/paths/~1things~1{id}/post/responses/default",
    ]
    assert not any(problem.is_error for problem in description.problems(first))


def test_responses_are_resolved_but_for_schemas():
    description = describe(WHOLE)
    found = description.responses(next(description.operations()))
    assert found["200"]["headers"] == {"X": {"schema": {"type": "integer"}}}
    media = found["200"]["content"]["application/json"]
    assert media["examples"] == {"one": {"value": {"next": None}}}
    assert media["schema"] == {"$ref": "#/components/schemas/Node"}


@pytest.mark.parametrize(
    "reference", ["#/components/schemas/Circle", "#/components/schemas/Deep", "#/nowhere", "#none", "other.json#/x"]
)
def test_references_that_lead_nowhere_say_so(reference):
    with pytest.raises(UnresolvedReferenceError, match="cannot be resolved") as error:
        describe(WHOLE).resolve({"$ref": reference})
    assert reference.partition("#")[2].split("/")[-1][:3] in str(error.value)


@pytest.mark.parametrize(("version", "description"), [("3.0.3", "long"), ("3.1.0", "short")])
def test_members_beside_a_reference_count_from_3_1_on(version, description):
    found = describe({**WHOLE, "openapi": version}).resolve(
        {"$ref": "#/components/schemas/Really", "description": "short"}
    )
    assert found["description"] == description


def test_sibling_files(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "common.yaml").write_text(
        "Id: {name: id, in: path, required: true, schema: {$ref: '#/Schemas/Id'}}\n"
        "Schemas: {Id: {$ref: 'more.json#/Id'}, Back: {$ref: '../api.yaml#/components/schemas/Here'}}\n"
    )
    (tmp_path / "parts" / "more.json").write_text('{"Id": {"type": "integer"}}')
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.1.0\n"
        "paths:\n"
        "  /x/{id}:\n"
        "    get:\n"
        "      parameters:\n"
        "      - $ref: 'parts/common.yaml#/Id'\n"
        "      - {name: back, in: query, schema: {$ref: './parts/common.yaml#/Schemas/Back'}}\n"
        "      - $ref: 'parts/missing.yaml#/Id'\n"
        "      - $ref: 'https://example.com/api.yaml#/Id'\n"
        "components: {schemas: {Here: {type: boolean}}}\n"
    )
    spec = next(load_description(load_source(tmp_path / "api.yaml"), "api").operations())
    assert {one.name: one.schema_ for one in spec.parameters} == {
        "id": {"type": "integer"},
        "back": {"type": "boolean"},
    }


@pytest.mark.parametrize("folder", ["api", "my api", "v1#2", "50%20", "a?b"])
def test_references_to_files_are_uris(tmp_path, folder):
    home = tmp_path / folder
    (home / "sub").mkdir(parents=True)
    (home / "a b.yaml").write_text(
        "Id: {$ref: 'sub/%C3%A4.yaml#/x/Id'}\nHere: {$ref: 'api.yaml#/components/schemas/Here'}\n"
    )
    (home / "sub" / "ä.yaml").write_text("x: {Id: {$ref: '../a%20b.yaml#/Here'}}\n")
    (home / "api.yaml").write_text(
        "openapi: 3.1.0\n"
        "paths: {'/x/{id}': {$ref: 'missing/../item.yaml'}}\n"
        "components: {schemas: {Here: {type: boolean}}}\n"
    )
    (home / "item.yaml").write_text(
        "get: {parameters: [{name: id, in: path, required: true, schema: {$ref: './a%20b.yaml#/Id'}}]}\n"
    )
    spec = next(load_description(load_source(home / "api.yaml"), "api").operations())
    assert [one.schema_ for one in spec.parameters] == [{"type": "boolean"}]


def test_a_loader_provides_what_is_elsewhere():
    description = load_description(
        parse_source('{"openapi": "3.2.0", "$self": "https://example.com/a/api.json"}', "api.json", "/srv/api.json"),
        "api",
        loader=lambda uri: parse_source(json.dumps({"seen": uri}), "b.json", uri),
    )
    assert description.resolve({"$ref": "b.json#/seen"}) == "https://example.com/a/b.json"
    assert description.resolve({"$ref": "https://example.com/a/api.json#/openapi"}) == "3.2.0"


def test_openapi_3_2():
    description = describe(
        {
            "openapi": "3.2.0",
            "servers": [{"url": SERVER}],
            "components": {
                "mediaTypes": {"J": {"schema": {"type": "string"}}},
                "securitySchemes": {"a/b": {"type": "mutualTLS"}},
            },
            "security": [{"#/components/securitySchemes/a~1b": []}],
            "paths": {
                "/x": {
                    "query": {
                        "operationId": "q",
                        "requestBody": {"content": {"application/json": {"$ref": "#/components/mediaTypes/J"}}},
                    },
                    "additionalOperations": {
                        "COPY": {"parameters": [{"name": "c", "in": "cookie", "style": "cookie", "schema": {}}]},
                        "x/y": {},
                    },
                }
            },
        }
    )
    query, copy, odd = description.operations()
    assert (query.method, query.bodies[0].schema_, query.security[0][0].type) == (
        "QUERY",
        {"type": "string"},
        "mutualTLS",
    )
    assert (copy.method, copy.pointer, copy.parameters[0].explode) == (
        "COPY",
        "/paths/~1x/additionalOperations/COPY",
        True,
    )
    assert odd.pointer == "/paths/~1x/additionalOperations/x~1y"
    named = find_operation(
        None, "{$sourceDescriptions.api.url}#/paths/~1x/additionalOperations/COPY", {"api": description}
    )
    assert named == copy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "it is not an object"),
        ("{}", "neither the field 'openapi' nor 'swagger'"),
        ('{"arazzo": "1.0.0"}', "another kind of document"),
        ('{"asyncapi": "3.0.0"}', "another kind of document"),
        ('{"openapi": "4.0.0"}', "version '4.0.0' is not known"),
        ('{"swagger": "1.2"}', "version '1.2' is not known"),
    ],
)
def test_what_is_no_description_is_refused(text, message):
    with pytest.raises(DocumentError) as error:
        load_description(parse_source(text, "api.json"), "api")
    assert message in str(error.value)
    assert error.value.problems[0].rule == "not-an-api-description"


@pytest.mark.parametrize(
    "odd",
    [
        None,
        5,
        "x",
        [],
        [None],
        {"get": None},
        {"get": 5},
        {"get": {"parameters": 5, "requestBody": [], "responses": 1, "servers": {}, "security": 7}},
    ],
)
@pytest.mark.parametrize("version", [{"openapi": "3.0.0"}, {"openapi": "3.2.0"}, {"swagger": "2.0"}])
def test_odd_shapes_do_not_crash(odd, version):
    document = {**version, "paths": {"/x": odd}, "components": odd, "servers": odd, "security": odd, "definitions": odd}
    assert len(list(describe(document).operations())) == (
        1 if isinstance(odd, dict) and isinstance(odd["get"], dict) else 0
    )
    assert list(describe({**version, "paths": odd}).operations()) == []


def test_finding_one_operation_builds_no_other(monkeypatch):
    description = describe({"paths": {"/a": {"get": {"operationId": "a"}}, "/b": {"get": {"operationId": "b"}}}})
    built = []
    edition = description.edition
    original = edition.build_operation
    monkeypatch.setattr(edition, "build_operation", lambda *given: built.append(given[1].path) or original(*given))
    find_operation("b", None, {"api": description})
    assert built == ["/b"]


@pytest.mark.parametrize(
    ("fields", "form"),
    [
        ({}, b"tags=a%2Cb"),
        ({"collectionFormat": "csv"}, b"tags=a%2Cb"),
        ({"collectionFormat": "ssv"}, b"tags=a+b"),
        ({"collectionFormat": "tsv"}, b"tags=a%09b"),
        ({"collectionFormat": "pipes"}, b"tags=a%7Cb"),
        ({"collectionFormat": "multi"}, b"tags=a&tags=b"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_arrays_of_a_swagger_form_obey_their_collection_format(fields, form, content_type):
    field = {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}, **fields}
    paths = {"/p": {"post": {"operationId": "it", "consumes": [content_type], "parameters": [field]}}}
    spec = find_operation("it", None, {"api": describe({"swagger": "2.0", "host": "h.test", "paths": paths})})
    sent = build_request(spec, (), Body(None, {"tags": ["a", "b"]})).body
    if content_type.startswith("multipart"):
        values = [part.split(b"\r\n\r\n")[1].strip(b"\r\n") for part in sent.split(b"--" + sent[2:34])[1:-1]]
        assert values == [unquote_plus(pair.split("=")[1]).encode() for pair in form.decode().split("&")]
    else:
        assert sent == form
    assert build_request(spec, (), Body(None, {"tags": []})).body.count(b"tags") == 0


ROWS = {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}


@pytest.mark.parametrize(("inner", "text"), [(None, "1,2|3"), ("ssv", "1 2|3"), ("csv", "1,2|3")])
@pytest.mark.parametrize("place", ["query", "path", "header", "formData"])
def test_arrays_in_arrays_of_swagger_obey_their_own_collection_format(place, inner, text):
    items = {**ROWS["items"], **({"collectionFormat": inner} if inner else {})}
    field = {"name": "rows", "in": place, "required": True, **ROWS, "items": items, "collectionFormat": "pipes"}
    paths = {"/{rows}" if place == "path" else "/p": {"post": {"operationId": "it", "parameters": [field]}}}
    spec = find_operation("it", None, {"api": describe({"swagger": "2.0", "host": "h.test", "paths": paths})})
    body = Body(None, {"rows": [[1, 2], [3]]}) if place == "formData" else None
    given = () if body else (Argument("rows", place, [[1, 2], [3]]),)
    request = build_request(spec, given, body)
    sent = {
        "query": lambda: unquote_plus(request.url.partition("rows=")[2]),
        "path": lambda: unquote_plus(request.url.rpartition("/")[2]),
        "header": lambda: dict(request.headers)["rows"],
        "formData": lambda: unquote_plus(request.body.decode().partition("=")[2]),
    }
    assert sent[place]() == text


THING = {"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "string", "readOnly": True}}}
PET = {"allOf": [{"$ref": "#/components/schemas/Thing"}, {"required": ["kind"]}]}


@pytest.mark.parametrize(
    ("schema", "required"),
    [
        (THING, ("name",)),
        (PET, ("kind", "name")),
        ({"oneOf": [PET, {"required": ["name", "size"]}]}, ("name",)),
        ({"anyOf": [{"required": ["a", "b"]}, {"required": ["b", "c"]}], "required": ["d"]}, ("d", "b")),
        ({"oneOf": [{"type": "null"}, THING]}, ("name",)),
        ({"required": ["own"], "properties": {"own": {"allOf": [{"readOnly": True}]}}}, ()),
        ({}, ()),
        (True, ()),
        ({"required": "name"}, ()),
    ],
)
def test_the_members_that_a_body_has_to_have(schema, required):
    document = {"components": {"schemas": {"Thing": THING}}}
    content = {"application/json": {"schema": schema}}
    paths = {"/p": {"post": {"operationId": "it", "requestBody": {"content": content}}}}
    spec = next(describe({**document, "paths": paths}).operations()).bodies[0]
    assert set(spec.required) == set(required)


@pytest.mark.parametrize(
    ("schema", "nullable"),
    [
        ({"type": "string"}, False),
        ({"type": ["string", "null"]}, True),
        ({"type": "string", "nullable": True}, True),
        ({}, True),
        (True, True),
        ({"enum": ["a", "b"]}, False),
        ({"enum": ["a", None]}, True),
        ({"const": 1}, False),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, True),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, False),
        ({"allOf": [{"type": "string"}, {"minLength": 1}]}, False),
        ({"$ref": "#/components/schemas/Thing"}, False),
    ],
)
def test_whether_a_required_member_may_be_null(schema, nullable):
    content = {"application/json": {"schema": {"required": ["a"], "properties": {"a": schema}}}}
    paths = {"/p": {"post": {"operationId": "it", "requestBody": {"content": content}}}}
    spec = next(describe({"components": {"schemas": {"Thing": THING}}, "paths": paths}).operations()).bodies[0]
    assert (spec.required, spec.nullable) == (("a",), ("a",) if nullable else ())


def test_required_fields_of_a_swagger_form_and_members_of_its_body():
    fields = [{"name": "a", "in": "formData", "type": "string", "required": True}, {"name": "b", "in": "formData"}]
    body = {"name": "pet", "in": "body", "schema": {"type": "object", "required": ["a"]}}
    for parameters in (fields, [body]):
        paths = {"/p": {"post": {"operationId": "it", "parameters": parameters}}}
        spec = next(describe({"swagger": "2.0", "host": "h.test", "paths": paths}).operations())
        assert [each.required for each in spec.bodies] == [("a",)] * len(spec.bodies)


@pytest.mark.parametrize(
    ("statuses", "redirect"),
    [(["302"], True), (["3XX", "404"], True), (["302", "200"], False), (["2XX", "303"], False), (["304"], False)],
)
def test_whether_a_redirect_is_all_that_an_operation_answers(statuses, redirect):
    responses = {status: {"description": "some"} for status in statuses}
    for version in ({}, {"swagger": "2.0", "host": "h.test"}):
        paths = {"/p": {"get": {"operationId": "it", "responses": responses}}}
        assert next(describe({**version, "paths": paths}).operations()).answers_redirect == redirect
