"""The plan: a workflow as regions without cycles, the only thing the factory and the engine read.

A plan is a JSON value: printable, comparable, stored in tests as golden text, handed to a worker and to the triggerer.
It carries the slice of the API descriptions that its steps need.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Literal

from pydantic import Field
from pydantic_core import to_jsonable_python
from typing_extensions import Self

from arazzo.document.input_declarations import DeclaredInputs, declared_inputs, names_input
from arazzo.document.models import Parameter, Step
from arazzo.document.settings import UNSET, Settings, of_source
from arazzo.expressions.navigation import declared_prefix, outermost
from arazzo.flow.reads import Reads, step_reads, value_reads
from arazzo.frozen_model import FrozenModel
from arazzo.garbage import seldom_collected
from arazzo.json_values import as_json, is_plain, read_own_json, write_json
from arazzo.openapi.operation import Operation
from arazzo.secrecy.sensitive_names import secret_inputs

#: Target of an edge that ends the workflow.
END = ""
#: Stands for an action's name where a watching workflow ends because its poll has used up its budget.
NOTHING_NEW = "nothing new"
#: What may be a number that a float spells differently, at the start of a value: digits within texts do not count.
_SPELLED = re.compile(r"[:,\[\s](?=[-0-9])-?(?:[0-9.]{16}|[0-9.]+[eE]|[0-9]+\.[0-9]+0(?![0-9])|0\.0000)")


def unset() -> Settings:
    """Return settings with nothing set, the same value for all."""
    return UNSET


class PlanValue(FrozenModel):
    """The base of the values in this module; the compiler makes them by ``model_construct``, without validators."""

    def model_dump_json(self, **options: Any) -> str:
        """Return the value as JSON text, in which a number that no float holds is spelled as in the document."""
        with seldom_collected():
            data = self.model_dump(**{name: value for name, value in options.items() if name != "indent"})
            if is_plain(data):
                return super().model_dump_json(**options)
            return write_json(as_json(data), default=to_jsonable_python)

    @classmethod
    def model_validate_json(cls, json_data: Any, **options: Any) -> Self:
        """Return the value in a JSON text."""
        with seldom_collected():
            if not _SPELLED.search(json_data):
                return super().model_validate_json(json_data, **options)
            return cls.model_validate(read_own_json(json_data), **options)


class Edge(PlanValue):
    """One path from a step to what comes after it.

    :ivar source: step id.
    :ivar target: step id, or ``END``.
    :ivar kind: ``success`` and ``failure`` for actions, ``next`` for document order, ``retry`` to the step itself or
        to the step that a retry runs first.
    :ivar action: the action's name; None for ``next``.
    :ivar workflow: the plan key of the workflow that a ``goto`` or ``retry`` hands over to.
    """

    source: str
    target: str
    kind: Literal["success", "failure", "next", "retry"]
    action: str | None = None
    workflow: str | None = None

    @property
    def label(self) -> str:
        return self.action or ""


class PlannedStep(PlanValue):
    """A step that can be reached, with everything needed to run it.

    :ivar step: the step; its parameters and actions include the workflow's (by name and place).
    :ivar operation: what it calls; None if it calls a workflow or is an AsyncAPI step.
    :ivar workflow: plan key of the workflow it calls.
    :ivar unmatched: what follows a success when the step has success actions and none holds.
    :ivar next: the next step in document order; None after the last.
    :ivar settings: ``x-airflow`` of document, workflow, step and factory, merged; at the entry of a region, those of
        its task.
    :ivar protocol: the protocol of an AsyncAPI step, which is planned but not run.
    :ivar kept_redirects: statuses of redirects that are the answer unless a setting says otherwise.
    :ivar added: names of the headers that its source's connection adds, in lower case, once they are known.
    """

    step: Step
    operation: Operation | None = None
    workflow: str | None = None
    unmatched: Literal["next", "fail"] = "next"
    next: str | None = None
    settings: Settings = Field(default_factory=unset)
    protocol: str | None = None
    added: tuple[str, ...] = ()
    kept_redirects: tuple[int, ...] = ()

    @property
    def step_id(self) -> str:
        return self.step.step_id

    @property
    def server(self) -> str | None:
        """The setting ``server`` for its operation's source; None leaves it to the API description."""
        return of_source(self.settings.server, self.operation.source if self.operation else "")


class Region(PlanValue):
    """Steps that run as one task: a single step, or a strongly connected component.

    :ivar entry: id of the step that names its task: the first that control reaches.
    :ivar steps: ids in document order.
    :ivar loop: None for a step that does not repeat; ``poll`` waits for the world, ``iteration`` feeds itself.
    :ivar at_once: of an iteration, the edges back on which the next round uses what this one produced, and therefore
        starts at once.
    :ivar safe: every request of the region is safe (RFC 9110), so that the triggerer may send it.
    :ivar exits: edges that leave the region, in document order, without duplicates.
    :ivar poke_interval: seconds between rounds that do not start at once; 0 for a region without a loop.
    :ivar timeout: seconds for all rounds together; None for a region without a loop.
    :ivar max_rounds: None for no bound.
    :ivar tolerate: how many rounds in a row may fail by no answer, 429, 502, 503 or 504.
    """

    entry: str
    steps: tuple[str, ...]
    loop: Literal["poll", "iteration"] | None = None
    at_once: tuple[Edge, ...] = ()
    safe: bool = True
    exits: tuple[Edge, ...] = ()
    poke_interval: float = 0.0
    timeout: float | None = None
    max_rounds: int | None = None
    tolerate: int = 0
    exponential_backoff: bool = False


class InputNeed(PlanValue):
    """An optional input without default that the request of a step needs.

    :ivar place: the part of the request that needs it: ``path parameter 'id'``.
    :ivar operation: what the step calls.
    :ivar allowed: the values that the API's description enumerates.
    :ivar header: the header it is for, which a connection may provide instead; empty for any other place.
    :ivar required: whether only the API's description says so, which the setting ``required`` may overrule.
    :ivar always: whether every path through the workflow includes the step, so that a run asks for it at the start.
    """

    input: str
    step: str
    place: str
    operation: str
    allowed: tuple[Any, ...] = ()
    header: str = ""
    required: bool = False
    always: bool = True

    def __str__(self) -> str:
        text = f"input '{self.input}' is needed by {self.place} of step '{self.step}'"
        text += f" ({self.operation})"
        return text + (f"; allowed values: {', '.join(map(str, self.allowed))}" if self.allowed else "")


class PassedInput(PlanValue):
    """An input of a workflow that comes first (``dependsOn``), passed on to it by name.

    :ivar schema_: its JSON Schema.
    :ivar required: whether its schema requires it.
    :ivar workflow: id of the first workflow that declares it.
    """

    name: str
    schema_: Any = True
    required: bool = False
    workflow: str = ""


class Plan(PlanValue):
    """One workflow, compiled.

    :ivar key: the workflow id, unique among the plans of one compilation (``source.workflowId`` from other documents).
    :ivar newer: whether the document states Arazzo 1.1 or later.
    :ivar document: ``name`` (file), ``title``, ``version``, ``digest`` (SHA-256 of the text), ``self``.
    :ivar sources: fields of the source descriptions by name, for ``$sourceDescriptions``.
    :ivar components: reusable parameters, for ``$components``.
    :ivar inputs: JSON Schema of the inputs, references inlined; None if the workflow declares none.
    :ivar steps: reachable steps in document order.
    :ivar regions: in topological order; the first holds the first step.
    :ivar edges: every path between steps, in document order.
    :ivar needs: by step, the steps that must be over before it starts, except those that one of these waits for; None
        where each step waits for the one before it in document order.
    :ivar unreachable: ids of steps that no path leads to.
    :ivar children: plans of the workflows that steps, actions and ``dependsOn`` name, by key.
    :ivar depends_on: keys of workflows that come first.
    :ivar undeclared: names of inputs that expressions read and no schema names, as they spell them; "" for all.
    :ivar passed_on: the inputs of the workflows that come first, whether or not this one declares them.
    """

    key: str
    workflow_id: str
    dialect: Literal["lenient", "strict"] = "lenient"
    newer: bool = True
    summary: str = ""
    description: str = ""
    document: dict[str, str] = Field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = Field(default_factory=dict)
    components: dict[str, Any] = Field(default_factory=dict)
    inputs: Any = None
    parameters: tuple[Parameter, ...] = ()
    steps: tuple[PlannedStep, ...]
    regions: tuple[Region, ...]
    edges: tuple[Edge, ...] = ()
    needs: dict[str, tuple[str, ...]] | None = None
    outputs: dict[str, Any] = Field(default_factory=dict)
    unreachable: tuple[str, ...] = ()
    input_needs: tuple[InputNeed, ...] = ()
    sensitive: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()
    passed_on: tuple[PassedInput, ...] = ()
    children: "dict[str, Plan]" = Field(default_factory=dict)
    settings: Settings = Field(default_factory=unset)

    @cached_property
    def _steps(self) -> dict[str, PlannedStep]:
        return {step.step_id: step for step in self.steps}

    @cached_property
    def _regions(self) -> dict[str, Region]:
        return {step: region for region in self.regions for step in region.steps}

    @cached_property
    def _leaving(self) -> dict[str, list[Edge]]:
        leaving: dict[str, list[Edge]] = {}
        for edge in self.edges:
            leaving.setdefault(edge.source, []).append(edge)
        return leaving

    @cached_property
    def declared(self) -> DeclaredInputs:
        """The inputs that the workflow itself declares."""
        return declared_inputs(self.inputs)

    @cached_property
    def own(self) -> dict[str, Any]:
        """The schemas of the inputs that the workflow declares, and of those it only reads, which allow anything."""
        return {**dict.fromkeys((outermost(name) for name in self.undeclared if name), True), **self.declared.schemas}

    @cached_property
    def taken(self) -> DeclaredInputs:
        """The inputs that a run accepts: the workflow's, and those that it only passes on."""
        passed = {item.name: item.schema_ for item in self.passed_on}
        needed = (item.name for item in self.passed_on if item.required)
        return DeclaredInputs(
            {**self.own, **passed, **self.declared.schemas} if passed else self.own,
            tuple(dict.fromkeys((*self.declared.required, *needed))),
        )

    @cached_property
    def needed_inputs(self) -> tuple[InputNeed, ...]:
        """The optional inputs that requests need, also in the workflows that come first."""
        first = (self.children[key] for key in self.depends_on if key in self.children)
        return tuple(dict.fromkeys((*self.input_needs, *(need for plan in first for need in plan.needed_inputs))))

    @cached_property
    def secret_inputs(self) -> frozenset[str]:
        """The inputs that are or contain secrets, including those that are only passed on."""
        own = secret_inputs(self.inputs, self.sensitive)
        passed = {"properties": {item.name: item.schema_ for item in self.passed_on}}
        return own | secret_inputs(passed, self.sensitive) if self.passed_on else own

    @cached_property
    def all_sensitive(self) -> frozenset[str]:
        """The names that are secret in the workflow, in workflows that it calls, and as inputs."""
        own = self.secret_inputs.union(self.sensitive)
        return own.union(*(child.all_sensitive for child in self.children.values()))

    @cached_property
    def reads(self) -> dict[str, Reads]:
        """What each step reads, by step id."""
        return {planned.step_id: step_reads(planned.step, self.dialect) for planned in self.steps}

    @cached_property
    def output_reads(self) -> Reads:
        """What the outputs of the workflow read."""
        return value_reads(self.outputs, self.dialect)

    @cached_property
    def read_workflows(self) -> frozenset[str]:
        """The plan keys of the workflows that the steps read, and that are read in the workflows they call."""
        return self.workflows_read(self.reads, self.children.values())

    def workflows_read(self, steps: Iterable[str], children: "Iterable[Plan]") -> frozenset[str]:
        """Return the plan keys of the workflows that some steps read, and that are read in the workflows these call."""
        own = frozenset(key for step in steps for key in self.reads[step].workflows)
        return own.union(*({*child.read_workflows, *child.output_reads.workflows} for child in children))

    def takes(self, name: str) -> bool:
        """Say whether a name is an input: the schema names it, an expression reads it, or it is passed on."""
        if name in self.taken.schemas or names_input(self.inputs, name):
            return True
        return any(not read or declared_prefix(read, (name,)) for read in self.undeclared)

    def step(self, step_id: str) -> PlannedStep:
        """Return the planned step of that id; KeyError if it is unknown or unreachable."""
        return self._steps[step_id]

    def leaving(self, step_id: str) -> tuple[Edge, ...]:
        """Return the edges that begin at a step, in document order."""
        return tuple(self._leaving.get(step_id, ()))

    def region_of(self, step_id: str) -> Region | None:
        """Return the region of a step; None if it is not in this (slice of a) plan."""
        return self._regions.get(step_id)

    def whole(self) -> "Iterator[Plan]":
        """Yield the plan and those of all workflows that it calls, at every depth."""
        yield self
        for child in self.children.values():
            yield from child.whole()

    def all_steps(self) -> Iterator[PlannedStep]:
        """Yield the steps of the plan and of those it calls."""
        return (step for plan in self.whole() for step in plan.steps)

    def child(self, path: tuple[str, ...]) -> "Plan":
        """Return the plan that a path of keys leads to; the empty path is this plan."""
        plan = self
        for key in path:
            plan = plan.children[key]
        return plan
