"""Budgets of CPU time: what computes too long is interrupted, and what waits is not."""

from __future__ import annotations

import threading
import time

import pytest

from arazzo.cpu_time import CpuTimeError, within_cpu_time


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


def test_none_is_no_limit() -> None:
    assert within_cpu_time(0, lambda: 1) == 1
