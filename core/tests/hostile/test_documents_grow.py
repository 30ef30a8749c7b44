"""Documents that are made to take long: what is done for them grows as their text does. Work is counted, not timed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from arazzo.document.loading import load_document
from arazzo.engine.document_problems import find_problems
from arazzo.flow import compile_document
from arazzo.openapi.sources import Sources
from arazzo.validation import validate

pytestmark = pytest.mark.attack("a folder of documents", "documents that are made to take long")
OPERATION = {
    "operationId": "getThing",
    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
    "responses": {"200": {"description": "ok"}},
}
API = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "servers": [{"url": "https://api.example.test"}],
    "paths": {"/things/{id}": {"get": OPERATION}},
}


def step(number: int, **fields: Any) -> dict[str, Any]:
    value = fields.pop("id", "x")
    return {
        "stepId": f"s{number}",
        "operationId": "getThing",
        "parameters": [{"name": "id", "in": "path", "value": value}],
        "outputs": {"id": "$response.body#/id"},
        **fields,
    }


def goto(number: int) -> dict[str, Any]:
    criteria = [{"condition": f"$response.body#/to == {number}"}]
    return {"name": f"g{number}", "type": "goto", "stepId": f"s{number}", "criteria": criteria}


def inputs(count: int) -> dict[str, Any]:
    return {"type": "object", "properties": {f"i{number}": {"type": "string"} for number in range(count)}}


def one(steps: list[dict[str, Any]], **fields: Any) -> list[dict[str, Any]]:
    return [{"workflowId": "w", "steps": steps, **fields}]


def gotos(count: int) -> Any:
    """Each step leads to each."""
    return one([step(n, onSuccess=[goto(to) for to in range(count)]) for n in range(count)])


def shared_gotos(count: int) -> Any:
    """Each step leads to each, by actions of the workflow: count² in little text."""
    return one([step(n) for n in range(count)], successActions=[goto(to) for to in range(count)])


def references(count: int) -> Any:
    """Each step reads each, in a loop."""
    steps = [step(n, id=" ".join(f"{{$steps.s{of}.outputs.id}}" for of in range(count))) for n in range(count)]
    steps[-1]["onSuccess"] = [goto(0)]
    return one(steps)


def awaited(count: int) -> Any:
    return one([step(n, **({"dependsOn": [f"s{of}" for of in range(n)]} if n else {})) for n in range(count)])


def awaited_chain(count: int) -> Any:
    return one([step(n, **({"dependsOn": [f"s{n + 1}"]} if n + 1 < count else {})) for n in range(count)])


def nested_loops(count: int) -> Any:
    steps = [step(n, id=f"$steps.s{count - 1 - n}.outputs.id", onSuccess=[goto(count - 1 - n)]) for n in range(count)]
    return one(steps)


def many_criteria(count: int) -> Any:
    return one([step(0, successCriteria=[{"condition": f"$response.body#/a != {n}"} for n in range(count)])])


def many_alternatives(count: int) -> Any:
    condition = " || ".join(f"$response.body#/a == {n}" for n in range(count))
    return one([step(0, successCriteria=[{"condition": condition}])])


def many_statuses(count: int) -> Any:
    patterns = [{"context": "$statusCode", "type": "regex", "condition": f"^{n}.$"} for n in range(count)]
    return one(
        [step(0, onSuccess=[{"name": f"e{n}", "type": "end", "criteria": [each]} for n, each in enumerate(patterns)])]
    )


def wide_inputs(count: int) -> Any:
    return one([step(n, id=f"$inputs.i{n}") for n in range(count)], inputs=inputs(count))


SHAPES = {
    shape: (shape, size)
    for shape, size in (
        *((gotos, 16), (references, 16), (awaited, 32), (awaited_chain, 60), (nested_loops, 40), (many_criteria, 100)),
        *(
            (many_alternatives, 100),
            (many_statuses, 15),
            (wide_inputs, 50),
        ),
    )
}


def alternatives(count: int) -> dict[str, Any]:
    """Each schema is one of all those after it: ways to the last there are 2 to the power of ``count``."""
    return {f"S{n}": {"oneOf": [ref(to) for to in range(n + 1, count)]} for n in range(count)}


def parts(count: int) -> dict[str, Any]:
    """Each schema is put together from the seven after it."""
    return {f"S{n}": {"allOf": [ref(to) for to in range(n + 1, min(n + 8, count))]} for n in range(count)}


def members(count: int) -> dict[str, Any]:
    """Each schema has many members, all of the next one: of five levels ``count`` to the power of five."""
    level = {f"S{n}": {"properties": {f"p{each}": ref(n + 1) for each in range(count)}} for n in range(6)}
    return {**level, "S6": {"type": "string"}}


def ref(number: int) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/S{number}"}


SCHEMAS = {shape: (shape, size) for shape, size in ((alternatives, 16), (parts, 30), (members, 20))}


def calls_of(action: Callable[[], object]) -> int:
    """Return how many functions an action calls."""
    count = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def work(tmp_path):
    """Return what a document of so many things takes: calls of functions, and calls by each character of it."""

    def of(workflows: Any, api: Any = API) -> tuple[int, float]:
        (tmp_path / "api.json").write_text(json.dumps(api))
        sources = [{"name": "api", "url": "api.json", "type": "openapi"}]
        document = {
            "arazzo": "1.1.0",
            "info": {"title": "t", "version": "1"},
            "sourceDescriptions": sources,
            "workflows": workflows,
        }
        path = tmp_path / "w.arazzo.json"
        path.write_text(json.dumps(document))

        def everything() -> None:
            loaded = load_document(path)
            validate(loaded)
            for workflow in loaded.document.workflows:
                compile_document(loaded, workflow.workflow_id, sources=Sources(loaded))

        everything()  # what is imported, and kept, the first time
        calls = calls_of(everything)
        return calls, calls / (path.stat().st_size + (tmp_path / "api.json").stat().st_size)

    return of


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_document_of_twice_the_size_takes_as_much_for_each_character(work, shape):
    _, size = SHAPES[shape]
    _, small = work(shape(size))
    _, large = work(shape(2 * size))
    assert large < 1.3 * small


def beside(count: int, tmp_path: Any) -> float:
    """Return the calls for each step of so many that each have a source and call a workflow of their own."""
    (tmp_path / "api.json").write_text(json.dumps(API))
    steps = [{**step(n), "operationId": f"$sourceDescriptions.api{n}.getThing"} for n in range(count)]
    calling = [{"stepId": f"c{n}", "workflowId": f"w{n}"} for n in range(count)]
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "t", "version": "1"},
        "sourceDescriptions": [{"name": f"api{n}", "url": "api.json", "type": "openapi"} for n in range(count)],
        "workflows": one(steps + calling) + [{"workflowId": f"w{n}", "steps": [each]} for n, each in enumerate(steps)],
    }
    path = tmp_path / "w.arazzo.json"
    path.write_text(json.dumps(document))
    loaded = load_document(path)
    sources = Sources(loaded)
    sources.problems()  # reading them is no work for a step
    return calls_of(lambda: (validate(loaded, sources=sources), compile_document(loaded, "w", sources=sources))) / count


def test_a_step_takes_as_much_beside_many_sources_and_workflows(tmp_path):
    beside(10, tmp_path)  # what is imported, and kept, the first time
    assert beside(240, tmp_path) < 1.3 * beside(60, tmp_path)


def bound(count: int, tmp_path: Any) -> float:
    """Return the calls for each of so many inputs that the document binds and requires."""
    path = tmp_path / "w.arazzo.json"
    (tmp_path / "api.json").write_text(json.dumps(API))
    values = {"inputs": {f"i{n}": "x" for n in range(count)}}
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "t", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
        "workflows": one(
            [step(0, id="$inputs.i0")],
            inputs={**inputs(count), "required": list(values["inputs"])},
            **{"x-airflow": values},
        ),
    }
    path.write_text(json.dumps(document))
    return calls_of(lambda: find_problems(path)) / count


def test_a_bound_value_takes_as_much_beside_many(tmp_path):
    bound(10, tmp_path)
    assert bound(160, tmp_path) < 1.1 * bound(40, tmp_path)


@pytest.mark.parametrize("kind", ["application/json", "application/xml", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("contract", [pytest.param("off", marks=pytest.mark.slow), "fail"])
@pytest.mark.parametrize("shape", SCHEMAS, ids=lambda shape: shape.__name__)
def test_schemas_of_twice_the_size_take_as_much_for_each_character(work, shape, contract, kind):
    content = {kind: {"schema": ref(0)}}
    operation = {**OPERATION, "requestBody": {"content": content}, "responses": {"200": {"content": content}}}
    body = {"requestBody": {"contentType": kind, "payload": {"p0": "x"}}}
    workflows = one([step(0, **body)], **{"x-airflow": {"contract": contract}})
    _, size = SCHEMAS[shape]

    def of(count: int) -> float:
        schemas = shape(count)
        api = {**API, "paths": {"/things/{id}": {"post": operation}}, "components": {"schemas": schemas}}
        return work(workflows, api)[1]

    assert of(2 * size) < 1.5 * of(size)


def test_what_steps_have_of_their_workflow_takes_as_much_for_each_of_them(work):
    small, _ = work(shared_gotos(16))
    large, _ = work(shared_gotos(32))
    assert large < 4 * 1.2 * small  # they lead four times as often from one to another
