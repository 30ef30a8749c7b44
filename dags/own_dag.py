"""Workflows in a DAG of one's own: one task for each of a list of images, and a group of tasks that others follow."""

from pathlib import Path

from airflow.sdk import dag, task

from airflow_arazzo import ArazzoTaskGroup, ArazzoWorkflowOperator

WORKFLOWS = Path(__file__).parent / "workflows"


@dag(schedule=None, tags=["example", "security"])
def rescan_images() -> None:
    """Scan a list of images anew, each in a task of its own, then ask the policy about the last."""

    @task
    def images() -> list[dict[str, str]]:
        names = ("library/nginx", "library/redis")
        return [
            {"registry": "docker-hub", "image": f"{name}:latest", "image_name": name, "image_tag": "latest"}
            for name in names
        ]

    @task
    def newest(scanned: list[dict[str, str]]) -> str:
        return f"docker.io/{scanned[-1]['image']}"

    @task
    def report(evaluation: object) -> str:
        return f"The policy says: {evaluation}"

    found = images()
    rescan = ArazzoWorkflowOperator.partial(
        task_id="rescan", document=str(WORKFLOWS / "rescan-and-cleanup.arazzo.yaml"), max_active_tis_per_dagrun=4
    ).expand(inputs=found)
    gate = ArazzoTaskGroup(
        WORKFLOWS / "rescan-active-image-and-gate.arazzo.yaml",
        group_id="gate",
        inputs={
            "authorization": "{{ conn.anchoreApi.password }}",
            "tag": newest(found),
            "vtype": "all",
        },
    )
    rescan >> gate
    report(gate.outputs)


rescan_images()
