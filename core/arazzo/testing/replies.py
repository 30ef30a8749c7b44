"""What a mock answers to a request: decided here, without I/O, from routes, scenario and memory."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

from arazzo.absent import ABSENT
from arazzo.expressions.navigation import member
from arazzo.frozen import dataclass, field
from arazzo.pointer import tokens_of
from arazzo.testing.exchanges import Memory, Received
from arazzo.testing.placeholders import fill
from arazzo.testing.routes import Route
from arazzo.testing.sample_values import Values
from arazzo.testing.scenario import Answer, Behaviour, Condition, Fault, Pattern, Scenario, ScenarioRule, When

_WISH: Final = re.compile(r"(code|status|example)\s*=\s*\"?([\w.-]+)")


@dataclass(frozen=True)
class Reply:
    """A complete answer: what to send, and what to do before or instead.

    :param refused: why the request differs from what the description wants.
    :param token: the token that it issues.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0
    fault: Fault | None = None
    pace: float = 0.1
    size: int | None = None
    refused: tuple[str, ...] = ()
    token: str | None = None


@dataclass
class MockedRequest:
    """One request to one operation, with everything that an answer may depend on.

    :param values: the values in the path.
    :param siblings: the names of all operations of the API.
    :param base: ``http://host:port`` of the mock.
    """

    route: Route
    values: Mapping[str, str]
    request: Received
    behaviour: Behaviour
    scenario: Scenario
    memory: Memory
    siblings: frozenset[str]
    base: str
    key: str = ""
    count: int = 0
    token: str | None = None

    def __post_init__(self) -> None:
        self.key = str(fill(self.behaviour.key, self.look_up) or "")

    @property
    def state(self) -> dict[str, Any]:
        return self.memory.state(self.route.api, self.key)

    def reply(self) -> Reply:
        """Return the scenario's answer, or else the description's."""
        for number, rule in enumerate(self.behaviour.rules):
            if self.holds(rule.when):
                return self._play(rule, number)
        return self.describe(self._preferred())

    def _play(self, rule: ScenarioRule, number: int) -> Reply:
        taken = self.memory.take_turn((self.route.api, self.route.name, number, self.key))
        answer, self.count = rule.answer(taken), taken + 1
        self._remember(answer)
        return self.describe(answer)

    def _remember(self, answer: Answer) -> None:
        api = self.route.api
        if answer.reset is True:
            self.state.clear()
            self.memory.reset_operations(api, self.key, self.siblings - {self.route.name})
        elif answer.reset:
            self.memory.reset_operations(api, self.key, (name.removeprefix(f"{api}.") for name in answer.reset))
        if answer.revoke:
            self.memory.revoke(api, self.request.bearer)
        self.state.update({name: fill(value, self.look_up) for name, value in answer.set_.items()})
        for name, number in answer.add.items():
            self.state[name] = self.state.get(name, 0) + number

    def _preferred(self) -> Answer:
        """Return what the request itself asks for: ``Prefer: code=404, example=gone`` (RFC 7240)."""
        wishes: dict[str, str] = dict(_WISH.findall(self.request.header("Prefer") or ""))
        code = wishes.get("code", wishes.get("status", ""))
        return Answer(status=int(code) if re.fullmatch(r"[1-5]\d\d", code) else None, example=wishes.get("example"))

    def holds(self, when: When) -> bool:
        """Whether all conditions hold."""
        sides = (
            (when.path, "path."),
            (when.query, "query."),
            (when.header, "header."),
            (when.body, "body."),
            (when.state, "state."),
        )
        return all(
            _holds(condition, self.look_up(prefix + name))
            for conditions, prefix in sides
            for name, condition in conditions.items()
        )

    def look_up(self, name: str) -> Any:
        """Return the value of a placeholder."""
        root, _, rest = name.partition(".")
        match root:
            case "path":
                return self.values.get(rest)
            case "query":
                return dict(self.request.pairs).get(rest)
            case "header":
                return self.request.header(rest)
            case "body":
                return _member(self.request.content, rest)
            case "state":
                return self.state.get(rest)
            case "key" | "count" | "base":
                return getattr(self, root)
            case "token":
                return self._issue()
            case "uuid":
                return str(uuid.uuid4())
            case "now":
                return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        return None

    def _issue(self) -> str:
        if self.token is None:
            accepted = self.scenario.credentials.get(self.route.api)
            self.token = self.memory.issue(self.route.api, accepted.lifetime if accepted else None)
        return self.token

    def describe(self, answer: Answer, refused: tuple[str, ...] = ()) -> Reply:
        """Return an answer with everything that the scenario leaves to the description."""
        responses = self.route.description.responses(self.route.operation)
        status = answer.status or success(responses)
        response = _response(responses, status)
        values = Values(self.route.description, self.scenario.seed)
        content_type, media = _media(response)
        headers = _headers(response, values)
        if answer.has_body:
            body = fill(answer.body, self.look_up)
        elif media is not None:
            body = values.media(media, answer.example)
        else:
            body, content_type = None, ""
        if answer.with_ is not None:
            body, content_type = merge_patch(body, fill(answer.with_, self.look_up)), content_type or "application/json"
        if refused:
            body = _explained(body, status, refused)
        filled = {name: _plain(fill(value, self.look_up)) for name, value in answer.headers.items()}
        data, content_type = _encoded(body, content_type, explicit=answer.has_body)
        if content_type and not any(name.lower() == "content-type" for name in filled):
            headers["Content-Type"] = content_type
        return Reply(
            status=status,
            headers={**headers, **filled},
            body=data,
            delay=answer.delay,
            fault=answer.fault,
            pace=answer.pace,
            size=answer.size,
            refused=refused,
            token=self.token,
        )

    def refuse(self, statuses: tuple[int, ...], reasons: tuple[str, ...]) -> Reply:
        """Return a refusal with the first of these statuses that the description has, or else the first of all."""
        known = self.route.description.responses(self.route.operation)
        status = next((status for status in statuses if str(status) in known), statuses[0])
        return self.describe(Answer(status=status), reasons)


def success(responses: Mapping[str, Any]) -> int:
    """Return the status of success in a description: its first, or 200."""
    for status in responses:
        if re.fullmatch(r"2\d\d", str(status)):
            return int(status)
    return next((int(status) for status in responses if re.fullmatch(r"3\d\d", str(status))), 200)


def _response(responses: Mapping[str, dict[str, Any]], status: int) -> dict[str, Any]:
    for name in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
        if name in responses:
            return responses[name]
    return {}


def _media(response: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """Return the media type of the answer, preferably JSON."""
    content: dict[str, dict[str, Any]] = response.get("content") or {}
    name = next((name for name in content if "json" in name), next(iter(content), ""))
    return (name.replace("*/*", "application/json"), content[name]) if name else ("", None)


def _headers(response: Mapping[str, Any], values: Values) -> dict[str, str]:
    """Return the headers that the description requires or has examples of."""
    found = {}
    for name, spec in (response.get("headers") or {}).items():
        if spec.get("required") or "example" in spec:
            found[name] = _plain(spec.get("example", values.value(spec.get("schema", {}), name)))
    return found


def _encoded(body: Any, content_type: str, *, explicit: bool) -> tuple[bytes, str]:
    """Return the bytes of a body and their media type; none for nothing."""
    if body is None and not explicit:
        return b"", ""
    content_type = content_type or ("text/plain" if isinstance(body, str) else "application/json")
    if "json" in content_type or not isinstance(body, str):
        return json.dumps(body, ensure_ascii=False).encode(), content_type
    return body.encode(), content_type


def _explained(body: Any, status: int, reasons: tuple[str, ...]) -> Any:
    """Return an error body with the reasons, if its schema has a place for them."""
    text = "; ".join(reasons)
    if isinstance(body, str):
        return text
    if not isinstance(body, dict) or not body:
        return {"message": text, "status": status}
    changed = dict(body)
    places = [name for name in ("message", "detail", "error", "title", "description") if name in body]
    place = next((name for name in places if isinstance(body[name], str)), None)
    for name in ("code", "status", "statusCode"):
        if isinstance(body.get(name), int):
            changed[name] = status
    return {**changed, place: text} if place else changed


def merge_patch(value: Any, patch: Any) -> Any:
    """Return a value with a merge patch applied (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, item in patch.items():
        if item is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), item)
    return merged


def _member(content: Any, path: str) -> Any:
    tokens = tokens_of(path) if path[:1] == "/" else []
    for token in tokens or filter(None, path.split(".")):
        content = member(content, token)
    return None if content is ABSENT else content


def _holds(condition: Condition, value: Any) -> bool:
    match condition:
        case Pattern():
            return _matches(condition, value)
        case list():
            return any(_same(one, value) for one in condition)
    return _same(condition, value)


def _matches(pattern: Pattern, value: Any) -> bool:
    if pattern.absent is not None and pattern.absent != (value is None):
        return False
    if "other" in pattern.model_fields_set and _same(pattern.other, value):
        return False
    return pattern.matches is None or (value is not None and re.fullmatch(pattern.matches, _plain(value)) is not None)


def _same(one: Any, other: Any) -> bool:
    return one is other if one is None or other is None else _plain(one) == _plain(other)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
