"""From what a step says to the operation it means."""

import pytest
from apidoc import describe

from arazzo.openapi.operation_lookup import UnresolvedOperation, find_operation

PETS = describe(
    {
        "paths": {
            "/pets": {"get": {"operationId": "listPets"}, "post": {"operationId": "createPet"}},
            "/pets/{petId}": {"get": {"operationId": "getPet"}, "delete": {}},
            "/a b/{x}": {"get": {"operationId": "odd.name.get"}},
            "/twice": {"get": {"operationId": "twice"}, "put": {"operationId": "twice"}},
            "/ping": {"get": {"operationId": "ping"}},
        }
    },
    name="pets",
    uri="/srv/specs/pets.yaml",
)
SHOP = describe(
    {
        "paths": {
            "/orders": {"get": {"operationId": "listOrders"}},
            "/pets": {"get": {"operationId": "shopPets"}},
            "/ping": {"get": {"operationId": "ping"}},
        }
    },
    name="shop.v1",
    uri="https://example.com/shop.json",
)
ONE, BOTH = {"pets": PETS}, {"pets": PETS, "shop.v1": SHOP}


def found(operation_id=None, operation_path=None, descriptions=BOTH, dialect="lenient"):
    operation = find_operation(operation_id, operation_path, descriptions, dialect)
    return f"{operation.source}: {operation.method} {operation.path}"


def refusal(operation_id=None, operation_path=None, descriptions=BOTH, dialect="lenient"):
    with pytest.raises(UnresolvedOperation) as error:
        find_operation(operation_id, operation_path, descriptions, dialect)
    return error.value


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_the_forms_of_the_specification(dialect):
    assert found("getPet", None, ONE, dialect) == "pets: GET /pets/{petId}"
    assert found("$sourceDescriptions.pets.getPet", dialect=dialect) == "pets: GET /pets/{petId}"
    assert found("$sourceDescriptions.pets.odd.name.get", dialect=dialect) == "pets: GET /a b/{x}"
    assert found("$sourceDescriptions.shop.v1.ping", dialect=dialect) == "shop.v1: GET /ping"
    for path, expected in [
        ("{$sourceDescriptions.pets.url}#/paths/~1pets/get", "pets: GET /pets"),
        ("{$sourceDescriptions.pets.url}#/paths/~1pets~1{petId}/delete", "pets: DELETE /pets/{petId}"),
        ("{$sourceDescriptions.pets.url}#/paths/~1pets~1%7BpetId%7D/delete", "pets: DELETE /pets/{petId}"),
        ("{$sourceDescriptions.pets.url}#/paths/~1a%20b~1{x}/get", "pets: GET /a b/{x}"),
        ("{$sourceDescriptions.shop.v1.url}#/paths/~1pets/get", "shop.v1: GET /pets"),
    ]:
        assert found(None, path, dialect=dialect) == expected


LOOSE_IDS = [
    ("createPet", "pets: POST /pets"),
    ("pets.getPet", "pets: GET /pets/{petId}"),
    ("shop.v1.ping", "shop.v1: GET /ping"),
    ("odd.name.get", "pets: GET /a b/{x}"),
    ("POST /pets", "pets: POST /pets"),
    ("/paths/~1orders/get", "shop.v1: GET /orders"),
    ("pets#/paths/~1pets/get", "pets: GET /pets"),
]
LOOSE_PATHS = [
    ("pets#/paths/~1pets/get", "pets: GET /pets"),
    ("$sourceDescriptions.pets.url#/paths/~1pets/get", "pets: GET /pets"),
    ("$sourceDescriptions.pets#/paths/~1pets/get", "pets: GET /pets"),
    ("{$sourceDescriptions.shop.v1}#/paths/~1pets/get", "shop.v1: GET /pets"),
    ("#/paths/~1orders/get", "shop.v1: GET /orders"),
    ("/paths/~1pets~1{petId}/get", "pets: GET /pets/{petId}"),
    ("get /orders", "shop.v1: GET /orders"),
    ("GET /pets/{petId}", "pets: GET /pets/{petId}"),
    ("./pets.yaml#/paths/~1pets/get", "pets: GET /pets"),
    ("https://example.com/shop.json#/paths/~1pets/get", "shop.v1: GET /pets"),
    ("{$sourceDescriptions.pets.url}#/paths//pets/{petId}/get", "pets: GET /pets/{petId}"),
    ("{$sourceDescriptions.pets.url}#/paths/~1pets/POST", "pets: POST /pets"),
]


@pytest.mark.parametrize(("text", "expected"), LOOSE_IDS)
def test_loose_operation_ids(text, expected):
    assert found(text) == expected
    refusal(text, dialect="strict")


@pytest.mark.parametrize(("text", "expected"), LOOSE_PATHS)
def test_loose_operation_paths(text, expected):
    assert found(None, text) == expected
    refusal(None, text, dialect="strict")


def test_ambiguous_names_are_refused_with_their_portable_spellings():
    error = refusal("ping")
    assert error.message == "operationId 'ping' is ambiguous: 2 operations match"
    assert error.hint == (
        "write operationId: $sourceDescriptions.pets.ping or operationId: $sourceDescriptions.shop.v1.ping"
    )
    error = refusal("twice", None, ONE)
    assert error.hint == (
        "write operationPath: '{$sourceDescriptions.pets.url}#/paths/~1twice/get'"
        " or operationPath: '{$sourceDescriptions.pets.url}#/paths/~1twice/put'"
    )
    assert "2 operations match" in refusal(None, "GET /pets").message


def test_names_that_differ_by_case_are_refused_and_said_to():
    for text in ("getpet", "$sourceDescriptions.pets.GetPet"):
        assert refusal(text).hint == "operationIds are case-sensitive: did you mean 'getPet'?"


@pytest.mark.parametrize(
    ("text", "near"),
    [("getPets", "'getPet'"), ("pets.lisPets", "'listPets'"), ("$sourceDescriptions.pets.creatPet", "'createPet'")],
)
def test_near_matches_are_listed(text, near):
    assert near in refusal(text).hint


def test_of_many_near_matches_the_three_nearest_are_listed():
    names = ["getUp", "getUnit", "getUs", "getUsers", "getA", "getB"]
    many = describe({"paths": {f"/{name}": {"get": {"operationId": name}} for name in names}})
    hint = refusal("getUsr", descriptions={"api": many}).hint
    assert hint.startswith("did you mean 'getUs")
    assert hint.count(" or ") == 2


def test_unknown_names_without_near_matches_have_no_hint():
    assert refusal("somethingElseAltogether").hint is None


@pytest.mark.parametrize("text", ["getPet", "$sourceDescriptions.api.getPet"])
def test_a_path_that_cannot_be_read_may_have_the_operation(text):
    paths = {"/pet": {"$ref": "#/nowhere"}, "/pets": {"get": {"operationId": "getPets"}}}
    hint = refusal(text, descriptions={"api": describe({"paths": paths})}).hint
    assert hint.startswith("path '/pet' of source description 'api' cannot be read whole: reference '#/nowhere'")
    paths["/getpet"] = {"get": {"operationId": "getpet"}}
    assert "case-sensitive" in refusal(text, descriptions={"api": describe({"paths": paths})}).hint


@pytest.mark.parametrize("text", ["$sourceDescriptions.nope.getPet", "$sourceDescriptions.getPet"])
def test_unknown_sources_are_named(text):
    assert refusal(text).hint == "declared: pets, shop.v1"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("{$sourceDescriptions.pets.url}#/paths/~1pets~1{id}/get", "'/paths/~1pets~1{petId}/get'"),
        ("{$sourceDescriptions.pets.url}#/paths/~1Pets/get", "'/paths/~1pets/get'"),
        ("{$sourceDescriptions.pets.url}#/paths/~1pets/put", "'/paths/~1pets/get'"),
        ("{$sourceDescriptions.nope.url}#/paths/~1pets/get", "pets, shop.v1"),
        ("listPets", "{$sourceDescriptions.name.url}"),
    ],
)
def test_paths_that_lead_nowhere(path, hint):
    assert hint in refusal(None, path).hint


def test_strict_wants_the_source_named_when_there_are_several():
    error = refusal("createPet", dialect="strict")
    assert "must name its own" in error.message
    assert error.hint == "write operationId: $sourceDescriptions.pets.createPet"


def test_a_step_without_operation_is_refused():
    assert refusal().message == "the step names no operation"


@pytest.mark.parametrize(
    "text", ["", " ", ".", "#", "#/", "$sourceDescriptions.", "{$sourceDescriptions.pets.url}#/", "GET ", "pets."]
)
@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_nonsense_is_refused(text, dialect):
    refusal(text, None, dialect=dialect)
    refusal(None, text, dialect=dialect)


@pytest.mark.parametrize(
    ("operation", "whole", "url"),
    [
        ({"externalDocs": {"url": "https://a.example/op"}, "tags": ["pets"]}, {}, "https://a.example/op"),
        ({"tags": ["other", "pets"]}, {"externalDocs": {"url": "https://a.example"}}, "https://a.example/pets"),
        ({}, {"externalDocs": {"url": "https://a.example"}}, "https://a.example"),
        ({"externalDocs": {"url": "javascript:alert(1)"}}, {"externalDocs": "no"}, ""),
        ({"externalDocs": {"url": 7}, "tags": "pets"}, {}, ""),
    ],
)
@pytest.mark.parametrize("version", ["openapi", "swagger"])
def test_the_documentation_of_an_operation_is_the_nearest_page(version, operation, whole, url):
    kind = {"openapi": "3.1.0"} if version == "openapi" else {"swagger": "2.0"}
    tags = {"tags": [{"name": "pets", "externalDocs": {"url": "https://a.example/pets"}}, "broken"]}
    raw = {**kind, "info": {"title": "t", "version": "1"}, **tags, **whole}
    raw["paths"] = {"/x": {"get": {"responses": {}, **operation}}}
    description = describe(raw)
    assert description.operation(description.endpoints()[0]).documentation == url


def test_an_operation_without_a_page_has_its_description():
    (first, *_) = SHOP.endpoints()
    assert SHOP.operation(first).documentation == "https://example.com/shop.json"
    assert PETS.operation(PETS.endpoints()[0]).documentation == ""
