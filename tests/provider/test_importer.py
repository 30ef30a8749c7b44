"""A folder of documents without any Python is a folder of DAGs, where Airflow has DAG importers (3.4)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("airflow.sdk.importers", reason="Airflow has no DAG importers before 3.4")

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowConfigException
from airflow.sdk.importers.base import reset_importer_registry

IMPORTER = "airflow_arazzo.importer.ArazzoDagImporter"
YAML_IMPORTER = "airflow.sdk.importers.yaml_importer.YamlDagImporter"
API = """\
openapi: 3.1.0
info: {title: Tea, version: 1.0.0}
servers: [{url: 'https://tea.example.com'}]
paths: {/leaves: {get: {operationId: list, responses: {'200': {description: ok}}}}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {title: Tea, version: 1.0.0}
sourceDescriptions: [{name: tea, url: tea.openapi.yaml}]
workflows:
- workflowId: brew
  inputs: {type: object, properties: {leaf: {type: string}}}
  steps: [{stepId: look, operationId: list}]
- workflowId: pour
  steps: [{stepId: look, operationId: OPERATION}]
"""
FOREIGN = """\
$schema: https://airflow.apache.org/schemas/dag/2.0/schema.json
dag_id: foreign
"""


@pytest.fixture
def bag(tmp_path, monkeypatch):
    """Return what makes a bag of the DAGs of a folder, importers configured as given."""

    def collect(*importers):
        monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_IMPORTER_CONFIGS", json.dumps(importers))
        reset_importer_registry()
        return DagBag(tmp_path, bundle_path=tmp_path, bundle_name="dags-folder")

    (tmp_path / "tea.openapi.yaml").write_text(API)
    (tmp_path / "tea.arazzo.yaml").write_text(DOCUMENT.replace("OPERATION", "list"))
    yield collect
    reset_importer_registry()


def test_a_document_is_a_dag_file(bag, tmp_path):
    found = bag({"classpath": IMPORTER})
    assert (sorted(found.dags), found.import_errors) == (["brew", "pour"], {})
    brew = found.dags["brew"]
    assert (brew.task_ids, brew.relative_fileloc) == (["look", "outputs"], "tea.arazzo.yaml")
    code = found.dag_source_codes["brew"]
    assert (code.language, code.source_code) == ("yaml", (tmp_path / "tea.arazzo.yaml").read_text())


def test_the_importer_has_the_arguments_of_load_dags(bag):
    kwargs = {"connections": {"tea": "tea_test"}, "tags": ["tea"], "workflows": {"brew": {"schedule": "@daily"}}}
    found = bag({"classpath": IMPORTER, "kwargs": {**kwargs, "inputs": {"leaf": "oolong"}}})
    assert {name: dag.timetable.can_be_scheduled for name, dag in found.dags.items()} == {"brew": True, "pour": False}
    assert all("tea" in dag.tags for dag in found.dags.values())
    assert found.dags["brew"].plan.settings.inputs == {"leaf": "oolong"}
    assert found.dags["pour"].plan.settings.connection == {"tea": "tea_test"}


def test_a_misspelt_argument_is_an_error_of_the_configuration(bag):
    with pytest.raises(AirflowConfigException, match="there is no argument 'conections'; did you mean 'connections'"):
        bag({"classpath": IMPORTER, "kwargs": {"conections": {}}})


def test_a_bad_document_is_an_import_error_with_its_line_and_takes_no_other_away(bag, tmp_path):
    (tmp_path / "milk.arazzo.yaml").write_text(DOCUMENT.replace("OPERATION", "lists").replace("brew", "warm"))
    (tmp_path / "sugar.arazzo.yaml").write_text("arazzo: [")
    found = bag({"classpath": IMPORTER})
    assert sorted(found.dags) == ["brew", "pour"]
    assert sorted(found.import_errors) == ["milk.arazzo.yaml", "sugar.arazzo.yaml"]
    told = found.import_errors["milk.arazzo.yaml"]
    assert "milk.arazzo.yaml:9:" in told
    assert "error[unknown-operation]" in told
    assert "did you mean 'list'?" in told


def test_a_workflow_that_cannot_be_run_leaves_the_others_of_its_document(bag, tmp_path):
    text = DOCUMENT.replace("OPERATION", "list").replace(
        "workflowId: pour", "workflowId: pour\n  x-airflow: {schedule: '@daily'}"
    )
    text = text.replace("- workflowId: pour", "- workflowId: pour\n  inputs: {type: object, required: [cup]}")
    (tmp_path / "tea.arazzo.yaml").write_text(text)
    found = bag({"classpath": IMPORTER})
    assert list(found.dags) == ["brew"]
    assert "nothing gives it 'cup'" in found.import_errors["tea.arazzo.yaml"]


def test_other_yaml_is_left_alone(bag, tmp_path):
    (tmp_path / "other.yaml").write_text(FOREIGN)
    found = bag(YAML_IMPORTER, {"classpath": IMPORTER})
    assert (sorted(found.dags), found.import_errors) == (["brew", "pour"], {})


def test_other_yaml_goes_to_the_importer_that_is_named(bag, tmp_path):
    (tmp_path / "other.yaml").write_text(FOREIGN)
    found = bag({"classpath": IMPORTER, "kwargs": {"others": YAML_IMPORTER}})
    assert sorted(found.dags) == ["brew", "pour"]
    assert list(found.import_errors) == ["other.yaml"]  # it is no whole DAG, and only that importer knows


def test_an_ignored_document_is_no_dag(bag, tmp_path):
    (tmp_path / ".airflowignore").write_text("tea.arazzo.yaml\n")
    assert bag({"classpath": IMPORTER}).dags == {}


def test_files_of_other_kinds_are_not_ours():
    from airflow_arazzo.importer import ArazzoDagImporter

    importer = ArazzoDagImporter(extensions=[".yaml"])
    assert [importer.can_handle(Path(name)) for name in ("a.yaml", "a.yml", "a.py")] == [True, False, False]


LAUGHS = "arazzo: 1.0.1\na0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)


@pytest.mark.attack("documents", "bombs, pipes and links to other files, as DAG files")
@pytest.mark.parametrize(
    "made",
    [
        lambda file: file.write_text(LAUGHS),
        lambda file: file.write_text("arazzo: 1.0.1\nx: " + "[" * 1_000_000),
        lambda file: file.write_text("arazzo: 1.0.1\nx: '" + "x" * 40_000_000),
        lambda file: file.write_bytes(b"arazzo: 1.0.1\n\0\0"),
        lambda file: file.write_bytes(b"arazzo: 1.0.1\nx: \xff\xfe\n"),
        lambda file: file.symlink_to("/proc/self/environ"),
        lambda file: file.symlink_to("/dev/zero"),
        lambda file: file.symlink_to(file.name),
        lambda file: file.mkdir(),
        os.mkfifo,
    ],
    ids=["aliases", "lists", "text", "nul", "bytes", "environment", "device", "circle", "folder", "pipe"],
)
def test_a_bomb_is_an_import_error_or_nothing_and_takes_no_other_away(bag, tmp_path, made):
    made(tmp_path / "evil.arazzo.yaml")
    collected = bag({"classpath": IMPORTER})
    assert sorted(collected.dags) == ["brew", "pour"]
    assert set(collected.import_errors) <= {"evil.arazzo.yaml"}
    assert os.environ["AIRFLOW_HOME"] not in str(collected.import_errors)
