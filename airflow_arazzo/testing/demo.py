"""The demo's scenario, and the descriptions of the APIs it speaks of."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: The scenario for both APIs of the examples.
DEMO_SCENARIO: Final = Path(__file__).parent / "scenarios" / "demo.yaml"
#: The folder with the examples, where this package is used from its checkout.
_DAGS: Final = Path(__file__).parents[2] / "dags"


def demo_descriptions(dags: Path = _DAGS) -> dict[str, Path]:
    """Return the files of the examples' descriptions, by the names that the demo's scenario gives to the APIs.

    :param dags: the folder with the example DAGs; they are not part of the installed package.
    """
    names = {"aqua": "aqua-security-api.yaml", "anchore": "anchore-enterprise-api.yaml"}
    return {name: dags / "openapi" / file for name, file in names.items()}
