"""The tests run under the Airflow that was asked for, and it is one that the package says it supports."""

import os
from importlib.metadata import requires

import airflow
from packaging.requirements import Requirement


def test_it_is_the_one_that_was_asked_for():
    assert airflow.__version__ == os.environ.get("AIRFLOW_TO_TEST", airflow.__version__)


def test_it_is_supported():
    needed = {found.name: found for found in map(Requirement, requires("airflow-provider-arazzo") or ())}
    assert airflow.__version__ in needed["apache-airflow"].specifier
