"""What is still known about a document that cannot be run: its workflows, and when they should have run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from arazzo.document.settings import EXTENSION, UNSET, Settings
from arazzo.errors import DocumentError
from arazzo.frozen import dataclass
from arazzo.source.detection import text_of
from arazzo.source.text import load_source

_VALUE = r"""[ ]*:[ ]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'#,{}\[\]][^\n#,{}]*))"""
#: Where a workflow or a call begins, on a line of its own; workflows are further left. And any schedule.
_ID = re.compile(rf"""^([ ]*(?:-[ ]+)*)["']?workflowId["']?{_VALUE}""", re.MULTILINE)
_SCHEDULE = re.compile(rf"""(?:^|[\s{{,])["']?schedule["']?{_VALUE}""", re.MULTILINE)
#: How often a document fails that has a schedule nobody can read.
_UNREADABLE_SCHEDULE = "@daily"


@dataclass(frozen=True)
class WorkflowOutline:
    """What is known of a workflow.

    :param workflow_id: its id.
    :param settings: the settings of ``x-airflow`` that can be used.
    """

    workflow_id: str
    settings: Settings


def outline(path: str | Path) -> tuple[WorkflowOutline, ...]:
    """Return what is known about a document's workflows, in document order; nothing if the file cannot be read.

    A file that is neither YAML nor JSON is searched line by line for ids and schedules.
    """
    try:
        data = load_source(path).data
    except DocumentError as error:
        if any(problem.rule == "unreadable-file" for problem in error.problems):
            return ()
        found = _of_lines(text_of(Path(path)))
    else:
        found = _of_data(data)
    return tuple({each.workflow_id: each for each in found}.values())


def _of_data(data: Any) -> Iterator[WorkflowOutline]:
    workflows = data.get("workflows") if isinstance(data, dict) else None
    whole = _settings(data)
    for workflow in workflows if isinstance(workflows, list) else ():
        name = workflow.get("workflowId") if isinstance(workflow, dict) else None
        if isinstance(name, str) and name.strip():
            yield WorkflowOutline(name, _settings(workflow).over(whole))


def _settings(owner: Any) -> Settings:
    given = owner.get(EXTENSION) if isinstance(owner, dict) else None
    found = UNSET
    for name, value in given.items() if isinstance(given, dict) else ():
        try:
            found = Settings.model_validate({name: value}).over(found)
        except ValidationError:  # one of the problems
            if name == "schedule" and value is not None:
                found = Settings(schedule=_UNREADABLE_SCHEDULE).over(found)
    return found


def _of_lines(text: str) -> Iterator[WorkflowOutline]:
    lines = list(_ID.finditer(text))
    own = min((len(line[1]) for line in lines), default=0)
    starts = [line for line in lines if len(line[1]) == own and not _value(line, 2).startswith("$")]
    ends = [*(line.start() for line in starts), len(text)]
    whole = _scheduled(text[: ends[0]])
    for line, end in zip(starts, ends[1:], strict=True):
        yield WorkflowOutline(_value(line, 2), _scheduled(text[line.end() : end]).over(whole))


def _scheduled(text: str) -> Settings:
    found = _SCHEDULE.search(text)
    return _settings({EXTENSION: {"schedule": _value(found, 1)}}) if found else UNSET


def _value(found: re.Match[str], first: int) -> str:
    return next(value for value in found.groups()[first - 1 :] if value is not None).strip()
