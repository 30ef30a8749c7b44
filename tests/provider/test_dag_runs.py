"""Whole runs with ``dag.test()``: real templating, Params, XCom, deferral, branching and trigger rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_arazzo import ArazzoDag

pytestmark = pytest.mark.airflow

DOCUMENTS = Path(__file__).parent / "documents"
TOKEN, PASSWORD, SESSION = "tok-5f3a9c71e2", "pw-77aa10b3c4", "ses-2b9d6e80f1"


@pytest.fixture
def registry(monkeypatch, api):
    """The API of scan.arazzo.yaml, reached through a connection that overrides the description's server."""
    monkeypatch.setenv("AIRFLOW_CONN_REGISTRY", json.dumps({"conn_type": "arazzo", "host": f"{api.url}/v1"}))
    monkeypatch.setenv("AIRFLOW_CONN_VAULT", json.dumps({"conn_type": "generic", "login": "bob", "password": PASSWORD}))
    api.on("POST /v1/sessions", 200, {"token": TOKEN, "session": {"user": "bob", "api_key": SESSION}})
    api.on("POST /v1/scans", 202, None)
    api.on("DELETE /v1/images/library%2Fnginx", 204, None)
    return api


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    return api


def scan_dag(**arguments):
    bound = {"user": "{{ conn.vault.login }}", "password": "{{ conn.vault.password }}"}
    return ArazzoDag(DOCUMENTS / "scan.arazzo.yaml", inputs=bound, **arguments)


def node_dag(workflow_id, **arguments):
    return ArazzoDag(DOCUMENTS / "nodes.arazzo.yaml", workflow_id, **arguments)


SIGN_IN = ["POST /v1/sessions", "POST /v1/scans"]
IMAGE = "GET /v1/images/library%2Fnginx"


@pytest.mark.parametrize(
    "settings",
    [{}, {"deferrable": False}, {"deferrable": False, "settings": {"mode": "reschedule"}}],
    ids=["deferred", "poke", "reschedule"],
)
def test_polls_until_the_scan_is_done(registry, run_dag, settings):
    registry.on(IMAGE, 200, {"status": "pending"}).on(IMAGE, 200, {"status": "pending"})
    registry.on(IMAGE, 200, {"status": "done", "findings": {"high": 2}})
    run = run_dag(scan_dag(**settings), image="library/nginx")
    assert run.state == "success"
    assert registry.lines == [*SIGN_IN, IMAGE, IMAGE, IMAGE]
    assert run.tasks == {
        "signIn": "success",
        "startScan": "success",
        "waitForScan": "success",
        "waitForScan_branch": "success",
        "removeImage": "skipped",
        "outputs": "success",
    }
    assert run.xcom("outputs") == {"status": "done", "findings": {"high": 2}, "removed": None}
    assert run.xcom("waitForScan") == {"status": "done", "findings": {"high": 2}}
    record = run.xcom("waitForScan", "arazzo")
    assert (record["rounds"], record["action"], record["next"], record["outcome"]) == (3, "scanned", "", "success")
    assert record["request"] == "GET /images/{image}"
    assert run.xcom("outputs", "arazzo")["route"] == ["signIn", "startScan", "waitForScan"]


def test_a_failed_scan_removes_the_image(registry, run_dag):
    registry.on(IMAGE, 200, {"status": "failed"})
    run = run_dag(scan_dag(), image="library/nginx", depth="deep")
    assert run.state == "success"
    assert registry.lines == [*SIGN_IN, IMAGE, "DELETE /v1/images/library%2Fnginx"]
    assert registry.asked[1].json == {"image": "library/nginx", "depth": "deep", "limit": 10}
    assert run.xcom("outputs") == {"status": "failed", "findings": None, "removed": 204}


def test_an_input_left_empty_is_not_sent(registry, run_dag):
    registry.on(IMAGE, 200, {"status": "done"})
    run_dag(scan_dag(), image="library/nginx", depth=None)
    assert registry.asked[1].json == {"image": "library/nginx", "limit": 10}


def test_a_status_that_no_action_lists_fails_and_removes_nothing(registry, run_dag):
    registry.on(IMAGE, 200, {"status": "queued"})
    run = run_dag(scan_dag(), image="library/nginx")
    assert run.state == "failed"
    assert registry.lines == [*SIGN_IN, IMAGE]
    assert (run.tasks["waitForScan"], run.tasks["removeImage"], run.tasks["outputs"]) == (
        "failed",
        "upstream_failed",
        "failed",
    )
    message = run.xcom("waitForScan", "arazzo")["message"]
    assert "none of its success actions matched" in message
    assert "queued" in message
    assert run.xcom("waitForScan") == {"status": "queued", "findings": None}
    assert run.xcom("outputs") is None


def test_unmatched_next_goes_on(registry, run_dag):
    registry.on(IMAGE, 200, {"status": "queued"})
    run = run_dag(scan_dag(unmatched="next"), image="library/nginx")
    assert run.state == "success"
    assert registry.lines[-1].startswith("DELETE")


def test_a_refused_login_fails_there(registry, run_dag):
    registry.script["POST /v1/sessions"] = [(401, {"error": "no"}, {})]
    run = run_dag(scan_dag(), image="library/nginx")
    assert run.state == "failed"
    assert registry.lines == ["POST /v1/sessions"]
    assert run.tasks["signIn"] == "failed"
    message = run.xcom("outputs", "arazzo")["message"]
    assert "POST /sessions answered 401" in message
    assert "$statusCode == 200" in message


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_scan_that_never_ends_meets_its_time_limit(registry, run_dag, deferrable):
    registry.on(IMAGE, 200, {"status": "pending"})
    run = run_dag(scan_dag(timeout=0.5, poke_interval=0.1, deferrable=deferrable), image="library/nginx")
    assert run.state == "failed"
    assert "timeout of 0.5 s" in run.xcom("waitForScan", "arazzo")["message"]
    assert not any(line.startswith("DELETE") for line in registry.lines)


def test_no_secret_is_stored_in_clear(registry, run_dag):
    """Not in any table: XComs, rendered fields, the trigger's arguments, the serialized DAG, the run's conf."""
    registry.on(IMAGE, 200, {"status": "pending"}).on(IMAGE, 200, {"status": "done", "findings": f"by {TOKEN}"})
    run = run_dag(scan_dag(), image="library/nginx")
    assert run.state == "success"
    assert [asked.headers["Authorization"] for asked in registry.asked[1:]] == [f"Bearer {TOKEN}"] * 3
    assert registry.asked[0].json == {"user": "bob", "password": PASSWORD}
    assert run.xcom("signIn") == {"token": "***", "session": {"user": "bob", "api_key": "***"}}
    assert run.xcom("signIn", "arazzo_envelope").startswith("fernet:")
    assert run.xcom("outputs") == {"status": "done", "findings": "by ***", "removed": None}
    dump = database_dump()
    assert "library/nginx" in dump
    for secret in (TOKEN, PASSWORD, SESSION):
        assert secret not in dump


def database_dump():
    from airflow import settings
    from sqlalchemy import MetaData, select

    metadata = MetaData()
    metadata.reflect(bind=settings.engine)
    with settings.engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table)).all()]
    return "\n".join(str(tuple(row)) for row in rows)


@pytest.mark.parametrize(
    ("answers", "asked", "outputs", "skipped"),
    [
        ({"a": "b", "b": "c"}, "abcd", {"a": 1, "b": 2, "c": 3, "d": 4}, {"a_to_d"}),
        ({"a": "b", "b": "end"}, "ab", {"a": 1, "b": 2, "c": None, "d": None}, {"a_to_d", "c", "d"}),
        ({"a": "d"}, "ad", {"a": 1, "b": None, "c": None, "d": 4}, {"b", "b_branch", "c"}),
    ],
)
def test_a_task_runs_only_if_one_of_its_edges_was_taken(nodes, run_dag, answers, asked, outputs, skipped):
    for mark, node in enumerate("abcd", start=1):
        nodes.on(f"GET /nodes/{node}", 200, {"mark": mark, "next": answers.get(node)})
    run = run_dag(node_dag("diamond"))
    assert run.state == "success"
    assert nodes.lines == [f"GET /nodes/{node}" for node in asked]
    assert run.xcom("outputs") == outputs
    assert {task for task, state in run.tasks.items() if state == "skipped"} == skipped


def test_a_recovered_failure_leaves_the_run_green(nodes, run_dag):
    nodes.on("GET /nodes/risky", 404, {"mark": "lost"}).on("POST /nodes/mend", 200, {"mark": "mended"})
    run = run_dag(node_dag("recover"))
    assert run.state == "success"
    assert run.tasks["risky"] == "success"
    assert run.xcom("risky", "arazzo")["outcome"] == "recovered"
    assert run.xcom("outputs") == {"risky": "lost", "mend": "mended"}


def test_a_failure_that_an_action_ends_leaves_the_run_red_with_outputs(nodes, run_dag):
    nodes.on("GET /nodes/risky", 410, {"mark": "gone"})
    run = run_dag(node_dag("recover"))
    assert run.state == "failed"
    assert (run.tasks["risky"], run.tasks["mend"]) == ("failed", "upstream_failed")
    assert run.xcom("outputs") == {"risky": "gone", "mend": None}


@pytest.mark.parametrize(("entry", "first"), [("first", 2), ("second", 1)])
def test_a_loop_is_entered_where_the_task_before_says(nodes, run_dag, entry, first):
    nodes.on("GET /nodes/begin", 200, {"next": entry}).on("GET /nodes/last", 200, {"mark": "end"})
    for number in range(1, 4):
        nodes.on("GET /nodes/first", 200, {"mark": number})
    nodes.on("GET /nodes/second", 200, {"mark": "x", "next": "first"})
    nodes.on("GET /nodes/second", 200, {"mark": "y", "next": "last"})
    run = run_dag(node_dag("two-step-loop"))
    assert run.state == "success"
    rounds = ["first", "second", "first", "second"] if entry == "first" else ["second", "first", "second"]
    assert nodes.lines == [f"GET /nodes/{node}" for node in ("begin", *rounds, "last")]
    assert run.xcom("outputs") == {"first": first, "second": "y", "last": "end"}
    assert run.xcom("first") == {"first": {"mark": first}, "second": {"mark": "y"}}
    assert set(run.xcom("first", "arazzo")["steps"]) == {"first", "second"}


def test_a_step_may_call_a_workflow(nodes, run_dag):
    nodes.on("GET /nodes/flaky", 200, {"mark": "x1"}).on("GET /nodes/x1", 200, {"mark": 9})
    run = run_dag(node_dag("caller"))
    assert run.state == "success"
    assert run.xcom("outputs") == {"call": "x1", "after": 9}


def test_the_outputs_are_those_of_the_workflow_that_took_over(nodes, run_dag):
    nodes.on("GET /nodes/first", 200, {}).on("GET /nodes/flaky", 200, {"mark": "theirs"})
    run = run_dag(node_dag("hand-over"))
    assert run.state == "success"
    assert run.xcom("outputs") == {"mark": "theirs"}


def test_no_connection_is_needed(api, run_dag):
    api.on("GET /nodes/begin", 200, {"next": "first"}).on("GET /nodes/first", 200, {"mark": 1})
    api.on("GET /nodes/second", 200, {"next": "first"}).on("GET /nodes/second", 200, {"next": "last"})
    api.on("GET /nodes/last", 200, {"mark": 3})
    run = run_dag(node_dag("two-step-loop", server=api.url))
    assert run.state == "success"
    assert run.xcom("outputs") == {"first": 1, "second": None, "last": 3}


def test_inputs_are_refused_before_anything_is_sent(nodes, run_dag):
    run = run_dag(node_dag("report"))
    assert run.state == "failed"
    assert nodes.lines == []
    assert run.tasks == {"outputs": "failed", "outputs_2": "failed"}


def test_a_step_may_be_called_outputs(nodes, run_dag):
    nodes.on("GET /reports/full?since=2026-01-01", 200, {"pages": 7})
    run = run_dag(node_dag("report"), kind="full")
    assert run.state == "success"
    assert run.xcom("outputs_2") == {"pages": 7}
