"""A broken document in a folder: loud, under its own id and schedule, and nobody else's loss."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from airflow_arazzo import ArazzoDag, load_dags
from airflow_arazzo.factory.document_time import DocumentTime
from arazzo.cpu_time import CpuTimeError
from arazzo.errors import DocumentError

API = """\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
paths:
  /things: {get: {operationId: list, responses: {'200': {description: ok}}}}
"""
HEAD = "arazzo: 1.0.1\ninfo: {title: T, version: 1.0.0}\nsourceDescriptions: [{name: api, url: api.yaml}]\nworkflows:\n"


def workflow(name, operation="list", settings=""):
    extension = f"\n  x-airflow: {{{settings}}}" if settings else ""
    return f"- workflowId: {name}{extension}\n  steps: [{{stepId: a, operationId: {operation}}}]\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "good.yaml").write_text(HEAD + workflow("good"))
    return tmp_path


def is_invalid(dag):
    return "arazzo-invalid" in dag.tags


@pytest.mark.attack("a folder of documents", "a document that is broken")
def test_every_workflow_of_a_bad_document_fails_under_its_own_id_and_schedule(folder, caplog):
    settings = "schedule: '0 6 * * *', start_date: 2026-01-01, catchup: true, owner: shop"
    (folder / "bad.yaml").write_text(HEAD + workflow("night", "lits", settings) + workflow("other"))
    with caplog.at_level(logging.ERROR):
        dags = load_dags(folder)
    assert list(dags) == ["night", "other", "good"]
    assert [is_invalid(dag) for dag in dags.values()] == [True, True, False]
    night = dags["night"]
    assert (night.schedule, night.catchup, night.is_paused_upon_creation) == ("0 6 * * *", False, False)
    assert night.start_date == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert (dags["other"].schedule, dags["other"].is_paused_upon_creation) == (None, False)
    [task] = night.tasks
    with pytest.raises(Exception, match=r"error\[unknown-operation\]"):
        task.execute({})
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "bad.yaml" in record.getMessage()
    assert "error[unknown-operation]" in record.getMessage()


def test_what_a_person_has_given_for_a_dag_holds_for_the_one_that_fails(folder):
    def page(context):
        """Page somebody."""

    (folder / "bad.yaml").write_text(HEAD + workflow("night", "lits"))
    given = {"schedule": "@hourly", "on_failure_callback": page, "default_args": {"owner": "shop"}, "tags": ["t"]}
    night = load_dags(folder, workflows={"night": given})["night"]
    assert (night.schedule, night.on_failure_callback, night.default_args["owner"]) == ("@hourly", page, "shop")
    assert night.tags == {"arazzo", "arazzo-invalid", "t"}


@pytest.mark.attack("a folder of documents", "a bad document with the id of a good one")
@pytest.mark.parametrize("name", ["a-draft.arazzo.yaml", "z-draft.arazzo.yaml"])
def test_no_bad_document_takes_the_id_of_a_good_one(name, folder, monkeypatch):
    (folder / name).write_text(HEAD + workflow("good", "lits"))
    dags = load_dags(folder)
    assert not is_invalid(dags["good"])
    assert is_invalid(dags[name.split(".")[0]])
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "good")
    assert not is_invalid(load_dags(folder)["good"])


def test_a_dag_that_cannot_be_made_leaves_its_id_to_another(folder):
    (folder / "a.yaml").write_text(HEAD + workflow("good", settings="callbacks: {on_failure: no.such_function}"))
    dags = load_dags(folder)
    assert not is_invalid(dags["good"])
    assert "no.such_function" in dags["a"].doc_md


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        (HEAD + "- workflowId: night\n  x-airflow: {schedule: '@daily'}\n  steps: [{stepId: a\n", "@daily"),
        (HEAD + "- workflowId: night\n  x-airflow:\n    schedule: '@daily' # so\n  steps: [{stepId: a\n", "@daily"),
        (HEAD + workflow("night", settings="schedule: '@hourly', poke_intervall: 5"), "@hourly"),
        (HEAD + workflow("night", settings="schedule: '@dayly'"), "@daily"),
        (HEAD + workflow("night", "lits", "schedule: '@continuous'"), "@hourly"),
        (
            HEAD.replace("workflows:", "x-airflow: {schedule: '@weekly'}\nworkflows:") + workflow("night", "l"),
            "@weekly",
        ),
    ],
)
def test_the_schedule_is_the_documents_as_far_as_it_can_be_read(text, schedule, folder):
    (folder / "bad.yaml").write_text(text)
    night = load_dags(folder)["night"]
    assert is_invalid(night)
    assert night.schedule == schedule


def test_ids_are_read_off_a_text_that_is_no_yaml_and_not_those_of_calls(folder):
    text = (
        HEAD + "- workflowId: one\n  steps:\n  - stepId: a\n    workflowId: called\n- workflowId: 'two'\n  steps: [\n"
    )
    (folder / "bad.yaml").write_text(text)
    assert list(load_dags(folder)) == ["one", "two", "good"]


def test_strict_raises_what_is_wrong_with_all_documents(folder):
    assert list(load_dags(folder, strict=True)) == ["good"]
    (folder / "bad.yaml").write_text(HEAD + workflow("night", "lits"))
    (folder / "worse.yaml").write_text("arazzo: [")
    with pytest.raises(DocumentError) as error:
        load_dags(folder, strict=True)
    assert {Path(problem.place.file).name for problem in error.value.problems} == {"bad.yaml", "worse.yaml"}
    (folder / "worse.yaml").write_text(HEAD + workflow("good"))
    with pytest.raises(Exception, match=r"(?s)unknown-operation.*the DAG id 'good' is taken"):
        load_dags(folder, strict=True)


@pytest.mark.parametrize("given", ["@dayly", "every day", "61 * * * *", "0 0 31 2 *", ""])
def test_a_schedule_that_is_none_is_a_mistake_in_python(given, folder):
    with pytest.raises(ValueError, match="is not a schedule"):
        load_dags(folder, schedule=given)
    with pytest.raises(ValueError, match="is not a schedule"):
        ArazzoDag(folder / "good.yaml", schedule=given)


def test_the_name_of_a_dag_by_a_persons_function_costs_one_dag(folder, monkeypatch):
    def name(plan):
        if plan.workflow_id == "raising":
            raise KeyError("team")
        return {"spaced": "two words", "number": 7}.get(plan.workflow_id, f"shop.{plan.workflow_id}")

    (folder / "more.yaml").write_text(HEAD + "".join(map(workflow, ("raising", "spaced", "number", "other"))))
    dags = load_dags(folder, dag_id=name)
    assert list(dags) == ["shop.good", "raising", "spaced", "number", "shop.other"]
    assert [is_invalid(dag) for dag in dags.values()] == [False, True, True, True, False]
    assert "KeyError" in dags["raising"].doc_md
    assert "'two words' cannot be the id of a DAG" in dags["spaced"].doc_md
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "shop.other")
    assert list(load_dags(folder, dag_id=name)) == ["shop.other"]


def test_a_function_that_names_dags_does_not_make_a_worker_compile_them_all(folder, monkeypatch):
    (folder / "other.yaml").write_text(HEAD + workflow("other"))
    seen = []

    def name(plan):
        seen.append(plan.workflow_id)
        return f"shop.{plan.workflow_id}"

    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "shop.other")
    assert list(load_dags(folder, dag_id=name)) == ["shop.other"]
    assert seen == ["other"]


@pytest.mark.attack("a folder of documents", "a document that takes too long")
def test_a_document_that_takes_too_long_costs_its_own_dag(folder, monkeypatch):
    """Who measures is the clock of this thread: whatever else the machine does, the good one has its time."""
    steps = ", ".join(f"{{stepId: s{number}, operationId: list}}" for number in range(4000))
    (folder / "long.yaml").write_text(HEAD + f"- workflowId: long\n  steps: [{steps}]\n")
    monkeypatch.setenv("AIRFLOW__ARAZZO__DOCUMENT_SECONDS", "0.5")
    dags = load_dags(folder)
    assert {name: is_invalid(dag) for name, dag in dags.items()} == {"good": False, "long": True}
    assert "0.5 s of processor time" in dags["long"].doc_md


def spin(seconds):
    """Spend processor time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.attack("a folder of documents", "documents that take too long, each in many workflows")
def test_the_time_of_a_document_is_that_of_all_its_workflows(monkeypatch):
    monkeypatch.setenv("AIRFLOW__ARAZZO__DOCUMENT_SECONDS", "0.2")
    times, one, other = DocumentTime(), Path("one"), Path("other")
    assert times.run(one, lambda: spin(0.15)) is None
    for _ in range(2):
        with pytest.raises(CpuTimeError):
            times.run(one, lambda: spin(0.15))
    assert times.run(other, lambda: spin(0.15)) is None


@pytest.mark.attack("a folder of documents", "many documents that take too long, beside many that do not")
def test_many_documents_that_take_too_long_leave_time_for_the_others(monkeypatch):
    """The folder has 0.6 s: the first takes half of that, the next half of the rest, and so on; but a tenth of 1 s."""
    monkeypatch.setenv("AIRFLOW__ARAZZO__DOCUMENT_SECONDS", "1")
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "0.9")
    times, had = DocumentTime(), []
    for number in range(5):
        long = Path(f"{number}")
        had.append(times.seconds_left(long))
        with pytest.raises(CpuTimeError):
            times.run(long, lambda: spin(60))
        assert times.run(Path(f"good-{number}"), lambda: spin(0.01)) is None
    assert had[0] == pytest.approx(0.3)
    assert had[1] < 0.16
    assert had[2:] == [0.1, 0.1, 0.1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scheduel": "@daily"}, "no argument 'scheduel'; did you mean 'schedule'"),
        ({"poll_interval": 5}, "no argument 'poll_interval'; did you mean 'poke_interval'"),
        ({"workflows": {"good": {"scheduel": 1}}}, "did you mean 'schedule'"),
        ({"workflows": {"good": {"dag_id": "x"}}}, "'dag_id' is no argument here"),
        ({"workflows": {"godo": {}}}, "no document of the folder has a workflow 'godo'; did you mean 'good'"),
        ({"steps": {"b": {}}}, "the documents of the folder have no step 'b'; there are a"),
        ({"workflows": {"good": {"steps": {"aa": {}}}}}, "workflow 'good' has no step 'aa'"),
        ({"connections": {"ap": "x"}}, "no source description 'ap'; did you mean 'api'"),
        ({"workflows": {"good": {"server": {"ap": "http://h"}}}}, "workflow 'good' has no source description 'ap'"),
        ({"steps": {"a": {"aproval": True}}}, "there is no setting 'aproval'; did you mean 'approval'"),
        ({"settings": {"poll_interval": 1}}, "there is no setting 'poll_interval'; did you mean 'poke_interval'"),
    ],
)
def test_a_mistake_in_python_raises_and_says_what_was_meant(arguments, message, folder):
    with pytest.raises((TypeError, ValueError), match=message):
        load_dags(folder, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scheduel": "@daily"}, "did you mean 'schedule'"),
        ({"steps": {"b": {}}}, "workflow 'good' has no step 'b'"),
        ({"connections": {"ap": "x"}}, "did you mean 'api'"),
        ({"server": {"ap": "http://h"}}, "did you mean 'api'"),
    ],
)
def test_a_mistake_with_one_dag_raises_too(arguments, message, folder):
    with pytest.raises((TypeError, ValueError), match=message):
        ArazzoDag(folder / "good.yaml", **arguments)


def test_what_a_broken_document_may_have_is_no_mistake_in_python(folder):
    (folder / "bad.yaml").write_text(HEAD + workflow("night", "lits") + "  poke_interval: [")
    assert list(load_dags(folder, workflows={"night": {"schedule": "@daily"}})) == ["night", "good"]


def test_inputs_for_all_workflows_are_for_those_that_have_them(folder):
    for name, key in (("two", "user"), ("three", "site")):
        inputs = f"  inputs: {{type: object, required: [{key}], properties: {{{key}: {{type: string}}}}}}\n"
        (folder / f"{name}.yaml").write_text(HEAD + workflow(name) + inputs)
    (folder / "good.yaml").unlink()
    dags = load_dags(folder, inputs={"user": "ada", "site": "x"}, schedule="@daily")
    assert not any(map(is_invalid, dags.values()))
    with pytest.raises(ValueError, match="no input 'usr'; did you mean 'user'"):
        load_dags(folder, inputs={"usr": "ada"})
