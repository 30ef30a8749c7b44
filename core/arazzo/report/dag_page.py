"""The last runs of a workflow: how long each operation took, and how often it failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from xml.etree.ElementTree import Element

from arazzo.report.html_tree import table, tag
from arazzo.report.plot import Dot, counted, milliseconds, plot


def operations_page(exchanges: Iterable[tuple[str, Dot]], runs: int) -> list[Element]:
    """Return the part of a page about the exchanges of the last runs.

    :param exchanges: each with what it called.
    :param runs: how many runs they come from.
    """
    found: dict[str, list[Dot]] = {}
    for operation, dot in exchanges:
        found.setdefault(operation, []).append(dot)
    title = tag("h2", f"Operations in the last {runs} runs" if runs != 1 else "Operations in the last run")
    if not found:
        return [title, tag("p", "No request has been recorded yet.", class_="soft")]
    rows = [_row(operation, dots) for operation, dots in found.items()]
    plots = [
        tag("section", tag("h3", operation), plot(sorted(dots, key=lambda dot: dot.at)))
        for operation, dots in found.items()
        if len(dots) > 1
    ]
    return [title, table(("operation", "requests", "failed", "median", "longest", "answers"), rows), *plots]


def _row(operation: str, dots: Sequence[Dot]) -> list[Element | str]:
    answered = [dot.seconds for dot in dots if dot.status is not None]
    failed = sum(dot.status is None or dot.status >= 400 for dot in dots)
    times = [milliseconds(median(answered)), milliseconds(max(answered))] if answered else ["", ""]
    share = tag("span", f"{failed} ({100 * failed / len(dots):.0f} %)", class_="bad" if failed else "soft")
    return [tag("code", operation), str(len(dots)), share, *times, counted(dots)]
