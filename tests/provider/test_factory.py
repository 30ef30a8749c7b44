from __future__ import annotations

import json
import runpy
import socket
import traceback
from importlib.util import find_spec
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import get_parsing_context
from casebook import CASES
from suite import PUBLIC_DATA

from airflow_arazzo import ArazzoDag, load_dags
from airflow_arazzo.factory.task_ids import name_tasks, valid_key
from arazzo.engine import load_plan
from arazzo.errors import ArazzoError, DocumentError, InputError, UnsupportedError

DOCUMENTS = Path(__file__).parent / "documents"
SCAN, NODES = DOCUMENTS / "scan.arazzo.yaml", DOCUMENTS / "nodes.arazzo.yaml"
SEEDS = PUBLIC_DATA / "seeds" / "arazzo"
WORKFLOWS = Path(__file__).parents[2] / "dags" / "workflows"


def shape(dag):
    """Return what a person sees of a DAG: its tasks by kind, its edges with labels, its trigger rules."""
    tasks = {task.task_id: type(task).__name__ for task in dag.tasks}
    edges = {
        (task.task_id, target): dag.get_edge_info(task.task_id, target).get("label") or ""
        for task in dag.tasks
        for target in task.downstream_task_ids
    }
    rules = {task.task_id: task.trigger_rule.value for task in dag.tasks if task.trigger_rule != "all_success"}
    return tasks, edges, rules


def test_one_task_for_each_step_a_sensor_for_a_loop_a_branch_where_there_are_two_ways():
    assert shape(ArazzoDag(SCAN)) == (
        {
            "signIn": "ArazzoStepOperator",
            "startScan": "ArazzoStepOperator",
            "waitForScan": "ArazzoSensor",
            "waitForScan_branch": "BranchPythonOperator",
            "removeImage": "ArazzoStepOperator",
            "outputs": "ArazzoOutputsOperator",
        },
        {
            ("signIn", "startScan"): "",
            ("startScan", "waitForScan"): "",
            ("waitForScan", "waitForScan_branch"): "",
            ("waitForScan_branch", "removeImage"): "scanFailed",
            ("waitForScan_branch", "outputs"): "scanned",
            ("removeImage", "outputs"): "",
        },
        {"outputs": "all_done"},
    )


def test_a_way_from_a_branch_into_a_join_has_a_task_of_its_own():
    assert shape(ArazzoDag(NODES, "diamond")) == (
        {
            "a": "ArazzoStepOperator",
            "a_branch": "BranchPythonOperator",
            "a_to_d": "EmptyOperator",
            "b": "ArazzoStepOperator",
            "b_branch": "BranchPythonOperator",
            "c": "ArazzoStepOperator",
            "d": "ArazzoStepOperator",
            "outputs": "ArazzoOutputsOperator",
        },
        {
            ("a", "a_branch"): "",
            ("a_branch", "b"): "left",
            ("a_branch", "a_to_d"): "short",
            ("a_to_d", "d"): "",
            ("b", "b_branch"): "",
            ("b_branch", "c"): "on",
            ("b_branch", "outputs"): "stop",
            ("c", "d"): "",
            ("d", "outputs"): "",
        },
        {"d": "none_failed_min_one_success", "outputs": "all_done"},
    )


def test_two_ways_to_one_task_are_one_edge_with_both_labels():
    _, edges, _ = shape(ArazzoDag(NODES, "two-step-loop"))
    assert edges == {("begin", "first"): "skip, enter", ("first", "last"): "through", ("last", "outputs"): ""}


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed documents are not beside this checkout")
@pytest.mark.parametrize(
    ("document", "edges"),
    [
        (
            "aqua-security-rescan-and-cleanup-workflow.yml",
            {
                ("authenticate", "reRegisterImage"): "",
                ("reRegisterImage", "pollScan"): "",
                ("pollScan", "pollScan_branch"): "",
                ("pollScan_branch", "deleteImage"): "scanFailed",
                ("pollScan_branch", "outputs"): "scanCompleted",
                ("deleteImage", "outputs"): "",
            },
        ),
        (
            "anchore-rescan-active-images-workflow.yml",
            {
                ("findActiveImage", "findActiveImage_branch"): "",
                ("findActiveImage_branch", "refreshVulnerabilities"): "found",
                ("findActiveImage_branch", "outputs"): "notFound",
                ("refreshVulnerabilities", "regate"): "",
                ("regate", "outputs"): "",
            },
        ),
    ],
)
def test_the_seed_documents(document, edges):
    assert shape(ArazzoDag(SEEDS / document))[1] == edges


@pytest.mark.skipif(not any(WORKFLOWS.glob("*")), reason="no example workflows")
def test_every_example_document_becomes_dags():
    dags = load_dags(WORKFLOWS)
    assert dags
    assert not [dag.dag_id for dag in dags.values() if "arazzo-invalid" in dag.tags]


def test_says_where_it_comes_from():
    dag = ArazzoDag(SCAN, tags=["mine"])
    plan = load_plan(SCAN)
    assert dag.dag_id == "scan-image"
    assert dag.tags == {"arazzo", "mine"}
    assert "version 1.2.0" in dag.doc_md
    assert dag.description == "Scan an image, and remove it if the scan fails."
    assert plan.document["digest"][:16] in dag.doc_md
    assert "```text\nsignIn  POST /sessions\n" in dag.doc_md or "```mermaid\nflowchart" in dag.doc_md
    assert dag.get_task("signIn").doc_md == "`POST /sessions`\n\nGet a token."


def test_settings_reach_the_tasks():
    dag = ArazzoDag(
        SCAN,
        poke_interval=7,
        timeout=70,
        deferrable=False,
        settings={"pool": "apis", "retries": 2, "retry_delay": 5, "max_active_runs": 3, "mode": "reschedule"},
        steps={"waitForScan": {"poke_interval": 3, "queue": "slow", "execution_timeout": 9}},
        default_args={"owner": "me"},
    )
    sensor, step = dag.get_task("waitForScan"), dag.get_task("startScan")
    assert (sensor.poke_interval, sensor.timeout, sensor.mode) == (3, 70, "reschedule")
    assert (sensor.deferrable, sensor.pool, sensor.queue, step.queue) == (False, "apis", "slow", "default")
    assert (step.retries, step.retry_delay.total_seconds(), sensor.execution_timeout.total_seconds()) == (2, 5, 9)
    assert (dag.max_active_runs, step.owner, dag.catchup) == (3, "me", False)


def test_settings_of_any_step_of_a_loop_reach_its_task():
    later = {"pool": "apis", "poke_interval": 3, "deferrable": False, "mode": "reschedule", "queue": "slow"}
    steps = {"first": {"queue": "fast"}, "second": later}
    sensor = ArazzoDag(NODES, "two-step-loop", steps=steps).get_task("first")
    assert (sensor.poke_interval, sensor.mode, sensor.deferrable) == (3, "reschedule", False)
    assert (sensor.pool, sensor.queue) == ("apis", "fast")


@pytest.mark.parametrize("settings", [{}, {"retries": 0}])
def test_a_task_that_sends_nothing_starts_again_if_its_worker_dies(settings):
    dag = ArazzoDag(SCAN, settings=settings)
    deciding = [task for task in dag.tasks if task.task_id == "outputs" or task.task_id.endswith("_branch")]
    assert len(deciding) == 2
    assert {task.retries for task in deciding} == {2}


@pytest.mark.parametrize(("name", "value"), [("queue", "apis"), ("pool", "apis"), ("priority_weight", 7)])
def test_all_tasks_go_where_the_workflow_says_and_those_of_a_step_where_the_step_says(name, value):
    own = {"queue": "slow", "pool": "slow", "priority_weight": 9}[name]
    dag = ArazzoDag(SCAN, settings={name: value}, steps={"waitForScan": {name: own, "approval": True}})
    found = {task.task_id: getattr(task, name) for task in dag.tasks}
    of_step = {task for task in found if task.startswith("waitForScan")}
    assert {"waitForScan", "waitForScan_branch", "waitForScan_approval"} <= of_step
    assert {found[task] for task in of_step} == {own}
    assert {found[task] for task in ("signIn", "startScan", "outputs")} == {value}


def test_tasks_around_a_called_workflow_go_where_the_document_says():
    for folder in ("calls", "dependency-with-inputs"):
        dag = ArazzoDag(CASES / folder / "workflow.arazzo.yaml", "main", settings={"queue": "apis"})
        working = [task for task in dag.tasks if type(task).__name__ != "EmptyOperator"]
        assert {task.queue for task in working} == {"apis"}


def test_a_step_is_retried_by_its_document_and_not_by_airflow_unless_asked():
    assert ArazzoDag(SCAN).get_task("signIn").retries == 0
    assert ArazzoDag(SCAN, default_args={"retries": 4}).get_task("signIn").retries == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"settings": {"pol": "x"}}, "no setting 'pol'"),
        ({"timeout": -1}, "timeout"),
        ({"steps": {"signIn": {"pol": 1}}}, "step 'signIn'.*pol"),
        ({"start_date": "soon"}, "not an ISO 8601"),
    ],
)
def test_refuses_settings_that_cannot_be_meant(arguments, message):
    with pytest.raises(ValueError, match=message):
        ArazzoDag(SCAN, **arguments)


def test_settings_do_not_get_lost_in_a_plan():
    with pytest.raises(ValueError, match="timeout"):
        ArazzoDag(load_plan(SCAN), timeout=3)


def test_a_schedule_needs_every_required_input():
    with pytest.raises(InputError, match="nothing gives it 'user', 'password'; bind them"):
        ArazzoDag(SCAN, schedule="@daily", inputs={"image": "nginx"})
    dag = ArazzoDag(
        SCAN, schedule="@daily", start_date="2026-01-01", inputs={"user": "u", "password": "{{ x }}", "image": "i"}
    )
    assert dag.start_date.isoformat() == "2026-01-01T00:00:00+00:00"
    assert dag.timetable.can_be_scheduled


def test_what_is_bound_has_to_be_an_input():
    with pytest.raises(InputError, match="has no input 'pasword'; it has user, password"):
        ArazzoDag(SCAN, inputs={"pasword": "x"})


def test_a_bad_document_is_an_import_error_that_says_where(tmp_path):
    bad = tmp_path / "bad.arazzo.yaml"
    bad.write_text(SCAN.read_text().replace("operationId: removeImage", "operationId: rmImage"))
    (tmp_path / "images.openapi.yaml").write_text((DOCUMENTS / "images.openapi.yaml").read_text())
    with pytest.raises(DocumentError) as error:
        ArazzoDag(bad)
    first = str(error.value).splitlines()[0]
    assert first.startswith(f"{bad}:")
    assert "rmImage" in first


@pytest.mark.attack("remote sources", "a DAG file that is parsed")
def test_no_socket_is_opened_by_parsing(monkeypatch):
    def refuse(*_):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert load_dags(DOCUMENTS).keys() >= {"scan-image", "diamond"}


def test_a_folder_becomes_dags_that_airflow_finds(tmp_path):
    if find_spec("airflow.dag_processing.dagbag"):
        from airflow.dag_processing.dagbag import DagBag
    else:
        from airflow.models.dagbag import DagBag

    (tmp_path / "loader.py").write_text(
        f"from airflow_arazzo import load_dags  # airflow dag\nload_dags({str(DOCUMENTS)!r})\n"
    )
    bag = DagBag(str(tmp_path), load_op_links=False)
    assert bag.import_errors == {}
    assert {"scan-image", "diamond", "recover", "report"} <= bag.dags.keys()
    assert bag.dags["diamond"].fileloc == str(tmp_path / "loader.py")


def test_a_bad_document_takes_no_other_away(tmp_path):
    for document in (SCAN, DOCUMENTS / "images.openapi.yaml"):
        (tmp_path / document.name).write_text(document.read_text())
    (tmp_path / "not yaml.arazzo.yml").write_text("arazzo: 1.0.1\ninfo: [oops\n")
    (tmp_path / "lost.json").write_text(json.dumps({"arazzo": "1.0.1", "info": {"title": "x"}}))
    (tmp_path / "readme.yaml").write_text("title: nothing of ours\n")
    dags = load_dags(tmp_path)
    assert set(dags) == {"scan-image", "lost", "not_yaml"}
    bad = dags["not_yaml"]
    assert bad.tags == {"arazzo", "arazzo-invalid"}
    assert bad.schedule is None
    assert "not yaml.arazzo.yml:3:1: error" in bad.doc_md
    [task] = bad.tasks
    with pytest.raises(Exception, match=r"not yaml\.arazzo\.yml:3:1: error"):
        task.execute({})


def test_a_bad_setting_of_a_document_takes_no_other_away(tmp_path):
    for document in (NODES, DOCUMENTS / "images.openapi.yaml"):
        (tmp_path / document.name).write_text(document.read_text())
    text = SCAN.read_text().replace(
        "workflowId: scan-image\n", "workflowId: scan-image\n    x-airflow: {schedule: '@daily'}\n"
    )
    (tmp_path / SCAN.name).write_text(text)
    (tmp_path / "twin.yaml").write_text(NODES.read_text())
    dags = load_dags(tmp_path)
    assert "nothing gives it" in dags["scan-image"].doc_md
    assert "arazzo-invalid" not in dags["diamond"].tags
    assert "the DAG id 'diamond' is taken" in dags["twin"].doc_md


def test_no_error_with_one_document_takes_the_others_away(tmp_path, caplog):
    """Neither a duration that no clock can take nor anything that nobody has thought of."""
    for document in (SCAN, DOCUMENTS / "images.openapi.yaml"):
        (tmp_path / document.name).write_text(document.read_text())
    text = NODES.read_text().replace(
        "workflowId: diamond\n", "workflowId: diamond\n    x-airflow: {retry_delay: 1e300}\n"
    )
    (tmp_path / "slow.yaml").write_text(text)
    dags = load_dags(tmp_path)
    assert set(dags) == {"scan-image", *(name for name in dags if "arazzo-invalid" in dags[name].tags)}
    assert "'retry_delay' has to be at most" in dags["diamond"].doc_md
    (tmp_path / "slow.yaml").write_text(NODES.read_text())
    dags = load_dags(tmp_path, workflows={"diamond": {"max_active_tasks": "many"}})
    assert "arazzo-invalid" in dags["diamond"].tags
    assert "slow.yaml: TypeError: " in dags["diamond"].doc_md
    assert "Traceback" in caplog.text
    assert not any("arazzo-invalid" in dag.tags for name, dag in dags.items() if name != "diamond")


def test_arguments_for_all_and_for_single_workflows():
    dags = load_dags(
        DOCUMENTS,
        tags=["all"],
        poke_interval=9,
        workflows={"scan-image": {"inputs": {"password": "{{ p }}"}, "tags": ["one"]}},
    )
    assert "password" not in dags["scan-image"].params
    assert "one" in dags["scan-image"].tags
    assert "all" in dags["diamond"].tags
    assert dags["two-step-loop"].get_task("first").poke_interval == 9


def test_a_worker_builds_only_the_dag_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "diamond")
    assert get_parsing_context().dag_id == "diamond"
    assert set(load_dags(DOCUMENTS)) == {"diamond"}
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "somebody-elses")
    assert len(load_dags(DOCUMENTS)) > 2


def test_load_dags_needs_a_folder(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        load_dags(tmp_path / "nowhere")


def test_the_serialized_dag_holds_no_plan():
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    data = json.dumps(LazyDeserializedDAG.from_dag(ArazzoDag(SCAN, inputs={"password": "{{ conn.x.password }}"})).data)
    assert "conn.x.password" not in data
    assert "success_criteria" not in data
    assert "at_once" not in data


def test_ids_are_made_valid_and_unique():
    assert valid_key("get image/one") == "get_image_one"
    assert valid_key("größe.v1") == "größe.v1"
    plan = load_plan(NODES, "diamond")
    steps = {"a": "x y", "b": "x/y", "c": "outputs", "d": "x_y_branch"}
    text = plan.model_dump_json()
    for old, new in steps.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    names = name_tasks(type(plan).model_validate_json(text))
    assert names.regions == {"x y": "x_y", "x/y": "x_y_2", "outputs": "outputs", "x_y_branch": "x_y_branch"}
    assert names.outputs == "outputs_2"
    assert names.branches == {"x y": "x_y_branch_2", "x/y": "x_y_2_branch"}
    assert names.edges == {("x y", "x_y_branch"): "x_y_to_x_y_branch"}


def test_the_operators_of_a_dag_share_what_its_tasks_are_called():
    dag = ArazzoDag(NODES, "diamond")
    assert dag.get_task("a").tasks is dag.get_task("b").tasks
    assert dict(dag.get_task("a").tasks) == {step: step for step in "abcd"}


def nested(tmp_path, depth, name):
    """Return a document of workflows that call each other, so deep, by steps of such names."""
    workflows = [
        {
            "workflowId": f"w{number}",
            "steps": [
                {"stepId": f"{name}{way}", "workflowId": f"w{number + 1}"}
                if number < depth
                else {"stepId": f"{name}{way}", "operationId": "listThings", "x-airflow": {"approval": True}}
                for way in ("One", "Two")[: 2 if number in (0, depth) else 1]
            ],
        }
        for number in range(depth + 1)
    ]
    document = {"arazzo": "1.1.0", "info": {"title": "t", "version": "1"}, "workflows": workflows}
    document["sourceDescriptions"] = [{"name": "things", "url": str(CASES / "api.openapi.yaml"), "type": "openapi"}]
    path = tmp_path / "nested.arazzo.yaml"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(("depth", "name"), [(2, "a" * 180), (14, "b" * 70), (6, "aStepOfUsualName"), (25, "s")])
def test_ids_of_tasks_deep_in_groups_are_shortened_and_stay_apart(tmp_path, depth, name):
    dag = ArazzoDag(nested(tmp_path, depth, name), "w0")
    steps = [task for task in dag.tasks if type(task).__name__ == "ArazzoStepOperator"]
    assert len(steps) == len({task.task_id for task in steps}) == 4
    assert max(len(task.task_id) for task in dag.tasks) <= 250
    assert {task.task_display_name for task in steps} == {f"{name}One", f"{name}Two"}


def test_calls_too_deep_for_ids_of_tasks_are_refused_with_a_way_out(tmp_path):
    with pytest.raises(UnsupportedError, match=r"'c+One' in the DAG: .* so deep .*granularity: workflow"):
        ArazzoDag(nested(tmp_path, 30, "c" * 70), "w0")


def test_an_import_error_shows_the_line_of_the_dag_file(tmp_path):
    """Airflow shows the last two frames of what a DAG file raises."""
    file = tmp_path / "dag.py"
    file.write_text(f"from airflow_arazzo import ArazzoDag\n\nArazzoDag({str(NODES)!r}, 'dimond')\n")
    with pytest.raises(ArazzoError, match="dimond") as failed:
        runpy.run_path(str(file))
    last = [frame.filename for frame in traceback.extract_tb(failed.value.__traceback__)][-2:]
    assert [Path(name).name for name in last] == ["dag.py", "dag.py"]
    assert last[0] == str(file)
