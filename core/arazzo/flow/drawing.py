"""A plan as a picture in text: Mermaid, DOT, plain text, or the plan itself as JSON.

Everything is in document order, so equal plans have equal drawings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from arazzo.flow.plan import END, Edge, Plan, PlannedStep
from arazzo.source.locations import one_line

Format = Literal["mermaid", "dot", "text", "json"]
FORMATS: tuple[str, ...] = get_args(Format)


def draw(plan: Plan, form: Format = "mermaid") -> str:
    """Draw a plan.

    :param plan: the plan.
    :param form: ``mermaid``, ``dot``, ``text`` or ``json``.
    :returns: text without a trailing newline.
    """
    match form:
        case "mermaid":
            return "\n".join(_mermaid(plan))
        case "dot":
            return "\n".join(_dot(plan))
        case "text":
            return "\n".join(map(one_line, _text(plan)))
        case "json":
            return plan.model_dump_json(indent=2, by_alias=True, exclude_defaults=True)


def operation_of(planned: PlannedStep) -> str:
    """Return what a step calls: method and path, or a workflow."""
    if planned.operation is not None:
        return f"{planned.operation.method} {planned.operation.path}"
    return f"workflow {planned.workflow}" if planned.workflow else f"{planned.protocol}: not run"


def label_of(edge: Edge) -> str:
    """Return the label of an edge."""
    label = edge.label if edge.kind != "retry" else f"{edge.label} (retry)"
    return f"{label}: {edge.workflow}" if edge.workflow else label


def arrows_of(plan: Plan) -> Iterator[Edge]:
    """Return the arrows between steps: the edges or, if steps run side by side, one from each step to its users."""
    if plan.needs is None:
        yield from plan.edges
        return
    needed_by: dict[str, list[str]] = {step: [] for step in plan.needs}
    for step, needs in plan.needs.items():
        for need in needs:
            needed_by[need].append(step)
    for step, others in needed_by.items():
        yield from (edge for edge in plan.leaving(step) if edge.target == step)
        for target in others or [END]:
            yield Edge(source=step, target=target, kind="next")


def _mermaid(plan: Plan) -> Iterator[str]:
    names = {step.step_id: f"s{number}" for number, step in enumerate(plan.steps)} | {END: "outputs"}
    yield "flowchart TD"
    for step in plan.steps:
        region = plan.region_of(step.step_id)
        left, right = ("([", "])") if region is not None and region.loop else ("[", "]")
        yield f'    {names[step.step_id]}{left}"{_quoted(step.step_id)}<br/>{_quoted(operation_of(step))}"{right}'
    yield '    outputs(("outputs"))'
    for edge in arrows_of(plan):
        arrow = "-->" if edge.kind in ("success", "next") else "-.->"
        label = f'|"{_quoted(label_of(edge))}"|' if label_of(edge) else ""
        yield f"    {names[edge.source]} {arrow}{label} {names[edge.target]}"


def _quoted(text: str) -> str:
    return one_line(text).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _dot(plan: Plan) -> Iterator[str]:
    yield f"digraph {_dot_text(plan.key)} {{"
    yield "    rankdir=TB; node [shape=box, style=rounded];"
    for step in plan.steps:
        region = plan.region_of(step.step_id)
        shape = ", peripheries=2" if region is not None and region.loop else ""
        yield f"    {_dot_text(step.step_id)} [label={_dot_text(step.step_id, operation_of(step))}{shape}];"
    yield '    "" [label="outputs", shape=circle];'
    for edge in arrows_of(plan):
        style = "" if edge.kind in ("success", "next") else ", style=dashed"
        yield f"    {_dot_text(edge.source)} -> {_dot_text(edge.target)} [label={_dot_text(label_of(edge))}{style}];"
    yield "}"


def _dot_text(*lines: str) -> str:
    escaped = (one_line(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def _text(plan: Plan) -> Iterator[str]:
    yield f"{plan.key}: {plan.summary}" if plan.summary else plan.key
    if plan.needs is not None:
        yield "  a step starts when the steps that it needs are over"
    for region in plan.regions:
        if region.loop:
            every = f", every {region.poke_interval:g} s" + (" unless at once" if region.at_once else "")
            bound = f", at most {region.timeout:g} s" if region.timeout else ""
            rounds = f", at most {region.max_rounds} rounds" if region.max_rounds else ""
            yield f"  {region.loop} of {', '.join(region.steps)}{every}{bound}{rounds}"
        for step_id in region.steps:
            yield f"  {step_id}  {operation_of(plan.step(step_id))}"
            if plan.needs is not None and plan.needs[step_id]:
                yield f"    needs   <- {', '.join(plan.needs[step_id])}"
            for edge in plan.leaving(step_id):
                if plan.needs is not None and edge.target != step_id:
                    continue
                label = f"{label_of(edge)}: " if label_of(edge) else ""
                at_once = ", at once" if edge in region.at_once else ""
                yield f"    {edge.kind:<7} -> {label}{edge.target or 'outputs'}{at_once}"
    if plan.unreachable:
        yield f"  unreachable: {', '.join(plan.unreachable)}"
