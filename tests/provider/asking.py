"""Requests whose security asks for tokens, and what a scripted API was asked."""

from __future__ import annotations

from urllib.parse import parse_qs

from arazzo.exchange import Request

CLIENT = {"client_id": "me", "client_secret": "cs-4711"}


def oauth(api=None, flow="clientCredentials", scopes=(), key="oauth", **urls):
    urls = urls or ({"tokenUrl": f"{api.url}/token"} if api else {})
    return {"key": key, "type": "oauth2", "flows": {flow: urls} if flow else {}, "scopes": list(scopes)}


def asking(api, *schemes, method="GET", path="/x", **fields):
    return Request(
        method=method,
        url=f"{api.url}{path}",
        source="shop",
        template=path,
        security=tuple((scheme,) for scheme in schemes),
        **fields,
    )


def granting(api, *tokens, line="POST /token", **more):
    for token in tokens:
        api.on(line, 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, **more})
    return api


def forms(api, line="POST /token"):
    return [{k: v[0] for k, v in parse_qs(asked.body.decode()).items()} for asked in api.asked if asked.line == line]


def bearers(api, line="GET /x"):
    return [asked.headers.get("Authorization") for asked in api.asked if asked.line == line]
