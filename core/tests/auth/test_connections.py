"""Connections as URIs and JSON: read as Airflow reads them."""

from __future__ import annotations

import pytest

from arazzo.auth.connections import GivenConnection, environment_connection, parse_connection
from arazzo.errors import ConnectionSettingsError

SPELLINGS = {
    "https://bob:p%40ss@api.example.com:8443/v1": GivenConnection(
        "api", "https", "api.example.com", "v1", 8443, "bob", "p@ss"
    ),
    "http://https%3A%2F%2Fapi.example.com": GivenConnection("api", "http", "https://api.example.com"),
    "http://https://api.example.com": GivenConnection("api", "http", "https://api.example.com"),
    "arazzo://:tok@/": GivenConnection("api", "arazzo", password="tok"),
    "arazzo://Api.Example.com/?token=t": GivenConnection("api", "arazzo", "api.example.com", extra='{"token": "t"}'),
    "arazzo://h?__extra__=%7B%22token%22%3A+1%7D": GivenConnection("api", "arazzo", "h", extra='{"token": 1}'),
    "my-type://[::1]:80": GivenConnection("api", "my_type", "::1", port=80),
    '{"conn_type": "arazzo", "host": "h", "port": "81", "extra": {"token": "t"}}': GivenConnection(
        "api", "arazzo", "h", port=81, extra='{"token": "t"}'
    ),
    '{"conn_type": "http", "host": null, "extra": "{}"}': GivenConnection("api", "http", extra="{}"),
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_reads_a_uri_or_json(text):
    assert parse_connection("api", text) == SPELLINGS[text]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s3cret", "neither a URI"),
        ("{s3cret", "is not JSON"),
        ('{"conn_type": "http", "pasword": "s3cret"}', "unknown field 'pasword'; did you mean 'password'"),
        ('{"port": "s3cret"}', "port that is not a number"),
        ("http://h:99999", "port that is not a number below 65536"),
    ],
)
def test_refuses_anything_else_and_shows_no_secret(text, message):
    with pytest.raises(ConnectionSettingsError, match=message) as error:
        parse_connection("api", text)
    assert "connection 'api'" in str(error.value)
    assert "s3cret" not in str(error.value)


def test_the_environment_has_them_in_capitals():
    environment = {"AIRFLOW_CONN_AQUASECURITYAPI": "https://h"}
    assert environment_connection("aquaSecurityApi", environment) == GivenConnection("aquaSecurityApi", "https", "h")
    assert environment_connection("other", environment) is None
