"""What the rules look at: a document with its sources, and the operation or workflow of each step, found once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

from arazzo.document.control import merged_actions
from arazzo.document.input_declarations import declared_inputs as inputs_of_schema
from arazzo.document.loading import LoadedDocument
from arazzo.document.models import Action, Document, Step, Workflow
from arazzo.document.settings import EXTENSION, UNSET, Settings, settings_of
from arazzo.document.shape import Hints
from arazzo.document.step_parts import When
from arazzo.errors import ArazzoError, DocumentError, Problem, Severity
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Expression, Input, Output, StepOutput, WorkflowValue
from arazzo.frozen import dataclass, field
from arazzo.openapi.description import Description
from arazzo.openapi.operation import Operation
from arazzo.openapi.operation_lookup import UnresolvedOperation, find_operation
from arazzo.openapi.sources import Sources
from arazzo.validation.rules import RULES

_SOURCES = "$sourceDescriptions."
Found = TypeVar("Found")


@dataclass(frozen=True)
class Target:
    """A workflow that is called: which, and in which document."""

    subject: Subject
    workflow: Workflow


@dataclass(frozen=True, eq=False)
class Subject:
    """A document under validation.

    :param loaded: the document.
    :param dialect: how expressions and conditions are read.
    :param sources: its source descriptions.
    :param hints: finds near matches for its problems.
    """

    loaded: LoadedDocument
    dialect: Dialect
    sources: Sources
    hints: Hints = field(default_factory=Hints)
    _others: dict[str, Subject] = field(default_factory=dict)
    _found: dict[object, Any] = field(default_factory=dict)

    def once(self, key: object, find: Callable[[], Found]) -> Found:
        """Return what several rules need; the first of them finds it."""
        if key not in self._found:
            self._found[key] = find()
        found: Found = self._found[key]
        return found

    @property
    def workflows(self) -> tuple[Workflow, ...]:
        return self.loaded.document.workflows

    def problem(
        self,
        rule: str,
        at: str,
        message: str,
        hint: str | None = None,
        *,
        severity: Severity | None = None,
        key: bool = False,
        offset: int = 0,
        width: int | None = None,
    ) -> Problem:
        """Return a problem of this document.

        :param severity: by default that of the rule.
        """
        severity = severity or RULES[rule].severity_in(self.dialect)
        return self.loaded.source.problem(rule, severity, at, message, hint, key=key, offset=offset, width=width)

    def unreadable(
        self, rule: str, at: str, message: str, hint: str | None, when: When, offset: int | None = None
    ) -> Problem:
        """Return the problem of a text that cannot be read: in lenient, an output affects nothing but its users.

        :param when: when the value of the text is needed.
        """
        severity, width = None, None if offset is None else 1
        if when in ("response", "end") and self.dialect == "lenient":
            severity, message = Severity.WARNING, f"{message}; whatever uses the output fails"
        return self.problem(rule, at, message, hint, severity=severity, offset=offset or 0, width=width)

    def near(self, name: str, known: Iterable[str]) -> str | None:
        """Return ``did you mean 'x'?`` for the closest known name, while the search is cheap."""
        return self.hints.near(name, known)

    def steps(self) -> Iterator[tuple[Workflow, Step]]:
        """Yield every step with its workflow, in document order."""
        for workflow in self.workflows:
            for step in workflow.steps:
                yield workflow, step

    def holders(self) -> tuple[Document | Workflow | Step, ...]:
        """Return the objects that may have extensions: the document, its workflows and their steps."""
        return (self.loaded.document, *self.workflows, *(step for _, step in self.steps()))

    def actions(self) -> Iterator[tuple[Workflow, Step, Action]]:
        """Yield every action that applies to a step, including the workflow's."""
        for workflow, step in self.steps():
            for actions in merged_actions(workflow, step):
                for action in actions:
                    yield workflow, step, action

    @cached_property
    def _descriptions(self) -> tuple[dict[str, Description], tuple[Problem, ...]]:
        found: dict[str, Description] = {}
        broken: list[Problem] = []
        for source in self.loaded.document.source_descriptions:
            try:
                match self.sources.kind(source):
                    case "openapi":
                        found[source.name] = self.sources.description(source.name)
                    case "arazzo":
                        self.sources.document(source.name)
                    case _:
                        self.sources.raw(source.name)
            except DocumentError as error:
                broken.extend(error.problems)
        return found, tuple(broken)

    @property
    def descriptions(self) -> Mapping[str, Description]:
        """The API descriptions that can be read, by name."""
        return self._descriptions[0]

    @property
    def broken_sources(self) -> tuple[Problem, ...]:
        """One problem for each source that cannot be read."""
        return self._descriptions[1]

    def is_asyncapi(self, step: Step) -> bool:
        """Say whether a step sends or receives a message."""
        if step.channel_path is not None or step.action is not None:
            return True
        reference = step.operation_id or step.operation_path or ""
        return any(beginning in reference for beginning in self._messages)

    @cached_property
    def _messages(self) -> tuple[str, ...]:
        """How references into the descriptions of messages begin."""
        sources = self.loaded.document.source_descriptions
        return tuple(f"{_SOURCES}{source.name}." for source in sources if source.type == "asyncapi")

    @cached_property
    def _operations(self) -> dict[str, Operation | ArazzoError]:
        found: dict[str, Operation | ArazzoError] = {}
        for _, step in self.steps():
            if step.workflow_id is None and not self.is_asyncapi(step):
                try:
                    found[step.at] = find_operation(
                        step.operation_id, step.operation_path, self.descriptions, self.dialect
                    )
                except (UnresolvedOperation, DocumentError) as error:
                    found[step.at] = error
        return found

    def operation(self, step: Step) -> Operation | None:
        """Return the operation that a step calls; None if it calls none, or none that exists."""
        found = self._operations.get(step.at)
        return found if isinstance(found, Operation) else None

    def unresolved(self, step: Step) -> ArazzoError | None:
        """Return why a step's operation is not known; None if it is, or if the step calls none."""
        found = self._operations.get(step.at)
        return found if isinstance(found, ArazzoError) else None

    def target(self, reference: str) -> Target | None:
        """Return the workflow that a reference names, here or in another document; None if there is none.

        :raises DocumentError: if the other document cannot be read.
        """
        key = reference.removeprefix(_SOURCES)
        for source in self.sources.beginning(key):
            if self.sources.kind(source) == "arazzo":
                other = self._other(source.name)
                name = key.removeprefix(f"{source.name}.")
                name = name.removeprefix("workflows.") if self.dialect == "lenient" else name
                return Target(other, other._workflows[name]) if name in other._workflows else None
        return Target(self, self._workflows[key]) if key in self._workflows else None

    @cached_property
    def _workflows(self) -> dict[str, Workflow]:
        return {workflow.workflow_id: workflow for workflow in self.workflows}

    def _other(self, name: str) -> Subject:
        if name not in self._others:
            loaded = self.sources.document(name)
            self._others[name] = Subject(loaded, self.dialect, self.sources.of(loaded))
        return self._others[name]

    def called(self, step: Step) -> Target | None:
        """Return the workflow that a step calls; None if it calls none, or none that can be read."""
        return None if step.workflow_id is None else self.named(step.workflow_id)

    def named(self, reference: str) -> Target | None:
        """Return the workflow that a reference names; None if there is none, or none that can be read."""
        try:
            return self.target(reference)
        except DocumentError:
            return None

    def declared_inputs(self, workflow: Workflow) -> InputNames:
        """Return the inputs that a workflow declares, in all parts and branches of its schema."""
        return self.once(("declared", workflow.at), lambda: _declared(workflow))

    def taken_inputs(self, workflow: Workflow) -> InputNames:
        """Return the inputs that a workflow declares, and those that it passes on to the workflows it depends on."""
        return self.once(("taken", workflow.at), lambda: self._taken(workflow))

    def _taken(self, workflow: Workflow) -> InputNames:
        own = self.declared_inputs(workflow)
        known, required = dict(own.known or {}), set(own.required)
        todo: list[Target] = [Target(self, workflow)]
        met = {(id(self), workflow.at)}
        for target in todo:
            for place, found in target.subject._awaited(target.workflow).items():
                if place not in met:
                    met.add(place)
                    todo.append(found)
        for target in todo[1:]:
            passed = target.subject.declared_inputs(target.workflow)
            for name, schema in (passed.known or {}).items():
                known.setdefault(name, schema)
            required |= passed.required
        return InputNames(None) if own.known is None and not known else InputNames(known, frozenset(required))

    def _awaited(self, workflow: Workflow) -> dict[tuple[int, str], Target]:
        """Return the workflows that a workflow depends on, by their places."""
        found = filter(None, map(self.named, workflow.depends_on))
        return self.once(
            ("awaited", workflow.at), lambda: {(id(each.subject), each.workflow.at): each for each in found}
        )

    def names_for(self, expression: Expression, workflow: Workflow) -> Mapping[str, object] | None:
        """Return the declared names where an expression of a workflow looks; None if they are not known."""
        match expression:
            case Input():
                known = self.declared_inputs(workflow).known
                return {} if known is None else known
            case Output():
                return workflow.outputs
            case StepOutput(step=name):
                return workflow.step(name).outputs if workflow.has_step(name) else None
            case WorkflowValue(workflow=name, field=field):
                target = self.named(name)
                if target is None:
                    return None
                if field == "outputs":
                    return target.workflow.outputs
                return target.subject.declared_inputs(target.workflow).known or {}
        return None

    def settings(self, workflow: Workflow, step: Step) -> Settings:
        """Return the ``x-airflow`` settings for a step; one that cannot be read is not set."""
        return self.own_settings(step).over(self.once(("settings", workflow.at), lambda: self._defaults(workflow)))

    def _defaults(self, workflow: Workflow) -> Settings:
        return self.own_settings(workflow).over(self.own_settings(self.loaded.document))

    def own_settings(self, item: Any) -> Settings:
        """Return the settings that a step, a workflow or the document has in its own ``x-airflow``."""
        return UNSET if EXTENSION not in item.extensions else self.once(("own", item.at), lambda: self._own(item))

    def _own(self, item: Any) -> Settings:
        try:
            return settings_of(item.extensions, f"{item.at}/{EXTENSION}", self.loaded.source)
        except DocumentError:
            return UNSET


@dataclass(frozen=True)
class InputNames:
    """The inputs that a JSON Schema declares.

    :param known: their schemas by name; None if the workflow declares no inputs at all.
    :param required: names that must be given.
    """

    known: Mapping[str, Any] | None
    required: frozenset[str] = frozenset()


def _declared(workflow: Workflow) -> InputNames:
    if workflow.inputs is None:
        return InputNames(None)
    found = inputs_of_schema(workflow.inputs, choices=True)
    return InputNames(found.schemas, frozenset(found.required))
