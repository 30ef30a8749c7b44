"""Runs on a real scheduler whose secrets are random: none is in a table, in a file, in an answer of Airflow's API."""

import json
import re
import sqlite3
import time
from collections import defaultdict
from contextlib import ExitStack, closing

import pytest
import requests
from cryptography.fernet import Fernet
from scripted_api import ScriptedApi
from vault import ALPHABETS, BOUND, DOCUMENT, answer, connection, found, random_secrets, used

from airflow_arazzo.testing.local_airflow import LocalAirflow

pytestmark = [
    pytest.mark.scheduler,
    pytest.mark.attack("metadata database, logs and REST API", "an API that says every secret again"),
]

#: DAG by DAG: the characters of its secrets, whether its run fails, whether a person types its password.
CASES = {
    "bound": ("reserved", False, False),
    "failing": ("quoted", True, False),
    "typed": ("plain", False, True),
}
DAGS = f"""
from airflow_arazzo import ArazzoDag

for name in {list(CASES)!r}:
    names = [each for each in {BOUND!r} if (name, each) != ("typed", "password")]
    bound = {{each: "{{{{ conn." + name + "_" + each.lower() + ".password }}}}" for each in names}}
    ArazzoDag({str(DOCUMENT)!r}, dag_id=name, inputs=bound, connections={{"vault": name}}, poke_interval=2)
"""
TASKS = ("signIn", "addItem", "audit", "waitForJob", "outputs")
KEY = Fernet.generate_key()


class Case:
    """One run, its secrets and its API."""

    def __init__(self, name, stack):
        alphabet, self.fails, self.typed = CASES[name]
        self.name, self.secrets = name, random_secrets(ALPHABETS[alphabet])
        self.api = stack.enter_context(ScriptedApi())
        answer(self.api, self.secrets, fails=self.fails)

    @property
    def hidden(self):
        """The secrets that nobody may see: all but a typed one, which is in the run's configuration."""
        return {name: secret for name, secret in self.secrets.items() if not (self.typed and name == "password")}

    def connections(self):
        yield {"connection_id": self.name, **connection(self.api.url, self.secrets)}
        for name in BOUND:
            yield {
                "connection_id": f"{self.name}_{name.lower()}",
                "conn_type": "generic",
                "password": self.secrets[name],
            }

    def conf(self):
        return {"user": "bob", **({"password": self.secrets["password"]} if self.typed else {})}


class Played:
    """What the runs have left, in the database while they ran and everywhere when they had ended."""

    def __init__(self, airflow, cases):
        self.airflow, self.cases = airflow, cases
        self.held = defaultdict(set)  # by table, all that it held at any time
        for case in cases.values():
            for one in case.connections():
                airflow.rest.call("POST", "/connections", {"conn_type": one.pop("conn_type"), **one})
        self.runs = {name: airflow.rest.trigger(name, case.conf()) for name, case in cases.items()}
        deadline = time.monotonic() + 300
        while set(airflow.rest.all_runs().values()) - {"success", "failed"}:
            assert time.monotonic() < deadline, airflow.rest.all_runs()
            self._dump()
            time.sleep(0.5)
        self.states = {dag: state for (dag, _), state in airflow.rest.all_runs().items()}
        self.left = self._dump()
        self.answers = dict(self._answers())
        self.files = dict(self._files())

    def _dump(self):
        """Return every row of every table, by table."""
        with closing(sqlite3.connect(self.airflow.home / "airflow.db", timeout=30)) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            dump = {table: str([_row(row) for row in database.execute(f'SELECT * FROM "{table}"')]) for table in tables}
        for table, rows in dump.items():
            self.held[table].add(rows)
        return dump

    def tables_with(self, secrets):
        """Return the tables that held one of these secrets at any time."""
        return {table for table, texts in self.held.items() if any(found(rows, secrets) for rows in texts)}

    def _answers(self):
        """Yield what the API answers to every GET there is, by path, for every run."""
        described = requests.get(f"{self.airflow.url}/openapi.json", timeout=30).json()
        paths = [path.removeprefix("/api/v2") for path, known in described["paths"].items() if "get" in known]
        paths = [path for path in paths if not path.startswith("/auth/")]  # to read on and not to log out
        asked = {filled(path, *run, task) for run in self.runs.items() for task in TASKS for path in paths}
        for path in sorted(path for path in asked if "{" not in path):
            yield from self._answer(path)
        for dag, run in self.runs.items():
            tasks = f"/dags/{dag}/dagRuns/{run}/taskInstances"
            for entry in self.airflow.rest.call("GET", f"{tasks}/~/xcomEntries", limit=100)["xcom_entries"]:
                yield from self._answer(f"{tasks}/{entry['task_id']}/xcomEntries/{entry['key']}")

    def _answer(self, path):
        try:
            yield path, json.dumps(self.airflow.rest.call("GET", path), ensure_ascii=False)
        except (requests.RequestException, ValueError) as error:
            yield path, str(error)

    def _files(self):
        """Yield what is in every file below the home, by path: the logs of tasks and components."""
        for path in sorted(self.airflow.home.rglob("*")):
            if path.is_file() and not path.name.startswith("airflow.db"):
                yield str(path.relative_to(self.airflow.home)), path.read_text("utf-8", errors="replace")


def filled(path, dag, run, task):
    known = {"dag_id": dag, "dag_run_id": run, "task_id": task, "task_instance_id": task, "map_index": "-1"}
    known |= {"try_number": "1", "task_try_number": "1", "connection_id": dag, "file_token": "~"}
    return re.sub(r"\{(\w+)\}", lambda match: known.get(match[1], match[0]), path)


def _row(row):
    return [value.decode("latin-1") if isinstance(value, bytes) else value for value in row]


@pytest.fixture(scope="module")
def played(tmp_path_factory, migrate):
    folder = tmp_path_factory.mktemp("vault")
    (folder / "dags").mkdir()
    (folder / "dags" / "vaults.py").write_text(DAGS)
    environment = {"AIRFLOW__CORE__FERNET_KEY": KEY.decode(), "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"}
    environment["AIRFLOW__ARAZZO__RECORD_EXCHANGES"] = "True"
    with ExitStack() as stack:
        cases = {name: Case(name, stack) for name in CASES}
        airflow = stack.enter_context(LocalAirflow(folder / "home", folder / "dags", environment, restart=True))
        migrate(airflow)
        airflow.start()
        airflow.wait_healthy(240)
        airflow.wait_for_dags(*CASES, limit=180)
        yield Played(airflow, cases)


@pytest.fixture(params=CASES)
def case(played, request):
    return played.cases[request.param]


def test_the_runs_have_used_their_secrets(played, case):
    assert played.states[case.name] == ("failed" if case.fails else "success")
    used(case.api, case.secrets)


def test_no_secret_is_in_a_table(played, case):
    assert any("fernet:gAAAA" in rows for rows in played.held["trigger"])
    assert "fernet:gAAAA" in played.left["xcom"]
    assert "fernet:gAAAA" in played.left["task_state_store"]
    assert played.tables_with(case.hidden) == set()


def test_no_secret_is_in_a_file(played, case):
    logs = [name for name in played.files if "task_id=" in name]
    assert len(logs) >= 5 * len(CASES)
    assert {"scheduler.log", "triggerer.log", "api-server.log", "dag-processor.log"} <= set(played.files)
    assert {name for name, text in played.files.items() if found(text, case.hidden)} == set()


def test_no_secret_is_in_an_answer_of_the_api(played, case):
    run = f"/dags/{case.name}/dagRuns/{played.runs[case.name]}"
    for path in (run, f"{run}/taskInstances/signIn", f"{run}/taskInstances/signIn/logs/1", "/eventLogs"):
        assert path in played.answers, sorted(played.answers)
    assert "***" in played.answers[f"{run}/taskInstances/signIn/xcomEntries/return_value"]
    recording = played.answers[f"{run}/taskInstances/waitForJob/xcomEntries/arazzo_recording"]
    assert recording.count("startedDateTime") >= 2  # of the worker and of the triggerer
    assert "***" in recording
    assert {path for path, text in played.answers.items() if found(text, case.hidden)} == set()


def test_a_typed_password_is_in_the_configuration_of_its_run_and_nowhere_else(played):
    case = played.cases["typed"]
    typed = {"password": case.secrets["password"]}
    assert played.tables_with(typed) == {"dag_run"}
    lines = [line for text in played.files.values() for line in text.splitlines() if found(line, typed)]
    assert [line for line in lines if not re.search(r"\bconf=|DagRun\.conf", line)] == []  # Airflow's own, at DEBUG
    showing = {path for path, text in played.answers.items() if found(text, typed) and "/logs/" not in path}
    assert showing == {"/dags/typed/dagRuns", f"/dags/typed/dagRuns/{played.runs['typed']}"}
