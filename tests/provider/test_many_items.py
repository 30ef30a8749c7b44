"""A group for each of hundreds of items: tasks ask for their own item, and for no other."""

from __future__ import annotations

import json
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG
from equivalence import in_place_of_the_world
from group_shapes import Nodes
from running import Run, TaskInstance, finish
from suite import THOROUGH

from airflow_arazzo import ArazzoTaskGroup

TEAMS = Path(__file__).parent / "documents" / "teams.arazzo.yaml"
ITEMS = 500 if THOROUGH else 100


class Item(TaskInstance):
    """A task instance of one item, as Airflow shows it: ids of states have the map index."""

    def xcom_push(self, key, value):
        self.run.xcoms[self.task_id, key, self.map_index] = json.loads(json.dumps(value))

    def xcom_pull(self, task_ids, key="return_value", *, map_indexes):
        return self.run.xcoms.get((task_ids, key, map_indexes))

    def get_task_states(self, dag_id, task_ids, run_ids, *, map_index=None):
        found = {
            f"{task}_{index}": state
            for (task, index), state in self.run.states.items()
            if task in task_ids and map_index in (None, index)
        }
        return {self.run_id: found}


def test_a_group_for_each_of_many_items():
    nodes, run = Nodes(), Run()
    with DAG("many", schedule=None) as dag:
        group = ArazzoTaskGroup(TEAMS, "visit", group_id="g", inputs={"node": "{{ node }}"})
    with in_place_of_the_world(nodes):
        for name in ("g.inputs", "g.look", "g.touch", "g.outputs"):
            for index in range(ITEMS):
                instance = Item(run, name, map_index=index)
                context = {"params": {}, "ti": instance, "node": f"n{index}"}
                result = finish(dag.get_task(name), context)
                run.states[name, index] = "success"
                if result is not None:
                    instance.xcom_push("return_value", result)
    assert group.last.task_id == "g.outputs"
    assert sorted(nodes.sent) == sorted([f"n{index}" for index in range(ITEMS)] * 2)
    outputs = [run.xcoms["g.outputs", "return_value", index] for index in range(ITEMS)]
    assert outputs == [{"mark": f"N{index}", "token": "***"} for index in range(ITEMS)]
