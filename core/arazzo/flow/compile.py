"""A workflow becomes a plan: steps with their operations, the flow graph, and the regions it falls into.

The document has already been validated; errors raised here are what makes a plan impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from arazzo.criteria.named_statuses import named_statuses
from arazzo.document.contract_levels import levels_of
from arazzo.document.control import named_workflows, resolve_unmatched
from arazzo.document.input_declarations import declared_inputs
from arazzo.document.loading import LoadedDocument
from arazzo.document.models import Parameter, Step, Workflow, unplaced
from arazzo.document.paging import paged_outputs
from arazzo.document.settings import EXTENSION, UNSET, Settings, deciding_steps, settings_of
from arazzo.document.step_parts import merged_step
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.exchange import REDIRECTS
from arazzo.expressions.context import Dialect
from arazzo.expressions.portability import declared_name
from arazzo.flow.action_needs import action_needs
from arazzo.flow.awaited import build_needs
from arazzo.flow.compile_options import Options
from arazzo.flow.credential_flow import secret_names
from arazzo.flow.graph import FlowGraph, build_graph, with_quiet_ends
from arazzo.flow.loops import Groups, build_regions, step_groups
from arazzo.flow.passed_outputs import with_passed_outputs
from arazzo.flow.plan import InputNeed, PassedInput, Plan, PlannedStep
from arazzo.flow.reads import step_reads, value_reads, workflow_key
from arazzo.flow.slices import sharing_cookies
from arazzo.frozen import dataclass, field, replace
from arazzo.limits import current_limits
from arazzo.openapi.contract_slices import slice_contract
from arazzo.openapi.input_needs import NeededInput, call_readings, needed_readings
from arazzo.openapi.operation import Operation
from arazzo.openapi.operation_lookup import UnresolvedOperation, find_operation
from arazzo.openapi.sources import Sources


def compile_document(
    loaded: LoadedDocument,
    workflow_id: str | None = None,
    options: Options | None = None,
    sources: Sources | None = None,
) -> Plan:
    """Compile a workflow of a document to a plan.

    :param loaded: the document.
    :param workflow_id: which workflow; None if the document has only one.
    :param options: dialect and settings.
    :param sources: the document's source descriptions; None loads them from where the document says.
    :raises DocumentError: if there is no such workflow, if an operation or workflow that a step names does not exist,
        or if workflows call each other in a circle, too many or too deep.
    """
    options = options or Options()
    plan = _Compiler(options, ()).compile(loaded, sources or Sources(loaded), choose_workflow(loaded, workflow_id))
    return sharing_cookies(plan)


def choose_workflow(loaded: LoadedDocument, workflow_id: str | None) -> Workflow:
    """Return the workflow of that id, or the only one; DocumentError if there is none or several."""
    workflows = loaded.document.workflows
    if workflow_id is None:
        if len(workflows) == 1:
            return workflows[0]
        raise DocumentError([_problem(loaded, "which-workflow", "/workflows", f"name a workflow: {_ids(workflows)}")])
    try:
        return loaded.document.workflow(workflow_id)
    except KeyError:
        message = f"there is no workflow '{workflow_id}' here, only {_ids(workflows)}"
        raise DocumentError([_problem(loaded, "unknown-workflow", "/workflows", message)]) from None


def _ids(workflows: Iterable[Workflow]) -> str:
    return ", ".join(f"'{workflow.workflow_id}'" for workflow in workflows)


@dataclass(frozen=True)
class _Compiler:
    """Compiles a workflow and the workflows it names; ``calling`` is the path here, to refuse recursion."""

    options: Options
    calling: tuple[tuple[str, str], ...]
    done: dict[tuple[str, str], Plan] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    named: dict[object, tuple[int, ...]] = field(default_factory=dict)

    def compile(self, loaded: LoadedDocument, sources: Sources, workflow: Workflow, prefix: str = "") -> Plan:
        """Compile a workflow, once for each key: a workflow that is called twice has one plan."""
        identity = loaded.source.uri, f"{prefix}{workflow.workflow_id}"
        if identity not in self.done:
            plan = self._compile(loaded, sources, workflow, prefix)
            self.done[identity] = plan.model_copy(update={"input_needs": (*plan.input_needs, *action_needs(plan))})
        return self.done[identity]

    def _compile(self, loaded: LoadedDocument, sources: Sources, workflow: Workflow, prefix: str) -> Plan:
        children = self._children(loaded, sources, workflow, prefix)
        depends_on = tuple(workflow_key(reference) for reference in workflow.depends_on)
        passed_on = _passed_on(depends_on, children)
        written = self._written(loaded, workflow)
        settings = self.options.settings.over(written)
        inherited = written.for_steps()
        planned = {
            step.step_id: self._step(loaded, sources, workflow, index, inherited, children)
            for index, step in enumerate(workflow.steps)
        }
        if self.options.dialect == "lenient":
            planned = with_passed_outputs(workflow, planned, children)
        graph = self._graph(workflow, planned, children)
        groups = step_groups(graph)
        steps = self._reached(loaded, workflow, {step: planned[step] for step in graph.steps}, groups)
        regions = build_regions(graph, groups, steps, children, self.options.dialect)
        if settings.watch is not None:
            graph = with_quiet_ends(graph, [region.entry for region in regions if region.loop == "poll"])
            regions = build_regions(graph, groups, steps, children, self.options.dialect)
        document = loaded.document
        plan: Plan = Plan.model_construct(
            key=f"{prefix}{workflow.workflow_id}",
            workflow_id=workflow.workflow_id,
            dialect=self.options.dialect,
            newer=not document.arazzo.startswith("1.0"),
            summary=workflow.summary,
            description=workflow.description,
            document={
                "name": loaded.source.name,
                "title": document.info.title,
                "version": document.info.version,
                "digest": loaded.source.digest,
                "self": document.self_uri or "",
            },
            sources={item.name: {"url": item.url, "type": item.type} for item in document.source_descriptions},
            components={"parameters": {k: p.value for k, p in document.components.parameters.items()}},
            inputs=workflow.inputs,
            steps=tuple(steps.values()),
            regions=regions,
            edges=graph.edges,
            needs=build_needs(workflow, planned, children, self.options.dialect),
            outputs=workflow.outputs,
            unreachable=tuple(step.step_id for step in workflow.steps if step.step_id not in steps),
            input_needs=tuple(_input_needs(workflow, steps.values(), children, graph, self.options.dialect)),
            sensitive=secret_names(settings.sensitive or (), planned, workflow.outputs, children),
            depends_on=depends_on,
            undeclared=_undeclared(workflow, steps.values(), self.options.dialect),
            passed_on=passed_on,
            children=children,
            settings=settings,
        )
        return plan.model_copy(update={"settings": self._bound(loaded, workflow, plan)})

    def _bound(self, loaded: LoadedDocument, workflow: Workflow, plan: Plan) -> Settings:
        """Return the settings of a plan without what the document binds for its other workflows."""
        own = settings_of(workflow.extensions, f"{workflow.at}/{EXTENSION}", loaded.source).inputs or {}
        meant = {*own, *(self.options.settings.inputs or ())}
        bound = plan.settings.inputs or {}
        kept = {name: value for name, value in bound.items() if name in meant or plan.takes(name)}
        return plan.settings.model_copy(update={"inputs": kept}) if len(kept) < len(bound) else plan.settings

    def _graph(self, workflow: Workflow, planned: Mapping[str, PlannedStep], children: Mapping[str, Plan]) -> FlowGraph:
        """Return the flow graph of the steps that can be reached."""
        unmatched = {step: plan.unmatched for step, plan in planned.items()}
        keys = {reference: workflow_key(reference) for reference, _ in named_workflows(workflow)}
        graph = build_graph(workflow, unmatched, {k: v for k, v in keys.items() if v in children})
        return graph.only(graph.reachable())

    def _written(self, loaded: LoadedDocument, workflow: Workflow) -> Settings:
        document = settings_of(loaded.document.extensions, f"/{EXTENSION}", loaded.source)
        own = settings_of(workflow.extensions, f"{workflow.at}/{EXTENSION}", loaded.source)
        return own.over(document.over(self.options.defaults))

    def _step(
        self,
        loaded: LoadedDocument,
        sources: Sources,
        workflow: Workflow,
        index: int,
        inherited: Settings,
        children: Mapping[str, Plan],
    ) -> PlannedStep:
        step = workflow.steps[index]
        merged = merged_step(workflow, step)
        if (taken := _taken(step, merged.parameters, children)) is not merged.parameters:
            merged = merged.model_copy(update={"parameters": taken})
        settings = self._step_settings(loaded, step, inherited)
        paged = {name: value for name, (_, value) in paged_outputs(settings.given()).items()}
        merged = merged.model_copy(update={"outputs": {**merged.outputs, **paged}}) if paged else merged
        unmatched = settings.unmatched or ("auto" if self.options.dialect == "lenient" else "next")
        protocol = _protocol(step, sources)
        operation = None if protocol or step.workflow_id else self._operation(loaded, sources, step)
        if operation is not None and operation.answers and "$response.body" not in merged.model_dump_json():
            operation = operation.model_copy(update={"answers": ()})
        if operation is not None and (checks := levels_of(settings.contract)):
            description = sources.description(operation.source)
            contract = slice_contract(description, operation, schemas="schema" in checks)
            operation = operation.model_copy(update={"contract": contract})
        return PlannedStep.model_construct(
            step=unplaced(merged),
            operation=operation,
            kept_redirects=() if operation is None else self._kept_redirects(merged, operation),
            workflow=workflow_key(step.workflow_id) if step.workflow_id else None,
            unmatched=resolve_unmatched(workflow, step, unmatched),
            next=workflow.steps[index + 1].step_id if index + 1 < len(workflow.steps) else None,
            settings=settings,
            protocol=protocol,
        )

    def _kept_redirects(self, step: Step, operation: Operation) -> tuple[int, ...]:
        """Return the redirects that are the answer: those that criteria name, or all if the description has no success.

        Most steps have the same criteria as others, and looking into them takes long.
        """
        if operation.answers_redirect and not step.success_criteria:
            return REDIRECTS
        groups = (step.success_criteria, *(action.criteria for action in (*step.on_success, *step.on_failure)))
        key = tuple(tuple(criterion.said for criterion in group) for group in groups)
        if key not in self.named:
            self.named[key] = named_statuses(groups, REDIRECTS, self.options.dialect)
        return self.named[key]

    def _step_settings(self, loaded: LoadedDocument, step: Step, inherited: Settings) -> Settings:
        at_step = settings_of(step.extensions, f"{step.at}/{EXTENSION}", loaded.source)
        merged = self.options.settings.for_steps().over(at_step.over(inherited))
        return self.options.step_settings.get(step.step_id, UNSET).over(merged)

    def _reached(
        self, loaded: LoadedDocument, workflow: Workflow, steps: Mapping[str, PlannedStep], groups: Groups
    ) -> dict[str, PlannedStep]:
        """Return the steps with the settings of each task at its entry."""
        entries = {
            entered[0]: self._entry(loaded, steps[entered[0]], [workflow.step(step) for step in group])
            for group, entered in groups.items()
            if len(group) > 1
        }
        return {**steps, **entries}

    def _entry(self, loaded: LoadedDocument, entry: PlannedStep, steps: list[Step]) -> PlannedStep:
        """Return the entry of several steps that form one task, with the settings that hold for the task."""
        own = {step.step_id: self._own_settings(loaded, step) for step in steps}
        deciding = deciding_steps(entry.step_id, own).items()
        held = Settings.model_construct(**{name: getattr(own[step], name) for name, step in deciding})
        return entry.model_copy(update={"settings": held.over(entry.settings)})

    def _own_settings(self, loaded: LoadedDocument, step: Step) -> Settings:
        """Return the settings of one step alone: its own, unless the options overrule them."""
        said = settings_of(step.extensions, f"{step.at}/{EXTENSION}", loaded.source).given()
        overruled = self.options.settings.given()
        own = Settings.model_construct(**{name: value for name, value in said.items() if name not in overruled})
        return self.options.step_settings.get(step.step_id, UNSET).over(own)

    def _operation(self, loaded: LoadedDocument, sources: Sources, step: Step) -> Operation:
        try:
            return find_operation(step.operation_id, step.operation_path, sources.descriptions(), self.options.dialect)
        except UnresolvedOperation as error:
            name = "operationId" if step.operation_id is not None else "operationPath"
            problem = loaded.source.problem(
                "unknown-operation", Severity.ERROR, f"{step.at}/{name}", error.message, error.hint
            )
            raise DocumentError([problem]) from error

    def _children(self, loaded: LoadedDocument, sources: Sources, workflow: Workflow, prefix: str) -> dict[str, Plan]:
        children: dict[str, Plan] = {}
        number = 1
        here = (loaded.source.uri, workflow.workflow_id)
        inner = replace(self, calling=(*self.calling, here), options=replace(self.options, step_settings={}))
        for reference, at in _first_places(workflow).items():
            key = workflow_key(reference)
            child_loaded, child_sources, child = self._resolve(loaded, sources, reference, at)
            there = (child_loaded.source.uri, child.workflow_id)
            if there in inner.calling:
                circle = [name for _, name in inner.calling[inner.calling.index(there) :]] + [child.workflow_id]
                message = f"workflows call each other in a circle: {' -> '.join(circle)}"
                raise DocumentError([_problem(loaded, "recursive-workflow", at, message)])
            children[key] = inner.compile(child_loaded, child_sources, child, key[: -len(child.workflow_id)])
            times = sum(step.workflow_id == reference for step in workflow.steps) or 1
            number += times * self.counts[child_loaded.source.uri, key]
            limits = current_limits()
            if number > limits.calls or len(inner.calling) > limits.call_depth:
                message = f"workflow '{workflow.workflow_id}' calls too many workflows, or too deep"
                raise DocumentError([_problem(loaded, "too-many-calls", at, message)])
        self.counts[loaded.source.uri, f"{prefix}{workflow.workflow_id}"] = number
        return children

    def _resolve(
        self, loaded: LoadedDocument, sources: Sources, reference: str, at: str
    ) -> tuple[LoadedDocument, Sources, Workflow]:
        key = workflow_key(reference)
        for source in sources.beginning(key):
            if sources.kind(source) == "arazzo":
                other = sources.document(source.name)
                return other, sources.of(other), choose_workflow(other, key.removeprefix(f"{source.name}."))
        try:
            return loaded, sources, loaded.document.workflow(key)
        except KeyError:
            message = f"there is no workflow '{reference}'"
            raise DocumentError([_problem(loaded, "unknown-workflow", at, message)]) from None


def _taken(step: Step, merged: tuple[Parameter, ...], children: Mapping[str, Plan]) -> tuple[Parameter, ...]:
    """Return a step's parameters; of the workflow's parameters, a called workflow gets only those that it takes."""
    child = children.get(workflow_key(step.workflow_id or ""))
    if child is None:
        return merged
    own = len(step.parameters)
    return (*merged[:own], *(parameter for parameter in merged[own:] if child.takes(parameter.name)))


def _undeclared(workflow: Workflow, steps: Iterable[PlannedStep], dialect: Dialect) -> tuple[str, ...]:
    """Return inputs that expressions read and no schema names, as they spell them; in lenient these are inputs."""
    known = declared_inputs(workflow.inputs, choices=True).schemas
    read = [step_reads(planned.step, dialect) for planned in steps] + [value_reads(workflow.outputs, dialect)]
    found = (each for reads in read for each in reads.inputs if declared_name(each, known) is None)
    return tuple(dict.fromkeys(each.name for each in found))


def _first_places(workflow: Workflow) -> dict[str, str]:
    """Return the workflows that a workflow names, with the pointer to the first place."""
    found: dict[str, str] = {}
    for reference, at in named_workflows(workflow):
        found.setdefault(reference, at)
    return found


def _protocol(step: Step, sources: Sources) -> str | None:
    """Return the protocol of an AsyncAPI step, None for any other."""
    reference = step.channel_path or step.operation_id or ""
    for source in sources.of_messages:
        if f"$sourceDescriptions.{source.name}." in reference and sources.kind(source) == "asyncapi":
            return _asyncapi_protocol(sources.raw(source.name).data)
    return "asyncapi" if step.channel_path is not None or step.action is not None else None


def _asyncapi_protocol(data: object) -> str:
    servers = data.get("servers") if isinstance(data, dict) else None
    for server in servers.values() if isinstance(servers, dict) else ():
        if isinstance(server, dict) and isinstance(server.get("protocol"), str):
            return str(server["protocol"])
    return "asyncapi"


def _passed_on(depends_on: tuple[str, ...], children: Mapping[str, Plan]) -> tuple[PassedInput, ...]:
    """Return the inputs of the workflows that come first, and of those that come before these."""
    found: dict[str, PassedInput] = {}
    for child in (children[key] for key in depends_on if key in children):
        required = set(child.declared.required)
        own = (
            PassedInput.model_construct(
                name=name, schema_=schema, required=name in required, workflow=child.workflow_id
            )
            for name, schema in child.own.items()
        )
        for item in (*own, *child.passed_on):
            known = found.setdefault(item.name, item)
            if item.required and not known.required:
                found[item.name] = known.model_copy(update={"required": True})
    return tuple(found.values())


def _input_needs(
    workflow: Workflow, steps: Iterable[PlannedStep], children: Mapping[str, Plan], graph: FlowGraph, dialect: Dialect
) -> Iterator[InputNeed]:
    """Yield the optional inputs without default that the requests and calls of steps cannot do without."""
    inputs = declared_inputs(workflow.inputs)
    unavoidable = graph.unavoidable()
    for planned in steps:
        for reading in _readings(planned, children, dialect):
            name = declared_name(reading.expression, inputs.schemas) or reading.expression.name
            if name in inputs.required or name in inputs.defaults:
                continue
            yield InputNeed.model_construct(
                input=name,
                step=planned.step_id,
                place=reading.place,
                operation=_label(planned),
                allowed=reading.allowed,
                header=reading.header,
                required=reading.required,
                always=planned.step_id in unavoidable,
            )


def _readings(planned: PlannedStep, children: Mapping[str, Plan], dialect: Dialect) -> Iterator[NeededInput]:
    step = planned.step
    if planned.operation is not None:
        required = planned.settings.required != "send"
        yield from needed_readings(step.parameters, step.request_body, planned.operation, dialect, required=required)
    elif planned.workflow is not None and planned.workflow in children:
        child = children[planned.workflow]
        needed = [name for name in child.taken.required if name not in child.taken.defaults]
        needed += [need.input for need in child.needed_inputs if need.always and not need.header]
        yield from call_readings(step.parameters, needed, dialect)


def _label(planned: PlannedStep) -> str:
    operation = planned.operation
    if operation is None:
        return f"workflow '{planned.workflow}'"
    return operation.operation_id or f"{operation.method} {operation.path}"


def _problem(loaded: LoadedDocument, rule: str, pointer: str, message: str) -> Problem:
    return loaded.source.problem(rule, Severity.ERROR, pointer, message)
