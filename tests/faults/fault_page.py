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

What a run does when something dies or the API fails. `make test-faults` plays all of it on a real scheduler (SQLite,
LocalExecutor, triggerer), checks it, and writes this page; CI plays a part of it.

- A request that is safe or idempotent is repeated after a crash. One that is neither (POST, PATCH) is not: the task
  that is started again uses the recorded answer, or, where there is none, fails and says that the request may have
  reached the server ([semantics](semantics.md), section 5a; needs Airflow 3.3). With `idempotency_key` or
  `resend: true` it is sent again.
- SIGTERM ends no task: Airflow's task process asks the operator to stop, and these have nothing to stop. Airflow itself
  sends it when somebody sets the state of a running task, and kills the task 5 seconds later.
- Airflow starts a task again after the loss of its process or its worker if it has `retries` left, and after the loss
  of a scheduler with its workers even if it has none. So `retries` is worth setting: it brings back what a crash has
  taken, and it repeats no POST that has got no answer. It does repeat, as a new try, a POST that was answered with a
  failure.
- A task that Airflow cannot start, because the API server is away, uses up its `retries` as well: they, and
  `retry_delay`, must outlast a restart of the API server. Here they are 2 and a second, and that is not always enough.
- A poll and a wait for a retry in the triggerer go on from where the worker left them, with their deadlines. The rounds
  that a killed triggerer had gone are not counted (`max_rounds`).
- `sent` counts what has reached the server, by its own record. Seconds are from the kill to the end of the run, on a
  busy machine with two processors and with the settings below. They are information, not a promise: Airflow's own
  settings make minutes of them.

{knobs}

Tasks have `retries: 2` and `retry_delay: 1` where nothing else is said. What is killed is started again at once.
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
