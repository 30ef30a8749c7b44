"""For tests and trials: mocks of APIs from their descriptions, and an Airflow of one's own.

:class:`MockApi` is an ASGI application that answers as descriptions and a scenario say and records what it got;
:func:`serve` serves it in a test, :func:`run_server` as a program. :func:`sample_inputs` makes inputs that a workflow
accepts. Imported on first use: the Airflow half of this package needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from airflow_arazzo.testing.api import MockApi
    from airflow_arazzo.testing.demo import DEMO_SCENARIO, demo_descriptions
    from airflow_arazzo.testing.exchanges import Received, Record, Recorded
    from airflow_arazzo.testing.inputs import sample_inputs
    from airflow_arazzo.testing.scenario import Scenario, load_scenario
    from airflow_arazzo.testing.serving import ServingError, run_server, serve

_HOMES: Final = {
    "DEMO_SCENARIO": "demo",
    "MockApi": "api",
    "Received": "exchanges",
    "Record": "exchanges",
    "Recorded": "exchanges",
    "Scenario": "scenario",
    "ServingError": "serving",
    "demo_descriptions": "demo",
    "load_scenario": "scenario",
    "run_server": "serving",
    "sample_inputs": "inputs",
    "serve": "serving",
}

__all__ = [
    "DEMO_SCENARIO",
    "MockApi",
    "Received",
    "Record",
    "Recorded",
    "Scenario",
    "ServingError",
    "demo_descriptions",
    "load_scenario",
    "run_server",
    "sample_inputs",
    "serve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
