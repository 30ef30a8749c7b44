"""The tests run under the Airflow that was asked for, which the package says it supports, in a home of their own."""

import os
import re
from importlib.metadata import requires
from pathlib import Path

import airflow
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def test_it_is_the_one_that_was_asked_for_or_pinned():
    pinned = re.findall(r"^apache-airflow==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)
    assert airflow.__version__ in ([os.environ["AIRFLOW_TO_TEST"]] if "AIRFLOW_TO_TEST" in os.environ else pinned)


def test_its_home_is_not_that_of_whoever_runs_the_tests():
    from airflow import settings

    assert os.environ["AIRFLOW_HOME"] == settings.AIRFLOW_HOME
    assert settings.engine.url.database == f"{settings.AIRFLOW_HOME}/airflow.db"
    assert f"{os.sep}arazzo-airflow-" in settings.AIRFLOW_HOME


def test_it_is_supported():
    needed = {found.name: found for found in map(Requirement, requires("airflow-provider-arazzo") or ())}
    assert airflow.__version__ in needed["apache-airflow"].specifier
