"""``arazzo run``: the engine without Airflow."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from functools import partial
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from arazzo.cli.credentials import connected_apis, connection_options
from arazzo.cli.options import DOCUMENT, SOURCES, STRICT, WORKFLOW, format_option, pairs, read_inputs
from arazzo.cli.run_log import RunLog
from arazzo.cli.run_reports import describe_refusal, describe_run, report_option, write_reports
from arazzo.cli.run_transport import RunTransport, writable
from arazzo.document.contract_levels import contract_levels
from arazzo.document.settings import Settings, are_servers
from arazzo.document.shape import LONGEST_WAIT
from arazzo.engine import Note, Run, StepRecord, load_plan, run_local, start_run
from arazzo.errors import (
    ArazzoError,
    ConnectionSettingsError,
    DocumentError,
    InputError,
    RecordingError,
    RequestError,
)
from arazzo.expressions.context import Dialect
from arazzo.flow import Options, Plan
from arazzo.json_values import json_report, write_json
from arazzo.secrecy.concealing import conceal, hide
from arazzo.secrecy.sensitive_names import is_sensitive
from arazzo.source.locations import one_line

if TYPE_CHECKING:
    from arazzo.auth.connected import ConnectedApis

SUCCESS, FAILED, REFUSED, STOPPED = 0, 1, 2, 130
_STOPPED = "stopped; requests that were sent are not undone"


class _Seconds(click.FloatRange):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if isnan(number):
            self.fail(f"{value} is not a number of seconds", param, ctx)
        return number


SECONDS = _Seconds(min=0, max=LONGEST_WAIT, min_open=True)


@click.command("run")
@DOCUMENT
@WORKFLOW
@click.option(
    "--inputs", metavar="JSON|@FILE", help="Inputs as a JSON object, or a file that contains one (@- is stdin)."
)
@click.option(
    "--input", "single", multiple=True, metavar="NAME=VALUE", help="One input, read as JSON if it is JSON. Repeatable."
)
@click.option("--dry-run", is_flag=True, help="Check everything and show what would be sent, but send nothing.")
@format_option(("text", "json"), "text")
@click.option("-q", "--quiet", is_flag=True, help="Show only how the run ended.")
@click.option("--debug", is_flag=True, help="Show requests and answers in full, with headers but without secrets.")
@click.option("--poll-interval", type=SECONDS, help="Seconds between rounds of a poll.")
@click.option("--timeout", type=SECONDS, help="Seconds for all rounds of a poll together.")
@click.option(
    "--unmatched",
    type=click.Choice(["auto", "next", "fail"]),
    help="What to do if a step succeeds and none of its success actions holds.",
)
@connection_options
@click.option("--server", "servers", multiple=True, metavar="SOURCE=URL", help="Server of a source. Repeatable.")
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="[CHECK=]LEVEL",
    help="Check answers against the API's description (status, content_type, schema): off, warn or fail. Repeatable.",
)
@click.option(
    "--record",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    help="Write all requests and answers to a HAR 1.2 file, without secrets.",
)
@click.option(
    "--replay",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the answers from such a file: send nothing, and do not wait.",
)
@click.option("--show-secrets", is_flag=True, help="Print secret outputs in clear.")
@report_option("json", "Write a report with each step's request, criteria, actions and outputs, without secrets.")
@report_option("junit", "Write the report as JUnit XML, with a test case for each step.")
@report_option("sarif", "Write failures, and differences from the API's description, as SARIF 2.1.0.")
@report_option("html", "Write the report as one HTML file, with a picture of the workflow.")
@SOURCES
@STRICT
def command(
    document: Path,
    workflow: str | None,
    inputs: str | None,
    single: tuple[str, ...],
    sources: tuple[str, ...],
    form: str,
    **given: Any,
) -> NoReturn:
    """Run a workflow now, without Airflow's scheduler.

    WORKFLOW is a workflowId of DOCUMENT. You can omit it if there is only one. Progress goes to stderr, and the outputs
    go to stdout. Exit codes: 0 if the workflow succeeded, 1 if it failed, 2 if the document, the inputs or an option
    were refused and nothing was sent, 130 if you stopped it with Ctrl-C.

    \b
    Examples:
      arazzo run adopt.arazzo.yaml --input pet=7
      arazzo run adopt.arazzo.yaml adopt --inputs @inputs.json --json
      arazzo run adopt.arazzo.yaml --input pet=7 --server shop=http://127.0.0.1:8090 --dry-run
      arazzo run adopt.arazzo.yaml --connection shop=@connection.json --report-junit run.xml
      arazzo run adopt.arazzo.yaml --input pet=7 --record run.har
      arazzo run adopt.arazzo.yaml --input pet=7 --replay run.har
    """
    values = read_inputs(inputs, single)
    servers = pairs(given["servers"], "--server")
    dialect: Dialect = "strict" if given["strict"] else "lenient"
    options = Options(
        dialect, settings=_settings(servers, given), defaults=Settings.model_construct(contract=_levels(("warn",)))
    )
    try:
        plan = load_plan(document, workflow, options, pairs(sources, "--source"))
        _check_servers(plan, servers)
        with connected_apis(plan) as apis:
            placed = apis.place(plan, servers)
            if given["dry_run"]:
                from arazzo.cli.dry_run import print_plan

                print_plan(placed, start_run(placed, values), apis, form)
                sys.exit(SUCCESS)
            _finish(placed, values, apis, form, given)
    except (ConnectionSettingsError, DocumentError, InputError, RecordingError, RequestError) as error:
        write_reports(partial(describe_refusal, str(document), workflow, str(error)))
        _refuse(error, form, _quoting(error, single) if isinstance(error, InputError) else "")


def _settings(servers: dict[str, str], given: dict[str, Any]) -> Settings:
    """Return the settings that options give.

    :raises click.UsageError: if a URL cannot be called.
    """
    if not are_servers(servers):
        raise click.UsageError(
            "--server takes SOURCE=URL, an absolute URL of http or https, with a port from 1 to 65535 if any"
        )
    return Settings.model_construct(
        contract=_levels(given["checks"]),
        poke_interval=given["poll_interval"],
        timeout=given["timeout"],
        unmatched=given["unmatched"],
        server=servers or None,
    )


def _levels(checks: tuple[str, ...]) -> Any:
    """Return the levels that ``--check`` gives, later ones overruling earlier ones; None if there are none.

    :raises click.UsageError: if a check or a level does not exist.
    """
    levels: dict[str, str] = {}
    for text in checks:
        check, given, level = text.rpartition("=")
        found, fault = contract_levels({check: level} if given else level)
        if fault:
            raise click.UsageError(f"--check: {fault}")
        levels.update(found)
    return levels or None


def _finish(plan: Plan, values: dict[str, Any], apis: ConnectedApis, form: str, given: dict[str, Any]) -> NoReturn:
    """Run the workflow and say how it ended."""
    log = RunLog(lambda text: conceal(text, apis.secrets), quiet=given["quiet"], debug=given["debug"])
    started = time.time()
    transport = RunTransport(apis, log, given["record"], given["replay"])
    try:
        run = _run(plan, values, log, apis, transport)
    except RecordingError as error:
        log.clear()
        write_reports(partial(describe_refusal, plan.document["name"], plan.workflow_id, str(error), "failed"))
        click.echo(one_line(str(error)), err=True)
        _print_not_run("failed", str(error), form)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        log.clear()
        write_reports(partial(describe_refusal, plan.document["name"], plan.workflow_id, _STOPPED, "stopped"))
        _print_not_run("stopped", _STOPPED, form)
        sys.exit(STOPPED)
    transport.keep(plan, run)
    concealed = _concealed(plan, run)
    lines, seconds = [conceal(line, run.secrets) for line in log.log], time.time() - started
    write_reports(partial(describe_run, plan, concealed, lines, started, seconds), plan)
    run = run if given["show_secrets"] else concealed
    if form == "json":
        click.echo(write_json(_report(run), ascii_only=True))
    else:
        _summary(run)
    sys.exit(SUCCESS if run.status == "success" else FAILED)


def _run(plan: Plan, inputs: dict[str, Any], log: RunLog, apis: ConnectedApis, transport: RunTransport) -> Run:
    for text in apis.unused_logins(plan):
        log.note(Note(text))
    run = run_local(
        plan,
        inputs,
        send=transport.send,
        sleep=transport.sleep,
        clock=transport.clock,
        note=log.note,
        conceal=lambda text: conceal(text, apis.secrets),
        whole=log.whole if log.shows_exchanges else None,
        sent=log.sent,
        recording=transport.records,
    )
    log.clear()
    return replace(run, secrets=run.secrets | apis.secrets)


def _check_servers(plan: Plan, servers: dict[str, str]) -> None:
    unknown = sorted(servers.keys() - plan.sources.keys())
    if unknown:
        raise click.UsageError(f"--server: no source {', '.join(unknown)}; there are {', '.join(plan.sources)}")


def _quoting(error: InputError, single: tuple[str, ...]) -> str:
    """Say how to write a text that looks like JSON, if a ``--input`` was refused because it is no text."""
    for name in (text.partition("=")[0] for text in single):
        for message in error.messages:
            wanted, is_type, _ = message.removeprefix(f"input '{name}' must be ").partition(", not ")
            if is_type and "string" in wanted.split(" or "):
                return f"; text that looks like JSON needs quotes: --input '{name}=\"...\"'"
    return ""


def _refuse(error: ArazzoError, form: str, advice: str) -> NoReturn:
    text = str(error) if isinstance(error, DocumentError) else one_line(str(error))  # problems are fit for a terminal
    click.echo(f"inputs refused: {text}{advice}" if isinstance(error, InputError) else text, err=True)
    _print_not_run("refused", str(error), form)
    sys.exit(REFUSED)


def _print_not_run(status: str, message: str, form: str) -> None:
    if form == "json":
        click.echo(json.dumps({"status": status, "message": message, "outputs": {}, "steps": {}}))
    elif status == "stopped":
        click.echo(message, err=True)


def _concealed(plan: Plan, run: Run) -> Run:
    """Return the run as anybody may see it: secrets found during the run are hidden from its beginning."""
    text = partial(conceal, secrets=run.secrets)

    def values(outputs: dict[str, Any]) -> dict[str, Any]:
        return {name: hide(value, text, is_secret, is_secret(name)) for name, value in outputs.items()}

    def is_secret(name: str) -> bool:
        return is_sensitive(name, plan.sensitive)

    def record(of: StepRecord) -> StepRecord:
        criteria = tuple(replace(each, reason=text(each.reason)) for each in of.criteria)
        drift = tuple(replace(each, at=text(each.at), message=text(each.message)) for each in of.drift)
        shown = replace(of, message=text(of.message), url=text(of.url), answer=text(of.answer))
        return replace(shown, criteria=criteria, drift=drift)

    return replace(
        run,
        outputs=values(run.outputs),
        message=text(run.message),
        records=tuple(map(record, run.records)),
        steps={step: values(outputs) for step, outputs in run.steps.items()},
    )


def _report(run: Run) -> dict[str, Any]:
    steps: dict[str, Any] = {}
    for record in run.records:
        data = {**record.to_data(), "outputs": run.steps.get(record.step, {})}
        steps[data.pop("step")] = data
    told = {"status": run.status, "message": run.message, "outputs": run.outputs}
    return {**told, "absent": run.absent, "unreadable": run.unreadable, "steps": steps}


def _summary(run: Run) -> None:
    if run.message:
        click.echo(one_line(run.message), err=True)
    click.echo(f"{run.status}: {json_report(run.outputs, ascii_only=True)}")
