"""Documents of any size: a chain of steps, each with a criterion, an output, a parameter from the step before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

API = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "servers": [{"url": "http://things.invalid"}],
    "paths": {
        "/things/{id}": {
            "get": {
                "operationId": "getThing",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "the thing"}},
            }
        }
    },
}


def step(number: int, steps: int, every: int = 10) -> dict[str, Any]:
    """Return one step; each tenth polls, and the one after it branches to what comes two steps later."""
    made: dict[str, Any] = {
        "stepId": f"s{number}",
        "operationId": "getThing",
        "parameters": [
            {"name": "id", "in": "path", "value": f"$steps.s{number - 1}.outputs.id" if number else "$inputs.id"}
        ],
        "successCriteria": [{"condition": "$statusCode == 200"}],
        "outputs": {"id": "$response.body#/id"},
    }
    ready = {"context": "$response.body", "type": "jsonpath", "condition": "$[?@.status == 'done']"}
    if number % every == every - 2:
        again = {"context": "$response.body", "type": "jsonpath", "condition": "$[?@.status == 'pending']"}
        made["onSuccess"] = [{"name": "again", "type": "goto", "stepId": f"s{number}", "criteria": [again]}]
        made["x-airflow"] = {"unmatched": "next"}
    elif number % every == 0 and number + 2 < steps:
        made["onSuccess"] = [
            {"name": "done", "type": "goto", "stepId": f"s{number + 1}", "criteria": [ready]},
            {"name": "other", "type": "goto", "stepId": f"s{number + 2}"},
        ]
        made["parameters"] = [{"name": "id", "in": "path", "value": "$inputs.id"}]
    if number % every in (1, 2, 3):
        made["parameters"] = [{"name": "id", "in": "path", "value": "$inputs.id"}]
    return made


def document(steps: int, workflow: str = "chain") -> dict[str, Any]:
    """Return a document of one workflow with so many steps."""
    return {
        "arazzo": "1.0.1",
        "info": {"title": f"{steps} steps", "version": "1"},
        "sourceDescriptions": [{"name": "things", "url": "things.openapi.json", "type": "openapi"}],
        "workflows": [
            {
                "workflowId": workflow,
                "inputs": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                "steps": [step(number, steps) for number in range(steps)],
                "outputs": {"id": f"$steps.s{steps - 1}.outputs.id"},
            }
        ],
    }


def write(folder: Path, steps: int, workflow: str = "chain") -> Path:
    """Write a document, with its API description beside it, as YAML in block style."""
    import yaml

    (folder / "things.openapi.json").write_text(json.dumps(API))
    path = folder / f"{workflow}-{steps}.arazzo.yaml"
    path.write_text(yaml.dump(document(steps, workflow), Dumper=yaml.CSafeDumper, sort_keys=False))
    return path
