"""Assets: what a workflow updates when it has completed, what its event says, and workflows that an update starts."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from airflow.sdk import DAG, Asset, AssetAll, AssetAny

from airflow_arazzo import ArazzoDag, ArazzoTaskGroup
from airflow_arazzo.assets import create_asset, sanitize_uri
from arazzo.engine import load_plan
from arazzo.errors import DocumentError, InputError
from arazzo.flow import Plan
from arazzo.validation import validate

API = """\
openapi: 3.1.0
info: {title: Images, version: 1.0.0}
servers: [{url: 'https://images.example.com'}]
paths:
  /images/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string}}]
    get: {operationId: look, responses: {'200': {description: ok}}}
    delete: {operationId: remove, responses: {'204': {description: gone}}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {title: Images, version: 1.0.0}
sourceDescriptions: [{name: images, url: images.yaml}]
workflows:
- workflowId: look
  x-airflow: {%s}
  inputs: {type: object, required: [image], properties: {image: {type: string}}}
  steps:
  - stepId: look
    operationId: look
    parameters: [{name: name, in: path, value: $inputs.image}]
    outputs:
      size: $response.body#/size
      tags: $response.body#/tags
      owner: $response.body#/owner
      token: $response.body#/token
    successCriteria: [{condition: $statusCode == 200}]
  outputs:
    size: $steps.look.outputs.size
    tags: $steps.look.outputs.tags
    owner: $steps.look.outputs.owner
    token: $steps.look.outputs.token
"""
URI = "https://images.example.com/images"


@pytest.fixture
def document(tmp_path):
    def write(settings):
        (tmp_path / "images.yaml").write_text(API)
        path = tmp_path / "look.arazzo.yaml"
        path.write_text(DOCUMENT % settings)
        return path

    return write


@pytest.fixture
def images(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_IMAGES", json.dumps({"conn_type": "arazzo", "host": api.url}))
    return api


def events(uri):
    """Return the extras of an asset's events, in order."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id).where(AssetModel.uri == uri)
        return [dict(event.extra) for event in session.scalars(query.order_by(AssetEvent.id))]


ANSWER = {"size": 9007199254740993, "tags": ["a", "b"], "token": "tok-7781ab"}


@pytest.mark.airflow
@pytest.mark.parametrize("granularity", ["step", "workflow"])
def test_a_completed_workflow_has_updated_its_asset_once_with_what_is_known_and_no_secret(
    granularity, document, images, run_dag
):
    uri = f"{URI}/{granularity}"
    images.on("GET /images/tea", 200, ANSWER)
    path = document(f"granularity: {granularity}, outlets: ['{uri}'], sensitive: [token]")
    ran = run_dag(ArazzoDag(path, dag_id=f"updates_{granularity}"), image="tea")
    assert (ran.state, events(uri)) == ("success", [{"size": 9007199254740993, "tags": ["a", "b"]}])


@pytest.mark.airflow
def test_a_workflow_that_failed_has_updated_nothing(document, images, run_dag):
    images.on("GET /images/tea", 404)
    ran = run_dag(ArazzoDag(document(f"outlets: ['{URI}/failed']"), dag_id="updates_nothing"), image="tea")
    assert (ran.state, events(f"{URI}/failed")) == ("failed", [])


@pytest.mark.airflow
def test_a_run_that_no_event_started_sends_nothing(document, images, run_dag):
    bound = "image: '{{ (triggering_asset_events.values() | first | last).extra.image }}'"
    dag = ArazzoDag(document(f"schedule: ['{URI}'], inputs: {{{bound}}}"), dag_id="started")
    ran = run_dag(dag)
    assert (ran.state, images.lines) == ("failed", [])


def test_the_last_task_alone_has_the_assets(document):
    settings = f"outlets: ['{URI}/a', {{name: b, uri: 's3://b', group: images}}], inlets: ['s3://c']"
    dag = ArazzoDag(document(settings), default_args={"outlets": [Asset("s3://d")]})
    last, step = dag.get_task("outputs"), dag.get_task("look")
    assert [asset.uri for asset in last.outlets] == ["s3://d/", f"{URI}/a", "s3://b/"]
    assert [(asset.name, asset.group) for asset in last.outlets][2] == ("b", "images")
    assert [asset.uri for asset in last.inlets] == ["s3://c/"]
    assert (step.outlets, step.inlets) == ([], [])
    with DAG("own", schedule=None):
        group = ArazzoTaskGroup(document(settings), group_id="g", inputs={"image": "tea"})
    assert [asset.uri for asset in group.children["g.outputs"].outlets] == [f"{URI}/a", "s3://b/"]


def test_python_says_the_same_with_assets_of_airflow(document):
    asset = Asset("s3://a")
    assert ArazzoDag(document(""), outlets=[asset]).get_task("outputs").outlets == [asset]


@pytest.mark.parametrize(
    ("written", "kind", "uris"),
    [
        ("['s3://a', 's3://b']", AssetAll, ["s3://a/", "s3://b/"]),
        ("{all: ['s3://a']}", AssetAll, ["s3://a/"]),
        ("{any: ['s3://a', {uri: 's3://b'}]}", AssetAny, ["s3://a/", "s3://b/"]),
    ],
)
def test_updates_start_a_workflow(written, kind, uris, document):
    path = document(f"schedule: {written}, inputs: {{image: tea}}")
    condition = ArazzoDag(path).timetable.asset_condition
    assert type(condition) is kind
    assert [asset.uri for asset in condition.objects] == uris
    plan = load_plan(path)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_what_starts_without_a_person_needs_its_inputs(document):
    with pytest.raises(InputError, match="cannot have a schedule: nothing gives it 'image'"):
        ArazzoDag(document("schedule: ['s3://a']"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("schedule: {some: ['s3://a']}", "'schedule': there is no 'some' in it"),
        ("schedule: {any: []}", "a schedule by assets is a list of them"),
        ("schedule: [7]", "an asset is a URI, or a map of uri, name and group"),
        ("schedule: {any: s3}", "'any' has to be a list"),
        ("outlets: s3://a", "'outlets' has to be a list"),
        ("outlets: [{url: 's3://a'}]", "there is no 'url' in an asset"),
        ("outlets: [{group: a}]", "an asset has a uri or a name"),
        ("inlets: ['airflow://a']", "the scheme 'airflow' is Airflow's own"),
        ("inlets: [' ']", "is text in ASCII"),
    ],
)
def test_what_is_no_asset_is_an_error_of_the_document(settings, message, document):
    with pytest.raises(DocumentError) as caught:
        load_plan(document(settings))
    (problem,) = caught.value.problems
    assert (problem.rule, problem.place.line) == ("invalid-setting", 6)
    assert message in problem.message


def test_on_a_step_it_is_a_setting_of_a_workflow(document):
    path = document("")
    path.write_text(
        path.read_text().replace(
            "    operationId: look\n", "    operationId: look\n    x-airflow: {outlets: ['s3://a']}\n"
        )
    )
    assert [problem.rule for problem in validate(path) if "outlets" in problem.message] == ["idle-field"]


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("https://User:word@Images.Example.com:443/a/", "https://images.example.com/a"),
        ("http://images.example.com:8080", "http://images.example.com:8080/"),
        ("http://[::1]:80/a", "http://[::1]/a"),
    ],
)
def test_an_uri_has_one_spelling(written, uri):
    assert sanitize_uri(urlsplit(written))._replace(path=urlsplit(uri).path).geturl() == uri
    assert "word" not in Asset(written).uri


@pytest.mark.parametrize("written", ["https:///a", "https://a:99999/b"])
def test_what_has_no_host_is_no_resource(written):
    with pytest.raises(ValueError, match=r"host|[Pp]ort"):
        sanitize_uri(urlsplit(written))


def test_a_resource_by_server_and_path():
    asset = create_asset(server="https://images.example.com/v1/", path="/images", extra={"a": 1})
    assert (asset.uri, asset.extra) == ("https://images.example.com/v1/images", {"a": 1})
