"""The factory: from a plan to a DAG."""

from airflow_arazzo.factory.dag import ArazzoDag
from airflow_arazzo.factory.folder import load_dags

__all__ = ["ArazzoDag", "load_dags"]
