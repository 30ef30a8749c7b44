"""Every Arazzo document below dags/workflows becomes a DAG."""

from pathlib import Path

from airflow_arazzo import load_dags

load_dags(Path(__file__).parent / "workflows")
