"""What the plan cache stores, as text: a digest and a version, the findings, and a plan on each further line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from arazzo.engine.refusals import is_template
from arazzo.errors import DocumentError, Place, Problem, Severity
from arazzo.flow.plan import Plan
from arazzo.frozen import dataclass
from arazzo.source.written_secrets import looks_secret

#: The version of what is written here; no other is read.
VERSION = 1
_USER_IN_URL = re.compile(r"://[^/@\s\"]*:[^/@\s\"]+@")


@dataclass(frozen=True)
class Outcome:
    """What became of one workflow of a document.

    :param plan: None if there is none; ``error`` says why.
    :param warnings: warnings of validation that concern the workflow.
    :param shows_secret: whether a secret is written into the document.
    """

    workflow_id: str
    plan: Plan | None = None
    warnings: tuple[Problem, ...] = ()
    error: Exception | None = None
    shows_secret: bool = False

    def require(self) -> Plan:
        """Return the plan, or raise why there is none."""
        if self.plan is None:
            raise self.error or KeyError(self.workflow_id)
        return self.plan


Answer = tuple[Outcome, ...] | DocumentError
"""What became of a document: an outcome for each workflow asked about, or why it cannot be run."""


def entry_of(answer: Answer) -> bytes | None:
    """Return an answer in its stored form; None if it contains a secret, or may be different next time."""
    if not _is_lasting(answer):
        return None
    text = _text(answer)
    return None if looks_secret(text) or _USER_IN_URL.search(text) else framed(text)


def answer_of(entry: bytes | None) -> Answer | None:
    """Return the answer in an entry; None if it is broken, of another version, or missing."""
    text = unframed(entry)
    if text is None:
        return None
    head, *plans = text.split("\n")
    try:
        return _answer(json.loads(head), plans)
    except (ValueError, TypeError, KeyError):  # from another engine with the same identity
        return None


def framed(text: str) -> bytes:
    """Return text with its version and digest in front."""
    raw = text.encode()
    return _frame(raw) + raw


def unframed(entry: bytes | None) -> str | None:
    """Return the text after version and digest; None if it is not what was written."""
    end = entry.find(b"\n") + 1 if entry else 0
    if not entry or entry[:end] != _frame(entry[end:]):
        return None
    return entry[end:].decode()


def _frame(raw: bytes) -> bytes:
    return json.dumps({"version": VERSION, "sha256": hashlib.sha256(raw).hexdigest()}).encode() + b"\n"


def _is_lasting(answer: Answer) -> bool:
    if isinstance(answer, DocumentError):
        return True
    if any(outcome.error is not None and not isinstance(outcome.error, DocumentError) for outcome in answer):
        return False
    return not any(outcome.shows_secret or (outcome.plan and _binds_secret(outcome.plan)) for outcome in answer)


def _binds_secret(plan: Plan) -> bool:
    """Say whether a plan, or one inside it, binds a secret input to a value instead of a template."""
    bound = ((each, *item) for each in plan.whole() for item in (each.settings.inputs or {}).items())
    return any(name in each.secret_inputs and not is_template(value) for each, name, value in bound)


def _text(answer: Answer) -> str:
    if isinstance(answer, DocumentError):
        return json.dumps({"problems": _problems(answer.problems)})
    listed = [
        {
            "id": outcome.workflow_id,
            "warnings": _problems(outcome.warnings),
            "problems": _problems(outcome.error.problems) if isinstance(outcome.error, DocumentError) else None,
        }
        for outcome in answer
    ]
    plans = [outcome.plan.model_dump_json(exclude_defaults=True) for outcome in answer if outcome.plan is not None]
    return "\n".join([json.dumps({"workflows": listed}), *plans])


def _answer(head: dict[str, Any], plans: Sequence[str]) -> Answer:
    if "problems" in head:
        return DocumentError(map(_problem, head["problems"]))
    listed = head["workflows"]
    compiled = [item["id"] for item in listed if item["problems"] is None]
    read = dict(zip(compiled, map(Plan.model_validate_json, plans), strict=True))
    return tuple(
        Outcome(
            item["id"],
            plan=read.get(item["id"]),
            warnings=tuple(map(_problem, item["warnings"])),
            error=None if item["problems"] is None else DocumentError(map(_problem, item["problems"])),
        )
        for item in listed
    )


def _problems(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]


def _problem(written: dict[str, Any]) -> Problem:
    return Problem(**{**written, "severity": Severity(written["severity"]), "place": Place(**written["place"])})
