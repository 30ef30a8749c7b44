"""Documents that were whole once: values, keys, types and structure changed at random."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        10**400,
        1e308,
        "",
        " ",
        "\n",
        "\x00",
        "\ud7ff\U0001f600",
        "a" * 5000,
        [],
        {},
        [[]],
    ),
    *([None], {"": None}, "$", "{$", "$.", "$inputs.", "$steps.a.outputs", "$response.body#/~2", "{$inputs.a}{$url}"),
    *(
        "$statusCode == 200",
        "$[?",
        "$..*",
        "../../etc/passwd",
        "http://[",
        "//",
        "#",
        "https://a.test:99999/",
        "file:///",
    ),
    *(
        "1.0.1",
        "1.1.0",
        "goto",
        "end",
        "retry",
        "string",
        "object",
        "(a+)+$",
        "[",
        "%",
        "%zz",
        "${jndi:x}",
        "<!ENTITY a>",
    ),
    *(
        {"$ref": "http://["},
        {"$ref": "../x#/a"},
        {"$ref": "#/" + "9" * 5000},
        {"$ref": "#"},
        {"$ref": "#/workflows/0"},
        {"reference": "$components.parameters.a"},
        {"type": {"type": "object"}},
    ),
    *({"context": "$response.body", "selector": "$", "type": "jsonpath"}, {"type": "jsonpath", "version": "rfc9535"}),
    *({"type": "object", "properties": {"a": {"$ref": "#/components/inputs/a"}}}, {"x-airflow": {"timeout": -1}}),
)
ODD_KEYS = (
    "",
    "x-airflow",
    "$ref",
    "type",
    "in",
    "~",
    "/",
    "a/b",
    "é",
    "$self",
    "criteria",
    "stepId",
    "workflowId",
    "0",
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of everything in a value, itself included."""
    found = [at]
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*at, index))
    return found


def mutated(document: Any, random: Random, times: int) -> Any:
    """Return a copy of a document that was changed so many times."""
    document = copy.deepcopy(document)
    for _ in range(times):
        document = _changed(document, random)
    return document


def _changed(document: Any, random: Random) -> Any:
    paths = places(document)
    path = random.choice(paths)
    if not path:
        return document
    owner, key = _at(document, path[:-1]), path[-1]
    match random.randrange(8):
        case 0:
            del owner[key]
        case 1 | 2:
            owner[key] = copy.deepcopy(random.choice(ODD_VALUES))
        case 3:
            owner[key] = copy.deepcopy(_at(document, random.choice(paths)))
        case 4:
            owner[key] = [owner[key]] if random.random() < 0.5 else {random.choice(ODD_KEYS): owner[key]}
        case 5 if isinstance(owner, dict):
            owner[random.choice(ODD_KEYS)] = owner.pop(key)
        case 5 | 6 if isinstance(owner, list):
            owner.insert(random.randrange(len(owner) + 1), copy.deepcopy(owner[key]))
        case _:
            owner[key] = _edited(owner[key], random)
    return document


def _edited(value: Any, random: Random) -> Any:
    if not isinstance(value, str):
        return str(value) if random.random() < 0.5 else random.choice(ODD_VALUES)
    start = random.randrange(len(value) + 1)
    end = min(len(value), start + random.choice((0, 0, 1, 3)))
    return (
        value[:start]
        + random.choice(("", "$", "{", "}", "#", "/", "~", "'", '"', ".", "[", "]", "\\", " "))
        + value[end:]
    )


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document
