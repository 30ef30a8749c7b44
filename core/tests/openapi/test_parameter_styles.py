"""The table of style examples of the OpenAPI Specification, and what documents pass beside it."""

from urllib.parse import unquote, urlsplit

import pytest
from apidoc import SERVER, operation, parameter
from hypothesis import given
from hypothesis import strategies as st

from arazzo.errors import RequestError
from arazzo.openapi.operation import ParameterSpec
from arazzo.openapi.parameters import path_text
from arazzo.openapi.request_building import Argument, build_request

EMPTY, STRING, ARRAY, OBJECT = "", "blue", ["blue", "black", "brown"], {"R": 100, "G": 200, "B": 150}

# OpenAPI 3.1.1, Style Examples
PATH_STYLES = [
    ("matrix", False, [";color", ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"]),
    ("matrix", True, [";color", ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"]),
    ("label", False, [".", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"]),
    ("label", True, [".", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"]),
    ("simple", False, ["", "blue", "blue,black,brown", "R,100,G,200,B,150"]),
    ("simple", True, ["", "blue", "blue,black,brown", "R=100,G=200,B=150"]),
]
QUERY_STYLES = [
    ("form", False, ["color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"]),
    ("form", True, ["color=", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"]),
    (
        "spaceDelimited",
        False,
        [None, None, "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"],
    ),
    ("pipeDelimited", False, [None, None, "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"]),
    ("deepObject", True, [None, None, None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"]),
]
# OpenAPI 3.2.0, the rows that 3.1.1 does not have
COOKIE_STYLES = [
    ("cookie", False, ["color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"]),
    ("cookie", True, ["color=", "color=blue", "color=blue; color=black; color=brown", "R=100; G=200; B=150"]),
]


def rows(table):
    values = (EMPTY, STRING, ARRAY, OBJECT)
    return [
        pytest.param(style, explode, value, text, id=f"{style}-{explode}-{type(value).__name__}-{value!r:.6}")
        for style, explode, texts in table
        for value, text in zip(values, texts, strict=True)
        if text is not None
    ]


def query_of(url: str) -> str:
    return urlsplit(url).query


def sent(location: str, value, **fields):
    path = "/things/{color}" if location == "path" else "/things"
    return build_request(
        operation(path, parameters=[parameter("color", location, **fields)]), [Argument("color", location, value)]
    )


@pytest.mark.parametrize(("style", "explode", "value", "text"), rows(PATH_STYLES))
def test_path_styles(style, explode, value, text):
    spec = ParameterSpec(name="color", location="path", style=style, explode=explode)
    assert path_text(spec, value) == text


@pytest.mark.parametrize(("style", "explode", "value", "text"), rows(QUERY_STYLES))
def test_query_styles(style, explode, value, text):
    assert query_of(sent("query", value, style=style, explode=explode).url) == text


@pytest.mark.parametrize(("style", "explode", "value", "text"), rows([PATH_STYLES[4], PATH_STYLES[5]]))
def test_header_style(style, explode, value, text):
    assert dict(sent("header", value, style=style, explode=explode).headers)["color"] == text


@pytest.mark.parametrize(("style", "explode", "value", "text"), rows(COOKIE_STYLES))
def test_cookie_style(style, explode, value, text):
    assert dict(sent("cookie", value, style=style, explode=explode).headers)["Cookie"] == text


@pytest.mark.parametrize(
    ("location", "value", "expected"),
    [
        ("query", ARRAY, "color=blue&color=black&color=brown"),
        ("path", ARRAY, "blue,black,brown"),
    ],
)
def test_default_styles(location, value, expected):
    url = sent(location, value).url
    assert (query_of(url) if location == "query" else url.rpartition("/")[2]) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "color=true"),
        (False, "color=false"),
        (0, "color=0"),
        (1.5, "color=1.5"),
        (2.0, "color=2.0"),
        ([True, 1], "color=true&color=1"),
        ([{"a": 1}], "color=%7B%22a%22%3A1%7D"),
        ("a b&c=d+e/é", "color=a%20b%26c%3Dd%2Be%2F%C3%A9"),
        (["x", None], "color=x"),
        ({"R": 1, "G": None}, "R=1"),
    ],
)
def test_scalars_in_a_query(value, text):
    assert query_of(sent("query", value).url) == text


def test_integer_schema_writes_an_integral_number_without_a_point():
    assert query_of(sent("query", 2.0, schema={"type": "integer"}).url) == "color=2"


@pytest.mark.parametrize("value", [None, [], {}, [None], {"R": None}])
@pytest.mark.parametrize("location", ["query", "header", "cookie"])
def test_undefined_values_are_not_sent(location, value):
    request = sent(location, value)
    assert request.url == f"{SERVER}/things"
    assert [name for name, _ in request.headers] == ["Accept"]


def test_deep_object_nests():
    value = {"a": {"b": [1, 2]}, "c": True}
    url = sent("query", value, style="deepObject", explode=True).url
    assert unquote(query_of(url)) == "color[a][b][0]=1&color[a][b][1]=2&color[c]=true"


def test_deep_object_of_an_array_has_indexes():
    assert unquote(query_of(sent("query", ["x", "y"], style="deepObject").url)) == "color[0]=x&color[1]=y"


def test_allow_reserved_keeps_what_a_query_can_hold_and_encoded_triplets():
    url = sent("query", "a/b:c?d=e&f+g#h[i]%20%zz", allowReserved=True).url
    assert query_of(url) == "color=a/b:c?d=e%26f%2Bg%23h%5Bi%5D%20%25zz"


def test_content_parameter_is_json():
    field = {"content": {"application/json": {"schema": {"type": "object"}}}}
    assert (
        unquote(query_of(sent("query", {"lat": 1, "x": ["y z"]}, schema=None, **field).url))
        == 'color={"lat":1,"x":["y z"]}'
    )
    assert dict(sent("header", {"lat": 1}, **field).headers)["color"] == '{"lat":1}'


def test_cookie_in_form_style_is_percent_encoded():
    assert dict(sent("cookie", "a b=;").headers)["Cookie"] == "color=a%20b%3D%3B"


def test_matrix_path_in_its_url():
    assert sent("path", ["a/b", "c"], style="matrix", explode=True).url == f"{SERVER}/things/;color=a%2Fb;color=c"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    value=JSON,
    location=st.sampled_from(["path", "query", "querystring", "header", "cookie"]),
    style=st.sampled_from(
        ["simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject", "cookie", "odd"]
    ),
    explode=st.booleans(),
    reserved=st.booleans(),
)
def test_any_value_is_sent_or_refused(value, location, style, explode, reserved):
    try:
        request = sent(location, value, style=style, explode=explode, allowReserved=reserved)
    except RequestError:
        return
    assert request.url.isascii()
    assert not set(request.url) & set(' "<>\\^`{|}\r\n\t')
    assert urlsplit(request.url).netloc == "api.example.com"
    assert not {".", ".."} & set(urlsplit(request.url).path.split("/"))
    assert all(not set(text) & set("\r\n\0") for _, text in request.headers)


@given(value=st.text(min_size=1))
def test_percent_decoding_the_path_segment_gives_the_value(value):
    segments = [segment.split(";")[0] for segment in value.replace("\\", "/").split("/")]
    refused = value == "." or ".." in segments
    if refused:
        with pytest.raises(RequestError):
            sent("path", value)
    else:
        url = sent("path", value).url
        assert url.startswith(f"{SERVER}/things/")
        segment = url.removeprefix(f"{SERVER}/things/")
        assert "/" not in segment
        assert unquote(segment, errors="strict") == value


@given(value=st.text())
def test_percent_decoding_the_query_gives_the_value(value):
    query = query_of(sent("query", value).url)
    assert unquote(query.removeprefix("color="), errors="strict") == value
