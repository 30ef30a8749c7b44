"""For tests and the demo: an Airflow of its own, and the demo's scenario.

:mod:`~airflow_arazzo.testing.local_airflow` starts, kills and stops Airflow as programs, without importing it.
"""

from airflow_arazzo.testing.demo_scenario import DEMO_SCENARIO, demo_descriptions

__all__ = ["DEMO_SCENARIO", "demo_descriptions"]
