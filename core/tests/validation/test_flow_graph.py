"""What validation says about order, against the enumeration of ways."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from suite import drawn

from arazzo.document.loading import parse_document
from arazzo.document.scc import reachable
from arazzo.source.text import parse_source
from arazzo.validation import validate
from arazzo.validation.reachability import Dominance, loops

NAMES = [f"s{number}" for number in range(7)]
graphs = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3, unique=True) for name in NAMES}).map(
    lambda graph: {name: dict.fromkeys(targets) for name, targets in graph.items()}
)


def closure(graph: dict, start: str, left_out: str | None = None) -> set[str]:
    seen: set[str] = set() if start == left_out else {start}
    grown = True
    while grown:
        more = {target for name in seen for target in graph[name] if target != left_out} - seen
        seen |= more
        grown = bool(more)
    return seen


@drawn(70)
@given(graphs)
def test_dominance_is_what_leaving_a_step_out_shows(graph: dict) -> None:
    order = Dominance(graph, "s0")
    reached = closure(graph, "s0")
    assert order.reached == reached
    for step in reached:
        for other in reached - {step}:
            assert order.always_before(step, other) == (other not in closure(graph, "s0", step))


@drawn(70)
@given(graphs)
def test_reach_and_loops_are_what_walking_shows(graph: dict) -> None:
    order = Dominance(graph, "s0")
    far = {name: {target for first in graph[name] for target in closure(graph, first)} for name in NAMES}
    for name in NAMES:
        assert reachable(graph, name) == {*far[name], name}
        assert {other for other in NAMES if order.leads_to(name, other)} == far[name]
    in_loops = {name for loop in loops(graph) for name in loop}
    assert in_loops == {name for name in NAMES if name in far[name]}


def test_thousands_of_steps_with_jumps_everywhere_are_no_trouble(tmp_path: Path) -> None:
    count = 3_000
    steps = "".join(
        f"  - {{stepId: s{n}, operationId: op, outputs: {{x: $statusCode}}, onSuccess: [{{name: a, type: goto,"
        f" stepId: s{n * 7 % count}, criteria: [{{condition: $statusCode == 201}}]}}, {{name: b, type: goto,"
        f" stepId: s{min(n + 1, count - 1)}}}], parameters: [{{name: p, in: query,"
        f" value: $steps.s{max(n - 1, 0)}.outputs.x}}]}}\n"
        for n in range(count)
    )
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\nservers: [{url: 'http://a'}]\n"
        "paths: {/a: {get: {operationId: op, parameters:"
        " [{name: p, in: query}], responses: {}}}}\n"
    )
    text = (
        "arazzo: 1.0.1\ninfo: {title: T, version: '1'}\nsourceDescriptions: [{name: api, url: api.yaml}]\n"
        f"workflows:\n- workflowId: w\n  steps:\n{steps}"
    )
    loaded = parse_document(parse_source(text, "doc.yaml", str(tmp_path / "doc.yaml")))
    found = validate(loaded)
    assert {problem.rule for problem in found} <= {"unbounded-loop", "skipped-step", "later-step"}
