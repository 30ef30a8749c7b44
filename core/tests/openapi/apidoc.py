"""API descriptions as literals, for the tests of this folder."""

import json
from typing import Any

from arazzo.openapi.description import Description
from arazzo.openapi.operation import Operation
from arazzo.openapi.operation_lookup import find_operation
from arazzo.openapi.sources import load_description
from arazzo.source.text import parse_source

SERVER = "https://api.example.com/v1"


def describe(document: dict[str, Any], *, name: str = "api", uri: str = "") -> Description:
    """Return a description from its JSON value."""
    whole = document if {"openapi", "swagger"} & document.keys() else {"openapi": "3.1.0", **document}
    return load_description(parse_source(json.dumps(whole), f"{name}.json", uri), name)


def operation(path: str = "/things", method: str = "get", **fields: Any) -> Operation:
    """Return one operation of a description that has nothing else; ``document_`` fields go to the description."""
    document = {key.removeprefix("document_"): fields.pop(key) for key in list(fields) if key.startswith("document_")}
    description = describe(
        {
            "servers": [{"url": SERVER}],
            "paths": {path: {method: {"operationId": "it", **fields}}},
            **document,
        }
    )
    return find_operation("it", None, {"api": description})


def parameter(name: str, location: str, **fields: Any) -> dict[str, Any]:
    """Return a Parameter Object."""
    return {"name": name, "in": location, "required": location == "path", "schema": {}, **fields}


def body(content_type: str, schema: Any = True, **media: Any) -> dict[str, Any]:
    """Return a Request Body Object with one media type."""
    return {"content": {content_type: {"schema": schema, **media}}}
