"""What loops leave behind in record and log, and how they go by the clock."""

from __future__ import annotations

import asyncio

import pytest
from casebook import CASES, Script

from arazzo.document.settings import Settings
from arazzo.engine import check_inputs, drive, drive_async, load_plan, loops_run, run_local, start
from arazzo.engine.records import LoopRun
from arazzo.flow import Options


def plan_of(case: str, workflow: str = "main", **options):
    return load_plan(CASES / case / "workflow.arazzo.yaml", workflow, Options(**options))


def test_the_count_and_the_last_hiccup_are_in_log_and_record():
    script = Script(
        [
            {"request": "GET /things", "status": 503},
            {"wait": 5},
            {"request": "GET /things", "error": "connection refused"},
            {"wait": 5},
            {"request": "GET /things", "status": 200},
            {"request": "GET /things/x", "status": 200, "json": {"state": "done"}},
        ]
    )
    notes = []
    run = run_local(
        plan_of("tolerates"), {}, send=script.send, sleep=script.sleep, clock=script.clock, note=notes.append
    )
    assert [(note.text, note.warning) for note in notes if "tolerated" in note.text] == [
        ("GET /things answered 503: tolerated, 1 of 3 in a row", True),
        ("GET /things got no response: tolerated, 2 of 3 in a row", True),
    ]
    records = {record.step: record for record in run.records}
    assert (records["list"].tolerated, records["list"].hiccup) == (2, "GET /things got no response")
    assert (records["watch"].tolerated, records["watch"].rounds) == (2, 3)


@pytest.mark.parametrize(
    ("case", "workflow", "options", "tolerate"),
    [
        ("tolerates", "main", {}, 3),
        ("tolerates", "main", {"dialect": "strict"}, 0),
        ("tolerates", "main", {"dialect": "strict", "settings": Settings(tolerate=5)}, 5),
        ("tolerates", "main", {"settings": Settings(tolerate=0)}, 0),
        ("tolerates", "unsafe", {"settings": Settings(tolerate=5)}, 0),
        ("tolerates", "once", {}, 0),
    ],
)
def test_how_much_is_tolerated(case, workflow, options, tolerate):
    assert plan_of(case, workflow, **options).regions[0].tolerate == tolerate


class SlowJudge(Script):
    """A clock on which judging an answer takes time: it goes on whenever somebody looks after a request."""

    def __init__(self, script, takes):
        super().__init__(script)
        self.takes, self.looks = takes, 0

    def send(self, request):
        self.looks = 0
        return super().send(request)

    def clock(self):
        self.looks += 1
        if self.looks == 3:  # when the answer came, when judging began, when it was over
            self.now += self.takes
        return self.now


@pytest.mark.parametrize("way", [drive, drive_async])
def test_an_interval_counts_from_the_end_of_a_round(way):
    script = SlowJudge([{"request": "GET /things/a", "status": 200, "json": {"state": "pending"}}], takes=7)

    def wait(state, seconds):
        assert (seconds, state.resume_at) == (5, script.now + 5)
        raise InterruptedError

    async def send_async(request):
        return script.send(request)

    async def wait_async(state, seconds):
        wait(state, seconds)

    def goes():
        if way is drive:
            drive(plan, state, send=script.send, wait=wait, clock=script.clock)
        else:
            asyncio.run(drive_async(plan, state, send=send_async, wait=wait_async, clock=script.clock))

    plan = plan_of("poll")
    state = start(plan, check_inputs(plan, {"id": "a"}))
    with pytest.raises(InterruptedError):
        goes()


def test_a_loop_around_a_call_ends_the_call_when_its_time_is_over():
    plan = plan_of("nested-budget")
    script = Script(
        [
            {"request": "GET /things", "status": 202},
            {"wait": 5},
            {"request": "GET /things", "status": 202},
            {"wait": 3},
        ]
    )
    run = run_local(plan, {}, send=script.send, sleep=script.sleep, clock=script.clock)
    script.finished()
    assert run.status == "failed"
    assert run.message == "poll of step 'outer' gave up: timeout of 8 s reached after 0 rounds"


def test_loops_of_called_workflows_are_counted_too_and_each_request_is_told():
    plan = plan_of("nested-budget")
    asks = [{"request": "GET /things", "status": status} for status in (202, 200)]
    script, lines = Script([asks[0], {"wait": 5}, asks[1]]), []

    async def send(request):
        return script.send(request)

    async def wait(_, seconds):
        script.sleep(seconds)

    state, _ = asyncio.run(
        drive_async(plan, start(plan, {}), send=send, wait=wait, clock=script.clock, sent=lines.append)
    )
    script.finished()
    assert lines == ["GET https://api.example.test/v1/things"] * 2
    counted = list(loops_run(plan, state.records))
    assert counted == [LoopRun("outer", "poll", 1, 0), LoopRun("inner/watch", "poll", 2, 0)]


PENDING, BUSY = {"request": "GET /things/x", "status": 200, "json": {"state": "pending"}}, {"status": 503}
LISTED = {"request": "GET /things", "status": 200}


@pytest.mark.parametrize(
    ("budget", "script", "status", "text"),
    [
        ({"max_rounds": 2}, [LISTED, PENDING, {"wait": 5}, LISTED, PENDING], "success", "limit of 2 rounds reached"),
        ({"timeout": 3}, [LISTED, PENDING, {"wait": 3}], "success", "timeout of 3 s reached"),
        ({"timeout": 3}, [LISTED | BUSY, {"wait": 3}], "failed", "timeout of 3 s reached"),
        ({"max_rounds": 2}, [LISTED, PENDING, {"wait": 5}, LISTED | BUSY], "failed", "limit of 2 rounds reached"),
    ],
)
def test_a_poll_that_watches_ends_well_with_nothing_new(budget, script, status, text):
    watch = {"asset": "s3://things", "seen": {"before": "state"}}
    plan = plan_of("tolerates", settings=Settings(watch=watch, **budget))
    played, notes = Script(script), []
    run = run_local(plan, {}, send=played.send, sleep=played.sleep, clock=played.clock, note=notes.append)
    played.finished()
    assert run.status == status
    assert run.outputs == {"state": None} or status == "failed"
    assert text in (run.message or notes[-1].text)
    (end,) = (edge for edge in plan.regions[0].exits if edge.action == "nothing new")
    assert (end.source, end.target) == ("list", "")


SPENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.openapi.yaml, type: openapi}]
workflows:
- workflowId: main
  steps:
  - stepId: list
    operationId: listThings
    onSuccess:
    - {name: waiting, type: retry, retryLimit: 1, retryAfter: 2, criteria: [{condition: $statusCode == 202}]}
    - {name: done, type: end}
"""


def test_a_retry_that_has_run_out_before_an_end_is_told(tmp_path):
    (tmp_path / "api.openapi.yaml").write_text((CASES / "api.openapi.yaml").read_text())
    (tmp_path / "spent.arazzo.yaml").write_text(SPENT)
    script = Script([{"request": "GET /things", "status": 202}, {"wait": 2}, {"request": "GET /things", "status": 202}])
    notes = []
    plan = load_plan(tmp_path / "spent.arazzo.yaml")
    run = run_local(plan, {}, send=script.send, sleep=script.sleep, clock=script.clock, note=notes.append)
    assert run.status == "success"
    assert [note.text for note in notes if note.warning] == ["waiting: 1 retry used up, which is not a failure"]
