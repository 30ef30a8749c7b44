"""The extension x-airflow."""

from __future__ import annotations

import pytest

from arazzo.document.settings import Settings, settings_of
from arazzo.errors import DocumentError
from arazzo.source.text import parse_source


def read(text: str) -> Settings:
    source = parse_source(f"x-airflow:\n{text}\n", "d.yaml")
    return settings_of(source.data, "/x-airflow", source)


def test_settings_are_read_and_absent_ones_are_none() -> None:
    found = read("  poke_interval: 5\n  tags: [a]\n  connection: {api: c}\n  start_date: 2024-01-01\n  deferrable: on")
    assert (found.poke_interval, found.tags, found.connection) == (5.0, ("a",), {"api": "c"})
    assert (found.start_date, found.deferrable, found.pool) == ("2024-01-01", True, None)


@pytest.mark.parametrize(
    "text",
    [
        "start_date: 2026-01-31T06:00:00Z",
        "start_date: 2026-01-31 06:00",
        "idempotency_key: Idempotency-Key",
        "server: https://api.example.test:8443/v1",
        "server: {api: 'http://{region}.example.test:{port}/', other: '{base}'}",
    ],
)
def test_what_can_be_used_is_let_through(text: str) -> None:
    assert len(read(f"  {text}").given()) == 1


def test_without_the_extension_nothing_is_set() -> None:
    assert settings_of({}, "/x-airflow", parse_source("a: 1", "d.yaml")).given() == {}


@pytest.mark.parametrize(
    ("text", "rule", "words", "hint", "line"),
    [
        ("  poke_intervall: 5", "unknown-setting", "no setting 'poke_intervall'", "did you mean 'poke_interval'?", 2),
        ("  poke_interval: 0", "invalid-setting", "more than 0", None, 2),
        ("  poke_interval: 1e300", "invalid-setting", "at most 1000000000", None, 2),
        ("  timeout: 1e10", "invalid-setting", "at most 1000000000", None, 2),
        ("  execution_timeout: 1e300", "invalid-setting", "at most 1000000000", None, 2),
        ("  retry_delay: 1e300", "invalid-setting", "at most 1000000000", None, 2),
        ("  retries: 3000000000", "invalid-setting", "at most 1073741824", None, 2),
        ("  max_active_runs: 3000000000", "invalid-setting", "at most 1073741824", None, 2),
        ("  priority_weight: -3000000000", "invalid-setting", "at least -1073741824", None, 2),
        ("  max_rounds: 0", "invalid-setting", "at least 1", None, 2),
        ("  max_rounds: 1.5", "invalid-setting", "a whole number", None, 2),
        ("  cookies: example.com", "invalid-setting", "true, false, or a list of domains", None, 2),
        ("  cookies: [https://example.com]", "invalid-setting", "true, false, or a list of domains", None, 2),
        ("  budget: 10", "invalid-setting", "a map with requests_per_second", None, 2),
        ("  budget: {in_flight: 1}", "invalid-setting", "'requests_per_second' is missing", None, 2),
        ("  budget: {requests_per_second: 0}", "invalid-setting", "greater than 0", None, 2),
        ("  budget: {requests_per_second: 2, in_flight: 3}", "invalid-setting", "at most requests_per_second", None, 2),
        ("  budget: {api: {requests_per_second: 2, slots: 3}}", "invalid-setting", "there is no 'slots'", None, 2),
        ("  cookies: [1]", "invalid-setting", "true, false, or a list of domains", None, 2),
        ("  retries: x", "invalid-setting", "a whole number, and this is text", None, 2),
        ("  unmatched: never", "invalid-setting", "'auto', 'next' or 'fail'", None, 2),
        ("  tags: a", "invalid-setting", "a list, and this is text", None, 2),
        ("  tags: [1]", "invalid-setting", "what 'tags' holds has to be text", None, 2),
        ("  connection: 5", "invalid-setting", "text or a map of texts", None, 2),
        ("  start_date: zzz", "invalid-setting", "a date by ISO 8601", None, 2),
        ("  start_date: 2026-02-30", "invalid-setting", "a date by ISO 8601", None, 2),
        ("  idempotency_key: bad header", "invalid-setting", "the name of a header", None, 2),
        ("  idempotency_key: ''", "invalid-setting", "the name of a header", None, 2),
        ("  server: notaurl", "invalid-setting", "an absolute URL", None, 2),
        ("  server: {api: /v1}", "invalid-setting", "an absolute URL", None, 2),
        ("  server: 'http://[oops'", "invalid-setting", "an absolute URL", None, 2),
        ("  deferrable: maybe", "invalid-setting", "true or false", None, 2),
        ("  - a", "invalid-setting", "a map of settings", None, 2),
    ],
)
def test_what_is_wrong_is_located(text: str, rule: str, words: str, hint: str | None, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert (problem.rule, problem.hint, problem.place.line) == (rule, hint, line)
    assert words in problem.message


def test_all_wrong_settings_at_once() -> None:
    with pytest.raises(DocumentError) as caught:
        read("  a: 1\n  pool: 5\n  retries: -1")
    assert [problem.place.line for problem in caught.value.problems] == [2, 3, 4]
