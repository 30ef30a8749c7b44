"""``arazzo graph``: the plan of a workflow as a picture in text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from arazzo.cli.options import DOCUMENT, SOURCES, STRICT, WORKFLOW, format_option, pairs
from arazzo.engine import load_plan
from arazzo.errors import DocumentError
from arazzo.flow import Options, draw
from arazzo.flow.drawing import FORMATS


@click.command("graph")
@DOCUMENT
@WORKFLOW
@format_option(FORMATS, "mermaid")
@SOURCES
@STRICT
def command(document: Path, workflow: str | None, form: Any, sources: tuple[str, ...], strict: bool) -> NoReturn:
    """Draw the flow graph of a workflow.

    WORKFLOW is a workflowId of DOCUMENT. You can omit it if there is only one. Exit codes: 0 if the picture was drawn,
    1 if the document has errors, 2 if the command was used wrongly.

    \b
    Examples:
      arazzo graph adopt.arazzo.yaml --format text
      arazzo graph adopt.arazzo.yaml adopt --format dot
    """
    try:
        plan = load_plan(document, workflow, Options("strict" if strict else "lenient"), pairs(sources, "--source"))
    except DocumentError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(draw(plan, form))
    sys.exit(0)
