"""Settings that people ask for: in the document and in Python alike, checked when the DAG is made."""

from __future__ import annotations

from datetime import datetime, timedelta

import pendulum
import pytest
from airflow.sdk import Asset
from company_alerts import Ask, late, page

from airflow_arazzo import ArazzoDag, load_dags
from arazzo.engine import load_plan
from arazzo.flow import Plan

API = """\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
paths:
  /things: {get: {operationId: list, responses: {'200': {description: ok}}}}
"""
HEAD = "arazzo: 1.0.1\ninfo: {title: T, version: 1.0.0}\nsourceDescriptions: [{name: api, url: api.yaml}]\nworkflows:\n"


@pytest.fixture
def document(tmp_path):
    def write(settings="", step="", steps=1):
        (tmp_path / "api.yaml").write_text(API)
        path = tmp_path / "w.yaml"
        text = HEAD + f"- workflowId: w\n  x-airflow: {{{settings}}}\n  steps:\n"
        text += f"  - {{stepId: a, operationId: list, x-airflow: {{{step}}}}}\n"
        path.write_text(text + "".join(f"  - {{stepId: s{n}, operationId: list}}\n" for n in range(1, steps)))
        return path

    return write


def test_six_in_the_morning_stays_six_in_the_morning_in_winter(document):
    dag = ArazzoDag(document("schedule: 0 6 * * *, timezone: Europe/Berlin, start_date: '2026-01-01'"))
    assert dag.start_date == pendulum.datetime(2026, 1, 1, tz="Europe/Berlin")
    for month in (1, 7):
        day = pendulum.datetime(2026, month, 15, tz="UTC")
        timetable = dag.timetable
        assert str(timetable.timezone) == "Europe/Berlin"
        assert timetable.expression == "0 6 * * *"
        assert day.in_timezone(timetable.timezone).set(hour=6).in_timezone("UTC").hour == (5 if month == 1 else 4)


@pytest.mark.parametrize(
    ("start", "begins"),
    [
        (None, datetime(2000, 1, 1)),
        ("2026-03-01T06:00", datetime(2026, 3, 1, 6)),
        (datetime(2026, 3, 1, 6), datetime(2026, 3, 1, 6)),
        ("2026-03-01T06:00:00+00:00", datetime(2026, 3, 1, 7)),
    ],
)
def test_a_date_is_in_the_zone_that_is_named(start, begins, document):
    dag = ArazzoDag(document(), timezone="Europe/Berlin", start_date=start, schedule="@daily")
    assert dag.start_date.in_timezone("Europe/Berlin").naive() == begins
    assert dag.timezone.name == "Europe/Berlin"


SAID = {
    "owner": ("owner: shop", {"owner": "shop"}),
    "callbacks": ("callbacks: {on_failure: company_alerts.page}", {"callbacks": {"on_failure": page}}),
    "deadline": (
        "deadline: {interval: 3600, callback: 'company_alerts:late', kwargs: {who: ada}}",
        {"deadline": {"interval": 3600, "callback": late, "kwargs": {"who": "ada"}}},
    ),
    "doc": ("doc: '**Ours**'", {"doc": "**Ours**"}),
}


@pytest.mark.parametrize("where", ["document", "python", "folder", "settings"])
def test_what_a_dag_is_told(where, document):
    said = where == "document"
    given = {} if said else {name: value for _, values in SAID.values() for name, value in values.items()}
    path = document(", ".join(text for text, _ in SAID.values()) if said else "")
    if where == "folder":
        dag = load_dags(path.parent, **given)["w"]
    else:
        dag = ArazzoDag(path, **({"settings": given} if where == "settings" else given))
    assert {task.owner for task in dag.tasks} == {"shop"}
    assert dag.on_failure_callback is page
    assert not any(task.on_failure_callback for task in dag.tasks)
    [alert] = dag.deadline
    assert (alert.interval, alert.callback.path) == (timedelta(hours=1), "company_alerts.late")
    assert alert.callback.kwargs == {"who": "ada"}
    assert "**Ours**" in dag.doc_md
    assert not any("**Ours**" in (task.doc_md or "") for task in dag.tasks)


STEP = {
    "owner": ("owner: desk", {"owner": "desk"}),
    "doc": ("doc: '**Step**'", {"doc": "**Step**"}),
    "callbacks": ("callbacks: {on_retry: company_alerts.page}", {"callbacks": {"on_retry": page}}),
    "task": (
        "task: {max_active_tis_per_dag: 1, executor_config: {pod_template_file: /pods/large.yaml}, "
        "outlets: ['s3://reports/x'], on_failure_callback: company_alerts.page, max_retry_delay: 60}",
        {
            "task": {
                "max_active_tis_per_dag": 1,
                "executor_config": {"pod_template_file": "/pods/large.yaml"},
                "outlets": [Asset("s3://reports/x")],
                "on_failure_callback": page,
                "max_retry_delay": timedelta(minutes=1),
            }
        },
    ),
}


@pytest.mark.parametrize("where", ["document", "python"])
def test_what_a_task_is_told(where, document):
    said = where == "document"
    path = document(step=", ".join(text for text, _ in STEP.values()) if said else "", steps=2)
    given = {} if said else {"steps": {"a": {k: v for _, values in STEP.values() for k, v in values.items()}}}
    dag = ArazzoDag(path, **given)
    task, other = dag.get_task("a"), dag.get_task("s1")
    assert (task.owner, task.max_active_tis_per_dag) == ("desk", 1)
    assert (task.executor_config, other.executor_config) == ({"pod_template_file": "/pods/large.yaml"}, {})
    assert "**Step**" in task.doc_md
    assert [asset.uri for asset in task.outlets] == ["s3://reports/x"]
    assert page in (task.on_failure_callback, *task.on_failure_callback)
    assert page in (task.on_retry_callback, *task.on_retry_callback)
    assert task.max_retry_delay == timedelta(minutes=1)
    assert (other.owner, other.max_active_tis_per_dag, other.outlets) == ("airflow", None, [])


def test_what_a_workflow_says_of_tasks_is_said_of_every_steps(document):
    dag = ArazzoDag(document("task: {max_active_tis_per_dag: 2}", "task: {pool_slots: 3}", steps=2))
    found = {task.task_id: (task.max_active_tis_per_dag, task.pool_slots) for task in dag.tasks}
    assert found == {"a": (2, 3), "s1": (2, 1), "outputs": (None, 1)}


@pytest.mark.parametrize("where", ["document", "python"])
def test_who_approves_and_for_how_long(where, document):
    said = "approval: {users: [ada, grace], notify: company_alerts.Ask, timeout: 60, fail_on_timeout: false}"
    given = {"users": ["ada", "grace"], "notify": Ask(), "timeout": 60, "fail_on_timeout": False}
    path = document(step=said if where == "document" else "")
    dag = ArazzoDag(path, **({} if where == "document" else {"steps": {"a": {"approval": given}}}))
    task = dag.get_task("a_approval")
    assert [user["id"] for user in task.assigned_users] == ["ada", "grace"]
    assert [type(notifier) for notifier in task.notifiers] == [Ask]
    assert (task.within, task.fail_on_timeout) == (60, False)
    assert timedelta(seconds=60) in (getattr(task, "response_timeout", None), task.execution_timeout)


@pytest.mark.parametrize(
    ("settings", "step", "message"),
    [
        ("timezone: Europe/Berlni", "", "'timezone' has to be the name of a time zone"),
        ("callbacks: {on_failure: company_alerts.pgae}", "", "cannot be imported: AttributeError"),
        ("callbacks: {on_failure: no_such_module.page}", "", "cannot be imported: ModuleNotFoundError"),
        ("callbacks: {on_failure: os.system}", "", "part of Python itself"),
        ("callbacks: {on_fialure: company_alerts.page}", "", "no event 'on_fialure'; did you mean 'on_failure'"),
        ("callbacks: {on_failure: 'not a name'}", "", "name of something that can be imported"),
        ("callbacks: {on_retry: company_alerts.page}", "", "'on_retry' is of a task"),
        ("deadline: {callback: company_alerts.late}", "", "'interval' is missing"),
        ("deadline: {interval: 1, callbck: x.y}", "", "no 'callbck' in it; did you mean 'callback'"),
        ("", "approval: {user: [ada]}", "no 'user' in it; did you mean 'users'"),
        ("", "approval: {timeout: 0}", "'timeout': Input should be greater than 0"),
        ("", "task: {max_active_tis_per_dg: 1}", "no operator takes 'max_active_tis_per_dg'; did you mean"),
        ("", "task: {trigger_rule: all_done}", "'trigger_rule' of a task cannot be set"),
        ("", "task: {task_id: b}", "'task_id' of a task cannot be set"),
    ],
)
def test_what_cannot_be_is_told_when_the_dag_is_made(settings, step, message, document):
    with pytest.raises(Exception, match=message):
        ArazzoDag(document(settings, step))


def test_a_plan_with_what_a_document_says_survives_as_text(document):
    said = ", ".join(text for text, _ in SAID.values())
    plan = load_plan(document(said, "approval: {users: [ada]}, task: {pool_slots: 2}"))
    again = Plan.model_validate_json(plan.model_dump_json(exclude_defaults=True, by_alias=True))
    assert again.settings.given() == plan.settings.given()
    assert again.step("a").settings.given() == plan.step("a").settings.given()


def test_what_only_python_can_say_is_not_stored(document):
    dag = ArazzoDag(document(), callbacks={"on_failure": page}, steps={"a": {"task": {"outlets": [Asset("x://y")]}}})
    assert "company_alerts" not in dag.plan.model_dump_json(exclude_defaults=True)
