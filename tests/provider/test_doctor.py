"""``airflow arazzo doctor``: what is missing fails, and says what to do; what is there is well."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from airflow_arazzo.cli import main

pytestmark = pytest.mark.airflow
WORKFLOWS = Path(__file__).parents[2] / "dags" / "workflows"
ANCHORE = str(WORKFLOWS / "rescan-active-image-and-gate.arazzo.yaml")
AQUA = str(WORKFLOWS / "rescan-and-cleanup.arazzo.yaml")


@pytest.fixture
def doctor(airflow_db, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", Fernet.generate_key().decode())

    def run(*arguments: str) -> tuple[int, dict[str, tuple[str, str]]]:
        result = CliRunner().invoke(main, ["doctor", *arguments, "--json"])
        assert isinstance(result.exception, SystemExit | None), result.exception
        report = json.loads(result.stdout)
        return result.exit_code, {each["name"]: (each["state"], each["detail"]) for each in report["checks"]}

    return run


def beating(at: datetime) -> None:
    """Let a triggerer have been heard of then, and only then."""
    from airflow.jobs.job import Job
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(Job).where(Job.job_type == "TriggererJob"))
        session.add(Job(job_type="TriggererJob", state="running", latest_heartbeat=at))


@pytest.fixture
def triggerer(airflow_db):
    from airflow.jobs.job import Job
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    beating(datetime.now(timezone.utc))
    yield beating
    with create_session() as session:
        session.execute(delete(Job).where(Job.job_type == "TriggererJob"))


def test_all_is_well_where_everything_is_there(doctor, triggerer, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AQUASECURITYAPI", '{"conn_type": "arazzo", "extra": {"token": "t0ken-value"}}')
    code, checks = doctor(AQUA, "--offline")
    assert {name: state for name, (state, _) in checks.items() if state != "ok"} == {}
    assert code == 0
    assert "t0ken-value" not in str(checks)


def test_a_connection_that_operations_need_and_that_is_missing_fails(doctor, triggerer, tmp_path):
    document = tmp_path / "w.arazzo.yaml"
    document.write_text(
        "arazzo: 1.0.1\ninfo: {title: t, version: '1'}\n"
        "sourceDescriptions: [{name: shop, url: api.yaml, type: openapi}]\n"
        "workflows: [{workflowId: w, steps: [{stepId: s, operationId: o}]}]\n"
    )
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: A, version: '1'}\nservers: [{url: 'http://127.0.0.1:9'}]\n"
        "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}\n"
        "paths: {/o: {get: {operationId: o, security: [{key: []}], responses: {'200': {description: ok}}}}}\n"
    )
    code, checks = doctor(str(tmp_path), "--offline")
    assert code == 1
    assert checks["connection shop (workflow w)"] == ("failed", "it is missing, and the operations need key")


def test_a_connection_that_bound_inputs_read_and_that_is_missing_fails(doctor, triggerer):
    code, checks = doctor(AQUA, "--offline")
    assert code == 1
    found = checks["connection aquaSecurityApi (inputs of rescan-and-cleanup)"]
    assert found == ("failed", "bound inputs read it, and it is missing")


def test_a_document_that_is_invalid_fails(doctor, triggerer, tmp_path):
    (tmp_path / "bad.arazzo.yaml").write_text("arazzo: 1.0.1\n")
    code, checks = doctor(str(tmp_path), "--offline")
    assert code == 1
    assert checks["document bad.arazzo.yaml"][0] == "failed"


def test_a_triggerer_that_is_not_heard_of_and_a_missing_key_fail(doctor, triggerer, monkeypatch):
    triggerer(datetime.now(timezone.utc) - timedelta(hours=1))
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    code, checks = doctor(ANCHORE, "--offline")
    assert code == 1
    assert checks["triggerer"][0] == checks["fernet key"][0] == "failed"
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "nonsense")
    assert doctor(ANCHORE, "--offline")[1]["fernet key"] == ("failed", "[core] fernet_key is not a Fernet key")


@pytest.mark.parametrize(("hours", "state"), [(0, "ok"), (2, "failed")])
def test_the_clock_of_an_api_is_compared(doctor, triggerer, monkeypatch, hours, state):
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            then = datetime.now(timezone.utc) + timedelta(hours=hours)
            return then.strftime("%a, %d %b %Y %H:%M:%S GMT")

        def log_message(self, *_: object) -> None:
            pass

    asked: list[str | None] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    connection = {"conn_type": "arazzo", "host": url, "extra": {"token": "t0ken-value"}}
    monkeypatch.setenv("AIRFLOW_CONN_AQUASECURITYAPI", json.dumps(connection))
    code, checks = doctor(AQUA)
    server.shutdown()
    server.server_close()
    assert checks[f"clock of {url}"][0] == state
    assert code == (state == "failed")
    assert asked == [None]


def test_a_path_that_is_not_there_is_a_mistake_of_usage_or_a_failed_document(doctor, triggerer, tmp_path):
    assert CliRunner().invoke(main, ["doctor", str(tmp_path)]).exit_code == 2
    assert doctor("nowhere.yaml", "--offline")[0] == 1


@pytest.mark.parametrize(
    ("setting", "mode", "state", "words"),
    [
        ("", None, "ok", "off"),
        ("plans", None, "ok", "is made when"),
        ("plans", 0o700, "ok", "entries: 1, 0.0 of 268 MB"),
        ("plans", 0o777, "warning", "not used: others can write into"),
    ],
)
def test_the_plan_cache_is_told_of(doctor, triggerer, monkeypatch, tmp_path, setting, mode, state, words):
    folder = tmp_path / "plans"
    monkeypatch.setenv("AIRFLOW__ARAZZO__PLAN_CACHE", str(folder) if setting else "")
    if mode:
        folder.mkdir()
        (folder / f"{'a' * 64}.plans").write_text("entry")
        folder.chmod(mode)
    found = doctor(ANCHORE, "--offline")[1]["plan cache"]
    assert found[0] == state
    assert words in found[1]


@pytest.fixture
def pools(airflow_db):
    """Set pools, which are gone afterwards."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    def put(name: str, slots: int, *, include_deferred: bool = True) -> None:
        Pool.create_or_update_pool(name, slots, "", include_deferred)

    yield put
    with create_session() as session:
        session.execute(delete(Pool).where(Pool.pool != "default_pool"))


def test_a_pool_that_a_workflow_names_is_there_or_told_of(doctor, triggerer, pools, tmp_path):
    text = Path(AQUA).read_text().replace("../openapi", str(WORKFLOWS.parent / "openapi"))
    (tmp_path / "w.arazzo.yaml").write_text(f"{text}\nx-airflow: {{pool: presses}}\n")
    name = "pool presses (workflow rescan-and-cleanup)"
    command = "`airflow pools set presses 8 ''`"
    detail = f"missing, and tasks in it are never scheduled; {command} makes one of 8 slots"
    assert doctor(str(tmp_path), "--offline")[1][name] == ("failed", detail)
    pools("presses", 2)
    assert doctor(str(tmp_path), "--offline")[1][name] == ("ok", "there")


def test_a_file_that_a_connection_names_must_be_there(doctor, triggerer, monkeypatch):
    connection = {"conn_type": "arazzo", "extra": {"token": "t", "verify": "/nowhere/ca.pem"}}
    monkeypatch.setenv("AIRFLOW_CONN_AQUASECURITYAPI", json.dumps(connection))
    state, detail = doctor(AQUA, "--offline")[1]["connection aquaSecurityApi (workflow rescan-and-cleanup)"]
    assert state == "failed"
    assert "extra 'verify': /nowhere/ca.pem cannot be read" in detail


def test_the_pool_of_a_budget_has_its_slots_and_counts_deferred_tasks(doctor, triggerer, pools, tmp_path):
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: A, version: '1'}\nservers: [{url: 'http://127.0.0.1:9'}]\n"
        "paths: {/o: {get: {operationId: o, responses: {'200': {description: ok}}}}}\n"
    )

    def write(workflow: str, rate: int) -> None:
        (tmp_path / f"{workflow}.arazzo.yaml").write_text(
            "arazzo: 1.0.1\ninfo: {title: t, version: '1'}\n"
            "sourceDescriptions: [{name: shop, url: api.yaml, type: openapi}]\n"
            f"x-airflow: {{budget: {{requests_per_second: {rate}}}}}\n"
            f"workflows: [{{workflowId: {workflow}, steps: [{{stepId: s, operationId: o}}]}}]\n"
        )

    def said() -> tuple[str, str]:
        return doctor(str(tmp_path), "--offline")[1]["pool shop"]

    write("v", 4)
    command = "`airflow pools set --include-deferred shop 4 ''`"
    assert said() == ("failed", f"missing, and tasks with a budget wait for it; {command} makes it")
    pools("shop", 5)
    assert said() == ("failed", f"has 5 slots; {command} sets what the budget needs")
    pools("shop", 4, include_deferred=False)
    assert said() == (
        "failed",
        f"has 4 slots, and does not count deferred tasks; {command} sets what the budget needs",
    )
    pools("shop", 4)
    assert said() == ("ok", "4 slots for 4 requests a second")
    write("w", 3)
    assert said() == ("failed", "the workflows v, w have different budgets in it")
