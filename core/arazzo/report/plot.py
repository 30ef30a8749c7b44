"""Exchanges over time as a small plot: how long each took, and what the answer was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from arazzo.frozen import dataclass
from arazzo.report.html_tree import tag

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 110, 64, 12, 26


@dataclass(frozen=True)
class Dot:
    """An exchange.

    :ivar at: POSIX time.
    :ivar status: None if there was no answer.
    """

    at: float
    status: int | None
    seconds: float


def exchange_dots(report: Mapping[str, Any]) -> dict[str, list[Dot]]:
    """Return the exchanges of a report or a record, by step."""
    found: dict[str, list[Dot]] = {}
    for mark in report.get("exchanges", ()):
        if isinstance(mark, Mapping) and isinstance(mark.get("at"), (int, float)):
            status = mark.get("status")
            dot = Dot(float(mark["at"]), status if isinstance(status, int) else None, float(mark.get("seconds") or 0))
            found.setdefault(str(mark.get("step")), []).append(dot)
    return found


def shade(status: int | None) -> str:
    """Return the class of a status: all well, their fault, or ours."""
    if status is None or status >= 500:
        return "bad"
    return "good" if status < 400 else "care"


def plot(dots: Sequence[Dot]) -> Element:
    """Return the plot of exchanges in their order."""
    first, span = dots[0].at, max(dots[-1].at - dots[0].at, 0.001)
    most = max(*(dot.seconds for dot in dots), 0.001)
    places = [(_LEFT + (_WIDTH - _LEFT - 12) * (dot.at - first) / span, _height(dot.seconds / most)) for dot in dots]
    line = " ".join(f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(places))
    base = _HEIGHT - _BOTTOM
    drawn = tag(
        "svg",
        tag("line", x1=str(_LEFT), y1=str(base), x2=str(_WIDTH), y2=str(base)),
        tag("text", milliseconds(most), x=str(_LEFT - 8), y=str(_TOP + 4), text_anchor="end", class_="soft"),
        tag("text", "0", x=str(_LEFT - 8), y=str(base + 4), text_anchor="end", class_="soft"),
        tag("text", "0 s", x=str(_LEFT), y=str(_HEIGHT - 8), class_="soft"),
        tag("text", f"{span:.1f} s", x=str(_WIDTH - 4), y=str(_HEIGHT - 8), text_anchor="end", class_="soft"),
        tag("path", d=line),
        *(_dot(dot, place, dot.at - first) for dot, place in zip(dots, places, strict=True)),
        width=str(_WIDTH),
        height=str(_HEIGHT),
        view_box=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        class_="plot",
        aria_label=f"{len(dots)} exchanges: {counted(dots)}",
    )
    return tag("div", drawn, tag("p", f"{len(dots)} exchanges: {counted(dots)}", class_="soft"), class_="plot")


def counted(dots: Sequence[Dot]) -> str:
    """Return how often each status came: ``200 ×3, no answer ×1``."""
    found = Counter("no answer" if dot.status is None else str(dot.status) for dot in dots)
    return ", ".join(f"{name} ×{number}" for name, number in found.items())


def milliseconds(seconds: float) -> str:
    """Return how long an exchange took."""
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def _height(share: float) -> float:
    return _TOP + (_HEIGHT - _BOTTOM - _TOP) * (1 - share)


def _dot(dot: Dot, place: tuple[float, float], after: float) -> Element:
    status = "no answer" if dot.status is None else str(dot.status)
    said = tag("title", f"{status} in {milliseconds(dot.seconds)}, after {after:.1f} s")
    return tag("circle", said, cx=f"{place[0]:.1f}", cy=f"{place[1]:.1f}", r="4", class_=shade(dot.status))
