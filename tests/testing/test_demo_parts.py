"""The demo's judgement and its screen, without Airflow."""

import io
import os
import signal

import pytest
from rich.console import Console

from airflow_arazzo.demo.cases import CASES, CaseResult, DemoCase, ExpectedCall
from airflow_arazzo.demo.running import check, compare_requests
from airflow_arazzo.demo.screen import Screen
from airflow_arazzo.demo.signals import Stopped, stoppable, uninterrupted

CASE = DemoCase(
    title="A scan that fails",
    dag_id="scan",
    keys=("k",),
    conf={},
    state="failed",
    requests=(ExpectedCall("POST /login"), ExpectedCall("GET /scan", times=None)),
    route=("login", "poll"),
    outputs={"status": "failed"},
    message=("timeout",),
)
SEEN = {
    "state": "failed",
    "outputs": {"status": "failed"},
    "message": "poll: Timeout of 6 s",
    "route": ["login", "poll"],
    "requests": ["POST /login", "GET /scan", "GET /scan", "GET /scan"],
}


def test_a_case_that_came_out_right_has_no_findings():
    assert list(check(CASE, **SEEN)) == []


@pytest.mark.parametrize(
    ("seen", "finding"),
    [
        ({"state": "success"}, "the run is success, not failed"),
        ({"outputs": None}, "the outputs are None"),
        ({"message": "no idea"}, "says nothing of timeout"),
        ({"route": ["login"]}, "the route is login, not login > poll"),
        ({"requests": ["POST /login"]}, "got 1 x POST /login; expected was 1 x POST /login, at least 1 x GET /scan"),
        ({"requests": ["POST /login", *SEEN["requests"]]}, "got 2 x POST /login"),
        ({"requests": [*SEEN["requests"], "DELETE /scan"]}, "1 x DELETE /scan"),
        ({"requests": []}, "the API got nothing"),
    ],
)
def test_each_difference_is_a_finding(seen, finding):
    (found,) = check(CASE, **{**SEEN, **seen})
    assert finding in found


def test_no_request_may_be_expected():
    assert compare_requests((), []) is None
    assert compare_requests((), ["GET /x"]) is not None


def test_every_case_has_its_own_title_and_keys():
    assert len(CASES) >= 10
    assert len({case.title for case in CASES}) == len(CASES)
    for case in CASES:
        others = [key for other in CASES if other is not case for key in other.keys]
        assert [key for key in case.keys for other in others if key in other] == []


def shown(action):
    out = io.StringIO()
    screen = Screen(Console(file=out, width=190))
    action(screen)
    return out.getvalue()


def test_each_change_is_a_line():
    def changes(screen):
        screen.progress({"A": "queued", "B": "queued"})
        screen.progress({"A": "running login", "B": "queued"})
        screen.progress({"A": "success", "B": "queued"})

    lines = [line.split(" s  ", 1)[1] for line in shown(changes).splitlines()]
    assert lines == ["A: queued", "B: queued", "A: running login", "A: success"]


def test_a_restart_of_a_component_is_told_once():
    def changes(screen):
        reasons = []
        screen.progress({"A": "queued"}, reasons)
        reasons.append("scheduler stood still.")
        screen.progress({"A": "queued"}, reasons)
        screen.progress({"A": "success"}, reasons)

    lines = [line.split(" s  ", 1)[1] for line in shown(changes).splitlines()]
    assert lines == ["A: queued", "scheduler stood still.", "A: success"]


def test_the_table_shows_every_case_and_what_was_wrong():
    right = CaseResult(CASE, "success", ("login",), {"status": "done", "none": None}, "", 1.25)
    wrong = CaseResult(CASE, "failed", (), None, "poll: [timeout]", 2.0, ("the API got nothing",))
    text = shown(lambda screen: screen.results([right, wrong]))
    assert 'status = "done"' in text
    assert "none = null" in text
    assert "as expected" in text
    assert "WRONG" in text
    assert "poll: [timeout]" in text
    assert "A scan that fails: the API got nothing" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_program(number):
    with pytest.raises(Stopped) as stopped, stoppable():
        os.kill(os.getpid(), number)
    assert stopped.value.exit_code == 128 + number


def test_a_signal_waits_for_what_must_not_be_interrupted():
    steps = []

    def work():
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("to the end")
        steps.append("no further")

    with stoppable(), pytest.raises(Stopped):
        work()
    assert steps == ["to the end"]
