"""By hand: carry the stock of one article over to the shop, however its number is typed, and say what has changed."""

from pathlib import Path
from typing import Any

from airflow.sdk import Param, dag, task

STOCK = Path(__file__).parent / "workflows" / "stock.arazzo.yaml"


@dag(schedule=None, params={"article": Param("tea", type="string")}, tags=["example", "stock"])
def stock_by_hand() -> None:
    """Sync one article: a function returns the inputs, and the workflow is the task."""

    @task.arazzo(document=STOCK, workflow_id="sync-article")
    def sync(params: Any = None) -> dict[str, str]:
        return {"sku": params["article"].strip().lower()}

    @task
    def say(outputs: dict[str, Any]) -> str:
        return ", ".join(f"{name}: {value}" for name, value in outputs.items())

    say(sync())


DAG = stock_by_hand()
