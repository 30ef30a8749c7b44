"""Nothing is green over a failure: DAGs of people's own with groups in them, in whole runs with ``dag.test()``.

After a change that is meant, run with UPDATE_GOLDEN=1 and read the difference in docs/failures.md.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict

import pytest
from equivalence import in_place_of_the_world
from failures_shown import GROUPS, PAGE, in_page, shape_section
from group_shapes import SHAPES, Nodes, dag_of, task_ids

pytestmark = pytest.mark.airflow


SLOW = ("mapped_calls", "no_prefix_runs")


@pytest.mark.parametrize(
    "shape",
    [pytest.param(shape, marks=[pytest.mark.slow] * (shape.__name__ in SLOW)) for shape in SHAPES],
    ids=lambda shape: shape.__name__,
)
def test_a_run_tells_the_truth(shape, run_dag, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": "http://nodes.example"}))
    nodes, tasks = Nodes(), defaultdict(list)
    with in_place_of_the_world(nodes):
        run = run_dag(dag_of(shape))
    for instance in sorted(run.run.get_task_instances(), key=lambda each: each.map_index):
        tasks[instance.task_id].append(str(instance.state))
    SHAPES[shape].check(run.state, tasks)
    assert sorted(nodes.sent) == sorted(SHAPES[shape].sent)
    if title := SHAPES[shape].title:
        section = shape_section(title, run.state, {name: tasks[name] for name in task_ids(shape)}, nodes.sent)
        update(title, section)
        assert in_page(title) == section


def update(title, section):
    """Put a section into the page, if that is asked for."""
    if os.environ.get("UPDATE_GOLDEN"):
        page = PAGE.read_text()
        PAGE.write_text(page.replace(in_page(title), section) if f"\n## {title}\n" in page else f"{page}\n{section}")


def test_the_page_has_no_other_shapes():
    shown = PAGE.read_text().partition(GROUPS)[2]
    assert re.findall("^## (.*)$", shown, re.MULTILINE) == [shape.title for shape in SHAPES.values() if shape.title]
