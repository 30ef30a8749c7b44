"""Limits of time are CPU time of the evaluating thread: no other thread and no clock on the wall counts."""

from __future__ import annotations

import threading
import time

import pytest

from arazzo.cpu_time import CpuTimeError, within_cpu_time
from arazzo.errors import GaveUpError
from arazzo.expressions.interruption import within_time
from arazzo.expressions.regular_expressions import compile_pattern, finds, search_within_time
from arazzo.limits import limits_set


def spend(seconds: float) -> None:
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass


def test_waiting_counts_for_nothing():
    with limits_set(condition_seconds=0.1):
        assert within_time("it", lambda: time.sleep(0.4)) is None


def test_the_time_of_other_threads_counts_for_nothing():
    over = threading.Event()

    def busy() -> None:
        while not over.is_set():
            hash("x" * 1000)

    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with limits_set(condition_seconds=0.5, pattern_seconds=0.2):
            assert within_time("it", lambda: spend(0.1)) is None
            assert finds(compile_pattern("^(a|aa)+$"), "a" * 23 + "!") is False
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_pattern_that_takes_too_long_is_given_up():
    with limits_set(pattern_seconds=0.05), pytest.raises(GaveUpError, match=r"0\.05 s of CPU time"):
        finds(compile_pattern("^(a|aa)+$"), "a" * 60 + "!")


def test_a_search_takes_no_longer_than_the_budget_around_it_leaves():
    allowed: list[float] = []

    def search(timeout):
        allowed.append(timeout)
        spend(timeout)
        raise TimeoutError

    with limits_set(pattern_seconds=60), pytest.raises(CpuTimeError):
        within_cpu_time(0.05, lambda: search_within_time(search))
    assert max(allowed) <= 0.05


def test_an_evaluation_that_takes_too_long_is_given_up():
    with limits_set(condition_seconds=0.05), pytest.raises(GaveUpError, match=r"it takes longer than 0\.05 s"):
        within_time("it", lambda: spend(60))
