"""The demo's scenario, and the descriptions of the APIs it speaks of."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent / "scenarios"
_FILES: Final = {"aqua": "aqua-security-api.yaml", "anchore": "anchore-enterprise-api.yaml"}

#: The scenario for both APIs of the examples.
DEMO_SCENARIO: Final = _HERE / "demo.yaml"


def demo_descriptions() -> dict[str, Path]:
    """Return the files of the examples' descriptions by API: the package's own, else those in ``dags`` beside it."""
    packaged, beside = _HERE / "openapi", Path(__file__).parents[2] / "dags" / "openapi"
    folder = packaged if packaged.is_dir() else beside
    return {name: folder / file for name, file in _FILES.items()}
