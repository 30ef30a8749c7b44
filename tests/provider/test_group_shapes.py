"""Nothing is green over a failure: DAGs of people's own with groups in them, in whole runs with ``dag.test()``."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest
from equivalence import in_place_of_the_world
from group_shapes import SHAPES, Nodes, dag_of

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_run_tells_the_truth(shape, run_dag, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": "http://nodes.example"}))
    nodes, tasks = Nodes(), defaultdict(list)
    with in_place_of_the_world(nodes):
        run = run_dag(dag_of(shape))
    for instance in run.run.get_task_instances():
        tasks[instance.task_id].append(str(instance.state))
    SHAPES[shape].check(run.state, tasks)
    assert sorted(nodes.sent) == sorted(SHAPES[shape].sent)
