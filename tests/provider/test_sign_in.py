"""Digest, the signature of AWS and a class of one's own: the same from a worker and from the triggerer."""

from __future__ import annotations

import re

import pytest
from requests.auth import AuthBase, HTTPDigestAuth
from scripted_api import ScriptedApi

from airflow_arazzo import ArazzoHook
from arazzo.exchange import Request

PASSWORD = "hunter2-hunter2"


class Stamp(AuthBase):
    """Signs by a header of its own."""

    def __init__(self, login, password, name="X-Stamp"):
        self.value, self.name = f"{login}/{len(password)}", name

    def __call__(self, request):
        request.headers[self.name] = f"{self.value} {request.method} {request.url.rpartition('/')[2]}"
        return request


class Broken(Stamp):
    """Signs nothing."""

    def __call__(self, request):
        raise ValueError(PASSWORD)


def asking(api, method="GET", path="/a", **more):
    return Request(method, f"{api.url}{path}", source="shop", template=path, **more)


def digest(nonce):
    return {"WWW_Authenticate": f'Digest realm="r", nonce="{nonce}", qop="auth", algorithm=SHA-256'}


def test_a_digest_is_asked_for_once_and_given_with_each_request(shop, sent):
    with ScriptedApi() as api:
        api.on("POST /a", 401, None, **digest("n1")).on("POST /a", 200, {}).on("POST /a", 201, {})
        api.on("POST /a", 401, None, **digest("n2")).on("POST /a", 202, {})
        hook = shop({"auth_type": "digest"}, login="ann", password=PASSWORD)
        answers = sent(hook, *[asking(api, "POST", body=b"{}")] * 3)
        assert [answer.status for answer in answers] == [200, 201, 202]
        given = [asked.headers.get("Authorization", asked.headers.get("authorization", "")) for asked in api.asked]
    assert given[0] == ""
    assert [re.findall(r"nonce=\"(n.)\"|nc=(\d+)", value) for value in given[1:]] == [
        [("n1", ""), ("", "00000001")],
        [("n1", ""), ("", "00000002")],
        [("n1", ""), ("", "00000003")],
        [("n2", ""), ("", "00000001")],
    ]
    assert {asked.body for asked in api.asked} == {b"{}"}
    assert PASSWORD not in str(given)


def test_a_digest_that_is_refused_is_not_tried_for_ever(shop, sent):
    with ScriptedApi() as api:
        api.on("GET /a", 401, None, **digest("n1"))
        (answer,) = sent(shop({"auth_type": "digest"}, login="ann", password=PASSWORD), asking(api))
        assert (answer.status, answer.hint) == (401, "the server has refused the digest of this login and password")
        assert len(api.asked) == 2


def test_the_signature_of_aws_is_on_what_arrives(shop, sent):
    options = {"region": "eu-west-1", "service": "execute-api", "session_token": "temporary-1"}
    with ScriptedApi() as api:
        api.on("GET /a?b=1", 200, {})
        hook = shop({"auth_type": "aws-sigv4", "secret_auth_options": options}, login="AKID", password=PASSWORD)
        (answer,) = sent(hook, asking(api, path="/a?b=1"))
        headers = {name.lower(): value for name, value in api.asked[0].headers.items()}
    assert answer.status == 200
    date = headers["x-amz-date"]
    assert headers["authorization"].startswith(
        f"AWS4-HMAC-SHA256 Credential=AKID/{date[:8]}/eu-west-1/execute-api/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="
    )
    assert headers["x-amz-security-token"] == "temporary-1"
    assert PASSWORD not in str(headers)


def test_a_class_of_ones_own_signs(shop, sent):
    with ScriptedApi() as api:
        api.on("GET /a", 200, {})
        extra = {
            "auth_type": f"{__name__}.Stamp",
            "secret_auth_options": {"name": "X-Mine"},
            "headers": {"X-Tenant": "t"},
        }
        (answer,) = sent(shop(extra, login="ann", password=PASSWORD), asking(api))
        headers = {name.lower(): value for name, value in api.asked[0].headers.items()}
    assert (answer.status, headers["x-mine"], headers["x-tenant"]) == (200, "ann/15 GET a", "t")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (f"{__name__}.Broken", "has failed: ValueError; nothing was sent"),
        ("requests.auth.HTTPDigestAuth", "cannot sign the request: it looks at answers, which is not supported"),
    ],
)
def test_a_class_that_does_not_sign_sends_nothing_and_tells_no_secret(shop, sent, kind, said):
    with ScriptedApi() as api:
        with pytest.raises(Exception, match=re.escape(said)) as error:
            sent(shop({"auth_type": kind}, login="ann", password=PASSWORD), asking(api))
        assert api.asked == []
    assert PASSWORD not in str(error.value)


def test_an_authorization_of_the_document_wins(shop, sent):
    with ScriptedApi() as api:
        api.on("GET /a", 200, {})
        hook = shop({"auth_type": "aws-sigv4"}, login="AKID", password=PASSWORD)
        sent(hook, asking(api, headers=(("Authorization", "Mine"),)))
        headers = {name.lower(): value for name, value in api.asked[0].headers.items()}
    assert headers["authorization"] == "Mine"


def test_a_session_of_the_hook_signs_too(shop):
    shop({"auth_type": "digest"}, login="ann", password=PASSWORD)
    digesting = ArazzoHook("shop").get_conn()
    assert isinstance(digesting.auth, HTTPDigestAuth)
    with ScriptedApi() as api:
        api.on("GET /a", 200, {})
        shop({"auth_type": "aws-sigv4"}, login="AKID", password=PASSWORD)
        ArazzoHook("shop").get_conn().get(f"{api.url}/a", timeout=5)
        headers = {name.lower(): value for name, value in api.asked[0].headers.items()}
    assert "Credential=AKID/" in headers["authorization"]
