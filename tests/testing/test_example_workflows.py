"""The cases of the two example workflows against the demo's mock, from the project's documents and from the seeds.

Judged by the mock's record: what was sent, in which order, and what was not.
"""

from __future__ import annotations

import asyncio
import base64
from itertools import groupby
from pathlib import Path

import pytest
import requests
from suite import PUBLIC_DATA

from airflow_arazzo.testing import DEMO_SCENARIO, demo_descriptions
from arazzo.absent import with_nulls
from arazzo.document.settings import Settings
from arazzo.engine import check_inputs, drive, drive_async, load_plan, start
from arazzo.flow import Options
from arazzo.transport import open_session, send, send_async

ROOT = Path(__file__).parents[2]
SEEDS = PUBLIC_DATA / "seeds"
AQUA = {
    "own": ROOT / "dags/workflows/rescan-and-cleanup.arazzo.yaml",
    "seeds": SEEDS / "arazzo/aqua-security-rescan-and-cleanup-workflow.yml",
}
ANCHORE = {
    "own": ROOT / "dags/workflows/rescan-active-image-and-gate.arazzo.yaml",
    "seeds": SEEDS / "arazzo/anchore-rescan-active-images-workflow.yml",
}
BASIC = "Basic " + base64.b64encode(b"demo:demo-password").decode()
DIGEST = "sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270"
COUNTS = {"critical": 0, "high": 2, "medium": 7, "low": 19, "negligible": 4}


class Rig:
    """Runs a workflow against the mock; the clock is its own and jumps."""

    def __init__(self, client, whose, way):
        self.client, self.whose, self.way = client, whose, way
        self.now, self.waits = 0.0, []

    def run(self, documents, inputs, **settings):
        base = Settings(server=self.client.url, **settings)
        plan = load_plan(documents[self.whose], None, Options(settings=base))
        state = start(plan, check_inputs(plan, inputs))
        if self.way == "requests":
            with requests.Session() as session:
                _, done = drive(
                    plan,
                    state,
                    send=lambda request: send(request, session),
                    wait=lambda _, seconds: self.wait(seconds),
                    clock=lambda: self.now,
                )
        else:
            _, done = asyncio.run(self.drive(plan, state))
        return done

    async def drive(self, plan, state):
        async def wait(_, seconds):
            self.wait(seconds)

        async with open_session() as session:
            return await drive_async(
                plan, state, send=lambda request: send_async(request, session), wait=wait, clock=lambda: self.now
            )

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    def sent(self):
        return [(line, len(list(group))) for line, group in groupby(self.client.api.record.lines())]


@pytest.fixture(params=["requests", "aiohttp"])
def way(request):
    return request.param


@pytest.fixture(params=["own", "seeds"])
def rig(request, way, start):
    if request.param == "own":
        return Rig(start(demo_descriptions(), DEMO_SCENARIO), "own", way)
    if not SEEDS.is_dir():
        pytest.skip("the seeds are not beside the checkout")
    files = {name: SEEDS / "openapi" / demo_descriptions()[name].name for name in ("aqua", "anchore")}
    return Rig(start(files, DEMO_SCENARIO), "seeds", way)


def image(name, password="demo-password"):
    parts = {"image": f"{name}:latest", "image_name": name, "image_tag": "latest", "registry": "docker-hub"}
    return {"id": "demo", "password": password, **parts}


def target(name):
    return f"/v1/images/docker-hub/{name.replace('/', '%2F')}/latest"


LOGIN, REGISTER = ("POST /v1/login", 1), ("POST /v1/images", 1)


def test_a_scan_completes(rig):
    done = rig.run(AQUA, image("library/nginx"), poke_interval=30)
    assert done.outcome == "end"
    assert with_nulls(done.outputs) == {"scanStatus": "completed", "vulnerabilities": COUNTS, "deletedStatus": None}
    assert rig.sent() == [LOGIN, REGISTER, (f"GET {target('library/nginx')}", 3)]
    assert rig.waits == [30, 30]


def test_a_scan_fails(rig):
    name = "library/broken"
    done = rig.run(AQUA, image(name))
    assert done.outcome == "end"
    assert with_nulls(done.outputs) == {"scanStatus": "failed", "vulnerabilities": None, "deletedStatus": 204}
    calls = [LOGIN, REGISTER, (f"GET {target(name)}", 2), (f"DELETE {target(name)}", 1)]
    assert rig.sent() == calls


def test_a_login_is_refused(rig):
    done = rig.run(AQUA, image("library/nginx", password="wrong"))
    assert done.outcome != "end"
    assert "$statusCode == 200" in done.message
    assert "401" in done.message
    assert rig.sent() == [LOGIN]


def test_a_state_that_no_action_lists(rig):
    done = rig.run(AQUA, image("library/queued"))
    assert done.outcome != "end"
    assert "queued" in done.message
    assert rig.sent() == [LOGIN, REGISTER, (f"GET {target('library/queued')}", 1)]


def test_a_state_that_no_action_lists_when_it_is_to_go_on(rig):
    done = rig.run(AQUA, image("library/queued"), unmatched="next")
    assert done.outcome == "end"
    assert done.outputs["deletedStatus"] == 204


def test_a_scan_never_ends(rig):
    done = rig.run(AQUA, image("library/endless"), poke_interval=10, timeout=60)
    assert done.outcome != "end"
    assert "timeout of 1 min" in done.message
    assert rig.sent() == [LOGIN, REGISTER, (f"GET {target('library/endless')}", len(rig.waits))]
    assert set(rig.waits) == {10}


def anchore(**inputs):
    return {"authorization": BASIC, "tag": "docker.io/library/nginx:latest", **inputs}


def queries(rig):
    return [dict(entry.request.pairs) for entry in rig.client.api.record]


def test_an_image_is_found(rig):
    done = rig.run(ANCHORE, anchore(vtype="all", policyId="strict"))
    assert done.outcome == "end"
    assert done.outputs["imageDigest"] == DIGEST
    assert done.outputs["finalAction"] == "go"
    assert [found["vuln"] for found in done.outputs["vulnerabilities"]] == ["CVE-2026-10001"]
    assert [entry.operation for entry in rig.client.api.record] == [
        "listImages",
        "getImageVulnerabilities",
        "checkImagePolicy",
    ]
    tag = "docker.io/library/nginx:latest"
    listing, report, verdict = queries(rig)
    assert listing == {"tag": tag, "image_status": "active"}
    assert report == {"force_refresh": "true"}
    assert verdict == {"tag": tag, "policyId": "strict"}


def test_without_a_policy_no_policy_is_sent(rig):
    assert rig.run(ANCHORE, anchore(vtype="os")).outcome == "end"
    assert "policyId" not in queries(rig)[2]


def test_without_a_kind_nothing_is_sent_that_needs_one(rig):
    done = rig.run(ANCHORE, anchore())
    assert done.outcome == "failed"
    assert "vtype" in done.message
    assert "nothing was sent" in done.message
    assert [entry.operation for entry in rig.client.api.record] == ["listImages"]


def test_nothing_is_found(rig):
    done = rig.run(ANCHORE, anchore(tag="docker.io/library/ghost:1", vtype="all"))
    assert done.outcome == "end"
    assert with_nulls(done.outputs) == {"imageDigest": None, "vulnerabilities": None, "finalAction": None}
    assert [entry.operation for entry in rig.client.api.record] == ["listImages"]
