"""From a response's bytes to a value."""

import json

import pytest
from apidoc import operation
from hypothesis import given
from hypothesis import strategies as st

from arazzo.absent import ABSENT, Unreadable
from arazzo.errors import GaveUpError
from arazzo.exact_numbers import Beyond
from arazzo.exchange import Response
from arazzo.expressions.navigation import apply_pointer
from arazzo.limits import limits_set
from arazzo.openapi.bodies import Body
from arazzo.openapi.request_building import build_request
from arazzo.openapi.responses import decode_content


def decoded(body: bytes, content_type: str | None):
    headers = (("content-type", content_type),) if content_type is not None else ()
    return decode_content(Response(200, headers, body))


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("application/json", b'{"a": [1, null]}', {"a": [1, None]}),
        ("Application/JSON; Charset=UTF-8", '"é"'.encode(), "é"),
        ("application/json; charset=iso-8859-1", b'"\xe9"', "é"),
        ("application/json", b"\xef\xbb\xbf[1]", [1]),
        ("application/json", "[1]".encode("utf-16"), [1]),
        ("application/problem+json", b"null", None),
        ("text/json", b"0", 0),
        ("application/json, application/json", b"[1]", [1]),
        ("application/json;charset=iso-8859-1, application/json;charset=iso-8859-1", b'"\xe9"', "é"),
        ("application/json", b"{broken", Unreadable),
        ("application/json", b" ", ABSENT),
        ("application/json", b"[NaN]", Unreadable),
        ("application/json", b"\xff", Unreadable),
        ("application/json; charset=nope", b"{}", Unreadable),
        ("application/json", b"[" * 100_000, Unreadable),
        ("application/json", b"", ABSENT),
        ("application/json", b"[1,]", Unreadable),
        ("application/json", b"1 2", Unreadable),
        ("application/json", b"<html></html>", Unreadable),
        ("application/json", b'{"a": 1', Unreadable),
        ("application/xml", b"<a>", Unreadable),
        ("application/xml", b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"),
        ("application/soap+xml", b" ", ABSENT),
        ("application/x-ndjson", b'{"a":1}\n\n2\n', [{"a": 1}, 2]),
        ("application/jsonl", b"{", Unreadable),
        ("application/jsonl", b"1 2", Unreadable),
        ("application/jsonl", b'"\\ud800"\r\n\t[2] \n', ["\ufffd", [2]]),
        ("application/jsonl", '"\u2028"\n2'.encode("utf-16"), ["\u2028", 2]),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/atom+xml", b"<a/>", "<a/>"),
        ("text/plain", "é".encode(), "é"),
        ("text/plain", b"\xe9", "é"),
        ("text/plain; charset=iso-8859-15", b"\xa4", "€"),
        ("text/html; charset=nope", b"x", "x"),
        ("text/plain", b"\xef\xbb\xbfx", "x"),
        ("text/plain; charset=utf-8", b"\xef\xbb\xbfx", "x"),
        ("text/plain; charset=utf-16le", b"\xff\xfex\x00", "x"),
        ("text/csv", b"a,b", "a,b"),
        ("application/x-www-form-urlencoded", b"a=1", "a=1"),
        ("application/octet-stream", b"\xff\x00", "data:application/octet-stream;base64,/wA="),
        ("image/png; x=y", b"\x89P", "data:image/png;base64,iVA="),
        (None, b'{"a": 1}', {"a": 1}),
        (None, b"hello", "hello"),
        (None, b"\xff", "data:application/octet-stream;base64,/w=="),
        ("", b"[]", []),
        (None, b"", ABSENT),
    ],
)
def test_content(content_type, body, value):
    found = decoded(body, content_type)
    if value is Unreadable:
        assert isinstance(found, Unreadable)
        return
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "aes128gcm"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/pdf"])
def test_a_content_coding_that_nobody_asked_for(coding, content_type):
    headers = (("Content-Type", content_type), ("Content-Encoding", coding))
    found = decode_content(Response(200, headers, b"{}"))
    assert isinstance(found, Unreadable)
    assert "content coding" in found.reason


def test_a_content_coding_that_has_been_undone():
    headers = (("Content-Type", "application/json"), ("Content-Encoding", "gzip, identity"))
    assert decode_content(Response(200, headers, b"{}")) == {}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"[" + b"[]," * 500 + b"[]]"),
        ("application/json", b'["' + b'\\\\","' * 500 + b'"]'),
        ("application/x-ndjson", b"1\n" * 101),
        ("application/x-ndjson", b"[" + b"1," * 500 + b"1]"),
    ],
)
def test_what_would_be_read_for_minutes_is_given_up_by_whoever_looks_into_it(content_type, body):
    with limits_set(json_values=500, json_lines=100):
        found = decoded(body, content_type)
        assert isinstance(found, Beyond)
        with pytest.raises(GaveUpError, match=r"json_(values|lines)"):
            apply_pointer(found, "/0")


def test_commas_in_a_text_are_no_values():
    text = ',[{\\"' * 300
    with limits_set(json_values=500):
        assert decoded(f'["{text}", 1]'.encode(), "application/json")[1] == 1


@given(st.binary(min_size=1))
def test_bytes_come_back_as_they_were(data):
    value = decoded(data, "application/zip")
    request = build_request(operation(method="post"), (), Body("application/zip", value))
    assert request.body == data


@given(
    st.binary(),
    st.sampled_from(["application/json", "text/plain", "application/jsonl", "x/y", "", "application/xml", None]),
)
def test_every_body_is_a_json_value_or_none_that_can_be_had(data, content_type):
    value = decoded(data, content_type)
    assert value is ABSENT or isinstance(value, Unreadable) or json.loads(json.dumps(value)) == value
