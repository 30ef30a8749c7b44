"""Where parameters go, what is refused, which headers and which server a request has."""

import pytest
from apidoc import SERVER, body, describe, operation, parameter

from arazzo.absent import ABSENT
from arazzo.errors import RequestError
from arazzo.openapi.bodies import Body
from arazzo.openapi.operation import Operation
from arazzo.openapi.operation_lookup import find_operation
from arazzo.openapi.request_building import Argument, build_request


def headers_of(*arguments, **fields):
    return dict(build_request(operation(**fields), arguments).headers)


def test_a_request_says_what_it_was_made_of():
    spec = operation("/pets/{id}", parameters=[parameter("id", "path"), parameter("limit", "query")])
    request = build_request(spec, [Argument("id", "path", 7), Argument("limit", "query", 5)], timeout=2.5)
    assert (request.method, request.url) == ("GET", f"{SERVER}/pets/7?limit=5")
    assert (request.source, request.template, request.timeout) == ("api", "/pets/{id}", 2.5)
    assert (request.path, request.query) == ({"id": 7}, {"limit": 5})
    assert (request.body, request.content) == (None, ABSENT)


def test_path_value_stays_one_segment():
    spec = operation("/images/{name}/tags", parameters=[parameter("name", "path")])
    url = build_request(spec, [Argument("name", "path", "library/nginx")]).url
    assert url == f"{SERVER}/images/library%2Fnginx/tags"


@pytest.mark.parametrize("value", [".", "..", "../admin", "a/../b", "..\\admin", "a\\..\\b", "b/..;/c", "..;x"])
def test_path_value_cannot_leave_its_place(value):
    with pytest.raises(RequestError, match="path"):
        build_request(operation("/images/{name}"), [Argument("name", "path", value)])


@pytest.mark.parametrize("value", ["b/..;/c", "./;", ".;x/c", "..%3b/c"])
def test_no_server_takes_a_value_with_slashes_for_a_way_out(value):
    with pytest.raises(RequestError, match="lead out"):
        build_request(operation("/images/{+name}"), [Argument("name", "path", value)])


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (f"{SERVER}/jobs/7", f"{SERVER}/jobs/7"),
        ("HTTPS://API.example.com:443/v1/jobs/7".replace("HTTPS", "https"), f"{SERVER}/jobs/7"),
        ("/v1/jobs/7", f"{SERVER}/jobs/7"),
        ("/v1/jobs/7?part=a%2Fb#end", f"{SERVER}/jobs/7?part=a%2Fb"),
        (f"{SERVER}/a b%20c/\u00e9", f"{SERVER}/a%20b%20c/%C3%A9"),
        ("jobs/7", f"{SERVER}/jobs/7"),
        ("jobs/7?x", f"{SERVER}/jobs/7%3Fx"),
        ("/v2/jobs/7", f"{SERVER}//v2/jobs/7"),
    ],
)
def test_a_whole_path_takes_what_a_location_names(value, url):
    spec = operation("/{+location}", parameters=[parameter("location", "path"), parameter("page", "query")])
    assert build_request(spec, [Argument("location", "path", value)]).url == url
    paged = build_request(spec, [Argument("location", "path", value), Argument("page", "query", 2)]).url
    assert paged == f"{url}{'&' if '?' in url else '?'}page=2"


@pytest.mark.parametrize(
    "value",
    [
        "https://evil.example/v1/jobs/7",
        "http://api.example.com/v1/jobs/7",
        "https://api.example.com:8443/v1/jobs/7",
        "https://api.example.com@evil.example/v1/jobs",
        "https://user@api.example.com/v1/jobs",
        "https://api.example.com/v2/jobs/7",
        "https://api.example.com/v1",
        "//evil.example/v1/jobs/7",
        "https://api.example.com:port/v1/x",
        f"{SERVER}/../v2/x",
        f"{SERVER}/%2e%2e/v2/x",
        f"{SERVER}/a\\..\\..\\x",
        "/v1/%2e%2e/v2/x",
    ],
)
def test_a_location_leads_to_the_server_and_not_elsewhere(value):
    with pytest.raises(RequestError):
        build_request(operation("/{+location}"), [Argument("location", "path", value)])


def test_credentials_of_the_server_stay():
    url = build_request(
        operation("/{+location}", servers=[{"url": "https://ann:pw@api.example.com"}]),
        [Argument("location", "path", "https://api.example.com/jobs/7")],
    ).url
    assert url == "https://ann:pw@api.example.com/jobs/7"


def test_dots_are_refused_beside_other_text_too():
    with pytest.raises(RequestError, match=r"must not be"):
        build_request(operation("/files/{name}.json"), [Argument("name", "path", "..")])


def test_two_values_of_a_segment_cannot_make_dots():
    with pytest.raises(RequestError):
        build_request(operation("/a/{x}{y}/b"), [Argument("x", "path", "a/."), Argument("y", "path", "./b")])


@pytest.mark.parametrize(
    ("value", "state"), [(ABSENT, "has no value"), (None, "is null"), ("", "is empty"), ([], "is empty")]
)
def test_path_needs_a_value(value, state):
    spec = operation(
        "/pets/{kind}", parameters=[parameter("kind", "path", schema={"type": "string", "enum": ["cat", "dog"]})]
    )
    with pytest.raises(RequestError) as error:
        build_request(spec, [Argument("kind", "path", value)])
    assert str(error.value) == f"path parameter 'kind' of GET /pets/{{kind}} (it) {state}; allowed values: cat, dog"


def test_path_without_any_argument_is_refused():
    with pytest.raises(RequestError, match="path parameter 'id' of GET"):
        build_request(operation("/pets/{id}"))


def test_a_path_value_without_a_place_is_refused():
    with pytest.raises(RequestError, match="path parameter 'petId' has no place in DELETE /pets"):
        build_request(operation("/pets", "delete"), [Argument("petId", "path", 7)])
    with pytest.raises(RequestError, match="has no value; the step gives 'pet_id'"):
        build_request(operation("/pets/{petId}"), [Argument("pet_id", "path", 7)])
    assert build_request(operation("/pets"), [Argument("petId", "path", ABSENT)]).url == f"{SERVER}/pets"


def test_plus_expression_lets_slashes_pass_but_nothing_else():
    spec = operation("/v1/{+name}:predict")
    assert (
        build_request(spec, [Argument("name", "path", "projects/p 1/x?y#z")]).url
        == f"{SERVER}/v1/projects/p%201/x%3Fy%23z:predict"
    )
    for value in ("a/../b", "a/%2e%2e/b", "./x"):
        with pytest.raises(RequestError):
            build_request(spec, [Argument("name", "path", value)])


@pytest.mark.parametrize(
    ("path", "arguments", "target"),
    [
        ("/rest?method=find", [], "/rest?method=find"),
        ("/rest?method=find", [Argument("q", "query", 1)], "/rest?method=find&q=1"),
        ("/rest?method=find", [Argument("method", "query", "get")], "/rest?method=get"),
        ("/bucket?acl", [], "/bucket?acl"),
        ("/rest?id={id}&x=1", [Argument("id", "path", "a b")], "/rest?id=a%20b&x=1"),
        ("/rest?customer={id}", [Argument("id", "query", 3)], "/rest?customer=3"),
        ("/rest?customer={id}", [], "/rest"),
        ("/tags/{arn}#keys", [Argument("arn", "path", "a:b")], "/tags/a%3Ab"),
        ("/find{?q,limit}", [Argument("q", None, "x")], "/find?q=x"),
        ("/files{/dir}", [Argument("dir", "path", "etc")], "/files/etc"),
        ("/a b/{x}", [Argument("x", "path", "1")], "/a%20b/1"),
        ("/all/{proxy+}", [Argument("proxy", "path", "a/b")], "/all/a/b"),
        ("/all/{rest:.*}", [Argument("rest", "path", "a/b")], "/all/a%2Fb"),
        ("things", [], "/things"),
    ],
)
def test_path_keys_beyond_the_specification(path, arguments, target):
    assert build_request(operation(path), arguments).url == SERVER + target


def test_parameters_without_place_are_found_by_name():
    spec = operation(
        "/pets/{id}", parameters=[parameter("id", "path"), parameter("q", "query"), parameter("X-Trace", "header")]
    )
    request = build_request(spec, [Argument("id", None, 1), Argument("q", None, 2), Argument("x-trace", None, 3)])
    assert request.url == f"{SERVER}/pets/1?q=2"
    assert dict(request.headers)["X-Trace"] == "3"
    with pytest.raises(RequestError, match="parameter 'nope' says no place"):
        build_request(spec, [Argument("id", None, 1), Argument("nope", None, 2)])


def test_undeclared_parameters_are_sent_where_the_document_says():
    request = build_request(
        operation(),
        [
            Argument("q", "query", ["a", "b"]),
            Argument("X-Key", "header", True),
            Argument("session", "cookie", "ab=="),
            Argument("filter[name]", "query", "x"),
        ],
    )
    assert request.url == f"{SERVER}/things?q=a&q=b&filter%5Bname%5D=x"
    assert request.headers[1:] == (("X-Key", "true"), ("Cookie", "session=ab=="))


def test_the_later_of_two_arguments_wins_and_an_absent_one_removes():
    arguments = [
        Argument("q", "query", 1),
        Argument("q", "query", 2),
        Argument("X-A", "header", 1),
        Argument("x-a", "header", ABSENT),
    ]
    request = build_request(operation(), arguments)
    assert request.url == f"{SERVER}/things?q=2"
    assert [name for name, _ in request.headers] == ["Accept"]


def test_headers_that_openapi_ignores_are_sent():
    sent = headers_of(Argument("Authorization", "header", "Bearer t"), Argument("accept", "header", "text/csv"))
    assert sent == {"Authorization": "Bearer t", "accept": "text/csv"}


def test_content_type_parameter_names_the_body_type():
    spec = operation(method="post", requestBody=body("application/json"))
    request = build_request(spec, [Argument("Content-Type", "header", "text/plain")], Body(payload="hello"))
    assert dict(request.headers)["Content-Type"] == "text/plain"
    assert request.body == b"hello"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\n", "a\0b", "a\x7f", "日本"])
def test_header_values_that_cannot_be_sent_are_refused_without_showing_them(value):
    with pytest.raises(RequestError, match="header 'X-A' of GET /things") as error:
        headers_of(Argument("X-A", "header", value))
    assert value not in str(error.value)


@pytest.mark.parametrize("name", ["X A", "X:A", "", "X\n"])
def test_header_names_that_http_does_not_have_are_refused(name):
    with pytest.raises(RequestError):
        headers_of(Argument(name, "header", "v"))


@pytest.mark.parametrize("value", ["a; admin=1", "a\r\nb"])
def test_cookie_values_cannot_add_cookies(value):
    with pytest.raises(RequestError):
        headers_of(Argument("session", "cookie", value))


def test_cookies_share_one_header():
    sent = headers_of(Argument("a", "cookie", 1), Argument("Cookie", "header", "z=0"), Argument("b", "cookie", 2))
    assert sent["Cookie"] == "z=0; a=1; b=2"


@pytest.mark.parametrize(
    ("types", "accept"),
    [
        (["text/csv", "application/json"], "application/json, */*;q=0.5"),
        (["text/csv", "application/vnd.x+json"], "application/vnd.x+json, */*;q=0.5"),
        (["text/csv"], "text/csv, */*;q=0.5"),
        (["*/*"], "application/json, */*;q=0.5"),
        ([], "application/json, */*;q=0.5"),
    ],
)
def test_accept(types, accept):
    responses = {"200": {"content": {name: {} for name in types}}, "404": {"content": {"application/problem+json": {}}}}
    assert headers_of(responses=responses)["Accept"] == accept


QUERYSTRING = {"name": "all", "in": "querystring"}


@pytest.mark.parametrize(
    ("content_type", "value", "query"),
    [
        ("application/x-www-form-urlencoded", "filter=active&sort=desc", "filter=active&sort=desc"),
        ("application/x-www-form-urlencoded", "?a=b c&d=é%20#x", "a=b%20c&d=%C3%A9%20%23x"),
        ("application/x-www-form-urlencoded", {"a": [1, 2], "b": "x y", "c": None}, "a=1&a=2&b=x+y"),
        ("application/json", '{"a":"b&c"}', "%7B%22a%22%3A%22b%26c%22%7D"),
        ("application/json", {"a": 1}, "%7B%22a%22%3A1%7D"),
    ],
)
def test_querystring(content_type, value, query):
    spec = operation(parameters=[{**QUERYSTRING, "content": {content_type: {}}}])
    assert build_request(spec, [Argument("all", "querystring", value)]).url == f"{SERVER}/things?{query}"


def test_querystring_values_are_known_to_expressions():
    request = build_request(operation(), [Argument("all", "querystring", "a=1&b=x%20y")])
    assert request.query == {"a": "1", "b": "x y"}


def servers(*levels, uri="", **arguments):
    root, path, own = (*levels, None, None)[:3]
    item = {"get": {"operationId": "it", **({"servers": own} if own else {})}, **({"servers": path} if path else {})}
    description = describe({"paths": {"/x": item}, **({"servers": root} if root else {})}, uri=uri)
    return build_request(find_operation("it", None, {"api": description}), **arguments).url


VARIABLES = {
    "host": {"default": "eu.example.com", "enum": ["eu.example.com", "us.example.com"]},
    "port": {"default": 8443},
}
TEMPLATE = [{"url": "https://{host}:{port}/api/", "variables": VARIABLES}, {"url": "https://other"}]


def test_the_nearest_level_of_servers_counts():
    root, path, own = [{"url": "https://root"}], [{"url": "https://path"}], [{"url": "https://own/"}]
    assert servers(root) == "https://root/x"
    assert servers(root, path) == "https://path/x"
    assert servers(root, path, own) == "https://own/x"


def test_server_variables():
    assert servers(TEMPLATE) == "https://eu.example.com:8443/api/x"
    chosen = servers(TEMPLATE, server_variables={"host": "us.example.com", "port": 1, "unknown": "x"})
    assert chosen == "https://us.example.com:1/api/x"
    with pytest.raises(RequestError, match=r"must be one of: eu\.example\.com, us\.example\.com"):
        servers(TEMPLATE, server_variables={"host": "evil.example.com"})
    with pytest.raises(RequestError, match="variable 'tenant'"):
        servers([{"url": "https://{tenant}"}])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/v2", "https://docs.example.com/v2/x"),
        ("v2/", "https://docs.example.com/specs/v2/x"),
        (None, "https://docs.example.com/x"),
    ],
)
def test_relative_servers_start_from_the_url_of_the_description(url, expected):
    given = [{"url": url}] if url else None
    assert servers(given, uri="https://docs.example.com/specs/api.yaml") == expected


@pytest.mark.parametrize("given", [None, [{"url": "/v2"}], [{"url": "ftp://x"}]])
def test_a_description_from_a_file_needs_an_absolute_server(given):
    with pytest.raises(RequestError, match="not an absolute URL"):
        servers(given, uri="/srv/api.yaml")
    assert (
        servers(given, uri="/srv/api.yaml", server_url="http://localhost:8080/base/") == "http://localhost:8080/base/x"
    )


def test_operation_survives_json():
    spec = operation("/p/{id}", "post", parameters=[parameter("id", "path")], requestBody=body("text/plain"))
    assert Operation.model_validate_json(spec.model_dump_json()) == spec
    assert Operation.model_validate(spec.model_dump(by_alias=True)) == spec


def test_a_number_that_json_does_not_have_is_refused():
    with pytest.raises(RequestError, match="cannot be written"):
        build_request(operation(), [Argument("q", "query", float("nan"))])


@pytest.mark.parametrize("declared", ["Key+", "Key"])
@pytest.mark.parametrize("given", ["Key+", "Key"])
def test_a_path_parameter_is_found_by_its_declared_name_first(declared, given):
    spec = operation("/{Bucket}/{Key+}", parameters=[parameter("Bucket", "path"), parameter(declared, "path")])
    request = build_request(spec, [Argument("Bucket", "path", "b"), Argument(given, "path", "a/c d")])
    assert request.url == f"{SERVER}/b/a/c%20d"
    assert request.path == {"Bucket": "b", declared: "a/c d"}


def test_the_declared_name_decides_without_a_place_too():
    spec = operation("/{Key+}", parameters=[parameter("Key+", "path", allowReserved=True)])
    assert build_request(spec, [Argument("Key+", None, "a/b")]).url == f"{SERVER}/a/b"


@pytest.mark.parametrize("url", ["http://h/v1#x", "http://h/#", "https://h#/v1"])
def test_a_server_with_a_fragment_would_swallow_the_path(url):
    with pytest.raises(RequestError, match="fragment"):
        build_request(operation("/pets", document_servers=[{"url": url}]))
    with pytest.raises(RequestError, match="fragment"):
        build_request(operation("/pets"), server_url=url)


def test_the_query_of_a_server_comes_behind_the_path():
    spec = operation("/pets", document_servers=[{"url": "http://h/v1?key=1"}])
    assert build_request(spec).url == "http://h/v1/pets?key=1"


@pytest.mark.parametrize("url", ["http://h/a b", "http://h/é"])
def test_a_server_with_what_a_url_does_not_hold_is_refused_before_it_is_called(url):
    with pytest.raises(RequestError, match="percent-encoded in a URL"):
        build_request(operation("/pets", document_servers=[{"url": url}]))


@pytest.mark.parametrize("url", ["/v1", "v1", "http:///v1", "http://:80/v1", "ftp://h/v1"])
def test_a_server_without_a_host_is_none(url):
    with pytest.raises(RequestError, match="not an absolute URL"):
        build_request(operation("/pets", document_servers=[{"url": url}]))
