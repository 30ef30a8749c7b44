"""The command ``airflow-arazzo``: all that ``arazzo`` has, and the demo. Starts without Airflow."""

from __future__ import annotations

from collections.abc import Mapping

import click

from arazzo.cli import COMMANDS, LazyGroup


class _CommandGroup(LazyGroup):
    modules: Mapping[str, str] = {
        **COMMANDS,
        "init": "airflow_arazzo.dag_skeletons",
        "doctor": "airflow_arazzo.doctor",
        "demo": "airflow_arazzo.demo",
        "env": "airflow_arazzo.compose_environment",
    }


@click.group(cls=_CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="airflow-provider-arazzo", prog_name="airflow-arazzo")
def main() -> None:
    """Arazzo workflow documents on Apache Airflow.

    \b
    Examples:
      airflow-arazzo demo
      airflow-arazzo init adopt.arazzo.yaml
      airflow-arazzo validate dags/workflows
    """


if __name__ == "__main__":
    main(prog_name="airflow-arazzo")
