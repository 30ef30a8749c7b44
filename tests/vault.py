"""The vault: a workflow whose secrets are random, the API that gives them back in every answer, and a look for them."""

from __future__ import annotations

import base64
import html
import json
import random
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from scripted_api import ScriptedApi

DOCUMENT = Path(__file__).parent / "provider" / "documents" / "vault.arazzo.yaml"
BOUND = ("password", "pin", "vaultSecret", "apiToken", "marked")
OUTPUT = ("token", "cookie", "api_key", "access_token")
CONNECTION = ("login_password", "query_key", "header_key", "cookie_key", "client_secret")
#: Characters that are written differently everywhere.
ALPHABETS = {"plain": "", "reserved": "/+= %&?#", "quoted": "\"'\\<ä€>"}


def made_up(alphabet: str, name: str) -> str:
    """Return a secret of its own for each name: letters around the characters of an alphabet."""
    text = "".join(random.choices(string.ascii_letters + string.digits, k=8))
    return f"{text[:4]}{alphabet}{text[4:]}{name[:2]}"


def random_secrets(alphabet: str) -> dict[str, str]:
    found = {name: made_up(alphabet, name) for name in (*BOUND, *OUTPUT, *CONNECTION)}
    for name in ("cookie", "cookie_key", "header_key", "marked", "token", "access_token"):  # what a header can hold
        found[name] = made_up(alphabet.replace("ä€", "").replace(" ", ""), name)
    return found


def connection(url: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return the connection of the API: a login, API keys in three places, and a client of its OAuth 2.0 server."""
    keys = {"queryKey": secrets["query_key"], "headerKey": secrets["header_key"], "cookieKey": secrets["cookie_key"]}
    oauth = {"client_id": "airflow", "client_secret": secrets["client_secret"], "token_url": f"{url}/token"}
    return {
        "conn_type": "arazzo",
        "host": url,
        "login": "svc",
        "password": secrets["login_password"],
        "extra": json.dumps({"api_keys": keys, "grant_type": "client_credentials", **oauth}),
    }


def answer(api: ScriptedApi, secrets: Mapping[str, str], *, fails: bool = False) -> None:
    """Let an API answer one run, in each answer all secrets that it has by then, under names that say nothing."""
    lines = {
        name: f"you said {'sid=' if name == 'cookie' else ''}{value} or {escaped(value)} or {html.escape(value)}"
        f" or {in_base64(value)}"
        for name, value in secrets.items()
    }
    echo = {f"line_{number}": line for number, line in enumerate(lines.values())} | {"password": secrets["password"]}
    early = {name: line for name, line in echo.items() if line != lines["access_token"]}
    api.on(
        "POST /sessions",
        200,
        {"token": secrets["token"], "session": {"api_key": secrets["api_key"], "user": "bob"}, "echo": early},
        Set_Cookie=f"sid={secrets['cookie']}",
    )
    api.on("POST /token", 200, {"access_token": secrets["access_token"], "token_type": "bearer", "echo": echo})
    api.on("GET /audit", 200, {"echo": echo})
    wrong = {**echo, "password": secrets["token"]}
    last = {"status": "pending", "echo": wrong} if fails else {"status": "done", "echo": echo}
    for status, body in (
        (503, {"echo": early}),
        (201, {"echo": early}),
        (200, {"status": "pending", "echo": echo}),
        (200, last),
    ):
        api.others.append((status, body, {}))


def used(api: ScriptedApi, secrets: Mapping[str, str]) -> None:
    """Assert that every secret has reached the API: only then is it worth looking for."""
    assert api.lines[0] == "POST /sessions"
    assert [line for line in api.lines if line in ("POST /token", "GET /audit")] == ["POST /token", "GET /audit"]
    assert len(api.asked) == 7, api.lines
    signed_in, posted, audited, polled = (api.asked[number] for number in (0, 2, 4, -1))
    assert signed_in.json == {"user": "bob", "password": secrets["password"], "pin": secrets["pin"]}
    assert posted.headers["Authorization"] == f"Bearer {secrets['token']}"
    assert secrets["cookie"] in posted.headers["Cookie"]
    assert all(f"sid={secrets['cookie']}" in asked.headers["Cookie"] for asked in (audited, polled, api.asked[-2]))
    assert posted.headers["X-Marked"] == secrets["marked"]
    assert quote(secrets["apiToken"], safe="") in posted.target
    assert audited.headers["Authorization"] == f"Bearer {secrets['access_token']}"
    assert quote(secrets["vaultSecret"], safe="") in polled.target
    assert quote(secrets["query_key"], safe="") in polled.target
    assert polled.headers["headerKey"] == secrets["header_key"]


def spellings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield escaped(secret)
    yield html.escape(secret)
    yield in_base64(secret)


def escaped(text: str) -> str:
    """Return a text as JSON has it that is written for HTML, by Go, .NET or Gson."""
    return "".join(f"\\u{ord(char):04x}" if char in "<>&='+" else json.dumps(char)[1:-1] for char in text)


def in_base64(text: str) -> str:
    """Return a text as it is sent with somebody's name."""
    return base64.b64encode(f"somebody:{text}".encode()).decode()


def found(text: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of which a spelling is in a text, with what stands around it."""
    return {
        name: text[max(text.index(spelling) - 160, 0) : text.index(spelling) + 80]
        for name, secret in basics(secrets).items()
        for spelling in spellings(secret)
        if spelling in text
    }


def basics(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets, and those that are sent as basic authentication also as they are sent."""
    pairs = {"login_password": ("svc", str), "client_secret": ("airflow", quote_plus)}
    return {
        **secrets,
        **{
            f"basic {name}": base64.b64encode(f"{login}:{spelled(secrets[name])}".encode()).decode()
            for name, (login, spelled) in pairs.items()
            if name in secrets
        },
    }
