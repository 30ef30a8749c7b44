"""What the tasks of a workflow tell each other, and how it is kept from everybody else.

Everything that Airflow loads of this provider comes by here: the engine's limits are those of Airflow's settings then.
"""

from __future__ import annotations

from airflow_arazzo.protocol.limit_settings import airflow_limits
from arazzo.limits import read_from

read_from(airflow_limits)
