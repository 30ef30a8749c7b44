"""DAGs of people's own in which something fails ahead of a group, or control does not come to it.

Under ``dag.test()`` and on a scheduler: none of them may end green over a failure, and none may send a request that
the failure forbids. A DAG file imports this module; its name has to be in there, and that of airflow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from json import dumps
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, TaskGroup
from airflow.sdk import task, task_group

from airflow_arazzo import ArazzoTaskGroup, ArazzoWorkflowOperator
from arazzo.exchange import Request, Response

DOCUMENTS = Path(__file__).parent / "provider" / "documents"
TEAMS, BESIDE = (DOCUMENTS / f"{name}.arazzo.yaml" for name in ("teams", "beside"))


@dataclass(frozen=True)
class Shape:
    """What a run of a DAG has to come to, where the nodes ``gone`` is not there and those named ``slow`` take a while.

    :ivar title: its section in docs/failures.md; empty where nothing fails.
    :ivar state: the run's.
    :ivar tasks: the states of some tasks; of a mapped one those of its items, in any order.
    :ivar groups: by group, the one state that all its tasks have.
    :ivar sent: nodes that were asked for, in any order.
    """

    title: str
    state: str
    tasks: dict[str, str | tuple[str, ...]]
    groups: dict[str, str]
    sent: tuple[str, ...] = ()

    def check(self, state: str, tasks: dict[str, list[str]]) -> None:
        """Hold a run against this.

        :param tasks: by task id, the states of its instances.
        """
        assert state == self.state, tasks
        for name, expected in self.tasks.items():
            assert sorted(tasks[name]) == sorted([expected] if isinstance(expected, str) else expected), (name, tasks)
        for group, expected in self.groups.items():
            found = {each for name, states in tasks.items() if name.startswith(f"{group}.") for each in states}
            assert found == {expected}, (group, tasks)


@task
def boom() -> str:
    raise ValueError("this task fails")


@task
def fine() -> str:
    return "a"


@task(trigger_rule="none_failed")
def behind() -> str:
    return "ran"


def visit(group_id: str = "g", node: object = "a", **kwargs: object) -> ArazzoTaskGroup:
    return ArazzoTaskGroup(TEAMS, "visit", group_id=group_id, inputs={"node": node}, **kwargs)


def task_before() -> None:
    boom() >> visit()


def group_before() -> None:
    visit("one", "gone") >> visit()


def mapped_before() -> None:
    inputs = [{"node": "a"}, {"node": "gone"}]
    document, workflow = str(TEAMS), "visit"
    many = ArazzoWorkflowOperator.partial(task_id="many", document=document, workflow_id=workflow).expand(inputs=inputs)
    many >> visit(node="b")


def failed_input() -> None:
    visit(node=boom())


def one_of_two() -> None:
    [boom(), fine()] >> visit()


def task_behind() -> None:
    boom() >> visit() >> behind()


def side_by_side() -> None:
    boom() >> ArazzoTaskGroup(BESIDE, "gather", group_id="g")


def in_a_group() -> None:
    failing = boom()
    with TaskGroup("outer") as outer:
        visit()
    failing >> outer


def no_prefix() -> None:
    boom() >> visit(prefix_group_id=False)


def calling() -> None:
    """Groups in a group: ``first`` fails, so nothing of ``second`` runs."""
    boom() >> ArazzoTaskGroup(TEAMS, "tour", group_id="g")


def not_chosen() -> None:
    @task.branch
    def choose() -> str:
        return "other"

    @task
    def other() -> None:
        pass

    chosen, left = choose(), visit()
    chosen >> left
    chosen >> other()
    left >> behind()


def no_prefix_runs() -> None:
    with TaskGroup("outer"):
        first = visit("one", prefix_group_id=False)
        second = ArazzoTaskGroup(TEAMS, "tour", group_id="two", prefix_group_id=False)
    first >> second


def mapped_groups() -> None:
    @task_group
    def each(node: str) -> None:
        visit("g", node) >> visit("again", node, prefix_group_id=False)

    each.expand(node=["a", "gone", "b"])


def mapped_calls() -> None:
    @task_group
    def each(word: str) -> None:
        with TaskGroup("inner"):
            ArazzoTaskGroup(TEAMS, "tour", group_id="g", inputs={"word": word})

    each.expand(word=["x", "y"])


def mapped_polls() -> None:
    @task_group
    def each(prefix: str) -> None:
        settings = {"deferrable": True, "max_rounds": 5, "poke_interval": 0.2}
        ArazzoTaskGroup(BESIDE, "gather", group_id="g", inputs={"prefix": prefix}, steps={"slow": settings})

    each.expand(prefix=["x-", "y-"])


FAILED_BEFORE = {"g": "upstream_failed"}
SHAPES = {
    task_before: Shape("A task before a group fails", "failed", {}, FAILED_BEFORE),
    group_before: Shape("A group before a group fails", "failed", {"one.outputs": "failed"}, FAILED_BEFORE, ("gone",)),
    mapped_before: Shape(
        "One item of a mapped `ArazzoWorkflowOperator` before a group fails",
        "failed",
        {"many": ("failed", "success")},
        FAILED_BEFORE,
        ("a", "a", "gone"),
    ),
    failed_input: Shape("The task that gives a group its input fails", "failed", {}, FAILED_BEFORE),
    one_of_two: Shape("One of two tasks before a group fails", "failed", {"fine": "success"}, FAILED_BEFORE),
    task_behind: Shape(
        "A task before a group fails, and one behind it waits for `none_failed`",
        "failed",
        {"behind": "upstream_failed"},
        FAILED_BEFORE,
    ),
    side_by_side: Shape("A task fails before a group whose steps run side by side", "failed", {}, FAILED_BEFORE),
    in_a_group: Shape(
        "A task fails before a group of tasks with a group in it", "failed", {}, {"outer": "upstream_failed"}
    ),
    no_prefix: Shape(
        "A task before a group without prefixed ids fails",
        "failed",
        {"inputs": "upstream_failed", "outputs": "upstream_failed"},
        {},
    ),
    calling: Shape("A task fails before a group that calls workflows", "failed", {}, FAILED_BEFORE),
    not_chosen: Shape("A branch leads past a group", "success", {"behind": "success"}, {"g": "skipped"}),
    no_prefix_runs: Shape(
        "",
        "success",
        {"inputs": "success", "outputs_2": "success", "second.look": "success", "mended.look": "skipped"},
        {},
        ("a", "a", "a", "a", "b", "b"),
    ),
    mapped_groups: Shape(
        "One item of a mapped group of tasks fails",
        "failed",
        {
            "each.g.outputs": ("failed", "success", "success"),
            "outputs": ("success", "success", "upstream_failed"),
        },
        {},
        ("a", "a", "a", "a", "b", "b", "b", "b", "gone"),
    ),
    mapped_calls: Shape(
        "",
        "success",
        {"each.inner.g.second.touch": ("success", "success"), "each.inner.g.outputs": ("success", "success")},
        {"each.inner.g.mended": "skipped"},
        ("a",) * 4 + ("b",) * 4,
    ),
    mapped_polls: Shape(
        "",
        "success",
        {"each.g.slow": ("success", "success"), "each.g.outputs": ("success", "success")},
        {},
        tuple(f"{prefix}-{node}" for node in ("join", "left", "right", "slow", "slow") for prefix in "xy"),
    ),
}


def dag_of(shape: Callable[[], None]) -> DAG:
    """Return the DAG of a shape."""
    with DAG(f"shape_{shape.__name__}", schedule=None) as dag:
        shape()
    return dag


def task_ids(shape: Callable[[], None]) -> list[str]:
    """Return the ids of a shape's tasks, in the order in which people read them."""
    return [task.task_id for task in dag_of(shape).topological_sort()]


class Nodes:
    """The API that the shapes ask, and its clock."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.now = 1_000_000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def send(self, request: Request) -> Response:
        node = request.url.rpartition("/")[2]
        self.sent.append(node)
        pending = node.endswith("slow") and self.sent.count(node) == 1
        body = {"mark": "pending" if pending else node.upper(), "token": f"token-of-{node}"}
        return Response(404 if node == "gone" else 200, (("Content-Type", "application/json"),), dumps(body).encode())
