"""The demo's scenario, and the descriptions of its APIs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import arazzo.testing

#: The scenario for the APIs of the examples.
DEMO_SCENARIO: Final = Path(arazzo.testing.__file__).parent / "scenarios" / "demo.yaml"
#: Files of descriptions by the names that the scenario gives to the APIs.
DESCRIPTIONS: Final = {
    "aqua": "aqua-security-api.yaml",
    "anchore": "anchore-enterprise-api.yaml",
    "shop": "shop-api.yaml",
    "archive": "archive-api.yaml",
    "warehouse": "warehouse-api.yaml",
}
_PACKAGE: Final = Path(__file__).parents[1]


def example_dags() -> Path:
    """Return the folder of the example DAGs: inside the package in a wheel, beside it in a checkout."""
    installed = _PACKAGE / "examples"
    return installed if installed.is_dir() else _PACKAGE.parent / "dags"


def demo_descriptions() -> dict[str, Path]:
    """Return the files of the examples' descriptions, by their names in the demo's scenario."""
    return {name: example_dags() / "openapi" / file for name, file in DESCRIPTIONS.items()}


def demo_connections(url: str) -> dict[str, str]:
    """Return Airflow's connections to a mock of the examples' APIs, as environment variables.

    :param url: the address of the mock.
    """
    connections: dict[str, tuple[str, dict[str, Any]]] = {
        "aquaSecurityApi": ("aqua", {"login": "demo", "password": "demo-password"}),
        "anchoreApi": ("anchore", {}),
        "shopApi": ("shop", {"password": "demo-token"}),
        "archiveApi": ("archive", {"password": "demo-key"}),
        "warehouseApi": ("warehouse", {"login": "demo", "password": "demo-secret"}),
    }
    return {
        f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps({"conn_type": "arazzo", "host": f"{url}/{api}", **own})
        for conn_id, (api, own) in connections.items()
    }
