"""A document and an API description each text of which is a template that would show a password if it were rendered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vault import made_up

#: In no file: Airflow stores the code of every DAG, and so each word that is written in a file of tests.
WORD = made_up("-of-", "word")
#: The texts of the document and of the API description.
TEXTS = (
    *("title", "version", "document description", "workflow summary", "workflow description", "input title"),
    *("input description", "input default", "step id", "step description", "parameter", "payload"),
    *("action name", "loop", "criterion", "output"),
    *("doc", "tag", "owner", "asset"),
    *("api title", "operation id", "operation summary", "operation description", "response description", "path"),
)
#: What comes from a run.
VALUES = ("form", "answer", "answer header")


def evil(source: str) -> str:
    """Return a text that says where it is from, and would be another text if it were rendered."""
    return f"{source}={{{{ 6*7 }}}}{{{{ conn.vault.password }}}}"


def rendered(source: str) -> str:
    """Return how the text begins once it has been rendered."""
    return f"{source}=42"


def write(folder: Path, path: str = "hello") -> Path:
    """Write the document and its API description; return the path of the document.

    :param path: of the operation; in one that is evil braces hold parameters, which have no value.
    """
    operation = {
        "operationId": evil("operation id"),
        "summary": evil("operation summary"),
        "description": evil("operation description"),
        "responses": {"200": {"description": evil("response description")}},
    }
    api = {
        "openapi": "3.1.0",
        "info": {"title": evil("api title"), "version": "1"},
        "servers": [{"url": "https://shop.invalid"}],
        "paths": {f"/echo/{path}": {"post": operation}},
    }
    folder.joinpath("shop.json").write_text(json.dumps(api))
    document = folder / "evil.arazzo.json"
    document.write_text(json.dumps(_document(path)))
    return document


def _document(path: str) -> dict[str, Any]:
    reference = "{$sourceDescriptions.shop.url}#/paths/~1echo~1" + path + "/post"
    text = {
        "type": "string",
        "title": evil("input title"),
        "description": evil("input description"),
        "default": evil("input default"),
    }
    first = {
        "stepId": "ask",
        "description": evil("step description"),
        "operationPath": reference,
        "parameters": [{"name": "X-Said", "in": "header", "value": evil("parameter")}],
        "requestBody": {
            "contentType": "application/json",
            "payload": {"literal": evil("payload"), "form": "$inputs.form", "other": "$inputs.other"},
        },
        "onFailure": [{"name": evil("action name"), "type": "goto", "stepId": "mend"}],
        "outputs": {"said": "$response.body#/said", "header": "$response.header.X-Said", evil("output"): "$statusCode"},
    }
    said = {"said": "$steps.ask.outputs.said", "header": "$steps.ask.outputs.header"}
    criteria = [{"condition": f"$statusCode == 202 || $response.body#/said == '{evil('criterion')}'"}]
    loop = {"name": evil("loop"), "type": "goto", "stepId": evil("step id"), "criteria": criteria}
    second = {
        "stepId": evil("step id"),
        "operationPath": reference,
        "requestBody": {"contentType": "application/json", "payload": said},
        "onSuccess": [loop, {"name": "stop", "type": "end"}],
    }
    third = {"stepId": "mend", "operationPath": reference}
    workflow = {
        "workflowId": "work",
        "summary": evil("workflow summary"),
        "description": evil("workflow description"),
        "inputs": {"type": "object", "properties": {"form": {"type": "string"}, "other": text}},
        "steps": [first, second, third],
        "outputs": said,
        "x-airflow": {
            "doc": evil("doc"),
            "tags": [evil("tag")],
            "owner": evil("owner"),
            "outlets": [{"name": evil("asset"), "uri": "x-shop://evil/" + evil("asset")}],
        },
    }
    info = {"title": evil("title"), "version": evil("version"), "description": evil("document description")}
    source = {"name": "shop", "url": "shop.json", "type": "openapi"}
    return {"arazzo": "1.0.1", "info": info, "sourceDescriptions": [source], "workflows": [workflow]}
