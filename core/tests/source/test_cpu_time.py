"""Budgets of CPU time: what computes too long is interrupted, and what waits is not."""

from __future__ import annotations

import math
import os
import sys
import threading
import time

import pytest

from arazzo.cpu_time import CpuTimeError, cpu_time_left, within_cpu_time


def forever() -> None:
    while True:
        pass


def test_what_computes_too_long_is_interrupted() -> None:
    with pytest.raises(CpuTimeError):
        within_cpu_time(0.05, forever)
    assert within_cpu_time(0.05, lambda: 7) == 7


def test_what_waits_spends_nothing() -> None:
    assert within_cpu_time(0.02, lambda: time.sleep(0.2)) is None


def test_no_handler_of_the_computation_takes_it_for_its_own() -> None:
    def deaf() -> None:
        while True:
            try:
                forever()
            except Exception:  # noqa: BLE001 - what must not help
                continue

    with pytest.raises(CpuTimeError):
        within_cpu_time(0.05, deaf)


@pytest.mark.parametrize(("outer", "inner", "said"), [(0.05, 5, "outer"), (5, 0.05, "inner")])
def test_the_budget_that_is_spent_says_so(outer: float, inner: float, said: str) -> None:
    def within() -> str:
        try:
            within_cpu_time(inner, forever)
        except CpuTimeError:
            return "inner"
        return "none"

    try:
        found = within_cpu_time(outer, within)
    except CpuTimeError:
        found = "outer"
    assert found == said


def test_another_thread_pays_for_itself() -> None:
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            pass

    other = threading.Thread(target=busy)
    other.start()
    try:
        assert within_cpu_time(0.3, lambda: sum(range(1000))) == 499500
    finally:
        stop.set()
        other.join()


def test_a_budget_begun_while_longer_ones_are_watched_is_kept_to() -> None:
    assert within_cpu_time(30, lambda: time.sleep(0.05)) is None
    with pytest.raises(CpuTimeError):
        within_cpu_time(0.05, forever)


def test_budgets_of_several_threads_are_watched_at_once() -> None:
    found: list[str] = []

    def late() -> None:
        try:
            within_cpu_time(0.05, forever)
        except CpuTimeError:
            found.append("late")

    threads = [threading.Thread(target=late) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert within_cpu_time(5, lambda: "in time") == "in time"
    for thread in threads:
        thread.join()
    assert found == ["late"] * 5


def test_many_budgets_need_no_more_threads() -> None:
    within_cpu_time(5, lambda: None)
    before = threading.active_count()
    assert {within_cpu_time(5, threading.active_count) for _ in range(20)} == {before}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_budgets_of_its_own() -> None:
    within_cpu_time(5, lambda: None)
    child = os.fork()
    if not child:
        try:
            within_cpu_time(0.05, forever)
        except CpuTimeError:
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_none_is_no_limit() -> None:
    assert within_cpu_time(0, lambda: 1) == 1


def test_what_is_left_is_that_of_the_nearest_end() -> None:
    def left() -> tuple[float, float, float]:
        return within_cpu_time(1, cpu_time_left), within_cpu_time(100, cpu_time_left), cpu_time_left()

    inner, outer, after = within_cpu_time(10, left)
    assert 0 < inner <= 1 < outer <= 10
    assert 1 < after <= 10
    assert cpu_time_left() == math.inf


def test_a_budget_that_is_spent_just_as_it_ends_leaves_nothing_behind() -> None:
    """Each call after the computation takes long, as on a busy machine."""

    def slow(_frame: object, event: str, _arg: object) -> None:
        while event == "call":
            pass

    try:
        with pytest.raises(CpuTimeError):
            within_cpu_time(0.01, lambda: sys.setprofile(slow))
    finally:
        sys.setprofile(None)
    assert cpu_time_left() == math.inf
