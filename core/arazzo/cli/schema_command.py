"""``arazzo schema``: the JSON Schema of ``x-airflow``, from the model that documents are read with."""

from __future__ import annotations

import ast
import inspect
import json
from itertools import pairwise
from typing import Any

import click

from arazzo.cli.options import format_option
from arazzo.document.schemas import rewritten
from arazzo.document.settings import EXTENSION, Settings


@click.command("schema")
@format_option(("json",), "json")
def command(form: str) -> None:
    """Print the JSON Schema of x-airflow, for editors.

    The schema says where in a document the extension may be, and what it may contain. Give it to an editor together
    with the schema of Arazzo itself.

    \b
    Examples:
      arazzo schema > x-airflow.schema.json
    """
    click.echo(json.dumps(extension_schema(), indent=2))


def extension_schema() -> dict[str, Any]:
    """Return a JSON Schema (2020-12) for documents that checks only their settings."""
    schema = _plain(Settings.model_json_schema(ref_template="#/$defs/{model}"))
    inner = schema.pop("$defs", {})
    for name, meaning in _meanings(Settings).items():
        schema["properties"][name]["description"] = meaning
    settings = {EXTENSION: {"$ref": "#/$defs/Settings"}}
    steps = {"type": "array", "items": {"type": "object", "properties": settings}}
    workflow = {"type": "object", "properties": {**settings, "steps": steps}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{EXTENSION} in Arazzo documents",
        "type": "object",
        "properties": {**settings, "workflows": {"type": "array", "items": workflow}},
        "$defs": {"Settings": schema, **inner},
    }


def _meanings(model: type) -> dict[str, str]:
    """Return the docstrings of a model's fields, by field."""
    (found,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(found, ast.ClassDef)
    return {
        field.target.id: text.value.value
        for field, text in pairwise(found.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def _plain(schema: Any) -> Any:
    """Return a schema without titles that only repeat names, and without null for what is not set."""
    if not isinstance(schema, dict):
        return schema
    return {
        name: rewritten(name, value, lambda item, _: _plain(item))
        for name, value in schema.items()
        if name != "title" and (name, value) != ("default", None)
    }
