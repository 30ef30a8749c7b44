"""A mock of APIs as an ASGI application, made from their descriptions and a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from arazzo.errors import DocumentError, Problem, TransportError
from arazzo.exchange import Request, Response
from arazzo.openapi.description import Description
from arazzo.openapi.sources import load_description
from arazzo.pointer import to_pointer
from arazzo.source.text import load_source
from arazzo.testing.checks import Schemas, check_body, check_parameters, check_security
from arazzo.testing.exchanges import Memory, Received, Record, Recorded
from arazzo.testing.faults import deliver
from arazzo.testing.replies import MockedRequest, Reply
from arazzo.testing.routes import Found, Route, find_route, list_routes
from arazzo.testing.scenario import Behaviour, Scenario, load_scenario

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

#: The path below which the mock has pages of its own.
OWN: Final = "/__mock__"
_STRANGER: Final = Behaviour()

Descriptions = Mapping[str, str | Path | Description]


class MockApi:
    """Answers like the APIs of the descriptions, as a scenario says, and records the requests.

    An operation is found by its path, with or without the path of the description's server before it, and with or
    without the API's name before that: ``/aqua/api/v1/login``, ``/api/v1/login`` and ``/v1/login`` are the same.
    ``GET /__mock__/requests`` (``?key=``, ``?operation=``, ``?api=``) returns the record, ``DELETE`` clears it;
    ``DELETE /__mock__/state`` resets the scenario.

    :param descriptions: descriptions or their files, by the API's name.
    :param scenario: a scenario or its file; without one, every operation succeeds as its description says.
    :raises DocumentError: if a file cannot be read, or the scenario names operations that do not exist.
    """

    def __init__(self, descriptions: Descriptions, scenario: Scenario | str | Path | None = None) -> None:
        self.scenario = load_scenario(scenario) if isinstance(scenario, (str, Path)) else scenario or Scenario()
        self.descriptions = {name: _load(name, description) for name, description in descriptions.items()}
        self.routes = list_routes(self.descriptions)
        self._schemas = {name: Schemas(description) for name, description in self.descriptions.items()}
        self.record = Record()
        self.memory = Memory(self.scenario.seed)
        self._behaviours = _assign(self.scenario, self.routes)

    def reset(self) -> None:
        """Forget the record, all progress, state and tokens."""
        self.record.clear()
        self.memory.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3.0)."""
        if scope["type"] != "http":
            await _refuse_scope(scope, receive, send)
            return
        received, base = await _receive(scope, receive, send)
        if received.raw_path.startswith(OWN):
            await self._serve_own_path(received, scope, receive, send)
            return
        entry = self.record.add(received)
        reply = self.answer(entry, base)
        await deliver(reply, scope, receive, send)

    def send(self, request: Request) -> Response:
        """Answer a request in this process, without a socket: for ``run_local(..., send=api.send)``.

        Delays are skipped. A request of a source that is one of the APIs goes to that API.

        :raises TransportError: if the scenario wants a fault.
        """
        parts = urlsplit(request.url)
        received = Received(request.method, parts.path, parts.query, request.headers, request.body or b"")
        api = request.source if request.source in self.descriptions else None
        reply = self.answer(self.record.add(received), api=api)
        if reply.fault not in (None, "slow"):
            raise TransportError("timeout" if reply.fault == "hang" else "reset", f"the mock played {reply.fault}")
        body = reply.body if reply.size is None else b"x" * reply.size
        return Response(reply.status, tuple(reply.headers.items()), body, reply.delay)

    def answer(self, entry: Recorded, base: str = "http://mock", api: str | None = None) -> Reply:
        """Return the answer to a recorded request, and complete its record.

        :param base: the address of the mock.
        :param api: the name of the API that is meant; None finds it by the path.
        """
        routes = [route for route in self.routes if api in (None, route.api)]
        found = find_route(routes, entry.request)
        if found.route is None:
            reply = _unknown(entry.request, found, routes)
            self.record.amend(entry.number, status=reply.status, refused=reply.refused)
            return reply
        route = found.route
        case = MockedRequest(
            route=route,
            values=found.values,
            request=entry.request,
            behaviour=self._behaviours.get((route.api, route.operation.pointer), _STRANGER),
            scenario=self.scenario,
            memory=self.memory,
            siblings=frozenset(other.name for other in self.routes if other.api == route.api),
            base=base,
        )
        reply = self._refusal(case) or case.reply()
        broken = reply.fault in ("reset", "hang", "garbage")
        self.record.amend(
            entry.number,
            api=route.api,
            operation=route.name,
            key=case.key,
            path=dict(found.values),
            status=None if broken else reply.status,
            fault=reply.fault,
            refused=reply.refused,
            token=reply.token,
        )
        self.record.used(entry.request.bearer, case.key)
        return reply

    def _refusal(self, case: MockedRequest) -> Reply | None:
        """Return the refusal of a request that differs from what the description demands."""
        checks, operation = self.scenario.checks, case.route.operation
        if checks.security != "none" and case.behaviour.security and not case.behaviour.issues_token:
            accepted = self.scenario.credentials.get(case.route.api) if checks.security == "right" else None
            reason = check_security(operation, case.request, accepted, self.memory.valid_tokens(case.route.api))
            if reason:
                return case.refuse((401,), (reason,))
        if checks.requests:
            reasons = (
                *check_parameters(operation, case.request, case.values),
                *check_body(self._schemas[case.route.api], operation, case.request),
            )
            if reasons:
                return case.refuse((400, 422), reasons)
        return None

    async def _serve_own_path(self, received: Received, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.responses import JSONResponse, Response

        wishes = dict(received.pairs)
        match received.method, received.raw_path.removeprefix(OWN).strip("/"):
            case "GET", "requests":
                entries = self.record.of(wishes.get("key"), wishes.get("operation"), wishes.get("api"))
                response: Response = JSONResponse({"requests": [entry.to_json() for entry in entries]})
            case "DELETE", "requests":
                self.record.clear()
                response = Response(status_code=204)
            case "DELETE", "state":
                self.memory.clear()
                response = Response(status_code=204)
            case "GET", "":
                response = JSONResponse({"scenario": self.scenario.title, "apis": list(self.descriptions)})
            case _:
                response = JSONResponse({"message": f"the mock knows GET and DELETE {OWN}/requests"}, 404)
        await response(scope, receive, send)


def _load(name: str, description: str | Path | Description) -> Description:
    if isinstance(description, Description):
        return description
    return load_description(load_source(description), name)


def _assign(scenario: Scenario, routes: Iterable[Route]) -> dict[tuple[str, str], Behaviour]:
    """Return the behaviours by API and pointer of the operation.

    :raises DocumentError: if a named operation does not exist, or the name fits several.
    """
    known = tuple(routes)
    served = {route.api for route in known}
    assigned: dict[tuple[str, str], Behaviour] = {}
    problems: list[Problem] = []
    for name, behaviour in scenario.operations.items():
        api = name.replace(" ", ".").partition(".")[0]
        if api in scenario.apis and api not in served:
            continue
        found = [route for route in known if name in _names(route)]
        if len(found) == 1:
            assigned[found[0].api, found[0].operation.pointer] = behaviour
            continue
        pointer = to_pointer(["operations", name])
        choices = [f"{route.api}.{route.name}" for route in found or known]
        rule, message = ("ambiguous-operation", "could be several") if found else ("unknown-operation", "is in no API")
        hint = f"write {' or '.join(choices)}" if found else f"there are {', '.join(choices[:20])}"
        problems.append(scenario.problem(rule, pointer, f"operation '{name}' {message}", hint))
    if problems:
        raise DocumentError(problems)
    return assigned


def _names(route: Route) -> set[str]:
    """Return the names that a scenario may use for an operation."""
    operation = route.operation
    by_path = f"{operation.method} {operation.path}"
    names = {by_path, f"{route.api} {by_path}"}
    if operation.operation_id:
        names |= {operation.operation_id, f"{route.api}.{operation.operation_id}"}
    return names


def _unknown(request: Received, found: Found, routes: Iterable[Route]) -> Reply:
    """Return the answer to a request that fits no operation."""
    import json

    if found.allowed:
        reason = f"{request.method} is not known here"
        headers = {"Allow": ", ".join(found.allowed)}
    else:
        paths = dict.fromkeys(f"{route.operation.method} {route.operation.path}" for route in routes)
        reason = f"no operation has the path {request.raw_path}; there are {', '.join(list(paths)[:20])}"
        headers = {}
    body = json.dumps({"message": reason}).encode()
    headers["Content-Type"] = "application/json"
    return Reply(405 if found.allowed else 404, headers, body, refused=(reason,))


async def _receive(scope: Scope, receive: Receive, send: Send) -> tuple[Received, str]:
    from urllib.parse import quote

    from starlette.requests import Request

    request = Request(scope, receive, send)
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    received = Received(
        method=request.method,
        raw_path=raw_path.partition(b"?")[0].decode("latin-1"),
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        body=await request.body(),
    )
    return received, str(request.base_url).rstrip("/")


async def _refuse_scope(scope: Scope, receive: Receive, send: Send) -> None:
    """Take part in the server's start and end; refuse anything that is not HTTP."""
    if scope["type"] != "lifespan":
        await send({"type": "websocket.close"})
        return
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
