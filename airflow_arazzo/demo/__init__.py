"""``airflow-arazzo demo``: the example workflows on a real Airflow against a mock of their APIs, checked and shown."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from airflow_arazzo.demo.cases import CASES, CaseResult
from airflow_arazzo.demo.running import connections, result, start, watch
from airflow_arazzo.demo.screen import Screen
from airflow_arazzo.demo.signals import Stopped, stoppable, uninterrupted
from airflow_arazzo.testing.demo_scenario import DEMO_SCENARIO, DESCRIPTIONS, example_dags
from airflow_arazzo.testing.local_airflow import LocalAirflow, StartError
from airflow_arazzo.testing.sessions import stop_leftovers
from arazzo.cli.options import format_option
from arazzo.errors import ArazzoError
from arazzo.testing import MockApi, serve

_START_LIMIT = 120
_RUN_LIMIT = 240
#: What writing to an output without a reader raises; rich ends the program.
UNHEARD = (OSError, SystemExit)


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave Airflow and its UI running until Ctrl-C.")
@click.option(
    "--dags",
    "dags_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=lambda: example_dags() / "demo",
    show_default="those of the package",
    help="The folder with the demo's DAGs; the API descriptions are in ../openapi.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Folder for Airflow's database and all logs; the files of an earlier demo are removed.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="The port of the UI; a free one by default.")
@format_option(("text", "json"), "text")
def command(keep: bool, dags_folder: Path, home: Path, port: int | None, form: str) -> None:
    """Run the example workflows on a real Airflow against a mock of their APIs.

    The command starts the mock and Airflow's four components on 127.0.0.1, runs each case as a DAG run, shows a table
    and stops everything again. The exit code is 0 only if every case ended as expected.

    \b
    Examples:
      airflow-arazzo demo
      airflow-arazzo demo --keep --port 8080
    """
    screen = Screen(stderr=form == "json")
    try:
        with stoppable(), _sole(home):
            code = _run(screen, home, dags_folder, form, keep=keep, port=port)
    except Stopped as stopped:
        screen.say("Stopped.")
        code = stopped.exit_code
    except (StartError, ArazzoError) as error:
        print(error, file=sys.stderr)
        code = 1
    sys.exit(code)


def _run(screen: Screen, home: Path, dags_folder: Path, form: str, *, keep: bool, port: int | None) -> int:
    screen.say("Starting the mock API ...")
    mock = MockApi({name: dags_folder.parent / "openapi" / file for name, file in DESCRIPTIONS.items()}, DEMO_SCENARIO)
    with serve(mock) as url:
        screen.say(f"The mock API is at {url}. Creating Airflow's database ...")
        airflow = LocalAirflow(home / "airflow", dags_folder, connections(url), port=port, restart=True)
        try:
            _start(screen, airflow)
            started = start(airflow.rest, CASES)
            watch(airflow.rest, started, lambda states: screen.progress(states, airflow.reasons), _RUN_LIMIT)
            results = [result(airflow.rest, item, mock.record) for item in started]
            screen.results(results)
            if form == "json":
                click.echo(json.dumps({"cases": [_case(each) for each in results]}, indent=2))
            right = sum(found.right for found in results)
            screen.say(f"{right} of {len(results)} cases ended as expected.")
            if right != len(results) and (troubles := airflow.troubles()):
                print(troubles, file=sys.stderr)
            if keep:
                _keep(screen, airflow)
            else:
                again = "make demo KEEP=1" if "MAKELEVEL" in os.environ else "airflow-arazzo demo --keep"
                screen.say(f"The UI was at {airflow.url}; `{again}` leaves it running.")
            return 0 if right == len(results) else 1
        finally:
            with uninterrupted():
                _stop(screen, airflow, home)


def _case(found: CaseResult) -> dict[str, Any]:
    told = {name: value for name, value in asdict(found).items() if name != "case"}
    return {"title": found.case.title, "dag": found.case.dag_id, "right": found.right, **told}


def _stop(screen: Screen, airflow: LocalAirflow, home: Path) -> None:
    """Stop everything, even if nobody reads the output any more (``make demo | head``)."""
    with contextlib.suppress(*UNHEARD):
        screen.say("Stopping what was started ...")
    airflow.stop()
    with contextlib.suppress(*UNHEARD):
        screen.say(f"Everything is stopped; the logs are in {home}.")


def _start(screen: Screen, airflow: LocalAirflow) -> None:
    airflow.migrate()
    screen.say("Starting Airflow's API server, scheduler, DAG processor and triggerer ...")
    with uninterrupted():
        airflow.start()
    airflow.wait_healthy(_START_LIMIT)
    airflow.wait_for_dags(*{case.dag_id for case in CASES})
    screen.say(f"All healthy. The UI is at {airflow.url}.")


def _keep(screen: Screen, airflow: LocalAirflow) -> None:
    screen.say(f"Airflow stays at {airflow.url} until Ctrl-C.")
    with contextlib.suppress(Stopped):
        while True:
            time.sleep(3600)


@contextlib.contextmanager
def _sole(home: Path) -> Iterator[None]:
    """Reserve the folder for this demo, and remove what an earlier one left.

    :raises StartError: if another demo uses it.
    :raises click.UsageError: if nothing can be written there.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = (home / "lock").open("a")
    except OSError as error:
        raise click.UsageError(f"--home: {home} cannot be used: {error.strerror}") from error
    with held as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"Another demo runs in {home}; stop it first, or name another --home.") from None
        stop_leftovers(home / "airflow" / "run")
        shutil.rmtree(home / "airflow", ignore_errors=True)
        yield
