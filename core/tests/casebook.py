"""The case folders under core/tests/cases: a document, and runs of it as scripts of requests, answers and waits.

A case is executed every way there is; each way must send the same requests in the same order, wait as long, and end
with the same outputs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from arazzo.document.settings import Settings
from arazzo.engine import load_plan
from arazzo.errors import ClosedError, TransportError
from arazzo.exchange import Request, Response, header
from arazzo.expressions.context import Dialect
from arazzo.flow import Options, Plan
from arazzo.json_values import read_json_value

CASES = Path(__file__).parent / "cases"
BASE = "https://api.example.test/v1"
#: Settings that a run may have.
SETTINGS = ("unmatched", "timeout", "max_rounds", "poke_interval", "tolerate", "contract")


@dataclass(frozen=True)
class Case:
    """One run of a case folder's document.

    :ivar meanwhile: what a DAG sends and waits beyond the script, whose steps run side by side: another has failed.
    :ivar drift: what the records of its steps say against the API's description.
    :ivar limits: limits of the process, by name.
    """

    folder: Path
    name: str
    inputs: dict[str, Any]
    script: list[dict[str, Any]]
    status: str
    outputs: dict[str, Any] | None = None
    message: str = ""
    workflow: str | None = None
    settings: Settings = field(default_factory=Settings)
    meanwhile: list[dict[str, Any]] = field(default_factory=list)
    dialect: Dialect = "lenient"
    drift: list[str] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def document(self) -> Path:
        return self.folder / "workflow.arazzo.yaml"

    @property
    def plan(self) -> Plan:
        """The plan of its workflow, compiled once for all runs alike."""
        return _plan(
            self.document, self.workflow or "main", self.dialect, self.settings.model_dump_json(exclude_unset=True)
        )

    def __str__(self) -> str:
        return f"{self.folder.name}: {self.name}"


@cache
def _plan(document: Path, workflow: str, dialect: Dialect, settings: str) -> Plan:
    return load_plan(document, workflow, Options(dialect=dialect, settings=Settings.model_validate_json(settings)))


def folders() -> list[Path]:
    """Return the case folders in order."""
    return sorted(path.parent for path in CASES.glob("*/workflow.arazzo.yaml"))


def cases() -> list[Case]:
    """Return every run of every case folder."""
    return [case for folder in folders() for case in _read(folder)]


def _read(folder: Path) -> list[Case]:
    entries = yaml.load((folder / "runs.yaml").read_text(), yaml.CSafeLoader)
    return [
        Case(
            folder=folder,
            name=entry["name"],
            inputs=entry["inputs"],
            script=entry["script"],
            status=entry["status"],
            outputs=read_json_value(entry["outputs_text"]) if "outputs_text" in entry else entry.get("outputs"),
            message=entry.get("message", ""),
            workflow=entry.get("workflow"),
            settings=Settings(**{key: entry[key] for key in SETTINGS if key in entry}),
            meanwhile=entry.get("meanwhile", []),
            dialect=entry.get("dialect", "lenient"),
            drift=entry.get("drift", []),
            limits=entry.get("limits", {}),
        )
        for entry in entries
    ]


def sent_cookie(request: Request) -> str:
    """Return what a request has as ``Cookie`` when it is sent."""
    return header(request.sent_headers, "Cookie") or ""


class Script:
    """Plays a case's API and clock: answers as written, and fails on any request or wait that is not in the script.

    An entry's ``body`` is what was sent as JSON, ``body_text`` as text. Answers are ``json``, ``text``, or ``bytes`` as
    Latin-1; a header with a list comes several times. ``cookie`` is what is sent as that header, empty for nothing;
    ``closed`` for how many seconds the API has asked all to wait, so that nothing is sent.

    :param in_order: whether requests and waits have to come in the order of the script.
    """

    def __init__(self, script: list[dict[str, Any]], *, in_order: bool = True) -> None:
        self.left = list(script)
        self.in_order = in_order
        self.now = 1_000_000.0

    def clock(self) -> float:
        return self.now

    def send(self, request: Request) -> Response:
        assert self.left, f"the script has ended, but {request.method} {request.url} was sent"
        line = f"{request.method} {request.url.removeprefix(BASE)}"
        entry = self._next("request", line)
        assert "request" in entry, f"expected {entry}, but {request.method} {request.url} was sent"
        assert line == entry["request"]
        if "body" in entry:
            assert json.loads(request.body or b"null") == entry["body"]
        if "body_text" in entry:
            assert (request.body or b"").decode() == entry["body_text"]
        for name, value in entry.get("headers_sent", {}).items():
            assert header(request.headers, name) == value
        if "cookie" in entry:
            assert sent_cookie(request) == entry["cookie"]
        if "closed" in entry:
            raise ClosedError("the API asks to wait", self.now + entry["closed"])
        if "error" in entry:
            raise TransportError("connect", entry["error"])
        text = entry["bytes"].encode("latin-1") if "bytes" in entry else entry.get("text", "").encode()
        content = json.dumps(entry["json"]).encode() if "json" in entry else text
        given = {"Content-Type": "application/json", **entry.get("headers", {})}
        headers = [(k, v) for k, value in given.items() for v in (value if isinstance(value, list) else [value])]
        return Response(entry["status"], tuple(headers), content, 0.001)

    def sleep(self, seconds: float) -> None:
        assert self.left, f"the script has ended, but a wait of {seconds} s was asked for"
        entry = self._next("wait", seconds)
        assert "wait" in entry, f"expected {entry}, but a wait of {seconds} s was asked for"
        assert seconds == entry["wait"]
        self.now += seconds

    def _next(self, name: str, value: Any) -> dict[str, Any]:
        """Take the entry that has its turn: the next, or the first that there is of this kind."""
        fitting = [] if self.in_order else [at for at, entry in enumerate(self.left) if entry.get(name) == value]
        return self.left.pop(fitting[0] if fitting else 0)

    def finished(self) -> None:
        assert not self.left, f"never came to {self.left}"
