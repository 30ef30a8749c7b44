"""Nothing is green over a failure: groups in DAGs of people's own, as a scheduler runs them."""

import json
import shutil
from collections import defaultdict
from contextlib import ExitStack

import pytest
from failures_shown import in_page, shape_section
from group_shapes import SHAPES, Nodes, task_ids
from many_runs import ROOT
from played_api import PlayedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.exchange import Response

DAG_FILE = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "tests")!r})
from airflow.sdk import DAG
import group_shapes

CALLED = Path({{called!r}})

def call(context):
    with CALLED.open("a") as file:
        print(context["dag"].dag_id, context["ti"].task_id, str(context.get("exception"))[:60], file=file)

with DAG("shape_{{name}}", schedule=None, default_args={{{{"on_failure_callback": call}}}}) as dag:
    group_shapes.{{name}}()
"""
#: Who is called: once for each failure, by the task that has failed, and for each item by its own.
CALLED = {
    "group_before": ["one.look"],
    "mapped_groups": ["each.g.look"],
    "mapped_before": ["many"],
}

pytestmark = [pytest.mark.scheduler, pytest.mark.slow]


def broken(request):
    """Answer as an API does that is down."""
    return Response(500, (("Content-Type", "application/json"),), b'{"error": "down"}')


class World:
    def __init__(self, airflow, nodes, called):
        self.airflow, self.nodes, self.called = airflow, nodes, called
        self.runs = {shape: airflow.rest.trigger(f"shape_{shape.__name__}") for shape in SHAPES}
        self.own = airflow.rest.trigger("rescan_images")

    def states(self, dag_id, run_id):
        """Return the run's state when it has ended, and by task id the states of its instances."""
        state = self.airflow.rest.wait(dag_id, run_id, limit=600)["state"]
        tasks = defaultdict(list)
        instances = self.airflow.rest.tasks(dag_id, run_id)
        for instance in sorted(instances, key=lambda each: each["map_index"]):
            tasks[instance["task_id"]].append(instance["state"])
        return state, tasks


@pytest.fixture(scope="module")
def world(tmp_path_factory, migrate):
    """Start Airflow and the APIs, and trigger everything; yield what the tests look at."""
    home = tmp_path_factory.mktemp("airflow")
    shutil.copytree(ROOT / "dags", home / "dags", ignore=shutil.ignore_patterns("examples.py", "demo"))
    for shape in SHAPES:  # a file each, since every task reads its own anew
        text = DAG_FILE.format(called=str(home / "called"), name=shape.__name__)
        (home / "dags" / f"shape_{shape.__name__}.py").write_text(text)
    with ExitStack() as stack:
        nodes = Nodes()
        served = stack.enter_context(PlayedApi(nodes.send, "http://nodes.example"))
        down = stack.enter_context(PlayedApi(broken, "http://down.example"))
        hosts = {"NODES": served.url, "AQUASECURITYAPI": down.url, "ANCHOREAPI": down.url}
        environment = {
            f"AIRFLOW_CONN_{name}": json.dumps({"conn_type": "arazzo", "host": host, "password": "pass-91ac"})
            for name, host in hosts.items()
        }
        airflow = stack.enter_context(LocalAirflow(home / "home", home / "dags", environment, restart=True))
        migrate(airflow)
        airflow.start()
        airflow.wait_healthy(180)
        airflow.wait_for_dags("rescan_images", *(f"shape_{shape.__name__}" for shape in SHAPES), limit=120)
        yield World(airflow, nodes, home / "called")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_run_tells_the_truth(world, shape):
    state, tasks = world.states(f"shape_{shape.__name__}", world.runs[shape])
    SHAPES[shape].check(state, tasks)
    title, sent = SHAPES[shape].title, SHAPES[shape].sent
    if title:
        assert shape_section(title, state, {name: tasks[name] for name in task_ids(shape)}, sent) == in_page(title)


def test_nothing_was_sent_that_a_failure_forbids(world):
    for shape, run_id in world.runs.items():
        world.airflow.rest.wait(f"shape_{shape.__name__}", run_id, limit=600)
    assert sorted(world.nodes.sent) == sorted(node for shape in SHAPES.values() for node in shape.sent)


def test_a_failure_calls_once(world):
    for shape, run_id in world.runs.items():
        world.airflow.rest.wait(f"shape_{shape.__name__}", run_id, limit=600)
    lines = [line.split() for line in world.called.read_text().splitlines()]
    for shape, tasks in CALLED.items():
        assert [task for dag_id, task, *_ in lines if dag_id == f"shape_{shape}"] == tasks, shape


def test_our_own_example_is_red_where_its_api_is_down(world):
    state, tasks = world.states("rescan_images", world.own)
    assert (state, tasks["rescan"]) == ("failed", ["failed", "failed"])
    assert {each for name, states in tasks.items() if name.startswith("gate.") for each in states} == {
        "upstream_failed"
    }
