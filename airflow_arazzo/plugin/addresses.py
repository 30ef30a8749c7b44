"""Where pages are: ours, and Airflow's own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from airflow.providers.common.compat.sdk import conf

from airflow_arazzo.plugin import EMBEDDED, PREFIX


@dataclass(frozen=True)
class Addresses:
    """The addresses that a page has links to.

    :ivar embedded: whether the page is within Airflow's, which links cannot lead to from there.
    """

    embedded: bool = False

    def airflow(self, *parts: str) -> dict[str, str]:
        """Return the link to a page of Airflow's own; none where the page is within it."""
        return {} if self.embedded else {"Airflow": _base() + _path(parts)}

    def own(self, *parts: str) -> str:
        """Return the address of a page of ours."""
        return f"{_base()}{PREFIX}{_path(parts)}{f'?{EMBEDDED}=true' if self.embedded else ''}"


def _path(parts: tuple[str, ...]) -> str:
    """Return the path of a DAG, of one of its runs, or of a task in that."""
    names = ("dags", "runs", "tasks", "")
    return "".join(
        f"/{name}/{quote(part, safe='')}".replace("//", "/") for name, part in zip(names, parts, strict=False)
    )


def _base() -> str:
    return str(conf.get("api", "base_url", fallback="/")).rstrip("/")
