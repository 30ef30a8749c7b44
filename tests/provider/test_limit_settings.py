"""The engine's limits come from Airflow's configuration."""

from __future__ import annotations

from dataclasses import fields

import pytest

from airflow_arazzo.protocol.limit_settings import airflow_limits
from airflow_arazzo.provider_info import get_provider_info
from arazzo.errors import ArazzoError
from arazzo.limits import Limits, current_limits, read_from

pytestmark = pytest.mark.airflow


def test_every_limit_is_an_option_with_its_default():
    options = get_provider_info()["config"]["arazzo"]["options"]
    assert {each.name: str(each.default) for each in fields(Limits)}.items() <= {
        name: option["default"] for name, option in options.items()
    }.items()
    assert airflow_limits() == Limits()


def test_an_option_sets_a_limit(monkeypatch):
    monkeypatch.setenv("AIRFLOW__ARAZZO__JSON_DEPTH", "7")
    monkeypatch.setenv("AIRFLOW__ARAZZO__PATTERN_SECONDS", "0.25")
    read_from(airflow_limits)
    try:
        assert (current_limits().json_depth, current_limits().pattern_seconds) == (7, 0.25)
    finally:
        monkeypatch.undo()
        read_from(airflow_limits)


@pytest.mark.parametrize(("name", "message"), [("JSON_DEEPTH", "no limit 'json_deepth'"), ("CALLS", "above 0")])
def test_an_option_that_means_nothing_is_refused(monkeypatch, name, message):
    monkeypatch.setenv(f"AIRFLOW__ARAZZO__{name}", "0")
    with pytest.raises(ArazzoError, match=message):
        airflow_limits()
