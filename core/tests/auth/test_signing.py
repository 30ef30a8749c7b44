"""Signatures as their specifications have them, and what of a connection signs."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from requests.auth import AuthBase

from arazzo.auth.aws_signature import AwsKey, sign
from arazzo.auth.connection_settings import read_connection, secret_texts
from arazzo.auth.digest import answer_to, challenge_of
from arazzo.errors import ConnectionSettingsError
from arazzo.exchange import Request, Response, header

AWS_TIME = 1440938160.0  # 2015-08-30T12:36:00Z


def test_the_signature_of_aws_is_that_of_its_manual():
    url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"
    headers = (("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),)
    key = AwsKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", service="iam")
    signed = sign(Request("GET", url, headers), key, AWS_TIME)
    assert header(signed.headers, "X-Amz-Date") == "20150830T123600Z"
    assert header(signed.headers, "Authorization") == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


@pytest.mark.parametrize(
    ("url", "same_as"),
    [
        ("https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2"),
        ("https://a.example/x?a=%7e", "https://a.example/x?a=~"),
        ("https://a.example", "https://a.example/"),
        ("https://A.Example:443/x", "https://a.example/x"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("https://a.example/a//b/", "https://a.example/a/b/"),
        ("https://a.example/x?a=%e9", "https://a.example/x?a=%E9"),
    ],
)
def test_what_means_the_same_is_signed_alike(url, same_as):
    key = AwsKey("me", "secret")
    signatures = {header(sign(Request("GET", each), key, 1e9).headers, "Authorization") for each in (url, same_as)}
    assert len(signatures) == 1


def test_body_token_and_method_are_signed_and_a_new_signature_replaces_the_old():
    key = AwsKey("me", "secret", service="s3", token="temporary")
    request = sign(Request("PUT", "https://a.example/x", body=b"1"), key, 1e9)
    names = [name for name, _ in request.headers]
    assert names == ["X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Authorization"]
    again = sign(request, key, 1e9)
    assert again.headers == request.headers
    others = [Request("POST", "https://a.example/x", body=b"1"), Request("PUT", "https://a.example/x", body=b"2")]
    values = {header(sign(each, key, 1e9).headers, "Authorization") for each in (request, *others)}
    assert len(values) == 3


RFC_7616 = """Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, \
nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""""


def challenged(*values):
    return challenge_of(Response(401, tuple(("WWW-Authenticate", value) for value in values)))


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_the_digest_is_that_of_rfc_7616(algorithm, response):
    challenge = challenged(RFC_7616.format(algorithm))
    request = Request("GET", "http://www.example.org/dir/index.html")
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    value = answer_to(challenge, request, "Mufasa", "Circle of Life", 1, cnonce)
    assert f'response="{response}"' in value
    assert 'uri="/dir/index.html"' in value
    assert "qop=auth, nc=00000001" in value
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in value


def test_a_server_of_old_has_neither_qop_nor_algorithm():
    challenge = challenged('Digest realm="a", nonce="b"')
    value = answer_to(challenge, Request("GET", "http://a.example/x?y=1"), 'me"', "secret", 1, "c")
    assert value.startswith('Digest username="me\\"", realm="a", nonce="b", uri="/x?y=1", response="')
    assert "cnonce" not in value


@pytest.mark.parametrize(
    ("values", "nonce"),
    [
        ((RFC_7616.format("MD5"), 'Digest realm="b", nonce="strong", algorithm=SHA-256, qop="auth"'), "strong"),
        (('Basic realm="x", Digest realm="a, b", nonce="n", Bearer realm="c"',), "n"),
        (('Digest realm="a", nonce="first", algorithm=SHA-512-256, Digest realm="a", nonce="second"',), "second"),
        (('Digest realm="a", nonce="n", qop="other"',), None),
        (('Digest realm="a"',), None),
        (('Basic realm="x"',), None),
        ((), None),
    ],
)
def test_the_strongest_challenge_that_can_be_met_is(values, nonce):
    challenge = challenged(*values)
    assert (challenge and challenge.nonce) == nonce


# connections


class Stamp(AuthBase):
    """Signs by a header of its own."""

    def __init__(self, login="", password="", name="X-Stamp"):
        self.value, self.name = f"{login}:{password}", name

    def __call__(self, request):
        request.headers[self.name] = self.value
        return request


def connection(extra, **fields):
    given = {"conn_id": "c", "conn_type": "arazzo", "host": "https://a.example", "schema": None, "port": None}
    return SimpleNamespace(**{**given, "login": "me", "password": "hunter2", "extra": json.dumps(extra), **fields})


@pytest.mark.parametrize(
    ("extra", "fields", "said"),
    [
        ({"auth_type": "ntlm"}, {}, "'auth_type' that is not one of digest, aws-sigv4, nor the path of a class"),
        ({"auth_type": "digest"}, {"login": None}, "'auth_type': digest, which needs login and password"),
        ({"auth_type": "aws-sigv4"}, {"password": None}, "needs login and password"),
        (
            {"auth_type": "digest", "secret_auth_options": {"realm": "x"}},
            {},
            "unknown secret_auth_options realm of digest",
        ),
        ({"auth_type": "digest", "token": "x"}, {}, "beside 'token': it can sign in one way"),
        (
            {"auth_type": "company.missing.Auth"},
            {},
            "'company.missing.Auth', which cannot be made",
        ),
        ({"auth_type": "os.getcwd"}, {"login": None}, "cannot be made: TypeError"),
        ({"secret_auth_options": {"region": "x"}}, {}, "'secret_auth_options' without an 'auth_type'"),
    ],
)
def test_a_way_that_cannot_be_is_refused(extra, fields, said):
    with pytest.raises(ConnectionSettingsError, match="connection 'c'") as error:
        read_connection(connection(extra, **fields))
    assert said in str(error.value)
    assert "hunter2" not in str(error.value)


def test_login_and_password_sign_and_are_for_nothing_else():
    options = {"region": "eu-west-1", "session_token": "temporary-1"}
    settings = read_connection(connection({"auth_type": "aws-sigv4", "secret_auth_options": options}))
    assert (settings.credentials.login, settings.credentials.password, settings.grant) == (None, None, None)
    assert {"hunter2", "temporary-1"} <= set(secret_texts(settings))
    assert "eu-west-1" not in set(secret_texts(settings))
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/day=2024-05-22/a.parquet", "/day%3D2024-05-22/a.parquet"),
        ("/a@b:c+d", "/a%40b%3Ac%2Bd"),
        ("/a//b%2fc/caf%C3%A9", "/a//b%2Fc/caf%C3%A9"),
    ],
)
def test_everything_in_the_path_of_an_object_is_encoded_for_its_signature(path, canonical):
    key = AwsKey("me", "secret", service="s3")
    one, other = (sign(Request("GET", f"https://a.example{each}"), key, 1e9).headers for each in (path, canonical))
    assert header(one, "Authorization") == header(other, "Authorization")


def test_a_host_that_the_request_names_itself_is_signed():
    key = AwsKey("me", "secret")
    one = sign(Request("GET", "https://10.0.0.1/x", (("Host", "a.example"),)), key, 1e9)
    other = sign(Request("GET", "https://a.example/x"), key, 1e9)
    assert header(one.headers, "Authorization") == header(other.headers, "Authorization")


@pytest.mark.parametrize(
    ("service", "signature"),
    [
        ("execute-api", "8ff36406c98e2f295ada67c57df10cc3d5c7714130be5459578274e7de2efa7d"),
        ("s3", "75ce899fee7298a1b930fc3218f455e04843ecf549913fafa71fd4b78c0bb6bb"),
    ],
)
def test_a_path_is_signed_as_it_is_sent(service, signature):
    """Of these botocore makes the same."""
    key = AwsKey("AK", "SK", "eu-west-1", service, "t0ken")
    request = Request(
        "POST", "https://a.example:8443/a%20b/c%2Fd?x=1", (("Content-Type", "application/json"),), b'{"a":1}'
    )
    assert (header(sign(request, key, 1.7e9).headers, "Authorization") or "").endswith(f"Signature={signature}")
