"""When a workflow is to run: which schedules Airflow accepts, checked without Airflow."""

from __future__ import annotations

import difflib
from importlib.util import find_spec

#: The schedules that Airflow has a word for.
PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")


def can_check(text: str) -> bool:
    """Tell whether a schedule can be checked here: what Airflow has no word for needs a library that Airflow brings."""
    return text in PRESETS or find_spec("croniter") is not None


def schedule_fault(text: str) -> str | None:
    """Return why text is not a schedule, with what may have been meant; None if it is one, or cannot be checked."""
    if text in PRESETS or not can_check(text):
        return None
    from croniter import croniter  # type: ignore[import-untyped]

    try:
        croniter(text, 0.0).get_next()  # a date that never comes, 31 February, stops Airflow's processing of the file
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        found = difflib.get_close_matches(text, PRESETS, n=1)
        hint = f"did you mean '{found[0]}'?" if found else f"write a cron expression, or one of {', '.join(PRESETS)}"
        reason = "" if text.startswith("@") else f" ({error})"
        return f"'{text}' is not a schedule{reason}; {hint}"
    return None
