"""The factory: from a plan to a DAG, or to a group of tasks in a person's own DAG."""

from airflow_arazzo.factory.dag import ArazzoDag
from airflow_arazzo.factory.folder import load_dags
from airflow_arazzo.factory.group import ArazzoTaskGroup

__all__ = ["ArazzoDag", "ArazzoTaskGroup", "load_dags"]
