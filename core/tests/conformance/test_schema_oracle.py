"""The JSON Schemas of the specification as oracle: what they accept we read, what they refuse we refuse or warn about.

Documents with one place changed are judged by both. Where we differ, a row of :data:`EXCEPTIONS` says so and why; a row
that nothing needs is an error too.
"""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from mutations import Changed, documents, mutations
from normative import SPECIFICATIONS

from arazzo.document.loading import load_document, parse_document
from arazzo.errors import DocumentError, Problem
from arazzo.openapi.sources import Sources
from arazzo.source.text import load_source, parse_source
from arazzo.validation import validate

pytestmark = pytest.mark.skipif(not SPECIFICATIONS.is_dir(), reason="the specification's schemas are not here")

VERSIONS = ("1.0", "1.1")
#: Rules about what a schema does not look at: what is referred to, and what a text says.
BEYOND = frozenset(
    {
        "circular-dependency",
        "missing-source",
        "unknown-component",
        "unknown-operation",
        "unknown-step",
        "unknown-workflow",
        "unreadable-condition",
        "unreadable-context",
        "unreadable-selector",
    }
)

#: Where we differ, by name: a pattern for what we do with which change, and why.
EXCEPTIONS = {
    "empty names": (
        r'refused .*\.(url|name|\w+Id|\w+Path|condition|context|dependsOn\.#) = ""',
        "the schemas let text be empty; an empty name names nothing, an empty condition says nothing",
    ),
    "negative timeout": (r"refused 1\.1 .*\.timeout = -1", "no time is over before it begins"),
    "parameters of actions": (
        r"refused 1\.1 .*\.onSuccess\.#\.parameters\..*",
        "the schema lets anything stand there; the text says Parameter Object or Reusable Object",
    ),
    "retry without a target": (
        r"accepted 1\.0 .*\.onFailure\.#\.(retryAfter|stepId) deleted",
        "the schema of 1.0 wants a target and retryAfter with every retry; the text wants neither, 1.1 has mended it",
    ),
    "additions to reusable objects": (
        r"accepted .*\.parameters\.# (x-)?extra",
        "the schemas refuse them; the text says that they are ignored",
    ),
    "values of any type": (
        r"accepted .*\.(parameters\.(#|p)|replacements\.#)\.value = .*",
        "the schemas refuse objects as parameters and all but text in replacements; the text says Any",
    ),
    "the same twice": (
        r"accepted .*\.(successCriteria|criteria|replacements|dependsOn)\.# twice",
        "the schemas want the items of every list to differ; twice the same says nothing new, and the text "
        "does not forbid it",
    ),
}


@cache
def oracle(version: str, *, mended: bool = False) -> Draft202012Validator:
    """Return the schema of a version; mended, a retry of 1.0 needs neither a target nor retryAfter."""
    schema = yaml.safe_load((SPECIFICATIONS / f"schema-{version}.yaml").read_text(encoding="utf-8"))
    if mended and version == "1.0":
        rules = schema["$defs"]["failure-action-object"]["allOf"]
        rules[0]["if"]["properties"]["type"]["enum"].remove("retry")
        del rules[1]
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def judged(document: dict[str, Any], *, thoroughly: bool = False) -> tuple[Problem, ...]:
    """Return what we find, but for what is beyond a schema.

    :param thoroughly: whether to validate a document that loads without a word.
    """
    try:
        loaded = parse_document(parse_source(json.dumps(document), "case.json", "/nowhere/case.json"))
        problems = loaded.problems
        if thoroughly and not problems:
            problems = validate(loaded, sources=Sources(loaded))
    except DocumentError as error:
        problems = error.problems
    return tuple(problem for problem in problems if problem.rule not in BEYOND)


def exceptions(changed: Changed, kind: str) -> set[str]:
    return {name for name, (pattern, _) in EXCEPTIONS.items() if re.fullmatch(pattern, f"{kind} {changed}")}


@pytest.mark.parametrize("version", VERSIONS)
def test_documents_are_accepted(version):
    for name, (document, _) in documents(version).items():
        assert oracle(version).is_valid(document), name
        assert not [problem for problem in judged(document) if problem.is_error], name


def test_changed_documents_are_judged_alike():
    needed: set[str] = set()
    different = []
    for version in VERSIONS:
        for changed in mutations(version):
            accepted = oracle(version).is_valid(changed.document)
            problems = judged(changed.document, thoroughly=not accepted)
            if accepted and any(problem.is_error for problem in problems):
                kind = "refused"
            elif not accepted and not problems:
                kind = "accepted"
            else:
                continue
            found = exceptions(changed, kind)
            needed |= found
            if not found:
                different.append(f"we {kind}: {changed} {[str(problem.message) for problem in problems][:1]}")
    assert not different, "\n".join(different)
    assert needed == set(EXCEPTIONS)


def test_a_criterion_of_a_versioned_type_is_read_though_the_schema_of_1_0_refuses_it():
    """That schema wants the fields of the expression type in the criterion itself; the text has them under type."""
    criterion = {"context": "$url", "condition": "/a", "type": {"type": "xpath", "version": "xpath-30"}}
    document, _ = documents("1.0")["criteria"]
    document["workflows"][0]["steps"][0]["successCriteria"] = [criterion]
    assert not oracle("1.0").is_valid(document)
    assert not judged(document)


def corpus() -> list[Path]:
    table = SPECIFICATIONS.parent / "corpus" / "documents.tsv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8") as file:
        return [table.parent / row["document"] for row in csv.DictReader(file, delimiter="\t")]


@pytest.mark.skipif(not corpus(), reason="no corpus beside the checkout")
def test_public_documents_are_judged_alike():
    different = []
    for path in corpus():
        data = load_source(path).data
        version = str(data.get("arazzo"))[:3]
        if version not in VERSIONS:
            continue
        accepted = oracle(version, mended=True).is_valid(data)
        try:
            problems, refused = list(load_document(path).problems), False
        except DocumentError as error:
            problems, refused = list(error.problems), True
        if (accepted and refused) or (not accepted and not problems):
            different.append(path.name)
    assert not different
