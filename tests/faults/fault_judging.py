"""What must hold of an ending, whatever was killed."""

from fault_api import API_FAULTS
from fault_cells import AFTER

UNKNOWN = "may have reached the server"
#: Faults after which nobody can know the answer to a request that was under way.
DEADLY = ("task", "worker", "machine")
IDEMPOTENT = ("get", "put", "delete")


def wrongs(cell, ending):
    """Return what is wrong with how a disturbed run has ended."""
    good = ending.run == "success"
    found = _common(cell.key, ending)
    if cell.fault == "term":
        found += _unless(good and ending.tries == 1, "Airflow asks the task to stop, and it goes on to its end")
        found += _unless(ending.sent == (2 if "retry" in cell.moment else 1), "not sent twice")
    elif _was_not_started(cell, ending):
        most = {"retry": 2, "retry-worker": 2, "poll-resumed": 2}.get(cell.moment, 1)
        found += _unless(cell.method in IDEMPOTENT or "poll" in cell.dag_id or ending.sent <= most, "not sent twice")
    elif cell.method in IDEMPOTENT:
        found += _unless(good, "a request that is idempotent is repeated, and the run succeeds")
        found += _unless(cell.moment not in AFTER or ending.sent == 1, "later tasks repeat no request")
    elif cell.extra in ("key", "resend"):
        found += _unless(good, "a request that may be repeated is, and the run succeeds")
        found += _unless(ending.sent <= ending.tries, "once for each start")
        found += _unless(cell.extra != "key" or ending.keys == 1, "the same idempotency key")
    else:
        found += _unsafe(cell, ending)
    return found


def _was_not_started(cell, ending):
    """Say whether Airflow, without its API server, could not start the task as often as it may: no fault of ours."""
    return cell.fault == "api-server" and ending.run == "failed" and ending.tries == 3 and not ending.message


def _unsafe(cell, ending):
    good = ending.run == "success"
    found = _unless(good or UNKNOWN in ending.message, "a failure says what is not known")
    match cell.moment:
        case "sending" | "awaiting":
            found += _unless(ending.sent <= 1 and ending.arrived == 1, "not sent twice")
            if cell.fault in DEADLY:
                found += _unless(not good, "nobody has seen the answer: the run fails")
        case "answered" | "branch" | "outputs":
            found += _unless(ending.sent == 1, "not sent twice")
            found += _unless(good, "the recorded answer is used")
        case "poll-resumed" if cell.fault in DEADLY:
            found += _unless(ending.sent == 2, "not sent twice")
            found += _unless(not good, "nobody has seen the answer: the run fails")
        case "poll" | "poll-worker" | "poll-resumed":
            found += _unless(not good or ending.sent == ending.rounds, "once for each round")
        case _:
            found += _unless(ending.sent == 2, "the request and its retry, each sent once")
            found += _unless(good, "the recorded answer is used, and the retry sent")
    return found


def api_wrongs(cell, ending):
    """Return what is wrong with how a run has ended whose API has failed."""
    found = _common("landed" if cell.fault == "moved" else cell.key, ending)
    fault = API_FAULTS[cell.fault]
    if cell.fault == "moved" and cell.method == "get":
        return found + _unless(ending.run == "success" and ending.sent == 1, "a GET is redirected")
    found += _unless(ending.run == "failed", "the run fails")
    found += _unless(fault.message in ending.message, "the failure says why")
    if cell.fault == "refused":
        return found + _unless(ending.sent == 0, "nothing was sent")
    again = (cell.method == "get" or fault.answered) and cell.fault != "huge"
    repeated = "`retries` repeat what is safe or was answered, no more, and nothing where a limit was reached"
    return found + _unless(ending.sent == (2 if again else 1), repeated)


def _common(mark, ending):
    found = _unless(ending.run in ("success", "failed"), "the run has ended")
    found += _unless((ending.run == "success") == (ending.task == "success"), "the run is as good as its task")
    return found + _unless((ending.run == "success") == (ending.mark == mark), "a green run has the answer")


def _unless(holds, rule):
    return [] if holds else [rule]
