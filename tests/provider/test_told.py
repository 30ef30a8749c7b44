"""What a run tells people: how it has ended, in one line, once, and under names that nothing else has."""

from __future__ import annotations

import json
import logging

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowException, AirflowFailException, AirflowNotFoundException
from airflow.sdk import task
from equivalence import in_place_of_the_world
from executing import Execution
from failures_shown import Answers
from running import Run

from airflow_arazzo import ArazzoDag, ArazzoTaskGroup, ArazzoWorkflowOperator
from airflow_arazzo.hooks.arazzo import ArazzoHook
from arazzo.exchange import Request

OPENAPI = """
openapi: 3.1.0
info: {title: Things, version: "1"}
servers: [{url: "http://things.example"}]
paths:
  /things/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: getThing, responses: {"200": {description: The thing}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: Things, version: "1"}
sourceDescriptions: [{name: things, url: things.openapi.yaml, type: openapi}]
workflows:
  - workflowId: watch-thing
    inputs: {type: object, properties: {id: {type: string, default: "7"}}}
    steps:
      - stepId: watch
        operationId: getThing
        parameters: [{name: id, in: path, value: $inputs.id}]
        successCriteria: [{condition: $statusCode == 200}]
        onSuccess:
          - {name: again, type: goto, stepId: watch, criteria: [{condition: $response.body#/state == 'busy'}]}
          - {name: ready, type: goto, stepId: use, criteria: [{condition: $response.body#/state == 'ready'}]}
          - {name: gone, type: end, criteria: [{condition: $response.body#/state == 'gone'}]}
        outputs: {state: $response.body#/state}
        x-airflow: {poke_interval: 1}
      - stepId: use
        operationId: getThing
        parameters: [{name: id, in: path, value: $inputs.id}]
        outputs: {mark: $response.body#/mark}
    outputs:
      arazzo: $steps.watch.outputs.state
      arazzo_envelope: $steps.use.outputs.mark
      return_value: $steps.use.outputs.mark
      mark: $steps.use.outputs.mark
"""
GOOD = [(200, {"state": "busy"}), (200, {"state": "busy"}), (200, {"state": "ready"}), (200, {"mark": "m"})]
OUTPUTS = {"arazzo": "ready", "arazzo_envelope": "m", "return_value": "m", "mark": "m"}
LINE = "watch-thing completed: arazzo=ready, arazzo_envelope=m, return_value=m, mark=m (watch ×3 → use)"


@pytest.fixture
def document(tmp_path):
    (tmp_path / "things.openapi.yaml").write_text(OPENAPI)
    (tmp_path / "watch.arazzo.yaml").write_text(DOCUMENT)
    return tmp_path / "watch.arazzo.yaml"


@pytest.fixture
def lines(monkeypatch):
    """The lines that tasks have logged."""
    from airflow.sdk.bases.operator import BaseOperator

    found = []
    log = logging.Logger("tasks", logging.DEBUG)
    log.addHandler(logging.Handler())
    log.handlers[0].emit = lambda record: found.append(record.getMessage())
    monkeypatch.setattr(BaseOperator, "log", log)
    return found


def played(dag, answers, **conf):
    """Run a DAG task by task; return it with its state."""
    world = Answers(list(answers))
    with in_place_of_the_world(world):
        run = Execution(dag, conf, world)
        return run, run.finish()


def test_the_last_task_says_in_one_line_how_the_run_has_ended(document, lines):
    assert played(ArazzoDag(document), GOOD)[1] == "success"
    assert LINE in lines


def test_so_does_a_workflow_that_is_one_task(document, lines):
    world = Answers(list(GOOD))
    with in_place_of_the_world(world):
        assert Run().execute(ArazzoWorkflowOperator(task_id="w", document=document)) == OUTPUTS
    assert LINE in lines


def test_a_failure_is_told_with_the_way_to_it(document, lines):
    played(ArazzoDag(document), [(500, {"state": "ready"})])
    line = next(text for text in lines if text.startswith("watch-thing failed: "))
    assert "GET /things/{id} answered 500" in line
    assert line.endswith(" (watch)")


def test_a_step_tells_what_its_answer_lacks(document, lines):
    played(ArazzoDag(document), [(200, {"state": "ready"}), (200, {})])
    assert "output 'mark' is absent: the answer has no $response.body#/mark" in lines


def test_a_missing_connection_is_told_with_what_to_do():
    said = "connection 'things_prod' does not exist: create it (Admin, Connections, or set AIRFLOW_CONN_THINGS_PROD)"
    with pytest.raises(AirflowNotFoundException) as failed:
        ArazzoHook("things_prod").send(Request("GET", "http://things.example"))
    assert str(failed.value) == f"{said}, or name another one; nothing was sent"


def test_the_answer_of_a_failure_is_told_once(document, lines):
    run, _ = played(ArazzoDag(document), [(500, {"error": "no disk"})])
    told = [line for line in lines if "the answer: " in line and not line.startswith("watch-thing failed: ")]
    assert told == [str(run.errors["watch"])]


def test_a_failure_that_is_recovered_leaves_what_the_api_said_in_the_log(tmp_path, lines):
    action = "{name: used, type: goto, stepId: use}"
    text = DOCUMENT.replace("        onSuccess:", f"        onFailure: [{action}]\n        onSuccess:")
    (tmp_path / "w.arazzo.yaml").write_text(text)
    (tmp_path / "things.openapi.yaml").write_text(OPENAPI)
    assert played(ArazzoDag(tmp_path / "w.arazzo.yaml"), [(500, {"error": "no disk"}), (200, {})])[1] == "success"
    (line,) = (line for line in lines if "the answer: " in line)
    assert line.endswith('the answer: {"error": "no disk"}')


def test_a_branch_says_which_criterion_sent_it_there(document, caplog):
    caplog.set_level(logging.INFO)
    played(ArazzoDag(document), GOOD)
    seen = "action 'ready', since $response.body#/state == 'ready' ($response.body#/state was 'ready')"
    assert f"'watch' leads to 'use': {seen}" in caplog.messages


def test_the_record_says_nothing_twice_and_no_folder(document):
    run, _ = played(ArazzoDag(document), GOOD)
    criteria = run.run.xcoms["watch", "arazzo"]["criteria"]
    assert criteria[0] == {
        "condition": "$statusCode == 200",
        "passed": True,
        "reason": "$statusCode was 200",
        "action": None,
        "undecided": False,
    }
    assert run.run.xcoms["outputs", "arazzo"]["document"]["name"] == "watch.arazzo.yaml"
    assert str(document.parent) not in json.dumps(list(run.run.xcoms.values()))


def test_outputs_may_have_the_names_of_our_own_xcoms(document):
    run, _ = played(ArazzoDag(document), GOOD)
    assert run.run.xcoms["outputs", "return_value"] == OUTPUTS
    assert run.run.xcoms["outputs", "arazzo"]["status"] == "success"


@pytest.mark.airflow
def test_outputs_of_a_group_collide_with_nothing(document, run_dag):
    @task
    def behind(outputs, mark):
        return [outputs, mark]

    with DAG("collide", schedule=None) as dag:
        one = ArazzoTaskGroup(document, group_id="one")
        two = ArazzoWorkflowOperator(task_id="two", document=document)
        one >> two >> behind(one.outputs, one.outputs["mark"])
    with in_place_of_the_world(Answers([*GOOD, *GOOD])):
        run = run_dag(dag)
    assert run.state == "success"
    assert run.xcom("behind") == [OUTPUTS, "m"]
    for last in ("one.outputs", "two"):
        assert (run.xcom(last), run.xcom(last, "arazzo")["status"]) == (OUTPUTS, "success")


def test_what_a_run_gives_for_a_bound_input_is_refused(document):
    dag = ArazzoDag(document, inputs={"id": "8"})
    run, state = played(dag, GOOD, id="9")
    assert state == "failed"
    assert "input 'id' is bound by the DAG, and the run gives it too; nothing was sent" in str(run.errors["watch"])


def test_a_param_that_a_bound_input_reads_may_have_its_name(document):
    dag = ArazzoDag(document, inputs={"id": "{{ params.id }}"}, params={"id": "8"})
    assert played(dag, GOOD, id="9")[1] == "success"


@pytest.mark.parametrize("template", ["{{ params.gone.id }}", "{{ conn.nobody.login }}", "{{ broken"])
def test_a_template_error_names_input_and_task(document, template):
    run, state = played(ArazzoDag(document, inputs={"id": template}), GOOD)
    assert state == "failed"
    assert str(run.errors["watch"]).startswith("input 'id' cannot be rendered in task 'watch': ")


def frames(error):
    found, trace = 0, error.__traceback__
    while trace is not None:
        found, trace = found + 1, trace.tb_next
    return found


def test_a_workflow_that_failed_has_no_way_to_tell_but_its_sentence(document):
    run, _ = played(ArazzoDag(document), [(500, {})])
    assert isinstance(run.errors["watch"], AirflowException)
    assert isinstance(run.errors["outputs"], AirflowFailException)
    ours = [run.errors[name].__traceback__.tb_next.tb_next.tb_next for name in ("watch", "outputs")]
    assert all(trace is None or trace.tb_next is None for trace in ours)


@pytest.mark.airflow
def test_a_failure_calls_once_and_the_last_task_calls_for_what_no_other_has_told(document, run_dag):
    called = []

    def call(context):
        called.append((context["ti"].task_id, str(context["exception"])))

    dag = ArazzoDag(document, dag_id="called_once", default_args={"on_failure_callback": call})
    with in_place_of_the_world(Answers([(500, {})])):
        run = run_dag(dag)
    assert (run.tasks["watch"], run.tasks["outputs"]) == ("failed", "failed")
    assert [name for name, _ in called] == ["watch"]
    assert "answered 500" in called[0][1]
    called.clear()
    dag = ArazzoDag(document, dag_id="called_last", default_args={"on_failure_callback": call})
    dag.get_task("outputs").plan = dag.plan.model_copy(update={"outputs": {"big": "x" * 2**21}})
    dag.get_task("outputs").course = type(dag.get_task("outputs").course)(
        dag.get_task("outputs").plan, dag.get_task("outputs").course.tasks
    )
    with in_place_of_the_world(Answers(list(GOOD))):
        run_dag(dag)
    assert [name for name, _ in called] == ["outputs"]
    assert "output 'big' has" in called[0][1]


def test_at_level_debug_requests_and_answers_are_logged_in_full(document, lines):
    played(ArazzoDag(document), GOOD)
    assert [line.splitlines() for line in lines if line.startswith("> ")][-1] == [
        "> GET http://things.example/things/7",
        "> Accept: application/json, */*;q=0.5",
        "< 200",
        "< Content-Type: application/json",
        "",
        '{"mark": "m"}',
    ]


def test_a_failure_shows_where_it_was_sent_and_what_the_api_said(document):
    run, _ = played(ArazzoDag(document), [(500, {"error": "no disk"})])
    shown = 'sent to http://things.example/things/7; the answer: {"error": "no disk"}'
    assert str(run.errors["watch"]).endswith(shown)
    assert run.run.xcoms["watch", "arazzo"]["message"].endswith(shown)
    assert run.run.xcoms["outputs", "arazzo"]["message"].endswith(shown)


def test_what_is_not_as_described_is_in_the_record_and_in_the_log(tmp_path, lines):
    text = DOCUMENT.replace("poke_interval: 1", "poke_interval: 1, contract: warn")
    schema = "{type: object, properties: {state: {type: string, enum: [ready, gone]}}}"
    described = f"The thing, content: {{application/json: {{schema: {schema}}}}}"
    (tmp_path / "w.arazzo.yaml").write_text(text)
    (tmp_path / "things.openapi.yaml").write_text(OPENAPI.replace("The thing", described))
    dag = ArazzoDag(tmp_path / "w.arazzo.yaml")
    world = Answers([(200, {"state": "busy"}), (200, {"state": "ready"}), (200, {"mark": "m"})])
    execution = Execution(dag, {}, world)
    with in_place_of_the_world(world):
        assert execution.finish() == "success"
    (drift,) = execution.run.xcoms["watch", "arazzo"]["drift"]
    said = '$response.body#/state has to be one of "ready", "gone"'
    assert f"{drift['at']} {drift['message']}" == said
    assert f"contract: {said}" in lines
