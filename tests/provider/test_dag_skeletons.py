"""``airflow-arazzo init DOCUMENT``: the DAG file that it writes is one, and the connections are for its operations."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from casebook import CASES
from click.testing import CliRunner

from airflow_arazzo.cli import main
from arazzo.auth.connection_settings import read_connection
from arazzo.auth.connections import parse_connection

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / "dags" / "workflows"
DOCUMENTS = [*sorted(WORKFLOWS.glob("*.yaml")), CASES / "branch" / "workflow.arazzo.yaml"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def invoke(*arguments: str):
    return CliRunner().invoke(main, arguments)


@pytest.mark.airflow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_file_makes_the_dags_of_the_document(document):
    result = invoke("init", str(document), "-o", "made.py")
    assert result.exit_code == 0, result.output
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag("made.py", safe_mode=False)
    assert bag.import_errors == {}
    assert bag.dags
    assert {Path(dag.plan.document["name"]).name for dag in bag.dags.values()} == {document.name}


def test_the_connections_of_commands_and_environment_can_be_read():
    result = invoke("init", str(WORKFLOWS / "rescan-and-cleanup.arazzo.yaml"), "--json")
    report = json.loads(result.stdout)
    assert report["files"] == ["rescan_and_cleanup_dag.py", "rescan_and_cleanup_dag.env"]
    ((*_, add, conn_id, option, text),) = map(shlex.split, report["next"])
    assert (add, conn_id, option) == ("add", "aquaSecurityApi", "--conn-json")
    settings = read_connection(parse_connection(conn_id, text))
    assert settings.credentials.token == settings.credentials.login == "..."
    (line,) = [line for line in Path(report["files"][1]).read_text().splitlines() if not line.startswith("#")]
    assert shlex.split(line) == [f"AIRFLOW_CONN_AQUASECURITYAPI={text}"]


def test_a_secret_input_is_bound_to_the_connection_and_others_are_to_be_filled_in():
    invoke("init", str(WORKFLOWS / "rescan-active-image-and-gate.arazzo.yaml"), "-o", "made.py")
    text = Path("made.py").read_text()
    assert """\n        "authorization": "{{ conn['anchoreApi'].password }}",\n        # "tag": "...",\n""" in text


def test_of_an_api_description_it_writes_a_document():
    api = str(ROOT / "dags" / "openapi" / "aqua-security-api.yaml")
    assert invoke("init", api, "--operation", "login", "-o", "made.arazzo.yaml").exit_code == 0
    assert Path("made.arazzo.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--operation", "login"), "--operation is for API descriptions"),
        (("-o", "nowhere/made.py"), "there is no folder nowhere"),
        (("-o", "mine.py"), "mine.py already exists"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(arguments, words):
    Path("mine.py").write_text("mine")
    result = invoke("init", str(DOCUMENTS[0]), *arguments)
    assert (result.exit_code, words in result.output) == (2, True), result.output
    assert [path.name for path in Path().iterdir()] == ["mine.py"]
    assert Path("mine.py").read_text() == "mine"
