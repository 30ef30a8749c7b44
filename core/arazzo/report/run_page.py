"""The page of a run: the path that it took and, for each step, what was sent, answered, judged and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any
from xml.etree.ElementTree import Element

from arazzo.flow.picture import Box, Picture
from arazzo.frozen import dataclass
from arazzo.json_values import json_line
from arazzo.report.html_tree import link, page, table, tag
from arazzo.report.plot import Dot, counted, exchange_dots, milliseconds, plot, shade
from arazzo.report.svg_drawing import drawing

Record = Mapping[str, Any]
"""What happened to a step, as JSON has it (:class:`~arazzo.engine.StepRecord`), or to a workflow (docs/ci.md)."""

#: How many characters of outputs, or of a log, a page shows.
_LONGEST = 20_000
_SHADES = {"success": "good", "failed": "bad", "recovered": "care", "refused": "bad", "stopped": "care"}


@dataclass(frozen=True)
class ReportedWorkflow:
    """A workflow of a run.

    :ivar report: ``status``, ``message``, ``outputs``, ``steps`` (records, with ``outputs`` and perhaps ``link``, the
        address of a page about the step), ``exchanges`` and ``log``, as far as they exist.
    """

    report: Record
    picture: Picture | None = None


def run_page(
    title: str, parts: Sequence[ReportedWorkflow], facts: Mapping[str, str], links: Mapping[str, str] | None = None
) -> str:
    """Return the page of a run.

    :param facts: facts about it, by name.
    :param links: addresses of other pages, by title.
    """
    content = [item for part in parts for item in _part(part, alone=len(parts) == 1)]
    return page(title, tag("h1", title), _bar(parts, links or {}), _facts(facts), *content)


def workflow_page(title: str, pictures: Sequence[Picture], links: Mapping[str, str], *more: Element) -> str:
    """Return the page of workflows outside of a run."""
    drawn = [item for picture in pictures for item in _pictured(picture, alone=len(pictures) == 1)]
    return page(title, tag("h1", title), _bar((), links), *drawn, *more)


def _bar(parts: Sequence[ReportedWorkflow], links: Mapping[str, str]) -> Element:
    shown = [badge(str(part.report.get("status", ""))) for part in parts[:1] if part.report.get("status")]
    return tag("p", *shown, *(link(text, url) for text, url in links.items()), class_="bar")


def badge(text: str) -> Element:
    """Return how something ended, in its colour."""
    return tag("span", text, class_=f"mark {_SHADES.get(text, '')}")


def _facts(facts: Mapping[str, str]) -> Element:
    said = [tag("span", f"{name} ", tag("code", text)) for name, text in facts.items() if text]
    return tag("p", *said, class_="bar soft")


def _pictured(picture: Picture, *, alone: bool) -> Iterator[Element]:
    if not alone:
        yield tag("h2", picture.workflow)
    if picture.title:
        yield tag("p", picture.title)
    yield drawing(picture)


def _part(part: ReportedWorkflow, *, alone: bool) -> Iterator[Element]:
    report, picture = part.report, part.picture
    if not alone:
        name = picture.workflow if picture else str(report.get("workflow", ""))
        yield tag("h2", name, " ", badge(str(report.get("status", ""))))
    if report.get("message"):
        yield tag("p", tag("code", str(report["message"])))
    records = [record for record in report.get("steps", ()) if isinstance(record, Mapping)]
    if picture is not None:
        yield drawing(picture, _shades(report, records), _taken(report, records))
    if report.get("outputs"):
        yield tag("h2", "Outputs")
        yield _values(report["outputs"])
    dots = exchange_dots(report)
    boxes = {box.step: box for box in picture.boxes} if picture else {}
    if records:
        yield tag("h2", "Steps")
    for record in records:
        yield step_section(record, dots.get(str(record.get("step")), ()), boxes.get(str(record.get("step"))))
    if report.get("log"):
        text = "\n".join(map(str, report["log"]))
        yield tag("details", tag("summary", "Log"), tag("pre", _cut(text)))


def _shades(report: Record, records: Sequence[Record]) -> dict[str, str]:
    found = {str(record.get("step")): _SHADES.get(str(record.get("outcome")), "") for record in records}
    return {**found, "": "good"} if report.get("status") == "success" else found


def _taken(report: Record, records: Sequence[Record]) -> set[tuple[str, str]]:
    """Return which steps a run went from and to: by the records and, in loops, by the exchanges."""
    ways = {(str(each.get("step")), str(each["next"])) for each in records if each.get("next") is not None}
    steps = [str(mark.get("step")) for mark in report.get("exchanges", ()) if isinstance(mark, Mapping)]
    return ways | set(pairwise(steps))


def step_section(record: Record, dots: Sequence[Dot] = (), box: Box | None = None, *, opened: bool = False) -> Element:
    """Return what happened to a step.

    :param dots: its exchanges.
    :param box: the step in the picture.
    :param opened: whether the answer is visible without a click.
    """
    step, outcome = str(record.get("step", "")), str(record.get("outcome", ""))
    name = link(step, str(record["link"])) if record.get("link") else step
    request = str(record.get("request") or record.get("operation") or (box.what if box else ""))
    return tag(
        "section",
        tag("div", tag("h3", name), badge(outcome), tag("code", request), *_answered(record), class_="bar"),
        _outcome(record),
        tag("p", tag("code", str(record["url"]))) if record.get("url") else None,
        tag("p", link("Documentation of the operation", box.url, outside=True)) if box and box.url else None,
        tag("p", tag("code", str(record["message"])), class_="bad") if record.get("message") else None,
        _criteria(record),
        _drift(record),
        plot(dots) if len(dots) > 1 else None,
        tag("h3", "Outputs") if record.get("outputs") else None,
        _values(record["outputs"]) if record.get("outputs") else None,
        _answer(str(record["answer"]), opened=opened) if record.get("answer") else None,
    )


def _answer(text: str, *, opened: bool) -> Element:
    return tag("details", tag("summary", "Answer"), tag("pre", _cut(text)), open="" if opened else None)


def _answered(record: Record) -> Iterator[Element]:
    if "status" not in record:
        return
    status = record["status"] if isinstance(record["status"], int) else None
    yield tag("strong", "no answer" if status is None else str(status), class_=shade(status))
    if status is not None:
        yield tag("span", f"in {milliseconds(float(record.get('seconds') or 0))}", class_="soft")


def _outcome(record: Record) -> Element | None:
    """Return how often a step ran, and where control went."""
    said: list[Element | str] = []
    for name, one, many in (("rounds", "", "rounds"), ("attempts", "", "requests"), ("tolerated", "hiccup", "hiccups")):
        number = record.get(name)
        if isinstance(number, int) and (number > 1 or (number == 1 and one)):
            said.append(f"{'; ' if said else ''}{number} {one if number == 1 else many}")
    target, action = record.get("next"), record.get("action")
    if target is not None:
        said += ["; then " if said else "then ", tag("code", str(target)) if target else "the end"]
        said += [" by ", tag("code", str(action))] if action else []
    return tag("p", *said, class_="soft") if said else None


def _criteria(record: Record) -> Element | None:
    rows = [_criterion(each) for each in record.get("criteria", ()) if isinstance(each, Mapping)]
    return table(("verdict", "of", "condition", "seen"), rows) if rows else None


def _criterion(criterion: Record) -> list[Element | str]:
    if criterion.get("undecided"):
        verdict = tag("span", "undecided", class_="care")
    elif criterion.get("passed"):
        verdict = tag("span", "met", class_="good")
    else:
        verdict = tag("span", "not met", class_="bad" if not criterion.get("action") else "soft")
    action = criterion.get("action")
    condition, reason = str(criterion.get("condition", "")), str(criterion.get("reason", ""))
    reason = reason.removeprefix(f"{' '.join(condition.split())}: ")
    return [verdict, str(action) if action else "success", tag("code", condition), tag("code", reason)]


def _drift(record: Record) -> Element | None:
    """Return where answers and requests differed from the API's description."""
    found = [each for each in record.get("drift") or () if isinstance(each, Mapping)]
    rows = [
        (
            tag("span", str(each.get("check", "")), class_="bad" if each.get("level") == "fail" else "care"),
            tag("code", str(each.get("at", ""))),
            str(each.get("message", "")),
            str(each.get("times", 1)),
        )
        for each in found
    ]
    return table(("contract", "at", "differs", "times"), rows) if rows else None


def _values(values: Any) -> Element:
    if not isinstance(values, Mapping):
        return tag("pre", _cut(json_line(values)))
    return table(
        ("name", "value"),
        ([tag("code", str(name)), tag("code", _cut(json_line(value)))] for name, value in values.items()),
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text) - _LONGEST:,} characters more)"


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
