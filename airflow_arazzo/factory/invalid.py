"""The DAG of a document that cannot be run: it fails when the workflow would run, and shows why."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, BaseOperator

from airflow_arazzo.factory.arguments import dag_parameters
from airflow_arazzo.factory.dag_settings import timing
from airflow_arazzo.protocol.pictures import problems_text
from arazzo.document.settings import UNSET, Settings
from arazzo.frozen import dataclass
from arazzo.source.locations import one_line

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

#: The tag of the DAGs of documents that cannot be run.
INVALID_TAG = "arazzo-invalid"
#: Arguments for the DAG that runs a workflow, which mean nothing for one that cannot.
_NOT_TAKEN = frozenset(
    {"params", "doc_md", "description", "catchup", "is_paused_upon_creation", "schedule", "start_date"}
)


@dataclass(frozen=True)
class Invalid:
    """A workflow, or a document, that cannot be run.

    :param path: the document.
    :param wanted: the id that its DAG asks for.
    :param problems: what is wrong, in words for people.
    :param settings: those of the workflow, as far as they can be read.
    :param arguments: what a person gave for its DAG.
    :param error: what was raised.
    """

    path: Path
    wanted: str
    problems: str
    error: Exception
    settings: Settings = UNSET
    arguments: Mapping[str, Any] | None = None


class ArazzoProblemsOperator(BaseOperator):
    """Fail, showing why a document cannot be run.

    :param problems: the problems as text.
    """

    ui_color = "#f8d7da"

    def __init__(self, *, problems: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.problems = problems

    def execute(self, context: Context) -> None:
        raise AirflowFailException(self.problems)


def invalid_dag(dag_id: str, invalid: Invalid) -> DAG:
    """Return the DAG of a workflow that cannot be run.

    It has the workflow's schedule, without catching up, and the person's callbacks and owners. A new one is not paused,
    since nobody mends what nobody sees. An existing DAG keeps its pause.

    :param dag_id: its id.
    """
    given = {**(invalid.arguments or {})}
    try:
        dag = _dag(dag_id, invalid, {**_when(invalid.settings, given), **_taken(given)})
    except Exception:
        log.warning("the DAG %s has no schedule: it cannot be made with what is given for it", dag_id, exc_info=True)
        dag = _dag(dag_id, invalid, {"schedule": None})
    noted = problems_text(invalid.problems)
    ArazzoProblemsOperator(task_id="problems", problems=invalid.problems, retries=0, doc_json=noted, dag=dag)
    with dag:
        pass
    return dag


def _dag(dag_id: str, invalid: Invalid, arguments: Mapping[str, Any]) -> DAG:
    problems = invalid.problems
    fence = "````" if "```" in problems else "```"
    tags = dict.fromkeys(("arazzo", INVALID_TAG, *arguments.get("tags", ())))
    dag = DAG(
        dag_id,
        **{
            **arguments,
            "description": problems.splitlines()[0] if problems else "",
            "doc_md": f"# `{one_line(invalid.path.name)}` cannot be run\n\n{fence}text\n{problems}\n{fence}",
            "tags": list(tags),
            "catchup": False,
            "is_paused_upon_creation": False,
        },
    )
    dag.validate()  # type: ignore[no-untyped-call]
    return dag


def _when(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    found = timing(settings, given.get("schedule"), given.get("start_date"))
    often = found["schedule"] == "@continuous"  # it would fail again and again without a pause
    return {**found, "schedule": "@hourly"} if often else found


def _taken(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in dag_parameters() and name not in _NOT_TAKEN}
