"""Apache Airflow provider that turns Arazzo workflow documents into DAGs and runs them.

The public names are imported when they are first used, so that importing the package loads no Airflow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from airflow_arazzo.factory import ArazzoDag, ArazzoTaskGroup, load_dags
    from airflow_arazzo.hooks.arazzo import ArazzoHook
    from airflow_arazzo.operators.arazzo import ArazzoOutputsOperator, ArazzoStepOperator
    from airflow_arazzo.operators.workflow import ArazzoWorkflowOperator
    from airflow_arazzo.sensors.arazzo import ArazzoSensor
    from airflow_arazzo.triggers.arazzo import ArazzoTrigger

__all__ = [
    "ArazzoDag",
    "ArazzoHook",
    "ArazzoOutputsOperator",
    "ArazzoSensor",
    "ArazzoStepOperator",
    "ArazzoTaskGroup",
    "ArazzoTrigger",
    "ArazzoWorkflowOperator",
    "__version__",
    "load_dags",
]

_PLACES = {
    "ArazzoDag": "airflow_arazzo.factory",
    "ArazzoHook": "airflow_arazzo.hooks.arazzo",
    "ArazzoOutputsOperator": "airflow_arazzo.operators.arazzo",
    "ArazzoSensor": "airflow_arazzo.sensors.arazzo",
    "ArazzoStepOperator": "airflow_arazzo.operators.arazzo",
    "ArazzoTaskGroup": "airflow_arazzo.factory",
    "ArazzoTrigger": "airflow_arazzo.triggers.arazzo",
    "ArazzoWorkflowOperator": "airflow_arazzo.operators.workflow",
    "load_dags": "airflow_arazzo.factory",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
