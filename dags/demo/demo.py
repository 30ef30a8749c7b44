"""The example workflows as `make demo` runs them: polling every second, and with other settings for some cases."""

from pathlib import Path

from airflow_arazzo import ArazzoDag, load_dags

WORKFLOWS = Path(__file__).parents[1] / "workflows"
AQUA = WORKFLOWS / "rescan-and-cleanup.arazzo.yaml"

load_dags(WORKFLOWS, settings={"poke_interval": 1})

ArazzoDag(AQUA, dag_id="rescan-and-cleanup-impatient", poke_interval=1, timeout=6)
ArazzoDag(AQUA, dag_id="rescan-and-cleanup-unmatched-next", poke_interval=1, unmatched="next")
ArazzoDag(
    AQUA,
    dag_id="rescan-and-cleanup-stranger",
    inputs={"id": "{{ conn.aqua_stranger.login }}", "password": "{{ conn.aqua_stranger.password }}"},
)
