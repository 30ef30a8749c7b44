"""What a connection says: where the API is, who asks, how to get there; and what cannot be meant."""

from __future__ import annotations

import json

import pytest

from arazzo.auth.connection_settings import read_connection
from arazzo.auth.connections import GivenConnection
from arazzo.errors import ConnectionSettingsError


def connection(extra=None, **fields):
    text = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
    return GivenConnection(**{"conn_id": "api", "conn_type": "arazzo", "extra": text, **fields})


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({}, None),
        ({"host": "api.example.com"}, "https://api.example.com"),
        ({"host": "api.example.com", "schema": "http", "port": 8080}, "http://api.example.com:8080"),
        ({"host": "https://api.example.com/v1/"}, "https://api.example.com/v1"),
        ({"host": "https://api.example.com/v1", "port": 8443}, "https://api.example.com:8443/v1"),
        ({"host": "api.example.com/v1", "port": 8443}, "https://api.example.com:8443/v1"),
        ({"host": "https://api.example.com:1/v1", "port": 2}, "https://api.example.com:1/v1"),
        ({"host": "[::1]", "schema": "http", "port": 80}, "http://[::1]:80"),
        ({"host": "api.example.com", "conn_type": "http"}, "http://api.example.com"),
        ({"host": "https://api.example.com/@me"}, "https://api.example.com/@me"),
        ({"host": "api.example.com", "conn_type": "https"}, "https://api.example.com"),
    ],
)
def test_reads_where_the_api_is(fields, url):
    assert read_connection(connection(**fields)).base_url == url


def test_reads_who_asks():
    settings = read_connection(
        connection(
            {"token": "", "api_keys": {"Key": "k-1"}, "headers": '{"X-Tenant": "t"}', "timeout": None},
            login="bob",
            password="pw",
        )
    )
    credentials = settings.credentials
    assert (credentials.login, credentials.password, credentials.token) == ("bob", "pw", None)
    assert dict(credentials.api_keys) == {"Key": "k-1"}
    assert dict(credentials.headers) == {"X-Tenant": "t"}


def test_headers_of_both_kinds_are_sent_and_masked():
    from arazzo.auth.connection_settings import secret_texts

    extra = {"headers": {"X-Gw": "gateway-1", "Accept": "text/csv"}, "secret_headers": '{"X-Ours": "Scheme gateway-2"}'}
    settings = read_connection(connection(extra))
    assert dict(settings.credentials.headers) == {
        "X-Gw": "gateway-1",
        "Accept": "text/csv",
        "X-Ours": "Scheme gateway-2",
    }
    assert set(secret_texts(settings)) == {"gateway-1", "Scheme gateway-2", "gateway-2"}
    assert set(secret_texts(read_connection(connection({"X-Gw": "gateway-3"}, conn_type="http")))) == {"gateway-3"}


def test_a_password_alone_is_a_token_and_the_extra_comes_first():
    assert read_connection(connection(password="t-1")).credentials.token == "t-1"
    assert read_connection(connection({"token": "t-2"}, password="t-1")).credentials.token == "t-2"


def test_reads_how_to_get_there():
    settings = read_connection(
        connection(
            {
                "verify": "/etc/ca.pem",
                "cert": "/etc/me.pem",
                "key": "/etc/me.key",
                "proxies": "http://proxy:3128",
                "timeout": "7.5",
                "trust_env": "false",
                "max_bytes": 1000,
            }
        )
    )
    assert (settings.verify, settings.cert) == ("/etc/ca.pem", ("/etc/me.pem", "/etc/me.key"))
    assert settings.proxies == {"http": "http://proxy:3128", "https": "http://proxy:3128"}
    assert (settings.timeout, settings.trust_env, settings.max_bytes) == (7.5, False, 1000)
    assert read_connection(connection({"verify": "no"})).verify is False


@pytest.mark.parametrize(
    ("conn_type", "extra", "redirects", "most"),
    [
        ("arazzo", {}, None, None),
        ("arazzo", {"redirects": "follow", "max_redirects": 3}, "follow", 3),
        ("arazzo", {"redirects": "never"}, "never", None),
        ("http", {"allow_redirects": False}, "never", None),
        ("http", {"allow_redirects": "false", "max_redirects": "2"}, "never", 2),
        ("http", {"allow_redirects": True, "auth_type": "basic"}, None, None),
    ],
)
def test_redirects_are_an_extra(conn_type, extra, redirects, most):
    settings = read_connection(connection(extra, conn_type=conn_type))
    assert (settings.redirects, settings.max_redirects) == (redirects, most)
    assert dict(settings.credentials.headers) == {}


def test_extras_of_an_http_connection_are_options_and_headers():
    settings = read_connection(
        connection({"X-Key": "v", "verify_ssl": False, "proxy": {"http": "http://p"}, "stream": True}, conn_type="http")
    )
    assert dict(settings.credentials.headers) == {"X-Key": "v"}
    assert settings.verify is False
    assert settings.proxies == {"http": "http://p"}


@pytest.mark.parametrize(
    ("extra", "fields", "message"),
    [
        ("{oops", {}, "not JSON"),
        ("[1]", {}, "not a JSON object"),
        ({"tokn": "s3cret"}, {}, "unknown extra 'tokn'"),
        ({"timeout": "soon"}, {}, "'timeout' that is not a number"),
        ({"timeout": 0}, {}, "not above zero"),
        ({"timeout": "1e300"}, {}, "not above zero, or above 1000000000"),
        ({"max_bytes": float("inf")}, {}, "'max_bytes' that is not a number"),
        ({"redirects": "no"}, {}, "'redirects' that is neither 'follow' nor 'never'"),
        ({"max_redirects": 0}, {}, "'max_redirects' that is not above zero"),
        ({"max_redirects": "x"}, {"conn_type": "http"}, "'max_redirects' that is not a number"),
        ({"allow_redirects": "x"}, {"conn_type": "http"}, "'allow_redirects' that is neither true nor false"),
        ({"auth_type": "requests.auth.HTTPDigestAuth"}, {"conn_type": "http"}, "'auth_type', which is not used here"),
        ({"auth_type": "bearer"}, {"conn_type": "http"}, "'auth_type', which is not used here"),
        ({"trust_env": "perhaps"}, {}, "neither true nor false"),
        ({"headers": "x"}, {}, "'headers' that is not a JSON object"),
        ({"api_keys": {"a": [1]}}, {}, "not an object of texts"),
        ({"key": "/k"}, {}, "without the 'cert'"),
        ({"srv_lookup": True}, {"conn_type": "http"}, "srv_lookup"),
        (None, {"conn_type": "postgres"}, "'arazzo' or 'http' is needed"),
        ({"timeout": "nan"}, {}, "'timeout' that is not above zero, or above"),
        ({"timeout": "inf"}, {}, "'timeout' that is not above zero, or above"),
        ({"timeout": 1e12}, {}, "'timeout' that is not above zero, or above"),
        ({"timeout": True}, {}, "'timeout' that is not a number"),
        ({"token_url": "https://[bad"}, {}, "'token_url' that is not an http or https URL"),
        ({"token_url": "https://a.test:99999/t"}, {}, "'token_url' that is not an http or https URL"),
        ({"token_url": "https://"}, {}, "'token_url' that is not an http or https URL"),
        ({"token_url": "https://me:s3cret@a.test/t"}, {}, "credentials in its 'token_url'"),
        ({"token": "\ud800s3cret"}, {}, "which is not a character"),
        ({"X-Key": {"a": "s3cret"}}, {"conn_type": "http"}, "'X-Key' that is not text"),
        (None, {"host": "https://a.test?tenant=s3cret"}, "a query or a fragment"),
        (None, {"host": "https://a.test/v1#top"}, "a query or a fragment"),
        (None, {"host": "exa mple"}, "do not make a URL"),
        (None, {"host": "a.test", "port": 70000}, "the port 70000, which is none"),
        (None, {"host": "ftp://x"}, "do not make a URL"),
        (None, {"host": "https://u:s3cret@x"}, "belong in login and password"),
    ],
)
def test_refuses_what_cannot_be_meant_and_shows_no_secret(extra, fields, message):
    with pytest.raises(ConnectionSettingsError, match=message) as error:
        read_connection(connection(extra, **fields))
    assert "connection 'api'" in str(error.value)
    assert "s3cret" not in str(error.value)
