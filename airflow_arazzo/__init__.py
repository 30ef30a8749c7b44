"""Apache Airflow provider that turns Arazzo workflow documents into DAGs and runs them.

The public names are imported when they are first used, so importing the package does not load Airflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

__version__ = "0.1.0"

if TYPE_CHECKING:
    from airflow_arazzo.factory import ArazzoDag, ArazzoTaskGroup, load_dags
    from airflow_arazzo.hooks.arazzo import ArazzoHook
    from airflow_arazzo.operators.arazzo import ArazzoOutputsOperator, ArazzoStepOperator
    from airflow_arazzo.operators.retrying import ArazzoRetryPolicy
    from airflow_arazzo.operators.workflow import ArazzoWorkflowOperator
    from airflow_arazzo.sensors.arazzo import ArazzoSensor
    from airflow_arazzo.triggers.arazzo import ArazzoTrigger
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "airflow_arazzo.factory": "ArazzoDag ArazzoTaskGroup load_dags",
            "airflow_arazzo.hooks.arazzo": "ArazzoHook",
            "airflow_arazzo.operators.arazzo": "ArazzoOutputsOperator ArazzoStepOperator",
            "airflow_arazzo.operators.retrying": "ArazzoRetryPolicy",
            "airflow_arazzo.operators.workflow": "ArazzoWorkflowOperator",
            "airflow_arazzo.sensors.arazzo": "ArazzoSensor",
            "airflow_arazzo.triggers.arazzo": "ArazzoTrigger",
        },
    )

__all__ = [
    "ArazzoDag",
    "ArazzoHook",
    "ArazzoOutputsOperator",
    "ArazzoRetryPolicy",
    "ArazzoSensor",
    "ArazzoStepOperator",
    "ArazzoTaskGroup",
    "ArazzoTrigger",
    "ArazzoWorkflowOperator",
    "__version__",
    "load_dags",
]


def __dir__() -> list[str]:
    return sorted(__all__)
