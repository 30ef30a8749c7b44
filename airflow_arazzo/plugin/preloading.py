"""What tasks import: a process that Airflow copies for each task imports it once (``[arazzo] preload``)."""

import requests  # noqa: F401
from airflow.providers.standard.operators import empty, python  # noqa: F401

import airflow_arazzo.factory.folder
import airflow_arazzo.hooks.connection_hook
import airflow_arazzo.sensors.arazzo  # noqa: F401
import arazzo.auth.server_resolution
import arazzo.auth.unused_logins
import arazzo.engine.region
import arazzo.engine.server_checks
import arazzo.transport.requests_client  # noqa: F401
from arazzo.engine import load_evaluators

load_evaluators()
