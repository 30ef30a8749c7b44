"""Invalid connections, as Airflow's own error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowException

from arazzo.errors import ConnectionSettingsError


@contextmanager
def as_airflow_errors() -> Iterator[None]:
    """Raise Airflow's own error for an invalid connection."""
    try:
        yield
    except ConnectionSettingsError as error:
        raise AirflowException(str(error)) from None
