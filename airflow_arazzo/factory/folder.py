"""A folder of documents as DAGs: each workflow one, and a bad document one that shows its problems."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowException, get_parsing_context

from airflow_arazzo.factory.dag import COMPILED, ArazzoDag, compile_options
from airflow_arazzo.factory.detection import is_named, means_to_be, text_of
from airflow_arazzo.factory.invalid import invalid_dag
from airflow_arazzo.factory.task_ids import valid_key
from arazzo.engine.program import check_document
from arazzo.errors import ArazzoError
from arazzo.flow import Options, Plan, compile_document
from arazzo.source import one_line

log = logging.getLogger(__name__)

SUFFIXES = (".yaml", ".yml", ".json")


def load_dags(
    folder: str | Path,
    *,
    dag_id: Callable[[Plan], str] | None = None,
    workflows: Mapping[str, Mapping[str, Any]] | None = None,
    **arguments: Any,
) -> dict[str, DAG]:
    """Make a DAG of every workflow of every Arazzo document below a folder; Airflow finds them without further ado.

    A document that cannot be run takes none of the others away: it becomes a DAG of its own, named after its file,
    tagged ``arazzo-invalid``, whose documentation and single failing task show its problems. An Arazzo document is a
    file that has ``arazzo`` among its fields, or whose name says so (``*.arazzo.yaml``), be it one that cannot be read.
    Any other file (an API description) is left alone.

    :param folder: searched for ``.yaml``, ``.yml`` and ``.json``, subfolders included.
    :param dag_id: names the DAG of a plan; by default it is the workflow's id.
    :param workflows: arguments for the DAGs of single workflows, by workflow id.
    :param arguments: arguments for all of them: those of :class:`ArazzoDag`.
    :returns: the DAGs by id, in the order of the files and their workflows.
    :raises ValueError: if there is no such folder, or a setting is unknown.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"load_dags: there is no folder '{root}'")
    build = _Build(dag_id or _workflow_id, arguments, workflows or {})
    documents = [path for path in _files(root) if is_named(path) or means_to_be(text_of(path))]
    wanted = get_parsing_context().dag_id
    if wanted is not None and dag_id is None:
        narrowed = [path for path in documents if _may_hold(path, wanted)]
        if wanted in (dags := build.dags(narrowed, wanted)):
            return dags
    return build.dags(documents)


class _Build:
    """How the documents of one folder become DAGs."""

    def __init__(
        self,
        dag_id: Callable[[Plan], str],
        arguments: Mapping[str, Any],
        workflows: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.dag_id, self.arguments, self.workflows = dag_id, arguments, workflows
        self.options = compile_options(_compiled(arguments))

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
        except Exception as error:  # noqa: BLE001 - see _failing
            yield own, _failing(path, error)
            return
        for workflow in loaded.document.workflows:
            options = self._options(workflow.workflow_id)
            try:
                plan = compile_document(loaded, workflow.workflow_id, options, sources)
            except Exception as error:  # noqa: BLE001 - see _failing
                yield valid_key(workflow.workflow_id), _failing(path, error)
            else:
                yield self._maker(path, plan)

    def _options(self, workflow_id: str) -> Options:
        own = self.workflows.get(workflow_id)
        return self.options if own is None else compile_options(_compiled({**self.arguments, **own}))

    def _maker(self, path: Path, plan: Plan) -> tuple[str, Callable[[str], DAG]]:
        name = self.dag_id(plan)
        given = {**self.arguments, **self.workflows.get(plan.workflow_id, {})}
        arguments = {key: value for key, value in given.items() if key not in COMPILED}

        def make(unused: str) -> DAG:
            if unused != name:
                return invalid_dag(unused, path, f"the DAG id '{name}' is taken by another document of this folder")
            try:
                return ArazzoDag(plan, dag_id=name, **arguments)
            except Exception as error:  # noqa: BLE001 - see _failing
                return _failing(path, error)(name)

        return name, make


def _compiled(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name in COMPILED and value is not None}


def _failing(path: Path, error: Exception) -> Callable[[str], DAG]:
    """Return what makes the DAG that shows why a document cannot be run.

    That is whatever was raised: an error that nobody has foreseen must not take the DAGs of all other documents away,
    whose running tasks would fail for want of their DAG. Its traceback is in the log of the DAG processor.
    """
    text = str(error)
    if not isinstance(error, (ArazzoError, AirflowException)):
        log.error("%s cannot be made a DAG", path, exc_info=error)
    if not isinstance(error, (ArazzoError, AirflowException, ValueError)):
        text = f"{one_line(path.name)}: {type(error).__name__}: {text}; the log of the DAG processor says where"
    return lambda name: invalid_dag(name, path, text)


def _workflow_id(plan: Plan) -> str:
    return valid_key(plan.workflow_id)


def _unused(name: str, taken: Mapping[str, DAG]) -> str:
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name}-{number}", number + 1
    return candidate


def _files(root: Path) -> list[Path]:
    """Return the files below a folder that may be documents, sorted; of those out of reach, the ones named so."""

    def passed_over(error: OSError) -> None:
        log.warning("load_dags: the folder %s cannot be read (%s) and is passed over", error.filename, error.strerror)

    paths = [Path(folder, name) for folder, _, names in os.walk(root, onerror=passed_over) for name in names]
    return [path for path in sorted(paths) if path.suffix in SUFFIXES and _is_file(path)]


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return is_named(path)


def _may_hold(path: Path, dag_id: str) -> bool:
    return dag_id in text_of(path) or valid_key(path.name.split(".", 1)[0]) == dag_id
