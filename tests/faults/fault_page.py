"""The page docs/reliability.md, written from a run of the whole fault matrix."""

from pathlib import Path

from fault_api import API_FAULTS
from fault_cells import FAULTS, MOMENTS, ApiCell, Cell, api_cells, cells
from fault_ground import KNOBS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
EXTRAS = {
    "": "",
    "key": ", with `idempotency_key`",
    "resend": ", with `resend: true`",
    "once": ", with `retries: 0`",
}
_HEAD = """\
# Reliability

This page shows what a run does when something dies or the API fails. `make test-faults` plays all of it on a real
scheduler (SQLite, LocalExecutor, triggerer), checks it, and writes this page. CI plays a part of it.

- A request that is safe or idempotent is repeated after a crash. One that is neither (POST, PATCH) is not repeated.
  When its task starts again, it uses the recorded answer. If there is none, it fails and says that the request may have
  reached the server ([Sent or not sent](sending.md); this needs Airflow 3.3). With `idempotency_key` or `resend: true`,
  the request is sent again.
- SIGTERM ends no task. Airflow's task process then asks the operator to stop, and these operators have nothing to stop.
  Airflow itself sends SIGTERM if somebody sets the state of a running task, and kills the task 5 seconds later.
- If a task's process or worker is lost, Airflow starts the task again if it has `retries` left. If a scheduler is lost
  with its workers, Airflow starts the task again even if it has none. So it is worth setting `retries`: they repeat
  what a crash has interrupted, but not a POST that got no answer. They do repeat, as a new try, a POST whose answer was
  a failure.
- If Airflow cannot start a task because the API server is away, this also uses up `retries`. So `retries` and
  `retry_delay` must outlast a restart of the API server. Here they are 2 and one second, which is not always enough.
- A poll, or a wait for a retry in the triggerer, goes on from where the worker left it, with its deadline. Rounds that
  a killed triggerer had made do not count for `max_rounds`.
- `sent` is the number of requests that the server received, by its own record. The seconds are from the kill to the end
  of the run, on a busy machine with two processors and with the settings below. They are information and not a promise.
  With Airflow's own settings they would be minutes.

{knobs}

Tasks have `retries: 2` and `retry_delay: 1` unless a row says otherwise. What is killed is started again at once.
"""


_API = "The API"
_API_SAYS = "`retries: 1`, a time limit of 2 seconds and 100,000 bytes; seconds are from the start.\n"


def write(endings):
    """Write the page; cells that were not played keep their rows."""
    PAGE.write_text(page(endings, rows_of(PAGE.read_text("utf-8"))), encoding="utf-8")


def page(endings, before=()):
    """Return the page.

    :param endings: by cell.
    :param before: rows by heading and labels, for the cells without an ending.
    """
    knobs = "\n".join(f"    {name}={value}" for name, value in KNOBS.items())
    parts = [_HEAD.format(knobs=knobs)]
    for heading, chosen in sections():
        rows = [_row(cell, endings[cell]) if cell in endings else before[heading, labels(cell)] for cell in chosen]
        first = "it" if heading == _API else "when"
        parts += [f"## {heading}\n", *([_API_SAYS] if heading == _API else [])]
        parts.append(f"| {first} | request | sent | task | tries | run | seconds |\n|---|---|---|---|---|---|---|")
        parts[-1] = "\n".join([parts[-1], *rows, ""])
    return "\n".join(parts)


def sections():
    """Return the headings of the page, each with its cells."""
    found = []
    for fault, name in FAULTS.items():
        heading = f"{'SIGTERM' if fault == 'term' else 'kill -9'}: {name}"
        found.append((heading, [cell for cell in cells() if cell.fault == fault]))
    return [*found, (_API, api_cells())]


def rows_of(text):
    """Return the rows of a page by heading and labels."""
    rows, heading = {}, ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| "):
            rows[heading, tuple(line[2:].split(" | ")[:2])] = line
    return rows


def labels(cell):
    """Return what names a cell on the page."""
    if isinstance(cell, ApiCell):
        return API_FAULTS[cell.fault].name, cell.method.upper()
    return MOMENTS[cell.moment].name, cell.method.upper() + EXTRAS[cell.extra]


def _row(cell, ending):
    columns = (*labels(cell), ending.sent, ending.task, ending.tries, ending.run, ending.seconds)
    return f"| {' | '.join(map(str, columns))} |"


def rows_expected():
    """Return the beginning of each row that the page must have."""
    chosen: list[Cell | ApiCell] = [*cells(), *api_cells()]
    return [f"| {' | '.join(labels(cell))} |" for cell in chosen]
