"""Rules about control flow: where control goes, what it never reaches, and what has run when a value is read."""

from __future__ import annotations

from collections.abc import Iterator

from arazzo.document.concurrency import awaited_steps
from arazzo.document.control import (
    Transfer,
    Unmatched,
    may_match_nothing,
    merged_actions,
    named_workflows,
    next_step,
    resolve_unmatched,
    successors,
)
from arazzo.document.models import Action, Step, Workflow
from arazzo.document.scc import entrances, reachable, strongly_connected
from arazzo.document.settings import EXTENSION, UNSET, deciding_steps
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.exchange import SAFE_METHODS
from arazzo.expressions.nodes import StepOutput
from arazzo.validation.call_rules import Calls, identity
from arazzo.validation.criteria_rules import may_fall_through
from arazzo.validation.expression_index import Use, uses
from arazzo.validation.reachability import Dominance, Ways, loops
from arazzo.validation.validation_context import Subject, Target


def check_steps(subject: Subject) -> Iterator[Problem]:
    """Find steps that an action or ``dependsOn`` names and that do not exist."""
    for workflow, _, action in subject.actions():
        if action.type != "end" and action.step_id is not None and not workflow.has_step(action.step_id):
            message = (
                f"{action.type} names step '{action.step_id}', which workflow '{workflow.workflow_id}' does not have"
            )
            hint = subject.near(action.step_id, step_ids(workflow))
            yield subject.problem("unknown-step", f"{action.at}/stepId", message, hint)
    for workflow, step in subject.steps():
        for index, reference in enumerate(step.depends_on):
            yield from _awaited(subject, workflow, reference, f"{step.at}/dependsOn/{index}")
    owners: list[Workflow | Step] = [*subject.workflows, *(step for _, step in subject.steps())]
    for owner in owners:
        seen: set[str] = set()
        for index, reference in enumerate(owner.depends_on):
            if reference in seen:
                message, at = f"dependsOn names '{reference}' twice", f"{owner.at}/dependsOn/{index}"
                yield subject.problem("duplicate-dependency", at, message, "leave one out")
            seen.add(reference)


def _awaited(subject: Subject, workflow: Workflow, reference: str, at: str) -> Iterator[Problem]:
    where, name = _step_reference(reference, workflow.workflow_id)
    try:
        target = subject.target(where)
    except DocumentError:
        return
    if target is None:
        yield subject.problem("unknown-workflow", at, f"dependsOn names workflow '{where}', which does not exist")
        return
    if not target.workflow.has_step(name):
        message = f"dependsOn names step '{name}', which workflow '{target.workflow.workflow_id}' does not have"
        yield subject.problem("unknown-step", at, message, subject.near(name, step_ids(target.workflow)))


def step_ids(workflow: Workflow) -> Iterator[str]:
    """Yield the ids of a workflow's steps."""
    return (step.step_id for step in workflow.steps)


def _step_reference(reference: str, here: str) -> tuple[str, str]:
    """Return the workflow and the step that an entry of ``dependsOn`` names."""
    if reference.startswith("$steps."):
        return here, reference.removeprefix("$steps.").split(".")[0]
    for prefix in ("$workflows.", "$sourceDescriptions."):
        if reference.startswith(prefix) and ".steps." in reference:
            where, _, name = reference.removeprefix(prefix).partition(".steps.")
            return where, name
    return here, reference


def check_workflows(subject: Subject) -> Iterator[Problem]:
    """Find workflows that are named and do not exist, and calls without end."""
    calls = Calls(subject)
    for workflow in subject.workflows:
        own = identity(Target(subject, workflow))
        for reference, at in named_workflows(workflow):
            try:
                target = subject.target(reference)
            except DocumentError:
                continue  # the source is broken, which is a problem of its own
            if target is None:
                known = [item.workflow_id for item in subject.workflows]
                message = f"there is no workflow '{reference}'"
                yield subject.problem("unknown-workflow", at, message, subject.near(reference, known))
                continue
            portable = _portable(reference)
            if target.subject is not subject and reference != portable:
                message = f"'{reference}' is not a valid name for a workflow of another document"
                yield subject.problem("loose-reference", at, message, f"write '{portable}'")
            if (circle := calls.circle(own, identity(target))) is not None:
                message = f"workflows call each other in a circle: {' -> '.join(circle)}"
                yield subject.problem("recursive-workflow", at, message)
        if (excess := calls.excess(own)) is not None:
            message = f"workflow '{workflow.workflow_id}' {excess}"
            yield subject.problem("too-many-calls", f"{workflow.at}/workflowId", message)


def _portable(reference: str) -> str:
    """Return how a workflow of another document is named (Step Object, ``workflowId``)."""
    source, _, name = reference.removeprefix("$sourceDescriptions.").partition(".")
    return f"$sourceDescriptions.{source}.{name.removeprefix('workflows.')}"


def check_reach(subject: Subject) -> Iterator[Problem]:
    """Find steps that are never reached, and actions after one that always holds."""
    for workflow in subject.workflows:
        reached = reachable(ways(subject, workflow), workflow.steps[0].step_id)
        for step in workflow.steps:
            if step.step_id not in reached:
                message = f"no path leads to step '{step.step_id}'; it is left out"
                hint = "an action before it always goes elsewhere"
                yield subject.problem("unreachable-step", f"{step.at}/stepId", message, hint)
    owners: list[Workflow | Step] = [*subject.workflows, *(step for _, step in subject.steps())]
    for owner in owners:
        for actions in _lists(owner):
            always = None
            for action in actions:
                if always is not None:
                    message = f"action '{action.name}' is never taken: '{always}' before it always holds"
                    yield subject.problem("idle-action", action.at, message, f"give '{always}' criteria")
                elif not may_match_nothing((action,)):
                    always = action.name


def _lists(owner: Workflow | Step) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    if isinstance(owner, Step):
        return owner.on_success, owner.on_failure
    return owner.success_actions, owner.failure_actions


def check_spent_retries(subject: Subject) -> Iterator[Problem]:
    """Find retries after success that, once spent, let the workflow end well whatever it was waiting for."""
    for workflow, step in subject.steps():
        retry: Action | None = None
        for action in merged_actions(workflow, step)[0]:
            if action.type == "retry":
                retry = action
            elif retry is not None and action.type == "end" and not action.criteria:
                message = f"when retry '{retry.name}' is exhausted, '{action.name}' ends the workflow as a success"
                hint = f"give '{action.name}' criteria, so that the step fails"
                yield subject.problem("spent-retry", action.at, message, hint)


def check_fall_through(subject: Subject) -> Iterator[Problem]:
    """Find steps where it matters what follows if no success action holds."""
    beside: dict[str, bool] = {}
    for workflow, step in subject.steps():
        actions, _ = merged_actions(workflow, step)
        if not actions or not may_match_nothing(actions) or subject.settings(workflow, step).unmatched is not None:
            continue
        if not may_fall_through(subject, step, actions):
            continue
        if workflow.at not in beside:
            beside[workflow.at] = awaited_steps(workflow, _unmatched(subject, workflow)) is not None
        following = next_step(workflow, step) if not beside[workflow.at] else None
        follows = f"step '{following.step_id}'" if following is not None else "the end of the workflow"
        if beside[workflow.at]:
            follows = "what waits for it"
        message = f"if no success action of step '{step.step_id}' holds, {follows} comes next"
        if resolve_unmatched(workflow, step, "auto") == "fail":
            message = (
                f"if no success action of step '{step.step_id}' holds, the step fails; other tools go on to {follows}"
            )
        operation = subject.operation(following) if following is not None else None
        if operation is not None and operation.method not in SAFE_METHODS:
            message += f", a {operation.method}"
        hint = "say what you want: a last action without criteria, or x-airflow: {unmatched: next} or {unmatched: fail}"
        at = f"{step.at}/onSuccess" if step.on_success else f"{step.at}/stepId"
        yield subject.problem("fall-through", at, message, hint, key=bool(step.on_success))


def check_loops(subject: Subject) -> Iterator[Problem]:
    """Find loops that nothing in the document bounds."""
    for workflow in subject.workflows:
        for loop in loops_of(subject, workflow):
            if any(_is_bounded(subject, workflow, workflow.step(name)) for name in loop):
                continue
            path = " -> ".join([*loop, loop[0]])
            message = f"nothing in the document limits the loop {path}; it ends after 6 hours"
            hint = "x-airflow: {timeout: <seconds>} or {max_rounds: <number>}"
            yield subject.problem("unbounded-loop", f"{workflow.step(loop[0]).at}/stepId", message, hint)


def loops_of(subject: Subject, workflow: Workflow, *, retries: bool = False) -> tuple[tuple[str, ...], ...]:
    """Return the steps that lead to each other, loop by loop."""
    return subject.once(("loops", workflow.at, retries), lambda: tuple(loops(ways(subject, workflow, retries=retries))))


def _is_bounded(subject: Subject, workflow: Workflow, step: Step) -> bool:
    settings = subject.settings(workflow, step)
    return settings.timeout is not None or settings.max_rounds is not None


def check_shared_settings(subject: Subject) -> Iterator[Problem]:
    """Find settings of a step that are ignored because those of another step hold for their common task."""
    for workflow in subject.workflows:
        settings = {step.step_id: subject.own_settings(step) for step in workflow.steps}
        if sum(each is not UNSET for each in settings.values()) < 2:
            continue
        for group, entered in _tasks(subject, workflow).items():
            if len(group) == 1:
                continue
            own = {step: settings[step] for step in group}
            for name, holder in deciding_steps(entered[0], own).items():
                holds = getattr(own[holder], name)
                for step in group:
                    if getattr(own[step], name) not in (None, holds):
                        message = f"'{name}' is ignored: step '{step}' shares a task with step '{holder}'"
                        message += f", whose {holds} holds"
                        hint = f"set it once, on step '{entered[0]}'"
                        at = f"{workflow.step(step).at}/{EXTENSION}/{name}"
                        yield subject.problem("idle-setting", at, message, hint)


def _tasks(subject: Subject, workflow: Workflow) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the steps that run as one task, with those by which control enters it."""
    first = workflow.steps[0].step_id
    graph = {step: dict(targets) for step, targets in ways(subject, workflow).items()}
    for name, transfers in _transfers(subject, workflow).items():
        for way in transfers:
            if way.kind == "retry" and way.step_id in graph:
                graph[way.step_id][name] = None  # what a retry runs first comes back
    reached = reachable(graph, first)
    graph = {step: targets for step, targets in graph.items() if step in reached}
    return entrances(graph, strongly_connected(graph), (first,))


def check_order(subject: Subject) -> Iterator[Problem]:
    """Find values read from steps that cannot have run, or may not have run, when they are needed."""
    order: dict[str, Dominance] = {}
    for use in uses(subject):
        workflow = use.workflow
        if isinstance(use.expression, StepOutput) and workflow.has_step(use.expression.step):
            if workflow.at not in order:
                order[workflow.at] = Dominance(ways(subject, workflow), workflow.steps[0].step_id)
            yield from _order(subject, use, use.expression.step, order[workflow.at])


def _order(subject: Subject, use: Use, read: str, order: Dominance) -> Iterator[Problem]:
    reader = use.step.step_id if use.step is not None else None
    if reader is not None and reader not in order.reached:
        return
    rule, hint = "later-step", None
    if read not in order.reached:
        message = f"this reads step '{read}', to which no path leads"
    elif reader is None or (reader == read and use.when != "request") or order.always_before(read, reader):
        return
    elif reader == read and not order.leads_to(read, reader):
        message = f"step '{reader}' reads its own outputs before it has run"
    elif not order.leads_to(read, reader):
        message = f"step '{reader}' reads step '{read}', which cannot have run before it"
    elif reader != read:
        rule, hint = "skipped-step", "then its outputs are absent"
        message = f"step '{reader}' reads step '{read}', which may not have run"
    else:
        return
    severity = Severity.WARNING if read not in order.reached else None
    yield subject.problem(rule, use.at, message, hint, severity=severity, offset=use.offset, width=use.width)


def _unmatched(subject: Subject, workflow: Workflow) -> dict[str, Unmatched]:
    return {step.step_id: subject.settings(workflow, step).unmatched or "auto" for step in workflow.steps}


def ways(subject: Subject, workflow: Workflow, *, retries: bool = True) -> Ways:
    """Return, for each step, the steps that may follow it; steps that do not exist are left out."""
    return subject.once(("ways", workflow.at, retries), lambda: _ways(subject, workflow, retries))


def _ways(subject: Subject, workflow: Workflow, retries: bool) -> Ways:
    return {
        name: dict.fromkeys(
            way.step_id
            for way in transfers
            if way.step_id is not None and workflow.has_step(way.step_id) and (retries or way.kind != "retry")
        )
        for name, transfers in _transfers(subject, workflow).items()
    }


def _transfers(subject: Subject, workflow: Workflow) -> dict[str, tuple[Transfer, ...]]:
    """Return every way out of each step."""

    def find() -> dict[str, tuple[Transfer, ...]]:
        unmatched = _unmatched(subject, workflow)
        return {step.step_id: successors(workflow, step, unmatched[step.step_id]) for step in workflow.steps}

    return subject.once(("transfers", workflow.at), find)
