"""The DAG of a document that cannot be run: it shows why, and takes no other DAG away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, BaseOperator

from arazzo.source import one_line

if TYPE_CHECKING:
    from airflow.sdk import Context

#: The tag of the DAGs of documents that cannot be run.
INVALID_TAG = "arazzo-invalid"


class ArazzoProblemsOperator(BaseOperator):
    """Fail, showing why a document cannot be run.

    :param problems: the problems as text.
    """

    ui_color = "#f8d7da"

    def __init__(self, *, problems: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.problems = problems

    def execute(self, context: Context) -> None:
        """Fail."""
        raise AirflowFailException(self.problems)


def invalid_dag(dag_id: str, path: Path, problems: str) -> DAG:
    """Return the DAG of a document that cannot be run.

    :param dag_id: its id.
    :param path: the document.
    :param problems: what is wrong, as a person is to read it.
    """
    fence = "````" if "```" in problems else "```"
    dag = DAG(
        dag_id,
        schedule=None,
        description=problems.splitlines()[0] if problems else "",
        doc_md=f"# `{one_line(path.name)}` cannot be run\n\n{fence}text\n{problems}\n{fence}",
        tags=["arazzo", INVALID_TAG],
        catchup=False,
    )
    ArazzoProblemsOperator(task_id="problems", problems=problems, retries=0, dag=dag)
    with dag:
        pass
    return dag
