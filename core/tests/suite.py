"""What both suites stand on: cases drawn alike every time, and other people's documents beside the checkout."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

#: Public documents, API descriptions and the specification: not ours, and not part of the project.
PUBLIC_DATA = Path(__file__).parents[3] / "shared"
#: Whether thousands of cases are drawn where a test says so, and not a few hundred.
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
#: Its folders.
PARTS = ("corpus", "seeds", "spec")


def missing_data() -> str:
    """Return what of the public data is not there, as a sentence; empty if all is."""
    missing = ", ".join(name for name in PARTS if not (PUBLIC_DATA / name).is_dir())
    where = f"(in {PUBLIC_DATA.name}/, next to its folder: {missing})"
    said = f"No public documents beside the checkout {where}: the tests that read them were skipped. "
    return missing and f"{said}CONTRIBUTING.md says what belongs there."


def fix_cases() -> None:
    """Draw the same cases every time, so that a change is green or red by itself.

    ``HYPOTHESIS_PROFILE=thorough`` draws others each time, and more of them where a test says so.
    """
    if importlib.util.find_spec("hypothesis") is None:
        return
    from hypothesis import settings

    settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
    settings.register_profile("thorough", deadline=None)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def drawn(number: int, **more: Any) -> Any:
    """Draw that many cases for a test, and fifty times as many where there is time for them."""
    from hypothesis import HealthCheck, settings

    examples = 50 * number if THOROUGH else number
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), **more)


def require_public_data() -> None:
    """Refuse to run where CI runs and data is missing: a skip is not a pass."""
    if os.environ.get("CI") and (missing := missing_data()):
        raise pytest.UsageError(missing)


def tell_of_missing_data(reporter: pytest.TerminalReporter) -> None:
    """Say in one red line what could not be tested here."""
    if missing := missing_data():
        reporter.write_line(missing, red=True)
