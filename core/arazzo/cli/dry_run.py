"""``arazzo run --dry-run``: what would be sent, as far as this is known beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from arazzo.engine import Foreseen, State, foresee
from arazzo.flow import Plan, draw
from arazzo.json_values import json_report
from arazzo.secrecy.concealing import conceal, hide
from arazzo.secrecy.sensitive_names import is_sensitive

if TYPE_CHECKING:
    from arazzo.auth.connected import ConnectedApis


def print_plan(plan: Plan, state: State, apis: ConnectedApis, form: str) -> None:
    """Write the plan, the inputs and the requests that are known; nothing is sent.

    :param state: in which the workflow is about to run, its inputs checked.
    """
    secrets = frozenset(state.secrets.texts) | apis.secrets
    requests = list(foresee(plan, state, lambda text: conceal(text, apis.secrets)))
    marked = {*plan.sensitive, *plan.secret_inputs}
    inputs = hide(state.frames[0].inputs, lambda text: conceal(text, secrets), lambda name: is_sensitive(name, marked))
    if form == "json":
        report: dict[str, Any] = {"status": "planned", "workflow": plan.workflow_id, "inputs": inputs}
        click.echo(json_report({**report, "requests": [asdict(each) for each in requests]}, ascii_only=True))
        return
    click.echo(draw(plan, "text"))
    click.echo(f"\ninputs: {json_report(inputs, ascii_only=True)}\n\nrequests, if the workflow reaches their steps:")
    for line in _lines(requests):
        click.echo(line)
    click.echo("\nA dry run: nothing was sent.")


def _lines(requests: Iterable[Foreseen]) -> Iterable[str]:
    for each in requests:
        yield f"  {each.step}: {each.method} {each.url}"
        if each.after:
            yield f"    known when the workflow runs: {', '.join(each.after)}"
        if each.message:
            yield f"    as it stands, it is not sent: {each.message}"
