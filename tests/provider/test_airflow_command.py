"""``airflow arazzo``: the commands of ``airflow-arazzo``, passed on by Airflow's own parser."""

from __future__ import annotations

import json

import pytest
from airflow.providers_manager import ProvidersManager
from casebook import CASES
from scripted_api import ScriptedApi

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(
        not hasattr(ProvidersManager, "initialize_providers_cli_command"),
        reason="this Airflow takes no commands from providers (3.2 does)",
    ),
]
BRANCH = str(CASES / "branch" / "workflow.arazzo.yaml")


@pytest.fixture
def airflow(capsys):
    def run(*arguments: str):
        from airflow.cli.cli_parser import get_parser

        parsed = get_parser().parse_args(["arazzo", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            parsed.func(parsed)
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run


def test_validate_takes_options_before_and_after_paths(airflow):
    code, out, err = airflow("validate", "--format", "json", BRANCH)
    assert code == 0
    assert {problem["severity"] for problem in json.loads(out)["problems"]} == {"warning"}
    assert "1 document: 0 errors" in err
    assert airflow("validate", BRANCH, "--format", "json") == (code, out, err)


def test_validate_exits_with_1_for_problems(airflow):
    code, out, _ = airflow("validate", "no-such-file.arazzo.yaml")
    assert code == 1
    assert "unreadable-file" in out


def test_graph(airflow):
    code, out, _ = airflow("graph", BRANCH, "main", "--format", "text")
    assert code == 0
    assert "success -> found: read" in out


def test_run(airflow):
    code, out, _ = airflow("run", BRANCH, "--server", "things=http://127.0.0.1:9", "--json")
    assert code == 1
    assert json.loads(out)["status"] == "failed"


@pytest.mark.parametrize("command", ["validate", "graph", "run"])
def test_help_is_that_of_the_command(airflow, command):
    code, out, _ = airflow(command, "--help")
    assert code == 0
    assert out.startswith(f"Usage: airflow arazzo {command} [OPTIONS]")


def test_a_mistake_of_usage_exits_with_2(airflow):
    code, _, err = airflow("graph", BRANCH, "--form")
    assert code == 2
    assert "No such option" in err


def test_fetch_takes_the_allow_list_from_airflows_configuration(airflow, tmp_path, monkeypatch):
    from airflow.configuration import conf

    document = tmp_path / "w.arazzo.yaml"
    document.write_text(
        "arazzo: 1.0.1\ninfo: {title: t, version: '1'}\n"
        "sourceDescriptions: [{name: a, url: 'http://127.0.0.1:9/api.yaml', type: openapi}]\n"
        "workflows: [{workflowId: w, steps: [{stepId: s, operationId: o}]}]\n"
    )
    assert conf.get("arazzo", "allowed_sources") == ""
    code, out, _ = airflow("fetch", str(document))
    assert (code, out.split()[0]) == (1, "refused")
    monkeypatch.setenv("AIRFLOW__ARAZZO__ALLOWED_SOURCES", "http://127.0.0.1:9/")
    code, out, _ = airflow("fetch", str(document))
    assert (code, out.split()[0]) == (1, "failed")  # nobody listens there


def test_run_has_airflows_own_connections(airflow, airflow_db):
    from airflow.models import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with ScriptedApi() as api:
        with create_session() as session:
            session.add(Connection(conn_id="things", conn_type="http", host=api.url))
        try:
            airflow("run", BRANCH, "--input", "tag=a")
        finally:
            with create_session() as session:
                session.execute(delete(Connection).where(Connection.conn_id == "things"))
        assert api.lines == ["GET /things?tag=a"]
