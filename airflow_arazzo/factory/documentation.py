"""The documentation of a workflow's DAG: what it does, its inputs, outputs and connections, and the document itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

from airflow_arazzo.compat import draws_mermaid
from airflow_arazzo.factory.task_ids import without_nul
from arazzo.engine.plan_entries import Outcome
from arazzo.errors import Problem
from arazzo.flow import Plan, draw
from arazzo.source.detection import text_of

#: Keys of a plan's document: the warnings of validation, one on each line, and whether a secret shows.
WARNINGS, SECRET = "warnings", "secret"
_LONGEST_TEXT = 40_000
_LONGEST_CELL = 200


def describe(plan: Plan) -> str:
    """Return the documentation of a workflow's DAG, as Markdown."""
    document = plan.document
    parts = [
        f"# {plan.summary or document.get('title') or plan.workflow_id}",
        plan.settings.doc or "",
        plan.description,
        f"Workflow `{plan.workflow_id}` of *{document.get('title', '')}*, version {document.get('version', '')}, "
        f"document `{Path(document.get('name', '')).name}`, SHA-256 `{document.get('digest', '')[:16]}`.",
        _picture(plan),
        f"Not reachable and left out: {', '.join(plan.unreachable)}." if plan.unreachable else "",
        _section("Inputs", _table(("input", "type", "", "meaning"), _inputs(plan))),
        _section("Outputs", _table(("output", "value"), _outputs(plan))),
        _section("Connections", _table(("source", "connection", "credentials"), _connections(plan))),
        _section("Warnings", "\n".join(f"- {line}" for line in document.get(WARNINGS, "").splitlines())),
        _section("Document", _text(plan)),
    ]
    return without_nul("\n\n".join(part.strip() for part in parts if part.strip()))


def with_documentation(outcome: Outcome) -> Plan:
    """Return the plan of a workflow with the warnings of validation, and with whether its document may be shown."""
    plan = outcome.require()
    lines = [_warning(problem) for problem in outcome.warnings if not problem.is_error]
    told = {SECRET: "yes" if outcome.shows_secret else "no", **({WARNINGS: "\n".join(lines)} if lines else {})}
    return plan.model_copy(update={"document": {**plan.document, **told}})


def _warning(problem: Problem) -> str:
    place = problem.place
    where = f"{Path(place.file).name}:{place.line}:{place.column}" if place.line else Path(place.file).name
    hint = f" ({problem.hint})" if problem.hint else ""
    return " ".join(f"{where}: [{problem.rule}] {problem.message}{hint}".split())


def _picture(plan: Plan) -> str:
    """Return the flow of the steps: a picture if Airflow draws it, otherwise text."""
    if draws_mermaid():
        return _fenced("mermaid", draw(plan, "mermaid"))
    return _fenced("text", dedent(draw(plan, "text").partition("\n")[2]))


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if text else ""


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *lines]) if lines else ""


def _inputs(plan: Plan) -> Iterator[tuple[str, ...]]:
    bound = plan.settings.inputs or {}
    for name, schema in plan.taken.schemas.items():
        given = schema if isinstance(schema, Mapping) else {}
        if name in bound:
            need = "bound; the form does not ask for it"
        elif "default" in given:
            need = "has a default"
        else:
            need = "required" if name in plan.taken.required else "optional"
        types = given.get("type", "")
        shown = " or ".join(map(str, types)) if isinstance(types, list) else str(types)
        yield _code(name), shown, need, _cell(str(given.get("description", "")))


def _outputs(plan: Plan) -> Iterator[tuple[str, ...]]:
    for name, value in plan.outputs.items():
        yield _code(name), _code(value if isinstance(value, str) else "a selection")


def _connections(plan: Plan) -> Iterator[tuple[str, ...]]:
    """Yield, for each source that steps call, its connection and the credentials that the operations need."""
    found: dict[str, dict[str, None]] = {}
    ids: dict[str, dict[str, None]] = {}
    for step in plan.all_steps():
        operation = step.operation
        if operation is None:
            continue
        chosen = step.settings.connection
        chosen = chosen.get(operation.source) if isinstance(chosen, dict) else chosen
        ids.setdefault(operation.source, {})[chosen or operation.source] = None
        schemes = found.setdefault(operation.source, {})
        for alternative in operation.security:
            schemes.update({" and ".join(f"{each.key} ({each.scheme or each.type})" for each in alternative): None})
    for source, connections in ids.items():
        asked = " or ".join(filter(None, found[source])) or "none asked for"
        yield _code(source), ", ".join(map(_code, connections)), _cell(asked)


def _text(plan: Plan) -> str:
    """Return the document as it was compiled; nothing if it no longer exists, or if a secret is written into it."""
    text = text_of(Path(plan.document.get("name", "")))
    if hashlib.sha256(text.encode()).hexdigest() != plan.document.get("digest"):
        return ""
    if plan.document.get(SECRET, "") != "no" and (SECRET in plan.document or _shows_secret(plan)):
        return "Not shown: a secret is written into it."
    if len(text) > _LONGEST_TEXT:
        text = text[:_LONGEST_TEXT].rpartition("\n")[0] + "\n# ... and so on"
    return _fenced("json" if text.lstrip().startswith("{") else "yaml", text)


def _shows_secret(plan: Plan) -> bool:
    """Say whether a secret is written into the document of a plan that somebody has compiled."""
    from arazzo.engine.program import shows_secret
    from arazzo.source.text import load_source

    return shows_secret(load_source(plan.document["name"]).data)


def _fenced(language: str, text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"


def _code(text: str) -> str:
    return f"`{_cell(text).replace('`', chr(39))}`"


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= _LONGEST_CELL else f"{line[:_LONGEST_CELL]}…"
