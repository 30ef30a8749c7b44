"""The two seed documents, unchanged, as DAGs on a real scheduler: judged by the record of the mock of their APIs."""

import os
import time
from itertools import groupby, pairwise

import pytest
import yaml
from suite import PUBLIC_DATA

from airflow_arazzo.testing import DEMO_SCENARIO
from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.testing import MockApi, Scenario, serve

SEEDS = PUBLIC_DATA / "seeds"
SECRET = "right-password"
DAGS = f"""
from airflow_arazzo import ArazzoDag, load_dags

SEEDS = {str(SEEDS / "arazzo")!r}
AQUA = SEEDS + "/aqua-security-rescan-and-cleanup-workflow.yml"
load_dags(SEEDS, settings={{"poke_interval": 1}})
ArazzoDag(AQUA, dag_id="unmatched-next", poke_interval=1, unmatched="next")
ArazzoDag(AQUA, dag_id="impatient", poke_interval=1, timeout=6)
"""
# A scan that takes long enough to lose a triggerer in the middle of it.
LONG = {
    "when": {"path": {"image_name": "library/slow"}},
    "answers": [
        {"body": {"scan_status": "in-progress"}, "times": 12},
        {"body": {"scan_status": "completed", "vulnerabilities": {"high": 1}}},
    ],
}
STEPS = ("authenticate", "reRegisterImage", "pollScan", "deleteImage")

pytestmark = [
    pytest.mark.scheduler,
    pytest.mark.skipif(not SEEDS.exists(), reason="the seed documents are not beside this checkout"),
]


@pytest.fixture(scope="module")
def mock():
    data = yaml.safe_load(DEMO_SCENARIO.read_text("utf-8"))
    data["operations"]["aqua.getImage"]["rules"].insert(0, LONG)
    openapi = SEEDS / "openapi"
    descriptions = {"aqua": openapi / "aqua-security-api.yaml", "anchore": openapi / "anchore-enterprise-api.yaml"}
    api = MockApi(descriptions, Scenario.model_validate(data))
    with serve(api) as url:
        api.url = url
        yield api


@pytest.fixture(scope="module")
def airflow(mock, tmp_path_factory, migrate):
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    (home / "dags" / "seeds.py").write_text(DAGS)
    connections = {
        "AIRFLOW_CONN_AQUASECURITYAPI": f'{{"conn_type": "http", "host": "{mock.url}/aqua/api"}}',
        "AIRFLOW_CONN_ANCHOREAPI": f'{{"conn_type": "arazzo", "host": "{mock.url}/anchore/v2"}}',
    }
    with LocalAirflow(home / "home", home / "dags", connections, restart=True) as airflow:
        migrate(airflow)
        airflow.start()
        airflow.wait_healthy()
        airflow.wait_for_dags("rescan-and-cleanup", "rescan-active-image-and-gate", "unmatched-next", "impatient")
        yield airflow


class Outcome:
    """How a run ended, and what the mock got for it."""

    def __init__(self, airflow, dag_id, run_id):
        self.airflow, self.dag_id, self.run_id = airflow, dag_id, run_id
        self.state = airflow.rest.wait(dag_id, run_id, limit=240)["state"]
        self.tasks = airflow.rest.task_states(dag_id, run_id)
        self.outputs = self.xcom("outputs")
        self.route = self.xcom("outputs", "arazzo")["route"]

    def xcom(self, task, key="return_value"):
        return self.airflow.rest.xcom(self.dag_id, self.run_id, task, key)

    def message(self, task):
        return self.xcom(task, "arazzo")["message"]

    def log(self, task):
        return self.airflow.rest.task_log(self.dag_id, self.run_id, task)


def sent(mock, *, key=None, user=None):
    """Return the requests of a case with how often each came in a row; those before the token by who logged in."""
    found = [entry for entry in mock.record if key in (entry.key, entry.used_for) or (user and entry.key == user)]
    return [(operation, len(list(group))) for operation, group in groupby(entry.operation for entry in found)]


def aqua(registry, name="library/nginx", **more):
    inputs = {"id": registry, "password": SECRET, "registry": registry, "image": f"{name}:1"}
    return {**inputs, "image_name": name, "image_tag": "1", **more}


def anchore(tag, **more):
    return {"authorization": "Basic ZGVtbzpkZW1vLXBhc3N3b3Jk", "tag": tag, **more}


QUICK = {
    "fails": ("rescan-and-cleanup", aqua("fails", "library/broken")),
    "queued": ("rescan-and-cleanup", aqua("queued", "library/queued")),
    "found": ("rescan-active-image-and-gate", anchore("found:1", vtype="all", policyId="p")),
}
#: What the demo plays, too: test_demo.py.
SLOW = {
    "completes": ("rescan-and-cleanup", aqua("completes")),
    "refused": ("rescan-and-cleanup", aqua("refused", password="wrong")),
    "goes on": ("unmatched-next", aqua("goes-on", "library/queued")),
    "endless": ("impatient", aqua("endless", "library/endless")),
    "no policy": ("rescan-active-image-and-gate", anchore("nopolicy:1", vtype="os")),
    "no vtype": ("rescan-active-image-and-gate", anchore("novtype:1")),
    "none": ("rescan-active-image-and-gate", anchore("docker.io/library/ghost:1", vtype="os")),
}


@pytest.fixture(scope="module")
def outcomes(airflow):
    return played(airflow, QUICK)


@pytest.fixture(scope="module")
def more(airflow):
    """Play the runs that the short form leaves out."""
    return played(airflow, SLOW)


def played(airflow, runs):
    started = {name: (dag_id, airflow.rest.trigger(dag_id, conf)) for name, (dag_id, conf) in runs.items()}
    return {name: Outcome(airflow, *run) for name, run in started.items()}


def path_of(registry, name):
    return f"{registry}/{name}:1"


@pytest.mark.slow
def test_a_scan_that_completes_deletes_nothing(more, mock):
    run = more["completes"]
    assert run.state == "success"
    assert sent(mock, key=path_of("completes", "library/nginx")) == [
        ("login", 1),
        ("registerImage", 1),
        ("getImage", 3),
    ]
    assert run.outputs["scanStatus"] == "completed"
    assert run.outputs["vulnerabilities"]["high"] == 2
    assert run.outputs["deletedStatus"] is None
    assert run.tasks["deleteImage"] == "skipped"


def test_a_name_with_a_slash_arrives_encoded(outcomes, mock):
    paths = {entry.request.raw_path for entry in mock.record.of(path_of("fails", "library/broken"), "getImage")}
    assert paths == {"/aqua/api/v1/images/fails/library%2Fbroken/1"}


def test_a_scan_that_fails_deletes_the_image(outcomes, mock):
    run = outcomes["fails"]
    assert run.state == "success"
    assert sent(mock, key=path_of("fails", "library/broken")) == [
        ("login", 1),
        ("registerImage", 1),
        ("getImage", 2),
        ("deleteImage", 1),
    ]
    assert run.outputs == {"scanStatus": "failed", "vulnerabilities": None, "deletedStatus": 204}
    assert run.route == list(STEPS)


@pytest.mark.slow
def test_a_refused_login_ends_it(more, mock):
    run = more["refused"]
    assert run.state == "failed"
    assert run.tasks["authenticate"] == "failed"
    assert sent(mock, key="refused") == [("login", 1)]
    assert "$statusCode == 200" in run.message("authenticate")
    assert "401" in run.message("authenticate")


def test_a_status_that_no_action_lists_deletes_nothing(outcomes, mock):
    run = outcomes["queued"]
    assert run.state == "failed"
    assert run.tasks["pollScan"] == "failed"
    assert sent(mock, key=path_of("queued", "library/queued")) == [("login", 1), ("registerImage", 1), ("getImage", 1)]
    assert "none of its success actions matched" in run.message("pollScan")
    assert "'queued'" in run.message("pollScan")


@pytest.mark.slow
def test_unmatched_next_goes_on_to_the_delete(more, mock):
    run = more["goes on"]
    assert run.state == "success"
    assert sent(mock, key=path_of("goes-on", "library/queued"))[-1] == ("deleteImage", 1)
    assert run.outputs["deletedStatus"] == 204


@pytest.mark.slow
def test_a_scan_that_never_ends_fails_at_the_timeout(more, mock):
    run = more["endless"]
    assert run.state == "failed"
    assert run.tasks["pollScan"] == "failed"
    assert "timeout of 6 s" in run.message("pollScan")
    first, second, (operation, polls) = sent(mock, key=path_of("endless", "library/endless"))
    assert (first, second, operation) == (("login", 1), ("registerImage", 1), "getImage")
    assert 3 <= polls <= 7
    times = [entry.time for entry in mock.record.of(path_of("endless", "library/endless"), "getImage")]
    assert min(after - before for before, after in pairwise(times)) > 0.9
    assert "Waiting 1 s in the triggerer" in run.log("pollScan")


def test_an_image_that_is_found_is_judged(outcomes, mock):
    run = outcomes["found"]
    assert run.state == "success"
    assert run.route == ["findActiveImage", "refreshVulnerabilities", "regate"]
    assert run.outputs["finalAction"] == "go"
    assert run.outputs["imageDigest"].startswith("sha256:")
    (look,) = mock.record.of("found:1", "listImages")
    (check,) = mock.record.of("found:1", "checkImagePolicy")
    (refresh,) = [entry for entry in mock.record if entry.request.raw_path.endswith("/vuln/all")]
    assert dict(look.request.pairs) == {"tag": "found:1", "image_status": "active"}
    assert dict(refresh.request.pairs) == {"force_refresh": "true"}
    assert dict(check.request.pairs) == {"tag": "found:1", "policyId": "p"}


@pytest.mark.slow
def test_an_optional_query_parameter_is_left_out(more, mock):
    assert more["no policy"].state == "success"
    (check,) = mock.record.of("nopolicy:1", "checkImagePolicy")
    assert "policyId" not in check.request.query


@pytest.mark.slow
def test_a_missing_path_input_fails_the_step_that_needs_it(more, mock):
    run = more["no vtype"]
    assert run.state == "failed"
    assert len(mock.record.of("novtype:1")) <= 1


@pytest.mark.slow
def test_nothing_found_is_an_end(more, mock):
    run = more["none"]
    assert run.state == "success"
    assert sent(mock, key="docker.io/library/ghost:1") == [("listImages", 1)]
    assert set(run.outputs.values()) == {None}
    assert {run.tasks[step] for step in ("refreshVulnerabilities", "regate")} == {"skipped"}


def test_no_secret_is_in_any_log(outcomes, airflow):
    logs = [path for path in airflow.home.rglob("*.log") if "dag_id=" in str(path) and os.path.getsize(path)]
    assert len(logs) > 10
    assert [str(path) for path in logs if SECRET in path.read_text("utf-8", errors="replace")] == []


def test_a_triggerer_that_is_killed_loses_and_repeats_nothing(outcomes, airflow, mock):
    key = path_of("slow", "library/slow")
    run_id = airflow.rest.trigger("rescan-and-cleanup", aqua("slow", "library/slow"))
    deadline = time.monotonic() + 120
    while len(mock.record.of(key, "getImage")) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    airflow.kill("triggerer")
    before = len(mock.record.of(key, "getImage"))
    airflow.start("triggerer")
    run = Outcome(airflow, "rescan-and-cleanup", run_id)
    assert run.state == "success"
    assert 4 <= before < 13
    assert sent(mock, key=key) == [("login", 1), ("registerImage", 1), ("getImage", 13)]
    assert run.outputs == {"scanStatus": "completed", "vulnerabilities": {"high": 1}, "deletedStatus": None}
