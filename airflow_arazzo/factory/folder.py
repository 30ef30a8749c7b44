"""A folder of documents as DAGs, one for each workflow; that of a bad document fails and shows its problems."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowException, conf, get_parsing_context

from airflow_arazzo.factory.arguments import (
    compile_options,
    require_arguments,
    require_schedule,
    split_arguments,
)
from airflow_arazzo.factory.dag import ArazzoDag
from airflow_arazzo.factory.document_time import DocumentTime
from airflow_arazzo.factory.documentation import with_documentation
from airflow_arazzo.factory.invalid import Invalid, invalid_dag
from airflow_arazzo.factory.task_ids import valid_key
from airflow_arazzo.operators.argument_names import (
    known_names,
    named,
    require_names,
    require_variables,
    unknown_name,
)
from airflow_arazzo.protocol.plan_folder import plan_cache
from arazzo.cpu_time import CpuTimeError
from arazzo.document.settings import UNSET, Settings
from arazzo.document.shape import near
from arazzo.engine.plan_cache import question
from arazzo.engine.plan_entries import Outcome
from arazzo.errors import ArazzoError, DocumentError
from arazzo.flow import Options, Plan
from arazzo.frozen import dataclass, replace
from arazzo.garbage import seldom_collected
from arazzo.source.detection import text_of
from arazzo.source.document_files import document_files
from arazzo.source.files_read import files_shared
from arazzo.source.locations import one_line

log = logging.getLogger(__name__)

_WORKFLOW_ID = re.compile(r"""workflowId["']?\s*:\s*["']?([^"'\s,}]+)""")


@seldom_collected()
@files_shared()
def load_dags(
    folder: str | Path,
    *,
    dag_id: Callable[[Plan], str] | None = None,
    workflows: Mapping[str, Mapping[str, Any]] | None = None,
    strict: bool = False,
    **arguments: Any,
) -> dict[str, DAG]:
    """Make a DAG from every workflow of every Arazzo document below a folder; Airflow finds the DAGs by itself.

    A document that cannot run does not affect the others, and shows its problems: each of its workflows becomes a
    DAG with the workflow's id and schedule, tagged ``arazzo-invalid``, whose only task fails with the problems. The log
    has them as errors. ``airflow-arazzo validate FOLDER`` checks the same files
    (:func:`arazzo.source.document_files.document_files`).

    :param folder: searched for ``.yaml``, ``.yml`` and ``.json``, subfolders included.
    :param dag_id: names the DAG of a plan; by default it is the workflow's id.
    :param workflows: arguments for the DAGs of single workflows, by workflow id.
    :param strict: raise the problems of documents, which gives an import error of the DAG file.
    :param arguments: arguments for all DAGs, as for :class:`ArazzoDag`. If one names a step, an input or a source
        description, it applies to the workflows that have it.
    :returns: the DAGs by id, in the order of the files and their workflows.
    :raises ValueError: if there is no such folder, if a setting cannot have its value, or if an argument names a
        workflow, a step, an input or a source description that no document has.
    :raises TypeError: if an argument does not exist.
    :raises ArazzoError: if a document cannot be run and ``strict`` is set.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"load_dags: there is no folder '{root}'")
    build = _Build(dag_id or _workflow_id, arguments, workflows or {})
    syntax = conf.get("core", "dag_ignore_file_syntax", fallback="glob")
    documents = document_files(root, "regexp" if syntax == "regexp" else "glob")
    wanted = get_parsing_context().dag_id
    if wanted is not None:
        likely = [path for path in documents if _may_hold(path, wanted, renamed=dag_id is not None)]
        found = build.dags(build.workflows_of(likely), only=wanted)
        if wanted in found.good:
            return {wanted: found.dags[wanted]}
    entries = build.workflows_of(documents)
    build.require_names(entries)
    found = build.dags(entries)
    _log_problems(found.invalid)
    if strict and found.invalid:
        raise _error(found.invalid)
    return found.dags


class DocumentDags:
    """Makes DAGs of single documents; arguments for all of them are checked once.

    :param workflows: arguments for the DAGs of single workflows, by workflow id.
    :param arguments: as for :func:`load_dags`.
    :raises TypeError: if an argument does not exist.
    :raises ValueError: if a setting has an invalid value.
    """

    def __init__(self, workflows: Mapping[str, Mapping[str, Any]], arguments: Mapping[str, Any]) -> None:
        self._build = _Build(_workflow_id, arguments, workflows)

    @seldom_collected()
    def read(self, path: Path) -> tuple[list[DAG], Exception | None]:
        """Return the DAGs of a document's valid workflows, and what is wrong with the others.

        :param path: the document.
        """
        found = self._build.dags(self._build.workflows_of([path]))
        error = _error(found.invalid) if found.invalid else None
        return [found.dags[name] for name in found.good], error


@dataclass(frozen=True)
class _Good:
    """A workflow with a plan.

    :param wanted: the id that its DAG asks for.
    """

    path: Path
    wanted: str
    plan: Plan


@dataclass(frozen=True)
class _Found:
    """The results for a folder.

    :param good: ids of the DAGs that run a workflow.
    """

    dags: dict[str, DAG]
    good: frozenset[str]
    invalid: tuple[Invalid, ...]


class _Build:
    """How the documents of one folder become DAGs."""

    def __init__(
        self,
        dag_id: Callable[[Plan], str],
        arguments: Mapping[str, Any],
        workflows: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.dag_id, self.arguments, self.workflows = dag_id, arguments, workflows
        self.time = DocumentTime()
        for given in (arguments, *workflows.values()):
            require_arguments(given)
            require_schedule(given.get("schedule"))
        self.options = _options(arguments)
        self.own = {name: _options(self._given(name)) for name in workflows}
        self.cache, self.asked = plan_cache(), question("folder", self.options, self.own)

    def workflows_of(self, documents: Iterable[Path]) -> list[_Good | Invalid]:
        """Return the workflows of documents, in order."""
        return [entry for path in documents for entry in self._entries(path)]

    def dags(self, entries: Iterable[_Good | Invalid], only: str | None = None) -> _Found:
        """Return the DAGs of workflows, or only the one with an id. No bad workflow takes the id of a good one.

        :raises ValueError: if :func:`require_names` refuses an argument.
        """
        good: dict[str, None] = {}
        built = [self._built(entry, good, only) if isinstance(entry, _Good) else entry for entry in entries]
        made = [item for item in built if item is not None]
        invalid = tuple(item for item in made if isinstance(item, Invalid))
        taken = dict(good)
        dags = dict(item if isinstance(item, tuple) else _invalid(item, taken) for item in made)
        return _Found(dags, frozenset(good), invalid)

    def require_names(self, entries: Iterable[_Good | Invalid]) -> None:
        """Refuse arguments that name what no document of the folder has; for a single workflow, what that lacks.

        A document that cannot be read may have it, and then nobody knows.

        :raises ValueError: naming the first one, and what may have been meant.
        """
        entries = tuple(entries)
        plans = [entry.plan for entry in entries if isinstance(entry, _Good)]
        unread = {text_of(entry.path) for entry in entries if isinstance(entry, Invalid)}
        ids = [plan.workflow_id for plan in plans]
        for name in self.workflows:
            if name not in ids and not any(name in text for text in unread):
                hint = near(name, ids) or f"there are {', '.join(ids)}"
                raise ValueError(f"workflows: no document of the folder has a workflow '{name}'; {hint}")
        for plan in plans:
            require_names(plan, self.workflows.get(plan.workflow_id, {}))
        for argument, name in named(self.arguments):
            known = dict.fromkeys(name for plan in plans for name in known_names(plan, argument))
            open_ended = argument == "inputs" and any(not plan.taken.schemas for plan in plans)
            if name not in known and not open_ended and not any(name in text for text in unread):
                raise ValueError(unknown_name(argument, name, known, "the documents of the folder have"))

    def _given(self, workflow_id: str) -> dict[str, Any]:
        return {**self.arguments, **self.workflows.get(workflow_id, {})}

    def _entries(self, path: Path) -> Iterator[_Good | Invalid]:
        """Yield the result for each workflow of a document, or one for the file if it cannot be read."""
        try:
            yield from self.time.run(path, lambda: list(self._plans(path)))
        except Exception as error:  # noqa: BLE001 - see _failing
            from arazzo.document.outline import outline

            known = [(each.workflow_id, each.settings) for each in outline(path)] or [(_stem(path), UNSET)]
            for workflow_id, settings in known:
                yield self._failing(path, workflow_id, settings, error)

    def _plans(self, path: Path) -> Iterator[_Good | Invalid]:
        for outcome in self.cache.answer(path, self.asked, lambda: tuple(self._compiled(path))):
            if outcome.error is not None:
                settings = _settings(path, outcome.workflow_id)
                yield self._failing(path, outcome.workflow_id, settings, outcome.error)
            else:
                yield self._named(path, self._with_its_inputs(with_documentation(outcome)))

    def _compiled(self, path: Path) -> Iterator[Outcome]:
        """Yield the outcome of each workflow of a document.

        :raises DocumentError: if the document has errors.
        """
        from arazzo.engine.document_problems import check_document
        from arazzo.engine.program import concerning, shows_secret
        from arazzo.flow import compile_document

        loaded, sources, problems = check_document(path, self.options)
        secret = shows_secret(loaded.source.data, problems)
        for workflow in loaded.document.workflows:
            name = workflow.workflow_id
            try:
                plan = compile_document(loaded, name, self.own.get(name, self.options), sources)
            except Exception as error:  # noqa: BLE001 - see _failing
                yield Outcome(name, error=error, shows_secret=secret)
            else:
                yield Outcome(name, plan, concerning(loaded, sources, workflow, problems), shows_secret=secret)

    def _with_its_inputs(self, plan: Plan) -> Plan:
        """Return a plan without inputs that are bound for all workflows and that this one does not have."""
        own = self.workflows.get(plan.workflow_id, {}).get("inputs", {})
        shared = self.arguments.get("inputs") or {}
        known, bound = plan.taken.schemas, plan.settings.inputs or {}
        kept = {name: bound[name] for name in bound if not known or name in known or name in own or name not in shared}
        if kept == bound:
            return plan
        return plan.model_copy(update={"settings": plan.settings.model_copy(update={"inputs": kept})})

    def _named(self, path: Path, plan: Plan) -> _Good | Invalid:
        """Return a workflow under the id that a person's own function gives it."""
        try:
            name = self.dag_id(plan)
            if not isinstance(name, str) or valid_key(name) != name:
                raise ValueError(f"dag_id: {name!r} cannot be the id of a DAG: letters, digits, '_', '-' and '.'")
        except Exception as error:  # noqa: BLE001 - see _failing
            return self._failing(path, plan.workflow_id, plan.settings, error)
        return _Good(path, name, plan)

    def _built(self, entry: _Good, good: dict[str, None], only: str | None) -> tuple[str, DAG] | Invalid | None:
        """Return the DAG of a workflow under its id, which is then taken; None if another one is wanted."""
        name, plan = entry.wanted, entry.plan
        given = self._given(plan.workflow_id)
        if name in good:
            error: Exception = ArazzoError(
                f"{one_line(entry.path.name)}: the DAG id '{name}' is taken by another document of this folder"
            )
            return replace(self._failing(entry.path, plan.workflow_id, plan.settings, error), wanted=name)
        if only is not None and only != name:
            good[name] = None
            return None
        try:
            _require_variables(plan, entry.path)
            dag = self.time.run(entry.path, lambda: ArazzoDag(plan, dag_id=name, **split_arguments(given)[1]))
        except Exception as error:  # noqa: BLE001 - see _failing
            return replace(self._failing(entry.path, plan.workflow_id, plan.settings, error), wanted=name)
        good[name] = None
        return name, dag

    def _failing(self, path: Path, workflow_id: str, settings: Settings, error: Exception) -> Invalid:
        """Return why a workflow cannot be run.

        This covers every error: one that nobody foresaw must not remove the DAGs of all other documents, whose running
        tasks would then fail for lack of their DAG. Its traceback is in the log of the DAG processor.
        """
        text = str(error)
        if isinstance(error, CpuTimeError):
            text = (
                f"{one_line(path.name)}: the document takes too long to become DAGs: it has {self.time.seconds:g} s of "
                "processor time, and at most half of what is left to its folder; [arazzo] document_seconds allows more"
            )
        elif not isinstance(error, (ArazzoError, AirflowException)):
            log.error("%s cannot be made a DAG", path, exc_info=error)
            if not isinstance(error, ValueError):
                text = f"{one_line(path.name)}: {type(error).__name__}: {text}; the log of the DAG processor says where"
        return Invalid(path, valid_key(workflow_id), text, error, settings, self._given(workflow_id))


def _require_variables(plan: Plan, path: Path) -> None:
    try:
        require_variables(plan)
    except ValueError as error:
        raise ArazzoError(f"{one_line(path.name)}: {error}") from None


def _options(arguments: Mapping[str, Any]) -> Options:
    return compile_options(split_arguments(arguments)[0], arguments.get("default_args"))


def _settings(path: Path, workflow_id: str) -> Settings:
    from arazzo.document.outline import outline

    return next((each.settings for each in outline(path) if each.workflow_id == workflow_id), UNSET)


def _invalid(invalid: Invalid, taken: dict[str, None]) -> tuple[str, DAG]:
    """Return the DAG of a bad workflow under its own id, its file's, or one with a number, which is then taken."""
    name = next(name for name in _candidates(invalid) if name not in taken)
    taken[name] = None
    return name, invalid_dag(name, invalid)


def _candidates(invalid: Invalid) -> Iterator[str]:
    yield invalid.wanted
    yield _stem(invalid.path)
    number = 2
    while True:
        yield f"{invalid.wanted}_{number}"
        number += 1


def _log_problems(invalid: Iterable[Invalid]) -> None:
    """Log problems as errors, once for each document."""
    for path, problems in dict.fromkeys((each.path, each.problems) for each in invalid):
        log.error("%s cannot be run:\n%s", one_line(str(path)), problems)


def _error(invalid: tuple[Invalid, ...]) -> ArazzoError:
    """Return the problems of all documents as one error."""
    errors = {id(each.error): each.error for each in invalid}.values()
    located = [error for error in errors if isinstance(error, DocumentError)]
    if len(located) == len(errors):
        return DocumentError(problem for error in located for problem in error.problems)
    return ArazzoError("\n".join(dict.fromkeys(each.problems for each in invalid)))


def _workflow_id(plan: Plan) -> str:
    return valid_key(plan.workflow_id)


def _stem(path: Path) -> str:
    return valid_key(path.name.split(".", 1)[0])


def _may_hold(path: Path, dag_id: str, *, renamed: bool) -> bool:
    """Say whether a document may contain a DAG's workflow, by the look of its text.

    :param renamed: whether a function names DAGs; its names probably contain the workflow's id.
    """
    text = text_of(path)
    if dag_id in text or _stem(path) == dag_id:
        return True
    return renamed and any(found[1] in dag_id for found in _WORKFLOW_ID.finditer(text))
