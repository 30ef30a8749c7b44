"""``airflow-arazzo run``: the engine without Airflow."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

import click

from arazzo.cli.credentials import connected_apis, connection_options
from arazzo.cli.options import DOCUMENT, SOURCES, STRICT, WORKFLOW, pairs, read_inputs
from arazzo.cli.run_reports import describe_refusal, describe_run, report_option, write_reports
from arazzo.document.settings import Settings
from arazzo.document.shape import LONGEST_WAIT
from arazzo.engine import (
    IdempotencyKeys,
    Note,
    Run,
    StepRecord,
    conceal,
    hide,
    is_sensitive,
    load_plan,
    run_local,
)
from arazzo.errors import ArazzoError, ConnectionSettingsError, DocumentError, InputError, RequestError
from arazzo.exchange import Request, Response
from arazzo.flow import Options, Plan
from arazzo.json_values import json_report, write_json

if TYPE_CHECKING:
    from arazzo.auth.connected import ConnectedApis

SUCCESS, FAILED, REFUSED = 0, 1, 2
SECONDS = click.FloatRange(min=0, max=LONGEST_WAIT, min_open=True)


@click.command("run")
@DOCUMENT
@WORKFLOW
@click.option("--inputs", metavar="JSON|@FILE", help="Inputs as a JSON object, or a file with one (@- is stdin).")
@click.option("--input", "single", multiple=True, metavar="NAME=VALUE", help="One input; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout: status, outputs, steps.")
@click.option("--poll-interval", type=SECONDS, help="Seconds between rounds of a poll.")
@click.option("--timeout", type=SECONDS, help="Seconds for all rounds of a poll.")
@click.option("--unmatched", type=click.Choice(["auto", "next", "fail"]), help="After a success no action matches.")
@connection_options
@click.option("--server", "servers", multiple=True, metavar="SOURCE=URL", help="Server of a source; repeatable.")
@click.option("--show-secrets", is_flag=True, help="Print outputs with sensitive names in clear.")
@report_option("json", "Write a report: each step's request, criteria with verdicts, actions, outputs; no secrets.")
@report_option("junit", "Write the same as JUnit XML, a test case for each step.")
@SOURCES
@STRICT
def command(
    document: Path,
    workflow: str | None,
    inputs: str | None,
    single: tuple[str, ...],
    as_json: bool,
    poll_interval: float | None,
    timeout: float | None,
    unmatched: Any,
    servers: tuple[str, ...],
    show_secrets: bool,
    sources: tuple[str, ...],
    strict: bool,
) -> NoReturn:
    """Run a workflow of DOCUMENT here and now, without Airflow.

    WORKFLOW is its workflowId; it may be left out where there is only one. Progress goes to stderr. Exit code 0:
    success, 1: the workflow failed, 2: the document or the inputs were refused and nothing was sent.
    """
    given = read_inputs(inputs, single)
    settings = Settings.model_construct(
        poke_interval=poll_interval, timeout=timeout, unmatched=unmatched, server=pairs(servers, "--server") or None
    )
    options = Options(dialect="strict" if strict else "lenient", settings=settings)
    started, log = time.time(), list[str]()
    try:
        plan = load_plan(document, workflow, options, pairs(sources, "--source"))
        _check_servers(plan, settings)
        with connected_apis(plan) as apis:
            run = _run(apis.place(plan, pairs(servers, "--server")), given, log, apis)
    except (ConnectionSettingsError, DocumentError, InputError, RequestError) as error:
        write_reports(describe_refusal(str(document), workflow, str(error)))
        _refuse(error, as_json)
    concealed = _concealed(plan, run)
    log = [conceal(line, run.secrets) for line in log]
    write_reports(describe_run(plan, concealed, log, started, time.time() - started))
    run = run if show_secrets else concealed
    if as_json:
        click.echo(write_json(_report(run), ascii_only=True))
    else:
        _summary(run)
    sys.exit(SUCCESS if run.status == "success" else FAILED)


def _run(plan: Plan, inputs: dict[str, Any], log: list[str], apis: ConnectedApis) -> Run:
    keys = IdempotencyKeys(lambda _: str(uuid4()))

    def send(request: Request) -> Response:
        return keys.send(request, apis.send)

    def tell(note: Note) -> None:
        text = hidden(note.text)
        log.append(f"warning: {text}" if note.warning else text)
        click.echo(log[-1], err=True)

    def hidden(text: str) -> str:
        return conceal(text, apis.secrets)

    for text in apis.unasked(plan):
        tell(Note(text))
    run = run_local(plan, inputs, send=send, note=tell, conceal=hidden)
    return replace(run, secrets=run.secrets | apis.secrets)


def _check_servers(plan: Plan, settings: Settings) -> None:
    named = set(settings.server) if isinstance(settings.server, dict) else set()
    unknown = sorted(named - set(plan.sources))
    if unknown:
        raise click.UsageError(f"--server: no source {', '.join(unknown)}; there are {', '.join(plan.sources)}")


def _refuse(error: ArazzoError, as_json: bool) -> NoReturn:
    text = f"inputs refused: {error}" if isinstance(error, InputError) else str(error)
    click.echo(text, err=True)
    if as_json:
        click.echo(json.dumps({"status": "refused", "message": str(error), "outputs": {}, "steps": {}}))
    sys.exit(REFUSED)


def _concealed(plan: Plan, run: Run) -> Run:
    """Return the run as anybody may see it: what was found to be secret in its course is hidden from the beginning."""
    text = partial(conceal, secrets=run.secrets)

    def values(outputs: dict[str, Any]) -> dict[str, Any]:
        return {name: hide(value, text, is_secret, is_secret(name)) for name, value in outputs.items()}

    def is_secret(name: str) -> bool:
        return is_sensitive(name, plan.sensitive)

    def record(of: StepRecord) -> StepRecord:
        criteria = tuple(replace(each, reason=text(each.reason)) for each in of.criteria)
        return replace(of, criteria=criteria, message=text(of.message))

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
        click.echo(run.message, err=True)
    click.echo(f"{run.status}: {json_report(run.outputs, ascii_only=True)}")
