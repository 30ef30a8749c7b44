"""A folder of documents as DAGs: each workflow one, and a bad document one that shows its problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, get_parsing_context

from airflow_arazzo.core.engine.program import check_document
from airflow_arazzo.core.errors import ArazzoError
from airflow_arazzo.core.expressions import Dialect
from airflow_arazzo.core.flow import Options, Plan, compile_document
from airflow_arazzo.factory.dag import ArazzoDag, compile_options
from airflow_arazzo.factory.invalid import invalid_dag
from airflow_arazzo.factory.names import valid_key

SUFFIXES = (".yaml", ".yml", ".json")
_ARAZZO = re.compile(r"""^[\s{]*["']?arazzo["']?\s*:""", re.MULTILINE)


def load_dags(
    folder: str | Path,
    *,
    dag_id: Callable[[Plan], str] | None = None,
    connections: Mapping[str, str] | None = None,
    dialect: Dialect = "lenient",
    settings: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, DAG]:
    """Make a DAG of every workflow of every Arazzo document below a folder; Airflow finds them without further ado.

    A document that cannot be run takes none of the others away: it becomes a DAG of its own, named after its file,
    tagged ``arazzo-invalid``, whose documentation and single failing task show its problems. A file that is no Arazzo
    document (an API description) is left alone.

    :param folder: searched for ``.yaml``, ``.yml`` and ``.json``, subfolders included.
    :param dag_id: names the DAG of a plan; by default it is the workflow's id.
    :param connections: connection ids by name of the source description.
    :param dialect: ``lenient`` or ``strict``.
    :param settings: settings for all of them, by name, as under ``x-airflow``.
    :param kwargs: whatever else :class:`ArazzoDag` takes.
    :returns: the DAGs by id, in the order of the files and their workflows.
    :raises ValueError: if there is no such folder, or a setting is unknown.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"load_dags: there is no folder '{root}'")
    merged = {**(settings or {}), **({"connection": dict(connections)} if connections else {})}
    build = _Build(compile_options(dialect, merged), dag_id or _workflow_id, kwargs)
    files = [path for path in sorted(root.rglob("*")) if path.suffix in SUFFIXES and path.is_file()]
    documents = [path for path in files if _is_document(path)]
    wanted = get_parsing_context().dag_id
    if wanted is not None and dag_id is None:
        narrowed = [path for path in documents if _may_hold(path, wanted)]
        if wanted in (dags := build.dags(narrowed, wanted)):
            return dags
    return build.dags(documents)


class _Build:
    """How the documents of one folder become DAGs."""

    def __init__(self, options: Options, dag_id: Callable[[Plan], str], kwargs: Mapping[str, Any]) -> None:
        self.options, self.dag_id, self.kwargs = options, dag_id, kwargs

    def dags(self, documents: list[Path], only: str | None = None) -> dict[str, DAG]:
        """Return the DAGs of documents, or only the one of that id."""
        found: dict[str, DAG] = {}
        for path in documents:
            for wanted, make in self._makers(path):
                name = _unused(wanted, found)
                if only is None or only == name:
                    found[name] = make(name)
        return found

    def _makers(self, path: Path) -> Iterator[tuple[str, Callable[[str], DAG]]]:
        """Yield for each workflow of a document the id its DAG asks for, and what makes the DAG under an id."""
        own = valid_key(path.name.split(".", 1)[0])
        try:
            loaded, sources, _ = check_document(path, self.options)
        except ArazzoError as error:
            yield own, _failing(path, error)
            return
        for workflow in loaded.document.workflows:
            try:
                plan = compile_document(loaded, workflow.workflow_id, self.options, sources)
            except ArazzoError as error:
                yield valid_key(workflow.workflow_id), _failing(path, error)
            else:
                yield self._maker(path, plan)

    def _maker(self, path: Path, plan: Plan) -> tuple[str, Callable[[str], DAG]]:
        name = self.dag_id(plan)

        def make(unused: str) -> DAG:
            if unused != name:
                return invalid_dag(unused, path, f"the DAG id '{name}' is taken by another document of this folder")
            try:
                return ArazzoDag(plan, dag_id=name, **self.kwargs)
            except (ArazzoError, ValueError) as error:
                return invalid_dag(name, path, str(error))

        return name, make


def _failing(path: Path, error: ArazzoError) -> Callable[[str], DAG]:
    text = str(error)
    return lambda name: invalid_dag(name, path, text)


def _workflow_id(plan: Plan) -> str:
    return valid_key(plan.workflow_id)


def _unused(name: str, taken: Mapping[str, DAG]) -> str:
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name}-{number}", number + 1
    return candidate


def _is_document(path: Path) -> bool:
    """Say whether a file means to be an Arazzo document, be it a bad one."""
    return _ARAZZO.search(_text(path)) is not None


def _may_hold(path: Path, dag_id: str) -> bool:
    return dag_id in _text(path) or valid_key(path.name.split(".", 1)[0]) == dag_id


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
