"""The public documents beside the checkout: which there are, and which of their workflows compile."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from suite import PUBLIC_DATA

from arazzo.document.loading import LoadedDocument, load_document
from arazzo.document.settings import Settings
from arazzo.engine import load_plan, load_plans
from arazzo.errors import DocumentError
from arazzo.flow import Options, Plan
from arazzo.openapi.description import Description
from arazzo.openapi.sources import Sources

CORPUS = PUBLIC_DATA / "corpus"
HOST = "http://mock.invalid"


@dataclass
class Opened:
    """A document: its plans by workflow id, and what the others were refused for, by the id of the first rule."""

    name: str
    workflows: list[str]
    plans: dict[str, Plan] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, Description] = field(default_factory=dict)


def documents() -> list[Path]:
    """Return the documents in the order of their table; none where it is missing."""
    table = CORPUS / "documents.tsv"
    rows = table.read_text().splitlines()[1:] if table.exists() else []
    return [CORPUS / row.split("\t")[0] for row in rows]


def overrides() -> dict[str, Path]:
    """Return the files that remote URLs stand for."""
    mapped = json.loads((CORPUS / "remote_map.json").read_text())
    return {url: CORPUS / path for url, path in mapped.items()}


def open_document(path: Path, files: dict[str, Path]) -> Opened:
    """Compile every workflow of a document, with loops of a few rounds and servers that are mocks."""
    name = str(path.relative_to(CORPUS))
    try:
        loaded = load_document(path)
    except DocumentError as error:
        ids = [str(workflow["workflowId"]) for workflow in yaml.load(path.read_text(), yaml.CSafeLoader)["workflows"]]
        return Opened(name, ids, refused=dict.fromkeys(ids, error.problems[0].rule))
    opened = Opened(name, [workflow.workflow_id for workflow in loaded.document.workflows])
    opened.descriptions = _descriptions(loaded, Sources(loaded, files))
    server = {source: f"{HOST}/{source}" for source in opened.descriptions}
    options = Options(settings=Settings(server=server, poke_interval=30, timeout=150, max_rounds=5))
    try:
        opened.plans = {plan.workflow_id: plan for plan in load_plans(path, options, files)}
        return opened
    except DocumentError:
        pass
    for workflow in opened.workflows:
        try:
            opened.plans[workflow] = load_plan(path, workflow, options, files)
        except DocumentError as error:
            opened.refused[workflow] = error.problems[0].rule
    return opened


def _descriptions(loaded: LoadedDocument, sources: Sources, seen: tuple[str, ...] = ()) -> dict[str, Description]:
    """Return the API descriptions of a document and of those it calls, as far as they can be read."""
    found: dict[str, Description] = {}
    for source in loaded.document.source_descriptions:
        try:
            match sources.kind(source):
                case "openapi":
                    found[source.name] = sources.description(source.name)
                case "arazzo" if (other := sources.document(source.name)).source.uri not in seen:
                    inner = _descriptions(other, Sources(other, sources.overrides), (*seen, loaded.source.uri))
                    found = {**inner, **found}
        except DocumentError:
            continue
    return found
