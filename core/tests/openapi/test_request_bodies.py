"""Payloads as bytes, by content type."""

import json
from email import message_from_bytes
from email.policy import HTTP
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest
from apidoc import body, operation
from hypothesis import given
from hypothesis import strategies as st

from arazzo.absent import ABSENT
from arazzo.errors import RequestError
from arazzo.openapi.bodies import Body
from arazzo.openapi.request_building import Argument, build_request

FORM = "application/x-www-form-urlencoded"
TEMPLATE = '{\n  "petId": "7",\n  "quantity": 2\n}\n'


def sent(payload, content_type=None, request_body=None):
    spec = operation(method="post", **({"requestBody": request_body} if request_body else {}))
    return build_request(spec, (), Body(content_type, payload))


def content_type_of(request):
    return dict(request.headers).get("Content-Type")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/vnd.x+json", "application/json; charset=utf-8"]
)
def test_json(content_type):
    request = sent({"a": [1, None, "é"], "b": True}, content_type)
    assert request.body == '{"a":[1,null,"é"],"b":true}'.encode()
    assert content_type_of(request) == content_type
    assert request.content == {"a": [1, None, "é"], "b": True}


def test_json_text_is_sent_as_it_is_and_known_as_a_value():
    request = sent(TEMPLATE, "application/json")
    assert request.body == TEMPLATE.encode()
    assert request.content == {"petId": "7", "quantity": 2}


@pytest.mark.parametrize(
    ("payload", "schema", "expected"),
    [
        ("hello", {}, b'"hello"'),
        ("5", {}, b'"5"'),
        ("5", {"type": "string"}, b'"5"'),
        ('"5"', {"type": "string"}, b'"5"'),
        ("{broken", {}, b"{broken"),
        ('{"a":1}\n{"b":2}', {}, b'{"a":1}\n{"b":2}'),
        (None, {}, b"null"),
        (7, {}, b"7"),
    ],
)
def test_json_scalars(payload, schema, expected):
    assert sent(payload, None, body("application/json", schema)).body == expected


@pytest.mark.parametrize("payload", [float("nan"), {"a": [float("inf")]}])
def test_what_json_cannot_say_is_refused(payload):
    with pytest.raises(RequestError, match="cannot be written as application/json"):
        sent(payload, "application/json")


def test_no_payload_is_no_body():
    request = sent(ABSENT, "application/json")
    assert (request.body, request.content, content_type_of(request)) == (None, ABSENT, None)


@pytest.mark.parametrize(
    ("declared", "payload", "expected"),
    [
        (["text/plain", "application/json"], "x", "application/json"),
        (["text/plain", "application/vnd.x+json"], {}, "application/vnd.x+json"),
        (["text/csv", "text/plain"], "a,b", "text/csv"),
        (["*/*"], {}, "application/json"),
        ([], {"a": 1}, "application/json"),
        ([], '{"a": 1}', "application/json"),
        ([], "hello", "text/plain; charset=utf-8"),
        ([], b"\xff", "application/octet-stream"),
    ],
)
def test_content_type_comes_from_the_operation(declared, payload, expected):
    request = sent(payload, None, {"content": {name: {} for name in declared}} if declared else None)
    assert content_type_of(request) == expected


def form(payload, schema=True, **media):
    return sent(payload, FORM, body(FORM, schema, **media)).body.decode()


OBJECT = {"type": "object"}


@pytest.mark.parametrize(
    ("payload", "schema", "text"),
    [
        ({"a": "x y&z", "b": True, "c": 1, "d": None}, True, "a=x+y%26z&b=true&c=1"),
        ({"a": ["x", "y", None]}, True, "a=x&a=y"),
        ({"a": []}, True, ""),
        ({"user[name]": "é"}, True, "user%5Bname%5D=%C3%A9"),
        ({"a": {"b": {"c": 1}, "d": [1, 2]}}, True, "a%5Bb%5D%5Bc%5D=1&a%5Bd%5D%5B0%5D=1&a%5Bd%5D%5B1%5D=2"),
        ({"a": {"b": 1}}, {"properties": {"a": OBJECT}}, "a=%7B%22b%22%3A1%7D"),
        ({"n": 2.0}, {"properties": {"n": {"type": "integer"}}}, "n=2"),
        ("a=1&b={x}\n", True, "a=1&b={x}"),
    ],
)
def test_form(payload, schema, text):
    assert form(payload, schema) == text


@pytest.mark.parametrize(
    ("encoding", "value", "text"),
    [
        ({"style": "deepObject", "explode": True}, {"b": [1], "c": 2}, "a%5Bb%5D%5B0%5D=1&a%5Bc%5D=2"),
        ({"style": "pipeDelimited"}, [1, 2], "a=1%7C2"),
        ({"style": "spaceDelimited"}, [1, 2], "a=1+2"),
        ({"explode": False}, [1, 2], "a=1,2"),
        ({"explode": True}, {"b": 1}, "b=1"),
        ({"contentType": "application/json"}, [1, {"b": 2}], "a=%5B1%2C%7B%22b%22%3A2%7D%5D"),
        ({"contentType": "text/plain"}, "x", "a=x"),
    ],
)
def test_form_encoding_objects(encoding, value, text):
    assert form({"a": value}, {"properties": {"a": {}}}, encoding={"a": encoding}) == text


@given(st.dictionaries(st.text(), st.text(), max_size=5))
def test_form_reads_back(payload):
    assert dict(parse_qsl(form(payload), keep_blank_values=True, strict_parsing=bool(payload))) == payload


def parts_of(request):
    head = b"Content-Type: " + content_type_of(request).encode() + b"\r\n\r\n"
    return list(message_from_bytes(head + request.body, policy=HTTP).iter_parts())


def multipart(payload, schema=True, **media):
    return sent(payload, "multipart/form-data", body("multipart/form-data", schema, **media))


def test_multipart_parts():
    schema = {
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "meta": {"type": "object"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "icon": {"type": "string", "contentMediaType": "image/png"},
        }
    }
    payload = {
        "file": "héllo",
        "meta": {"a": 1},
        "tags": ["x", "y"],
        "n": 5,
        "none": None,
        "icon": "data:image/png;base64,iVA=",
    }
    found = [
        (part["Content-Disposition"], part.get("Content-Type"), part.get_payload(decode=True))
        for part in parts_of(multipart(payload, schema))
    ]
    assert found == [
        ('form-data; name="file"; filename="file"', "application/octet-stream", "héllo".encode()),
        ('form-data; name="meta"', "application/json", b'{"a":1}'),
        ('form-data; name="tags"', None, b"x"),
        ('form-data; name="tags"', None, b"y"),
        ('form-data; name="n"', None, b"5"),
        ('form-data; name="icon"; filename="icon"', "image/png", b"\x89P"),
    ]


@pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/related"])
def test_a_part_without_headers_begins_after_one_blank_line(kind):
    request = sent({"a": "x", "b": {"c": 1}}, kind)
    first, second = parts_of(request)
    assert (first.items(), first.get_payload(decode=True)) == ([], b"x")
    assert (second.items(), second.get_payload(decode=True)) == ([("Content-Type", "application/json")], b'{"c":1}')


def test_multipart_file_with_a_name_and_an_encoding_object():
    schema = {"properties": {"file": {"format": "binary"}}}
    value = {"content": "a,b", "filename": 'q"1".csv', "contentType": "text/csv"}
    (part,) = parts_of(multipart({"file": value}, schema))
    assert part["Content-Disposition"].startswith('form-data; name="file"; filename="q%221%22.csv"')
    assert part["Content-Type"] == "text/csv"
    (part,) = parts_of(multipart({"file": "x"}, schema, encoding={"file": {"contentType": "image/png, image/jpeg"}}))
    assert part["Content-Type"] == "image/png"


def test_a_multipart_part_that_is_encoded_as_xml_is_xml():
    encoding = {"pet": {"contentType": "application/xml"}}
    schema = {"properties": {"pet": {"type": "object", "xml": {"name": "Pet"}}}}
    (part,) = parts_of(multipart({"pet": {"id": 1}}, schema, encoding=encoding))
    assert part["Content-Type"] == "application/xml"
    assert part.get_payload().endswith("<Pet><id>1</id></Pet>")


def test_multipart_is_the_same_each_time_and_its_boundary_is_not_in_the_content():
    first = multipart({"file": b"\x00\xff\r\n--x"})
    assert first == multipart({"file": b"\x00\xff\r\n--x"})
    boundary = content_type_of(first).partition("boundary=")[2]
    again = multipart({"a": boundary})
    assert boundary != content_type_of(again).partition("boundary=")[2]


def test_multipart_names_cannot_add_headers():
    (part,) = parts_of(multipart({'a"\r\nX-Evil: 1': "v"}))
    assert part["X-Evil"] is None
    for payload in ({"a\0": "v"}, {"a": {"content": "v", "filename": "\x1b[2J"}}):
        with pytest.raises(RequestError, match="the name of a part holds a control character"):
            multipart(payload)


@pytest.mark.parametrize("payload", ["text", [1], 5])
def test_multipart_needs_an_object(payload):
    with pytest.raises(RequestError, match="multipart body needs an object"):
        multipart(payload)


PET = {
    "type": "object",
    "xml": {"name": "pet", "namespace": "urn:pets", "prefix": "p"},
    "properties": {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "tags": {"type": "array", "xml": {"wrapped": True, "name": "labels"}, "items": {"xml": {"name": "label"}}},
        "photo": {"type": "array", "items": {"type": "string"}},
    },
}


def test_xml_by_the_names_of_the_schema():
    payload = {"id": 7, "name": "a<b", "tags": ["x", "y"], "photo": ["1", "2"]}
    request = sent(payload, "application/xml", body("application/xml", PET))
    root = ElementTree.fromstring(request.body)
    assert (root.tag, root.attrib) == ("{urn:pets}pet", {"id": "7"})
    assert [(child.tag, child.text) for child in root] == [
        ("name", "a<b"),
        ("labels", None),
        ("photo", "1"),
        ("photo", "2"),
    ]
    assert [label.text for label in root.iter("label")] == ["x", "y"]


def test_xml_without_schema_takes_the_only_member_as_root():
    assert sent({"a": {"b": True}}, "text/xml").body.endswith(b"<a><b>true</b></a>")
    with pytest.raises(RequestError, match="one root element"):
        sent({"a": 1, "b": 2}, "text/xml")
    with pytest.raises(RequestError, match="not a valid name of an XML element"):
        sent({"a": {"b c": 1}}, "text/xml")


@pytest.mark.parametrize(
    ("content_type", "payload", "expected"),
    [
        ("application/xml", "<a>\n</a>", b"<a>\n</a>"),
        ("text/plain", "é", "é".encode()),
        ("text/plain; charset=iso-8859-1", "é", b"\xe9"),
        ("text/plain", 5, b"5"),
        ("text/plain", {"a": 1}, b'{"a":1}'),
        ("text/plain", "data:text/plain,x", b"data:text/plain,x"),
        ("application/octet-stream", "plain", b"plain"),
        ("application/octet-stream", {"a": 1}, b'{"a":1}'),
        ("application/octet-stream", "data:application/pdf;base64,/wA=", b"\xff\x00"),
        ("image/png", "data:,a%20b", b"a b"),
        ("text/csv", [["a", 1], ["b,c", None]], b'a,1\r\n"b,c",\r\n'),
        ("text/csv", [{"x": 1, "y": 2}, {"y": 3}], b"x,y\r\n1,2\r\n,3\r\n"),
        ("application/x-ndjson", [{"a": 1}, 2], b'{"a":1}\n2\n'),
        ("application/x-ndjson", '{"a":1}\n', b'{"a":1}\n'),
    ],
)
def test_other_types(content_type, payload, expected):
    assert sent(payload, content_type).body == expected


@pytest.mark.parametrize(
    ("content_type", "payload"),
    [
        ("text/plain; charset=ascii", "é"),
        ("text/plain; charset=nope", "x"),
        ("image/png", "data:;base64,!"),
        (FORM, [1]),
    ],
)
def test_what_cannot_be_written_is_refused(content_type, payload):
    with pytest.raises(RequestError, match="cannot be written"):
        sent(payload, content_type)


def test_a_refusal_shows_no_value():
    with pytest.raises(RequestError) as error:
        sent({"secret": {"x y": "hunter2"}}, "text/xml")
    assert "hunter2" not in str(error.value)


def test_body_parameters_make_a_payload():
    spec = operation(method="post", requestBody=body("application/json", {"properties": {"meta": {}}}))
    whole = build_request(spec, [Argument("anything", "body", {"a": 1})])
    members = build_request(
        spec, [Argument("a", "body", 1), Argument("b", "body", ABSENT), Argument("c", "body", None)]
    )
    member = build_request(spec, [Argument("meta", "body", {"a": 1})])
    assert [json.loads(request.body) for request in (whole, members, member)] == [
        {"a": 1},
        {"a": 1, "c": None},
        {"meta": {"a": 1}},
    ]


PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    payload=PAYLOADS,
    content_type=st.sampled_from(
        [
            "application/json",
            FORM,
            "multipart/form-data",
            "multipart/mixed",
            "application/xml",
            "text/csv",
            "text/plain",
            "image/png",
        ]
    ),
)
def test_any_payload_is_written_or_refused(payload, content_type):
    try:
        request = sent(payload, content_type)
    except RequestError:
        return
    assert isinstance(request.body, bytes) or payload is None  # which is no body where there is no null


@pytest.mark.parametrize("declared", [["image/*"], ["*/*"], ["image/gif", "image/png"], ["text/plain", "image/*"]])
def test_a_data_url_that_the_operation_takes_is_sent_as_its_bytes(declared):
    taken = {"content": {name: {"schema": {}} for name in declared}}
    request = sent("data:image/png;base64,iVA=", None, taken)
    assert (request.body, content_type_of(request)) == (b"\x89P", "image/png")


@pytest.mark.parametrize("declared", [["application/json", "image/*"], ["text/plain"], []])
def test_a_data_url_that_it_does_not_take_is_text(declared):
    taken = {"content": {name: {"schema": {}} for name in declared}}
    assert b"data:image/png" in sent("data:image/png;base64,iVA=", None, taken).body


def test_a_broken_data_url_is_refused_before_its_type_is_known():
    with pytest.raises(RequestError, match="base64"):
        sent("data:image/png;base64,!", None, {"content": {"image/*": {"schema": {}}}})


def test_a_part_that_is_encoded_as_an_image_takes_a_data_url():
    schema = {"type": "object", "properties": {"icon": {"type": "string"}}}
    taken = body("multipart/form-data", schema, encoding={"icon": {"contentType": "image/*"}})
    assert b"\x89P" in sent({"icon": "data:image/png;base64,iVA="}, None, taken).body
