"""``python -m airflow_arazzo.cli`` is ``airflow-arazzo``."""

from __future__ import annotations

from airflow_arazzo.cli import main

main(prog_name="airflow-arazzo")
