"""Every night: ask the warehouse what has changed, and carry the stock of each article over to the shop."""

from pathlib import Path
from typing import Any

from airflow.sdk import dag, task, task_group

from airflow_arazzo import ArazzoTaskGroup

STOCK = Path(__file__).parent / "workflows" / "stock.arazzo.yaml"


@dag(schedule="30 2 * * *", catchup=False, tags=["example", "stock"])
def nightly_stock() -> None:
    """Carry the stock of every article that has changed over to the shop, four articles at a time."""

    @task
    def articles(outputs: dict[str, Any]) -> list[str]:
        return outputs["articles"]

    @task_group
    def article(sku: str) -> None:
        ArazzoTaskGroup(
            STOCK,
            "sync-article",
            group_id="sync",
            inputs={"sku": sku},
            default_args={"max_active_tis_per_dagrun": 4, "retries": 2},
        )

    yesterday = "{{ (dag_run.run_after - macros.timedelta(days=1)) | ds }}"
    changed = ArazzoTaskGroup(STOCK, "changed-articles", group_id="changed", inputs={"since": yesterday})
    article.expand(sku=articles(changed.outputs))


DAG = nightly_stock()
