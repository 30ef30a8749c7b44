"""The demo's scenario, built from the project's descriptions and from the seeds' own."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from suite import PUBLIC_DATA

from airflow_arazzo.testing import DEMO_SCENARIO, demo_descriptions

SEEDS = PUBLIC_DATA / "seeds" / "openapi"
NGINX = "/v1/images/docker-hub/library%2Fnginx/latest"
BASIC = "Basic " + base64.b64encode(b"demo:demo-password").decode()
DIGEST = "sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270"


def seeds() -> dict[str, Path]:
    if not SEEDS.is_dir():
        pytest.skip("the seeds are not beside the checkout")
    return {"aqua": SEEDS / "aqua-security-api.yaml", "anchore": SEEDS / "anchore-enterprise-api.yaml"}


@pytest.fixture(params=["own", "seeds"])
def demo(request, start):
    return start(demo_descriptions() if request.param == "own" else seeds(), DEMO_SCENARIO)


def login(demo, user="demo", password="demo-password", mount=""):
    answer = demo.send("POST", f"{mount}/v1/login", {"id": user, "password": password})
    return json.loads(answer.body).get("token") if answer.status == 200 else answer.status


def register(demo, token, image):
    return demo.send("POST", "/v1/images", {"registry": "docker-hub", "image": image}, token).status


def scans(demo, token, name, tag="latest", times=4):
    target = f"/v1/images/docker-hub/{name.replace('/', '%2F')}/{tag}"
    return [demo.json("GET", target, token=token)["scan_status"] for _ in range(times)]


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("library/nginx", ["pending", "in-progress", "completed", "completed"]),
        ("library/broken", ["pending", "failed", "failed", "failed"]),
        ("library/broken-2", ["pending", "failed", "failed", "failed"]),
        ("library/queued", ["queued"] * 4),
        ("library/endless", ["in-progress"] * 4),
    ],
)
def test_an_image_is_scanned_as_its_name_says(demo, name, states):
    token = login(demo)
    assert register(demo, token, f"{name}:latest") == 200
    assert scans(demo, token, name) == states
    assert scans(demo, token, name, times=1) == states[-1:]
    assert register(demo, token, f"{name}:latest") == 200
    assert scans(demo, token, name) == states


def test_runs_with_different_images_do_not_disturb_each_other(demo):
    token = login(demo)
    for tag in ("1", "2"):
        register(demo, token, f"library/nginx:{tag}")
    seen = {tag: [] for tag in ("1", "2")}
    for _ in range(3):
        for tag in seen:
            seen[tag] += scans(demo, token, "library/nginx", tag, times=1)
    assert seen["1"] == seen["2"] == ["pending", "in-progress", "completed"]


def test_a_deleted_image_is_gone_until_it_is_registered_again(demo):
    token = login(demo)
    target = "/v1/images/docker-hub/library%2Fbroken/latest"
    register(demo, token, "library/broken:latest")
    answer = demo.send("DELETE", target, token=token)
    assert (answer.status, answer.body) == (204, b"")
    assert demo.send("GET", target, token=token).status == 404
    assert demo.send("DELETE", target, token=token).status == 404
    register(demo, token, "library/broken:latest")
    assert demo.send("GET", target, token=token).status == 200


def test_login(demo):
    assert login(demo, password="wrong") == 401
    assert login(demo, user="someone", password="right-password").startswith("mock-")
    assert login(demo, user="demo", password="right-password") == 401
    assert login(demo) != login(demo)


def test_a_token_is_needed_that_was_given_out(demo):
    assert demo.send("GET", NGINX).status == 401
    answer = demo.send("GET", NGINX, token="made-up")
    assert answer.status == 401
    assert "the bearer token is not valid" in json.loads(answer.body)["message"]
    assert demo.send("GET", NGINX, token=login(demo)).status == 200


@pytest.mark.parametrize("mount", ["", "/api", "/aqua", "/aqua/api"])
def test_with_and_without_mount_and_base_path(demo, mount):
    token = login(demo, mount=mount)
    assert demo.send("GET", mount + NGINX, token=token).status == 200
    assert demo.api.record[-1].path == {"registry": "docker-hub", "image_name": "library/nginx", "image_tag": "latest"}


@pytest.mark.parametrize("mount", ["", "/v2", "/anchore", "/anchore/v2"])
def test_anchore(demo, mount):
    target = f"{mount}/images?tag=docker.io/library/nginx:latest&image_status=active"
    (image,) = demo.json("GET", target, Authorization=BASIC)
    assert image["imageDigest"] == DIGEST
    report = demo.json("GET", f"{mount}/images/{DIGEST}/vuln/all?force_refresh=true", Authorization=BASIC)
    assert report["vulnerabilityType"] == "all"
    (verdict,) = demo.json("GET", f"{mount}/images/{DIGEST}/check?tag=x", Authorization=BASIC)
    assert verdict["finalAction"] == "go"


def test_anchore_refuses_what_its_description_refuses(demo):
    assert demo.send("GET", "/images").status == 401
    wrong = "Basic " + base64.b64encode(b"demo:wrong").decode()
    assert demo.send("GET", "/images", Authorization=wrong).status == 401
    assert demo.send("GET", "/images?image_status=unknown", Authorization=BASIC).status == 400
    assert demo.send("GET", f"/images/{DIGEST}/vuln/everything", Authorization=BASIC).status == 400
    assert demo.send("GET", f"/images/{DIGEST}/vuln/all?force_refresh=maybe", Authorization=BASIC).status == 400
    assert demo.send("GET", "/images/sha256:0/vuln/all", Authorization=BASIC).status == 404


def test_anchore_finds_nothing_and_stops_something(demo):
    assert demo.json("GET", "/images?tag=docker.io/library/ghost:1", Authorization=BASIC) == []
    (image,) = demo.json("GET", "/images?tag=docker.io/library/redis:7", Authorization=BASIC)
    (verdict,) = demo.json("GET", f"/images/{image['imageDigest']}/check", Authorization=BASIC)
    assert verdict["finalAction"] == "stop"


def test_the_record_of_a_run_holds_its_login(demo):
    for tag in ("1", "2"):
        token = login(demo)
        register(demo, token, f"library/nginx:{tag}")
        scans(demo, token, "library/nginx", tag, times=2)
    login(demo, password="wrong")
    lines = demo.api.record.lines(demo.api.record.of(key="docker-hub/library/nginx:2"))
    image = "GET /v1/images/docker-hub/library%2Fnginx/2"
    assert lines == ["POST /v1/login", "POST /v1/images", image, image]
    listed = demo.json("GET", "/__mock__/requests?key=docker-hub/library/nginx:2")["requests"]
    assert [f"{entry['method']} {entry['path']}" for entry in listed] == lines
    assert listed[0]["body"] == {"id": "demo", "password": "demo-password"}
