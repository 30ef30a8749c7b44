"""What a failure on the way to an API says of the connection, and what to do."""

from __future__ import annotations

import pytest

from arazzo.auth.authorizing import authorized, drive
from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.auth.tokens import Grant
from arazzo.errors import TransportError
from arazzo.exchange import Request

SCHEME = {"key": "machine", "type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token"}}}
REQUEST = Request("GET", "https://shop.example/things", security=((SCHEME,),))
UNTRUSTED = "https://shop.example: certificate verify failed: unable to get local issuer certificate"


def said(settings: ConnectionSettings, token: str = "", answer: str = "") -> str:
    """Return what a failure says, of a token or of the request itself."""

    def refuse(text: str) -> str:
        if not text:
            return "t"
        raise TransportError("token", text)

    with pytest.raises(TransportError) as failed:
        drive(authorized(REQUEST, settings, "connection 'shop'"), lambda _: refuse(token), lambda _: refuse(answer))
    return str(failed.value)


def test_a_refused_token_names_the_connection_whose_credentials_they_were():
    text = said(ConnectionSettings(grant=Grant(client_id="c", client_secret="s")), "no token: status 401")
    assert text == "no token: status 401; nothing else was sent; the credentials are those of connection 'shop'"
    text = said(ConnectionSettings(grant=Grant(client_id="c", client_secret="s")), "no token: Connection refused")
    assert text == "no token: Connection refused; nothing else was sent"


def test_an_unknown_certificate_authority_is_told_with_the_field_that_names_it():
    advice = "; name the file of its certificate authority in 'verify' of connection 'shop'"
    assert said(ConnectionSettings(), answer=UNTRUSTED) == UNTRUSTED + advice
    granted = ConnectionSettings(grant=Grant(client_id="c", client_secret="s"))
    assert said(granted, token=UNTRUSTED) == f"{UNTRUSTED}; nothing else was sent{advice}"
