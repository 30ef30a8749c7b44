"""The pages in Airflow, asked of its own API server: what they show, and to whom."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from airflow_arazzo import ArazzoDag, ArazzoTaskGroup, ArazzoWorkflowOperator, load_dags
from airflow_arazzo.plugin import PREFIX, ArazzoPlugin, pages
from airflow_arazzo.protocol.pictures import workflows_of
from arazzo.report import CONTENT_SECURITY_POLICY

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).parents[2]
NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    return api


@pytest.fixture(scope="module")
def server():
    """Return what asks Airflow's API server for a page as somebody with a role, or as nobody."""
    from airflow.api_fastapi.app import create_app, purge_cached_app
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient
    from starlette.routing import Mount

    patched = pytest.MonkeyPatch()
    patched.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "x" * 64)
    purge_cached_app()
    app = create_app(apps="core")
    # The package may be installed without its entry points, as in a checkout that is only on the path.
    app.router.routes.insert(0, Mount(PREFIX, pages))
    with TestClient(app, base_url="http://127.0.0.1") as client:

        def ask(path, role="viewer"):
            headers = {}
            if role is not None:
                user = SimpleAuthManagerUser(username="grace", role=None if role == "none" else role)
                headers["Authorization"] = f"Bearer {app.state.auth_manager.generate_jwt(user)}"
            return client.get(f"/arazzo{path}", headers=headers)

        yield ask
    patched.undo()
    purge_cached_app()


@pytest.fixture(scope="module")
def drawn():
    return []


@pytest.fixture
def diamond(nodes, run_dag, drawn):
    """Return a run at which every test only looks: it is made once."""
    if not drawn:
        nodes.on("GET /nodes/a", 200, {"next": "b"}).on("GET /nodes/b", 200, {"next": "end", "mark": EVIL})
        drawn.append(run_dag(ArazzoDag(NODES, "diamond", dag_id="drawn")))
    return drawn[0]


def address(run, task=None):
    path = f"/dags/{run.run.dag_id}/runs/{quote(run.run.run_id, safe='')}"
    return f"{path}/tasks/{task}" if task else path


def test_a_run_is_shown_with_its_way_and_its_exchanges(diamond, server):
    answer = server(address(diamond))
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["Cache-Control"] == "no-store"
    assert '<g class="arrow taken">' in answer.text
    assert answer.text.count('<g class="box good">') >= 3
    assert answer.text.count('<g class="box idle">') >= 1
    assert "GET /nodes/{node}" in answer.text
    assert answer.text.count("200</strong>") == 2
    assert EVIL not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text


def test_a_dag_is_shown_with_the_last_runs(diamond, server):
    answer = server("/dags/drawn")
    assert answer.status_code == 200
    assert "Operations in the last" in answer.text
    assert "200 ×" in answer.text
    assert '<g class="box ">' in answer.text


def test_within_airflow_no_link_leads_out_of_the_frame(diamond, server):
    for path in ("/dags/drawn", address(diamond), address(diamond, "b")):
        assert ">Airflow</a>" in server(path).text
        text = server(f"{path}?embedded=true").text
        links = re.findall(r'<a href="([^"]+)"', text)
        assert links
        assert [link for link in links if "/arazzo/dags/drawn" not in link or not link.endswith("?embedded=true")] == []


def test_a_task_is_shown_with_its_answer(diamond, server):
    answer = server(address(diamond, "b"))
    assert answer.status_code == 200
    assert 'details open="">' in answer.text
    assert "content-type: application/json" in answer.text.lower()
    assert server(address(diamond, "b/-1")).text == answer.text
    assert server(address(diamond, "no-such-task")).status_code == 404


@pytest.mark.parametrize("path", ["/dags/drawn", "/dags/drawn/runs/x", "/dags/drawn/runs/x/tasks/b"])
def test_whoever_may_not_see_the_dag_sees_no_page(diamond, server, path):
    for role, status in (("none", 403), (None, 401)):
        answer = server(path, role)
        assert answer.status_code == status
        assert "nodes" not in answer.text


def test_what_is_not_there_is_said_on_a_page(diamond, server):
    answer = server("/dags/no-such-dag")
    assert answer.status_code in (403, 404)
    assert answer.headers["content-type"].startswith("text/html")
    assert server("/dags/drawn/runs/no-such-run").status_code == 404


def test_groups_and_one_task_are_shown_too(nodes, run_dag, server):
    from airflow.providers.common.compat.sdk import DAG

    nodes.on("GET /nodes/a", 200, {"next": "b"}).on("GET /nodes/b", 200, {"next": "end"})
    nodes.on("GET /nodes/a", 200, {"next": "b"}).on("GET /nodes/b", 200, {"next": "end"})
    with DAG("own_drawn", schedule=None) as dag:
        group = ArazzoTaskGroup(NODES, "diamond", group_id="group")
        one = ArazzoWorkflowOperator(task_id="one", document=NODES, workflow_id="diamond")
        group.last >> one
    run = run_dag(dag)
    text = server(address(run)).text
    assert text.count("<h2>diamond") == 2
    assert text.count("GET /nodes/{node}") >= 4


def test_a_dag_of_others_says_that_there_is_nothing(run_dag, server):
    from airflow.providers.common.compat.sdk import DAG
    from airflow.providers.standard.operators.empty import EmptyOperator

    with DAG("others", schedule=None) as dag:
        EmptyOperator(task_id="empty", doc_json='{"arazzo_picture": 1}')
    run = run_dag(dag)
    for path in ("/dags/others", address(run)):
        assert "None of its tasks runs an Arazzo workflow" in server(path).text


def test_a_document_that_cannot_be_run_shows_its_problems(tmp_path, run_dag, server):
    # Under an id of its own: other tests run the workflow as it is.
    broken = NODES.read_text().replace("workflowId: line", "workflowID: line")
    broken = broken.replace("workflowId: diamond", "workflowId: broken-diamond")
    (tmp_path / "bad.arazzo.yaml").write_text(broken)
    dag = next(iter(load_dags(tmp_path).values()))
    run = run_dag(dag)
    for path in (f"/dags/{dag.dag_id}", address(run)):
        text = server(path).text
        assert "Its document cannot be run:" in text
        assert "error[" in text
        assert "bad.arazzo.yaml" in text


CLASS = {"__classname__": "airflow.sdk.definitions.asset.Asset", "__version__": 1, "__data__": {"name": "made"}}
STEP = {"step": "x", "outcome": EVIL, "status": 200, "link": "javascript:alert(1)", "url": EVIL, "answer": EVIL}
MADE_UP = [
    {},
    {"step": EVIL},
    {"step": [1], "exchanges": [1, None, {"step": [1], "at": "x", "seconds": "y", "status": "z"}]},
    {**STEP, "seconds": "x", "criteria": [1, {"condition": {}}], "drift": 1, "rounds": "x"},
    {**STEP, "exchanges": [{"step": "x", "at": 1e308, "status": 10**18, "seconds": -1e308}] * 3},
    {"workflow": EVIL, "steps": {"a": 1, "b": [], "c": STEP}, "history": 5, "message": [1], "exchanges": "x"},
    {"workflow": 1, "steps": [1, STEP], "status": ["x"]},
    {"workflow": "w", "steps": "abc"},
    CLASS,
]


@pytest.mark.attack("pages", "a record or a text that a task of the DAG has made up")
def test_what_a_task_has_made_up_is_shown_as_text(diamond, server):
    """Neither is an object made of it, in Airflow's API server, nor does the page fail."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import update

    places = ("/dags/drawn", address(diamond), address(diamond, "b"))
    for record in MADE_UP:
        for key, value in (("arazzo", record), ("return_value", json.dumps(CLASS))):
            row = (XComModel.run_id == diamond.run.run_id, XComModel.task_id == "b", XComModel.key == key)
            with create_session() as session:
                session.execute(update(XComModel).where(*row).values(value=value))
        answers = [server(path) for path in places]
        assert {answer.status_code for answer in answers} <= {200, 404}, record
        for made in (EVIL, "javascript:", "Asset("):
            assert not any(made in answer.text for answer in answers), record


def test_the_plugin_imports_nothing_heavy_and_has_a_view_for_each_place():
    assert {view["destination"] for view in ArazzoPlugin.external_views} == {"dag", "dag_run", "task_instance"}
    assert len({view["url_route"] for view in ArazzoPlugin.external_views}) == 3
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'[project.entry-points."airflow.plugins"]\n{ArazzoPlugin.name} = "{ArazzoPlugin.__module__}:' in project
    code = "import sys, airflow_arazzo.plugin; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"fastapi", "arazzo.flow", "arazzo.report"} & set(done.stdout.split())


def test_the_picture_lies_in_the_serialized_dag():
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    (workflow,) = workflows_of(LazyDeserializedDAG.from_dag(ArazzoDag(NODES, "diamond")).data)
    assert workflow.task == "outputs"
    assert {box.task for box in workflow.picture.boxes} == {"a", "b", "c", "d"}
