"""The engine's limits as Airflow's settings: section ``[arazzo]``, an option for each (docs/limits.md)."""

from __future__ import annotations

from dataclasses import fields

from airflow_arazzo.provider_info import get_provider_info
from arazzo.limits import Limits, parse_limits


def airflow_limits() -> Limits:
    """Return the limits that Airflow's configuration sets.

    :raises ArazzoError: if an option is unknown, or is not a number above zero.
    """
    from airflow.providers.common.compat.sdk import conf

    known = get_provider_info()["config"]["arazzo"]["options"].keys()
    section = conf.getsection("arazzo") or {}
    limits = {each.name for each in fields(Limits)}
    others = known - limits
    return parse_limits({name: str(value) for name, value in section.items() if name not in others}, "[arazzo]")
