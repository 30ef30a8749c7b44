"""The command ``airflow-arazzo``: everything that ``arazzo`` has, and the demo. Starts without Airflow."""

from __future__ import annotations

from collections.abc import Mapping

import click

from arazzo.cli import COMMANDS, Lazy, LazyGroup


class _CommandGroup(LazyGroup):
    modules: Mapping[str, Lazy] = {
        **COMMANDS,
        "init": Lazy(
            "airflow_arazzo.dag_skeletons", "Write a DAG file from a document, or a document from an API description."
        ),
        "doctor": Lazy("airflow_arazzo.doctor", "Check whether everything that workflows need is there."),
        "replay": Lazy("airflow_arazzo.replay_command", "Run a workflow again from what a DAG run has recorded."),
        "demo": Lazy(
            "airflow_arazzo.demo", "Run the example workflows on a real Airflow against a mock of their APIs."
        ),
        "env": Lazy("airflow_arazzo.compose_environment", "Write the .env file that docker-compose.yaml needs."),
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
