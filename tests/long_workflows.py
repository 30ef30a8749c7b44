"""Workflows of many steps, made up on the spot."""

from __future__ import annotations

import json
from typing import Any


def document(size: int, *, branching: bool) -> str:
    """Return a workflow of that many steps; each uses what the one before has seen, and may go one, two or three on."""
    steps = [
        {
            "stepId": f"s{number}",
            "operationId": "listThings",
            "parameters": [
                {"name": "X-Step", "in": "header", "value": f"s{number}"},
                {"name": "X-Seen", "in": "header", "value": f"$steps.s{max(number - 1, 0)}.outputs.way"},
            ],
            "outputs": {"way": "$response.body#/way"},
            **({"onSuccess": ways(number)} if branching and number < size - 3 else {}),
        }
        for number in range(size)
    ]
    workflow = {"workflowId": "main", "steps": steps, "outputs": {s["stepId"]: _way(s["stepId"]) for s in steps[::7]}}
    sources = [{"name": "things", "url": "api.openapi.yaml", "type": "openapi"}]
    info = {"title": "long", "version": "1"}
    return json.dumps({"arazzo": "1.1.0", "info": info, "sourceDescriptions": sources, "workflows": [workflow]})


def _way(step: str) -> str:
    return f"$steps.{step}.outputs.way"


def ways(number: int) -> list[dict[str, Any]]:
    return [
        {
            "name": f"on{way}",
            "type": "goto",
            "stepId": f"s{number + 1 + way}",
            "criteria": [{"condition": f"$response.body#/way == {way}"}],
        }
        for way in range(3)
    ]
