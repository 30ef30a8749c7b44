"""Small documents, one for each object of the specification, and what becomes of them when one place is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_STEP = {"stepId": "a", "operationId": "list"}
STEPS = "/workflows/0/steps"
_VALUES: tuple[Any, ...] = (None, 5, "", "a b", [], {})
_NUMBERS: tuple[Any, ...] = (-1, 1.5)
_OTHER = {"workflowId": "v", "steps": [_STEP]}
_CRITERIA = [{"context": "$response.body", "condition": "$.a", "type": "jsonpath", "x-a": 1}]


@dataclass(frozen=True)
class Changed:
    """A document in which one place was changed.

    :param version: ``1.0`` or ``1.1``.
    :param path: the place, indices as ``#``: ``workflows.#.steps.#.stepId``.
    :param change: what was done: ``= 5``, ``deleted``, ``twice``, ``extra``, ``x-extra``.
    """

    version: str
    path: str
    change: str
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.version} {self.path} {self.change}"


def documents(version: str) -> dict[str, tuple[dict[str, Any], str]]:
    """Return documents that every reader accepts, each with the pointer to the object that it is about."""
    newer = version == "1.1"
    selector = {"context": "$response.body", "selector": "/a", "type": "jsonpointer"}
    described = {"summary": "s", "description": "d", "dependsOn": ["v"], "outputs": {"o": "$url"}}
    reusable = [{"reference": "$components.parameters.p", "value": "1"}]
    parts: dict[str, tuple[dict[str, Any], str]] = {
        "info": (_document(version, info={"title": "t", "version": "1", "summary": "s"}), "/info"),
        "source": (_document(version), "/sourceDescriptions"),
        "workflow": (_workflow(version, **described), "/workflows"),
        "step": (_step(version, description="d", outputs={"o": "$url"}, **({"timeout": 5} if newer else {})), STEPS),
        "call": (_step(version, operationId=None, workflowId="v", parameters=[{"name": "a", "value": "1"}]), STEPS),
        "path": (_step(version, operationId=None, operationPath="{$sourceDescriptions.s.url}#/a"), STEPS),
        "parameters": (_step(version, parameters=[{"name": "a", "in": "query", "value": "1"}]), "/parameters"),
        "reusable": (_step(version, parameters=reusable), "/parameters"),
        "body": (_step(version, requestBody={"contentType": "a/b", "payload": 1, "x-a": 1}), "/requestBody"),
        "criteria": (_step(version, successCriteria=_CRITERIA), "/successCriteria"),
        "success": (_step(version, onSuccess=[{"name": "n", "type": "goto", "stepId": "a"}]), "/onSuccess"),
        "failure": (_failure(version), "/onFailure"),
        "components": (_document(version, components=_components()), "/components"),
    }
    replacement = {"target": "/a", "value": "1", **({"targetSelectorType": "jsonpointer"} if newer else {})}
    parts["replacement"] = (_step(version, requestBody={"replacements": [replacement]}), "/requestBody/replacements")
    if newer:
        versioned = [{"context": "$url", "condition": "/a", "type": {"type": "xpath", "version": "xpath-30"}}]
        parts["type"] = (_step(version, successCriteria=versioned), "/successCriteria/0/type")
        parts["selector"] = (_step(version, outputs={"o": selector}), "/outputs/o")
        parts["after"] = (_two_steps(version), "/workflows/0/steps/1/dependsOn")
        over = {"name": "n", "type": "goto", "workflowId": "v", "parameters": [{"name": "a", "value": "1"}]}
        parts["handover"] = (_step(version, onSuccess=[over]), "/onSuccess")
        parts["message"] = (_message(version), STEPS)
    return parts


def mutations(version: str) -> Iterator[Changed]:
    """Yield every change of every place of those documents."""
    whole = json.dumps(_document(version))
    for way in ((), *((name,) for name in json.loads(whole))):
        for change, changed in _changes(whole, way):
            yield Changed(version, ".".join(way), change, changed)
    for document, pointer in documents(version).values():
        text = json.dumps(document)
        start = _start(document, pointer)
        for way in _ways(_at(document, start), start):
            for change, changed in _changes(text, way):
                yield Changed(version, ".".join("#" if isinstance(t, int) else t for t in way), change, changed)


def _start(document: dict[str, Any], pointer: str) -> tuple[str | int, ...]:
    """Return the way to an object; a pointer into nothing of the document's own is one into its only step."""
    tokens = tuple(int(token) if token.isdecimal() else token for token in pointer.split("/")[1:])
    if not tokens or tokens[0] in document:
        return tokens
    return ("workflows", 0, "steps", 0, *tokens)


def _ways(value: Any, way: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    yield way
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        if not str(key).startswith("x-"):
            yield from _ways(item, (*way, key))


def _changes(text: str, way: tuple[str | int, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    if way:
        *owner, last = way
        numbers = _NUMBERS if isinstance(_at(json.loads(text), way), int) else ()
        for value in (*_VALUES, *numbers):
            document = json.loads(text)
            _at(document, owner)[last] = value
            yield f"= {json.dumps(value)}", document
        document = json.loads(text)
        del _at(document, owner)[last]
        yield "deleted", document
        if isinstance(last, int):
            document = json.loads(text)
            _at(document, owner).append(_at(document, way))
            yield "twice", document
    if isinstance(_at(json.loads(text), way), dict):
        for name in ("extra", "x-extra"):
            document = json.loads(text)
            _at(document, way)[name] = 1
            yield name, document


def _at(value: Any, way: Any) -> Any:
    for token in way:
        value = value[token]
    return value


def _document(version: str, **fields: Any) -> dict[str, Any]:
    return {
        "arazzo": {"1.0": "1.0.1", "1.1": "1.1.0"}[version],
        "info": {"title": "t", "version": "1"},
        "sourceDescriptions": [{"name": "s", "url": "s.yaml", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [_STEP]}, _OTHER],
        **({"components": _components()} if "components" not in fields else {}),
        **fields,
    }


def _components() -> dict[str, Any]:
    return {
        "inputs": {"i": {"type": "object"}},
        "parameters": {"p": {"name": "p", "in": "query", "value": "1"}},
        "successActions": {"s": {"name": "s", "type": "end"}},
    }


def _workflow(version: str, **fields: Any) -> dict[str, Any]:
    return _document(version, workflows=[{"workflowId": "w", "steps": [_STEP], **fields}, _OTHER])


def _step(version: str, **fields: Any) -> dict[str, Any]:
    step = {name: value for name, value in {**_STEP, **fields}.items() if value is not None}
    return _document(version, workflows=[{"workflowId": "w", "steps": [step]}, _OTHER])


def _two_steps(version: str) -> dict[str, Any]:
    steps = [_STEP, {"stepId": "b", "operationId": "list", "dependsOn": ["a"]}]
    return _document(version, workflows=[{"workflowId": "w", "steps": steps}])


def _failure(version: str) -> dict[str, Any]:
    criteria = [{"condition": "$statusCode == 500"}]
    action = {"name": "n", "type": "retry", "retryAfter": 1, "retryLimit": 2, "stepId": "a", "criteria": criteria}
    return _step(version, onFailure=[action])


def _message(version: str) -> dict[str, Any]:
    step = {"stepId": "a", "channelPath": "{$sourceDescriptions.s.url}#/a", "action": "receive", "correlationId": "1"}
    return _document(version, workflows=[{"workflowId": "w", "steps": [step]}, _OTHER])
