"""What the tasks of a workflow tell each other, and how it is hidden from everybody else.

Airflow loads this before anything else of the provider: from then on its settings are the engine's limits.
"""

from __future__ import annotations

from airflow_arazzo.protocol.limit_settings import airflow_limits
from arazzo.limits import read_from

read_from(airflow_limits)
