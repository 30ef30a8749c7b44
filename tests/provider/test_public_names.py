from __future__ import annotations

import subprocess
import sys

import pytest

import airflow_arazzo


def test_importing_the_package_loads_no_airflow():
    code = "import sys, airflow_arazzo; sys.exit('airflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", airflow_arazzo.__all__)
def test_each_public_name_is_there(name):
    if name == "ArazzoRetryPolicy":
        pytest.importorskip("airflow.sdk.definitions.retry_policy", reason="Airflow has no retry policies before 3.3")
    assert getattr(airflow_arazzo, name) is not None
    assert name in dir(airflow_arazzo)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        airflow_arazzo.Nothing
