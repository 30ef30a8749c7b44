"""The cells of the fault matrix: what is killed, at which moment, with which request, and how that may end."""

from dataclasses import dataclass

from fault_api import API_FAULTS

#: What is killed, with signal 9 where nothing else is said, in the words of the page.
FAULTS = {
    "task": "the task's process",
    "term": "the task's process",
    "worker": "the LocalExecutor's worker, not the task",
    "triggerer": "the triggerer",
    "scheduler": "the scheduler alone",
    "machine": "the scheduler with its workers and tasks",
    "api-server": "the API server",
}


@dataclass(frozen=True)
class Moment:
    """When it happens.

    :param name: in the words of the page.
    :param dag: what is added to the method for the DAG's id.
    :param hold: what the gate holds, and of which request.
    :param arrived: how many requests have come by then.
    :param state: state of the task by then.
    :param task: which task.
    """

    name: str
    dag: str = ""
    hold: tuple[str, int] = ("", 0)
    arrived: int = 1
    state: str = "running"
    task: str = "ask"


MOMENTS = {
    "sending": Moment("the request is on its way", hold=("request", 1)),
    "awaiting": Moment("the server has it, its answer is awaited", hold=("answer", 1)),
    "answered": Moment("the answer is there, no XCom yet", "-pause"),
    "poll": Moment("polling, in the triggerer", "-poll", arrived=2, state="deferred"),
    "poll-sending": Moment("polling: the triggerer's request is on its way", "-poll", ("request", 2), 2, "deferred"),
    "poll-awaiting": Moment("polling: the triggerer awaits an answer", "-poll", ("answer", 2), 2, "deferred"),
    "poll-worker": Moment("polling, on the worker", "-poll-worker", arrived=2),
    "poll-resumed": Moment("polling: back on the worker, an answer is awaited", "-poll", ("answer", 2), 2),
    "retry": Moment("waiting for a retry, in the triggerer", "-busy", state="deferred"),
    "retry-worker": Moment("waiting for a retry, on the worker", "-busy-worker"),
    "branch": Moment("in the branch task", "-fork", task="ask_branch"),
    "outputs": Moment("in the task `outputs`", "-outputs", task="outputs"),
}
#: Moments that a task tells of itself.
MARKED = ("answered", "branch", "outputs")
ON_WORKER = ("sending", "awaiting", "answered", "poll-worker", "poll-resumed", "retry-worker")
AFTER = ("branch", "outputs")
EVERYWHERE = ("sending", "awaiting", "answered", "poll", "poll-worker", "poll-resumed", "retry", "retry-worker")
IN_TRIGGERER = ("sending", "awaiting", "answered", "poll", "poll-sending", "poll-awaiting", "retry")
MOMENTS_OF = {
    "task": (*ON_WORKER, *AFTER),
    "term": ("sending", "awaiting", "retry-worker"),
    "worker": ON_WORKER,
    "triggerer": IN_TRIGGERER,
    "machine": (*EVERYWHERE, *AFTER),
}


@dataclass(frozen=True)
class Cell:
    """One run that is disturbed.

    :param fault: key of :data:`FAULTS`.
    :param moment: key of :data:`MOMENTS`.
    :param method: of its requests.
    :param extra: what is special about its DAG, in place of what the moment says.
    """

    fault: str
    moment: str
    method: str
    extra: str = ""

    def __str__(self):
        return "-".join(filter(None, (self.fault, self.moment, self.method, self.extra)))

    @property
    def dag_id(self):
        return self.method + (f"-{self.extra}" if self.extra else MOMENTS[self.moment].dag)

    @property
    def key(self):
        """What tells its requests from those of others."""
        return str(self)


def cells():
    """Return all cells, in the order of the page."""
    found = []
    for fault in FAULTS:
        for moment in MOMENTS_OF.get(fault, EVERYWHERE):
            methods = {"poll-sending": ("get",), "poll-awaiting": ("get",), "poll-resumed": ("post",)}
            found += [Cell(fault, moment, method) for method in methods.get(moment, ("get", "post"))]
            if fault == "task" and moment in ("sending", "awaiting"):
                found += [Cell(fault, moment, method) for method in ("put", "delete", "patch")]
            if fault in ("task", "machine") and moment in ("sending", "awaiting"):
                found += [Cell(fault, moment, "post", extra) for extra in ("key", "resend")]
            if fault == "machine" and moment in ("sending", "awaiting"):
                found += [Cell(fault, moment, method, "once") for method in ("get", "post")]
    return found


@dataclass(frozen=True)
class ApiCell:
    """One run whose API fails, with ``retries: 1``.

    :param fault: key of :data:`fault_api.API_FAULTS`.
    :param method: of its request.
    """

    fault: str
    method: str

    def __str__(self):
        return f"api-{self.fault}-{self.method}"

    @property
    def dag_id(self):
        return f"{self.method}-{'nowhere' if self.fault == 'refused' else 'hasty'}"

    @property
    def key(self):
        return f"always-{self.fault}-{self.method}"


def api_cells():
    """Return all cells of failing APIs, in the order of the page."""
    return [ApiCell(fault, method) for fault in API_FAULTS for method in ("get", "post")]


#: The short form: what costs money, and each way of recovering once. A round is killed at the same time.
SHORT = (
    (
        Cell("task", "sending", "post"),
        Cell("task", "awaiting", "post"),
        Cell("task", "awaiting", "post", "key"),
        Cell("task", "answered", "post"),
        Cell("task", "outputs", "post"),
        Cell("term", "awaiting", "post"),
        Cell("worker", "awaiting", "post"),
        Cell("worker", "awaiting", "get"),
        Cell("triggerer", "poll", "get"),
        Cell("triggerer", "poll-awaiting", "get"),
        Cell("triggerer", "retry", "post"),
    ),
    (
        Cell("machine", "awaiting", "post"),
        Cell("machine", "awaiting", "post", "once"),
        Cell("machine", "awaiting", "get"),
        Cell("machine", "answered", "post"),
    ),
)
SHORT_API = (ApiCell("reset", "post"), ApiCell("moved", "get"))
_SIZE = 8


def rounds():
    """Return all cells in rounds that two processors can bear."""
    found = []
    for fault in FAULTS:
        chosen = [cell for cell in cells() if cell.fault == fault]
        found += [chosen[at : at + _SIZE] for at in range(0, len(chosen), _SIZE)]
    return found
