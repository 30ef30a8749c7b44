"""Reports of a run in files: JSON with everything known about it, JUnit XML and SARIF for tools that show results.

All of them conceal what is secret, whatever the terminal shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from arazzo.engine import Run
from arazzo.errors import DocumentError, Problem, Severity, reason_of
from arazzo.flow import Plan
from arazzo.json_values import json_report, write_json

if TYPE_CHECKING:
    from arazzo.source.text import Source

Report = dict[str, Any]
"""The content of every kind of report, a JSON value; docs/ci.md shows one."""

_ASKED_FOR = f"{__name__}.asked_for"
#: Characters that XML 1.0 cannot express; compiled only when needed, since that takes a while.
_NO_XML = "[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def require_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before doing anything whose result belongs in it.

    :raises click.BadParameter: saying why.
    """
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}")
    was_there = path.exists()
    try:
        path.open("a").close()
        if not was_there:
            path.unlink()
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}") from error


def report_option(kind: str, text: str) -> Callable[[Any], Any]:
    """Return the option ``--report-KIND``; :func:`write_reports` reads its value."""

    def remember(context: click.Context, _: click.Parameter, path: Path | None) -> None:
        if path is not None:
            require_writable(path)
            context.meta.setdefault(_ASKED_FOR, {})[kind] = path

    kind_of_path = click.Path(dir_okay=False, writable=True, path_type=Path)
    return click.option(
        f"--report-{kind}", metavar="FILE", type=kind_of_path, expose_value=False, callback=remember, help=text
    )


def describe_run(plan: Plan, run: Run, log: list[str], started: float, seconds: float) -> Report:
    """Return the report of a run.

    :param run: with its secrets concealed.
    :param log: one line per exchange and decision.
    :param started: POSIX time.
    :param seconds: how long it took.
    """
    return {
        "status": run.status,
        "message": run.message,
        "document": plan.document,
        "workflow": plan.workflow_id,
        "started": datetime.fromtimestamp(started, timezone.utc).isoformat(timespec="milliseconds"),
        "seconds": round(seconds, 3),
        "outputs": run.outputs,
        "absent": list(run.absent),
        "unreadable": list(run.unreadable),
        "steps": list(_steps(run)),
        "exchanges": [mark.to_data() for mark in run.exchanges],
        "log": log,
    }


def describe_refusal(document: str, workflow: str | None, message: str, status: str = "refused") -> Report:
    """Return the report of a run that did not start because the document or the inputs were refused."""
    return {
        "status": status,
        "message": message,
        "document": {"name": document},
        "workflow": workflow,
        "outputs": {},
        "steps": [],
        "log": [],
    }


def _steps(run: Run) -> Iterator[Report]:
    """Yield what happened to each step the last time it ran."""
    for record in run.records:
        yield {**record.to_data(), "outputs": run.steps.get(record.step, {})}


def write_reports(describe: Callable[[], Report], plan: Plan | None = None) -> None:
    """Write the reports that the command line asks for.

    :param describe: returns what they say; called only if they are asked for.
    :raises click.FileError: if a file cannot be written.
    """
    asked_for: Mapping[str, Path] = click.get_current_context().meta.get(_ASKED_FOR, {})
    report = describe() if asked_for else {}
    for kind, path in asked_for.items():
        text = html(report, plan) if kind == "html" else _WRITERS[kind](report)
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.FileError(str(path), reason_of(error)) from error


def _as_sarif(report: Report) -> str:
    """Return a report as SARIF: a result for each failed step, and for each deviation from the API's description."""
    from arazzo.document.loading import load_document
    from arazzo.validation import report as as_text

    path: Path = click.get_current_context().params["document"]
    try:
        source = load_document(path).source
    except DocumentError as error:
        return as_text(error.problems, "sarif") + "\n"
    return as_text(list(run_problems(report, source)), "sarif") + "\n"


def run_problems(report: Report, source: Source) -> Iterator[Problem]:
    """Yield what went wrong in a run, at the document's steps.

    :param report: from :func:`describe_run` or :func:`describe_refusal`.
    """
    for step in report["steps"]:
        at = _step_pointer(source.data, report["workflow"], step["step"])
        for drift in step["drift"]:
            rule = f"contract-{drift['check'].replace('_', '-')}"
            severity = Severity.ERROR if drift["level"] == "fail" else Severity.WARNING
            times = f" ({drift['times']} times)" if drift["times"] > 1 else ""
            text = f"{step['step']}, {step['request']}: {drift['at']} {drift['message']}{times}"
            yield source.problem(rule, severity, at, text)
        if step["outcome"] == "failed":
            yield source.problem("failed-step", Severity.ERROR, at, step["message"])
    if report["status"] != "success" and not any(step["outcome"] == "failed" for step in report["steps"]):
        yield source.problem("failed-run", Severity.ERROR, "", report["message"])


def _step_pointer(data: Any, workflow: str | None, step: str) -> str:
    """Return the place of the step that a record names ``step`` or ``workflow/step``; the document if elsewhere."""
    *within, name = step.split("/")
    wanted = within[-1] if within else workflow
    for number, each in enumerate(data["workflows"]):
        if each["workflowId"] == wanted or (wanted is None and len(data["workflows"]) == 1):
            for index, inner in enumerate(each["steps"]):
                if inner["stepId"] == name:
                    return f"/workflows/{number}/steps/{index}"
    return ""


def junit(report: Report) -> str:
    """Return a report as JUnit XML: the workflow is a test suite, and each step that ran a test case.

    A failed step is a failure; a run that was refused, or that failed without a failed step, is an error.
    """
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    name = _plain(report["workflow"] or report["document"]["name"])
    suite = Element("testsuite", name=name)
    failures = errors = 0
    for step in report["steps"]:
        case = SubElement(suite, "testcase", classname=name, name=_plain(step["step"]), time=f"{step['seconds']:.3f}")
        if step["outcome"] == "failed":
            failures += 1
            SubElement(case, "failure", message=_plain(step["message"])).text = _plain(report["message"])
        SubElement(case, "system-out").text = _plain("\n".join(_lines(step)))
    if report["status"] != "success" and not failures:
        errors = 1
        case = SubElement(suite, "testcase", classname=name, name="workflow")
        SubElement(case, "error", message=_plain(report["message"].partition("\n")[0])).text = _plain(report["message"])
    counts = {"tests": len(suite), "failures": failures, "errors": errors}
    suite.attrib.update({key: str(value) for key, value in counts.items()})
    if "started" in report:
        suite.attrib.update(timestamp=report["started"], time=f"{report['seconds']:.3f}")
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _lines(step: Report) -> Iterator[str]:
    """Yield the lines about a step: what was sent, every verdict, where control went, its outputs."""
    status = "no response" if step["status"] is None else step["status"]
    yield f"{step['request'] or step['operation']} -> {status}, {step['outcome']}"
    for criterion in step["criteria"]:
        action = f"{criterion['action']}: " if criterion["action"] else ""
        verdict = "met" if criterion["passed"] else "not met"
        yield f"{verdict}: {action}{criterion['reason'] or criterion['condition']}"
    for drift in step["drift"]:
        times = f" ({drift['times']} times)" if drift["times"] > 1 else ""
        yield f"contract, {drift['level']}: {drift['at']} {drift['message']}{times}"
    if step["action"]:
        yield f"action: {step['action']}"
    if step["outputs"]:
        yield f"outputs: {write_json(step['outputs'])}"


def html(report: Report, plan: Plan | None) -> str:
    """Return a report as a page that loads nothing.

    :param plan: the plan to draw; None if there is none.
    """
    from arazzo.flow import picture_of
    from arazzo.report import ReportedWorkflow, run_page

    document = report["document"]
    name = PurePath(document["name"]).name
    facts = {
        "document": name,
        "version": str(document.get("version", "")),
        "SHA-256": str(document.get("digest", ""))[:16],
        "started": str(report.get("started", "")),
        "took": f"{report['seconds']:.1f} s" if "seconds" in report else "",
    }
    return run_page(
        str(report["workflow"] or name), [ReportedWorkflow(report, picture_of(plan) if plan else None)], facts
    )


def _plain(text: str) -> str:
    return re.sub(_NO_XML, "\ufffd", text)


_WRITERS: dict[str, Callable[[Report], str]] = {
    "json": lambda report: json_report(report) + "\n",
    "junit": junit,
    "sarif": _as_sarif,
}
