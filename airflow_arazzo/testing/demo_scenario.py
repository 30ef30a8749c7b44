"""The demo's scenario, and the descriptions of the APIs it speaks of."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import arazzo.testing

#: The scenario for both APIs of the examples.
DEMO_SCENARIO: Final = Path(arazzo.testing.__file__).parent / "scenarios" / "demo.yaml"
_PACKAGE: Final = Path(__file__).parents[1]


def example_dags() -> Path:
    """Return the folder with the example DAGs: in a wheel they are part of the package, in a checkout beside it."""
    installed = _PACKAGE / "examples"
    return installed if installed.is_dir() else _PACKAGE.parent / "dags"


def demo_descriptions() -> dict[str, Path]:
    """Return the files of the examples' descriptions, by the names that the demo's scenario gives to the APIs."""
    names = {"aqua": "aqua-security-api.yaml", "anchore": "anchore-enterprise-api.yaml"}
    return {name: example_dags() / "openapi" / file for name, file in names.items()}
