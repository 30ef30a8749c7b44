"""Airflow's REST API for tests and the demo: trigger, watch, read results."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import requests

ENDED = frozenset({"success", "failed"})
Answer = TypeVar("Answer")


class AirflowRest:
    """Talk to an Airflow whose simple auth manager lets everybody in as an administrator.

    :param base_url: for example ``http://127.0.0.1:8080``.
    :param troubles: returns what happened to the components, for the message if a run does not end.
    """

    def __init__(self, base_url: str, troubles: Callable[[], str] = str) -> None:
        self.base_url = base_url
        self._troubles = troubles
        self._session: requests.Session | None = None

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Send one request below ``/api/v2`` and return the JSON of its answer.

        :raises requests.RequestException: if there is no answer, or its status is 400 or higher.
        """

        def ask(session: requests.Session) -> requests.Response:
            return session.request(method, f"{self.base_url}/api/v2{path}", json=body, params=query, timeout=30)

        response = ask(self._session or self._login())
        if response.status_code == 401:
            response = ask(self._login())
        if response.status_code == 500 and method == "GET":  # SQLite: "database is locked"
            response = ask(self._session or self._login())
        if response.status_code >= 400:
            import requests

            text = f"{method} {path} -> {response.status_code}: {response.text[:600]}"
            raise requests.HTTPError(text, response=response)
        return response.json() if response.content else None

    def health(self) -> dict[str, str]:
        """Return each component's status by name, without logging in; empty if nothing listens."""
        return {name: str(state.get("status")) for name, state in self._monitor().items()}

    def heartbeats(self) -> dict[str, str]:
        """Return when each component last gave a sign of life, by name; empty if nothing listens."""
        return {name: str(state.get(f"latest_{name}_heartbeat") or "") for name, state in self._monitor().items()}

    def _monitor(self) -> dict[str, dict[str, Any]]:
        import requests

        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(f"{self.base_url}/api/v2/monitor/health", timeout=5).json()
        except (requests.RequestException, ValueError):
            return {}
        return {name: state or {} for name, state in answer.items()}

    def dag_ids(self) -> set[str]:
        """Return the ids of the DAGs that are there."""
        return {dag["dag_id"] for dag in self.call("GET", "/dags", limit=100)["dags"] if not dag.get("is_stale")}

    def import_errors(self) -> list[str]:
        """Return the messages of the DAG files that cannot be imported."""
        return [error["stack_trace"] for error in self.call("GET", "/importErrors")["import_errors"]]

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run and return its id.

        The request is repeated with the same id while the database is locked (SQLite) or no answer comes.
        """
        run_id = f"manual__{uuid.uuid4()}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        for pause in (0.2, 0.5, 1, 2, 4, None):
            try:
                self.call("POST", f"/dags/{dag_id}/dagRuns", body)
                break
            except OSError as error:  # what requests raises
                if "-> 409" in str(error):
                    break  # the answer was lost, the run was not
                if not re.search("Database error|timed out", str(error)) or pause is None:
                    raise
                time.sleep(pause)
        return run_id

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run: its ``state``, ``start_date``, ``end_date``, ``conf`` ..."""
        run: dict[str, Any] = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")
        return run

    def wait(self, dag_id: str, run_id: str, limit: float = 120, interval: float = 0.3) -> dict[str, Any]:
        """Return the run when it has ended; wait if the API server does not answer, or restarts.

        :raises TimeoutError: if it has not after ``limit`` seconds, with the states of its tasks and what happened to
            Airflow's components.
        """
        deadline = time.monotonic() + limit
        while (run := self.if_answered(self.run, dag_id, run_id)) is None or run["state"] not in ENDED:
            if time.monotonic() > deadline:
                states = self.if_answered(self.task_states, dag_id, run_id)
                text = f"{dag_id} {run_id} still {run['state']}: {states}" if run else "the API server does not answer"
                raise TimeoutError("\n".join(filter(None, [text, self._troubles()])))
            time.sleep(interval)
        return run

    def if_answered(self, ask: Callable[..., Answer], *about: str) -> Answer | None:
        """Return the answer to a question; None if the API server is not there, or says that it is at fault."""
        import requests

        try:
            return ask(*about)
        except (requests.ConnectionError, requests.Timeout):
            return None
        except requests.HTTPError as error:
            if error.response is None or error.response.status_code < 500:
                raise
            return None

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the run's task instances, ordered by their start."""
        found = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=100)["task_instances"]
        return sorted(found, key=lambda task: (task["start_date"] is None, task["start_date"] or ""))

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of each task by id, ordered by their start."""
        return {task["task_id"]: task["state"] for task in self.tasks(dag_id, run_id)}

    def all_runs(self) -> dict[tuple[str, str], str]:
        """Return the states of the newest hundred runs by DAG and run id, in one request."""
        found = self.call("GET", "/dags/~/dagRuns", limit=100, order_by="-run_after")["dag_runs"]
        return {(run["dag_id"], run["dag_run_id"]): run["state"] for run in found}

    def busy_tasks(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Return, by DAG and run id, a task of the run that runs or waits in the triggerer, and its state."""
        path = "/dags/~/dagRuns/~/taskInstances"
        found = self.call("GET", path, limit=100, state=["running", "deferred"])["task_instances"]
        return {(task["dag_id"], task["dag_run_id"]): (task["task_id"], task["state"]) for task in found}

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return an XCom's value; None if the task left none."""
        import requests

        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        try:
            return self.call("GET", path)["value"]
        except requests.HTTPError as error:
            if "-> 404" in str(error):
                return None
            raise

    def task_log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """Return the log of one try of a task, a line for each event."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        return "\n".join(_line(entry) for entry in self.call("GET", path)["content"])

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _login(self) -> requests.Session:
        import requests

        self.close()
        session = requests.Session()
        session.trust_env = False  # no proxy between us and 127.0.0.1
        token = session.get(f"{self.base_url}/auth/token", timeout=30)
        token.raise_for_status()
        session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        self._session = session
        return session


def _line(entry: Any) -> str:
    """Return one entry of a task's log as text: its event, and the type and value of an exception that it carries."""
    if not isinstance(entry, dict):
        return str(entry)
    causes = [f"{cause.get('exc_type')}: {cause.get('exc_value')}" for cause in entry.get("error_detail") or ()]
    return "\n".join([str(entry.get("event")), *causes])
