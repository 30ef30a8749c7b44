"""``airflow arazzo doctor``: whether an Airflow has everything that Arazzo workflows need."""

from __future__ import annotations

import json
import re
import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from arazzo.cli.options import FileName, documents_at, format_option
from arazzo.errors import ArazzoError
from arazzo.frozen import dataclass
from arazzo.source.locations import one_line

if TYPE_CHECKING:
    from arazzo.auth.connection_settings import ConnectionSettings
    from arazzo.flow import Plan, PoolBudget

WELL, SICK = 0, 1
#: Seconds: the difference of clocks from which tokens may be refused, and the time for one answer of an API.
_MOST_DIFFERENCE = 30.0
_PATIENCE = 5.0
#: The first supported version of Airflow, and the first unsupported one.
_SUPPORTED = ("3.1", "4")

#: A connection that a template reads.
_TEMPLATE = re.compile(r"\bconn\.(\w+)")

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Check:
    """The result of checking one thing.

    :ivar name: what it is: ``triggerer``, ``connection shop``.
    :ivar detail: what was seen, and what to do if it is not right.
    """

    name: str
    state: State
    detail: str


@click.command("doctor")
@click.argument("paths", nargs=-1, type=FileName(path_type=Path))
@click.option("--offline", is_flag=True, help="Do not ask the APIs for the time.")
@format_option(("text", "json"), "text")
def command(paths: tuple[Path, ...], offline: bool, form: str) -> NoReturn:
    """Check whether everything that workflows need is there.

    The command checks Airflow's version, the triggerer, the Fernet key, the plan cache, the documents at PATHS (by
    default those of the DAGs folder) with their descriptions, the connections and pools that they need, and the clocks
    of their APIs, to which it sends a HEAD request without credentials. If a DAG file maps a connection to a source,
    the command still looks for one with the source's name. Exit codes: 0 if all is well, 1 if a check failed, 2 if the
    command was used wrongly.

    \b
    Examples:
      airflow arazzo doctor
      airflow arazzo doctor dags/workflows --offline --json
    """
    checks = list(examine(_folder(paths), offline=offline))
    if form == "json":
        click.echo(json.dumps({"well": _is_well(checks), "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        for check in checks:
            click.echo(one_line(f"{check.state:<8} {check.name}: {check.detail}"))
    sys.exit(WELL if _is_well(checks) else SICK)


def _is_well(checks: Iterable[Check]) -> bool:
    return all(check.state != "failed" for check in checks)


def _folder(paths: tuple[Path, ...]) -> list[Path]:
    """Return the documents at paths; without paths, those of the DAGs folder, which may have none."""
    from airflow.configuration import conf

    from arazzo.source.document_files import document_files

    if paths:
        return [document for path in paths for document in documents_at(path)]
    folder = Path(conf.get("core", "dags_folder"))
    return list(document_files(folder)) if folder.is_dir() else []


def examine(documents: Iterable[Path], *, offline: bool) -> Iterator[Check]:
    """Yield the results of all checks.

    :param offline: whether to ask no API.
    """
    yield _version()
    yield _triggerer()
    yield _fernet_key()
    yield _plan_cache()
    plans: list[Plan] = []
    found = 0
    for document in documents:
        found += 1
        check = _document(document, plans)
        if check is not None:
            yield check
    yield Check("documents", "ok" if found else "warning", f"{found} found; workflows that can be run: {len(plans)}")
    hosts: dict[str, ConnectionSettings] = {}
    yield from _connections(plans, hosts)
    yield from _pools(plans)
    if not offline:
        yield from (_clock(url, settings) for url, settings in hosts.items())


def _version() -> Check:
    import airflow
    from packaging.version import Version

    from airflow_arazzo import __version__

    first, beyond = map(Version, _SUPPORTED)
    supported = first <= Version(Version(airflow.__version__).base_version) < beyond
    detail = f"Airflow {airflow.__version__}, airflow-provider-arazzo {__version__}"
    return Check("version", "ok" if supported else "failed", detail + ("" if supported else "; 3.1 to 3.x is needed"))


def _triggerer() -> Check:
    from airflow.jobs.job import most_recent_job
    from sqlalchemy.exc import SQLAlchemyError

    try:
        job = most_recent_job("TriggererJob")
    except SQLAlchemyError as error:
        return Check("triggerer", "failed", f"Airflow's database cannot be asked: {type(error).__name__}")
    if job is None:
        return Check("triggerer", "failed", "none has ever run, and polls need one; start `airflow triggerer`")
    if job.is_alive():
        return Check("triggerer", "ok", "alive")
    return Check(
        "triggerer", "failed", f"not alive, last heartbeat at {job.latest_heartbeat}; start `airflow triggerer`"
    )


def _fernet_key() -> Check:
    from airflow.providers.common.compat.sdk import AirflowException

    from airflow_arazzo.protocol.encryption import has_key

    try:
        there = has_key()
    except AirflowException:
        return Check("fernet key", "failed", "[core] fernet_key is not a Fernet key")
    if not there:
        return Check("fernet key", "failed", "[core] fernet_key is empty: secrets between tasks are not encrypted")
    return Check("fernet key", "ok", "set")


def _plan_cache() -> Check:
    from airflow_arazzo.protocol.plan_folder import UntrustedFolderError, plan_folder

    name = "plan cache"
    folder = plan_folder()
    if folder is None:
        return Check(name, "ok", "off: documents are compiled whenever a DAG file is parsed")
    try:
        documents, size = folder.size()
    except FileNotFoundError:
        return Check(name, "ok", f"{folder.folder} is made when a DAG file is parsed")
    except (OSError, UntrustedFolderError) as error:
        return Check(name, "warning", f"not used: {error}; documents are compiled whenever a DAG file is parsed")
    return Check(
        name, "ok", f"entries: {documents}, {size / 1e6:.1f} of {folder.most_bytes / 1e6:.0f} MB in {folder.folder}"
    )


def _document(document: Path, plans: list[Plan]) -> Check | None:
    """Return what is wrong with a document, or else keep its plans."""
    from arazzo.engine.document_problems import find_problems
    from arazzo.engine.program import load_plans

    errors = [problem for problem in find_problems(document) if problem.is_error]
    if not errors:
        plans.extend(load_plans(document))
        return None
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    first = str(errors[0]).partition("\n")[0]
    return Check(f"document {document.name}", "failed", f"{first}{more}")


def _connections(plans: Iterable[Plan], hosts: dict[str, ConnectionSettings]) -> Iterator[Check]:
    """Yield a check for each source and connection of plans; note the servers that they call."""
    from arazzo.auth.server_resolution import connections_of, sources_of

    seen: set[tuple[str, str]] = set()
    for plan in plans:
        try:
            named = connections_of(plan)
        except ArazzoError as error:
            yield Check(f"workflow {plan.workflow_id}", "failed", str(error))
            continue
        for source in sources_of(plan):
            key = (named.get(source, source), f"{plan.workflow_id}/{source}")
            if key not in seen:
                seen.add(key)
                yield _connection(plan, source, key[0], source in named, hosts)
        yield from _bindings(plan, {named.get(source, source) for source in sources_of(plan)})


def _pools(plans: Iterable[Plan]) -> Iterator[Check]:
    """Yield a check for each pool that workflows name, or in which they have a budget."""
    from arazzo.flow import budgets_of

    named: dict[str, str] = {}
    wanted: dict[str, dict[PoolBudget, str]] = {}
    for plan in plans:
        for settings in (plan.settings, *(step.settings for step in plan.all_steps())):
            if pool := (settings.task or {}).get("pool", settings.pool):
                named.setdefault(str(pool), plan.workflow_id)
        try:
            for kept in budgets_of(plan.all_steps()).values():
                wanted.setdefault(kept.pool, {}).setdefault(kept, plan.workflow_id)
        except ArazzoError as error:
            yield Check(f"workflow {plan.workflow_id}", "failed", str(error))
    for pool, budgets in wanted.items():
        if len(budgets) > 1:
            names = ", ".join(budgets.values())
            yield Check(f"pool {pool}", "failed", f"the workflows {names} have different budgets in it")
        else:
            yield _pool(*budgets)
    yield from (_named_pool(pool, workflow) for pool, workflow in named.items() if pool not in wanted)


def _named_pool(pool: str, workflow: str) -> Check:
    from airflow.models.pool import Pool
    from sqlalchemy.exc import SQLAlchemyError

    name = f"pool {pool} (workflow {workflow})"
    try:
        there = Pool.get_pool(pool) is not None
    except SQLAlchemyError as error:
        return Check(name, "failed", f"Airflow's database cannot be asked: {type(error).__name__}")
    if there:
        return Check(name, "ok", "there")
    command = f"`airflow pools set {shlex.quote(pool)} 8 ''`"
    return Check(name, "failed", f"missing, and tasks in it are never scheduled; {command} makes one of 8 slots")


def _pool(kept: PoolBudget) -> Check:
    from airflow.models.pool import Pool
    from sqlalchemy.exc import SQLAlchemyError

    name, slots = f"pool {kept.pool}", kept.budget.slots
    try:
        pool = Pool.get_pool(kept.pool)
    except SQLAlchemyError as error:
        return Check(name, "failed", f"Airflow's database cannot be asked: {type(error).__name__}")
    command = f"`airflow pools set --include-deferred {shlex.quote(kept.pool)} {slots} ''`"
    if pool is None:
        return Check(name, "failed", f"missing, and tasks with a budget wait for it; {command} makes it")
    if pool.slots != slots or not pool.include_deferred:
        counted = "" if pool.include_deferred else ", and does not count deferred tasks"
        return Check(name, "failed", f"has {pool.slots} slots{counted}; {command} sets what the budget needs")
    return Check(name, "ok", f"{slots} slots for {kept.budget.requests_per_second:g} requests a second")


def _bindings(plan: Plan, looked_at: set[str]) -> Iterator[Check]:
    """Yield a check for each connection that bound inputs read, if it is missing or not for an API."""
    from airflow_arazzo.provider_cli import find_connection

    bound = json.dumps(plan.settings.inputs or {}, default=str)
    for conn_id in dict.fromkeys(_TEMPLATE.findall(bound)):
        there = find_connection(conn_id) is not None
        if not there or conn_id not in looked_at:
            detail = "there, and bound inputs read it" if there else "bound inputs read it, and it is missing"
            yield Check(f"connection {conn_id} (inputs of {plan.workflow_id})", "ok" if there else "failed", detail)


def _connection(plan: Plan, source: str, conn_id: str, named: bool, hosts: dict[str, ConnectionSettings]) -> Check:
    """Say whether a source's connection exists, and has what the operations of a workflow need."""
    from airflow_arazzo.provider_cli import find_connection
    from arazzo.auth.connection_settings import ConnectionSettings, read_connection
    from arazzo.auth.sessions import new_session

    name = f"connection {conn_id} (workflow {plan.workflow_id})"
    found = find_connection(conn_id)
    if found is None and named:
        return Check(name, "failed", f"the document names it for '{source}', and it is missing")
    try:
        settings = ConnectionSettings() if found is None else read_connection(found)
        new_session(settings, f"connection '{conn_id}'").close()  # reads the files of its TLS settings
    except ArazzoError as error:
        return Check(name, "failed", str(error))
    lacking = sorted(set(_lacking(plan, source, settings)))
    _note_hosts(plan, source, settings, hosts)
    if lacking:
        state = "it is missing" if found is None else "it is there"
        return Check(name, "failed", f"{state}, and the operations need {', '.join(lacking)}")
    return Check(name, "ok", "missing, but not needed" if found is None else "there, with what the operations need")


def _lacking(plan: Plan, source: str, settings: ConnectionSettings) -> Iterator[str]:
    """Yield the security schemes for which neither the connection nor the document has a credential."""
    from arazzo.auth.unused_logins import has_credential_for
    from arazzo.openapi.operation import SecurityScheme

    def known(scheme: SecurityScheme) -> bool:
        return has_credential_for(scheme, settings) or (scheme.type == "mutualTLS" and settings.cert is not None)

    for step in plan.all_steps():
        operation = step.operation
        if operation is None or operation.source != source or not all(operation.security):
            continue
        passed = any(operation.is_credential(item.name, item.location) for item in step.step.parameters)
        if passed or not operation.security or any(all(map(known, need)) for need in operation.security):
            continue
        yield " or ".join(" and ".join(scheme.key for scheme in need) for need in operation.security)


def _note_hosts(plan: Plan, source: str, settings: ConnectionSettings, hosts: dict[str, ConnectionSettings]) -> None:
    from arazzo.errors import RequestError
    from arazzo.openapi.servers import server_of

    for step in plan.all_steps():
        if step.operation is not None and step.operation.source == source:
            try:
                url = settings.base_url or server_of(
                    step.operation, server_url=step.server, server_variables=step.settings.server_variables
                )
            except RequestError:
                continue
            hosts.setdefault(url, settings)


def _clock(url: str, settings: ConnectionSettings) -> Check:
    """Compare an API's clock with ours: if they differ, tokens may seem not yet valid."""
    from arazzo import transport
    from arazzo.auth.sessions import new_session
    from arazzo.exchange import Request

    name = f"clock of {url}"
    try:
        with new_session(settings, name) as session:
            request = Request("HEAD", url, timeout=_PATIENCE)
            answer = transport.send(request, session, follow_redirects=False)
    except ArazzoError as error:
        return Check(name, "warning", f"no answer: {error}")
    try:
        theirs = parsedate_to_datetime(answer.header("Date") or "").timestamp()
    except ValueError:
        return Check(name, "ok", "its answer has no date")
    difference = time.time() - theirs
    well = abs(difference) <= _MOST_DIFFERENCE
    return Check(name, "ok" if well else "failed", f"ours is {difference:+.0f} s from it")
