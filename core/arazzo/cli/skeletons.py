"""A document to start with, made from operations of an API description: ``arazzo init``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from arazzo.cli.input_schemas import body_schemas, input_schema, parameter_schemas
from arazzo.document.schemas import mapping, properties_of, property_of, type_of
from arazzo.frozen import dataclass, field
from arazzo.openapi.description import Description
from arazzo.openapi.media import is_json, matching, preferred
from arazzo.openapi.operation import CREDENTIAL_HEADERS, OWN_HEADERS, BodySpec, Operation, SecurityScheme
from arazzo.openapi.schema_slices import folded
from arazzo.pointer import escape

#: States of something unfinished, in lower case and without separators: ``queued``, ``preparing``, ``in-progress``.
_UNFINISHED = re.compile(r"queued|inprogress|scheduled|started|created|new|submitted|accepted|(?!missing$).*ing")
_MOST_OUTPUTS = 5


@dataclass(frozen=True)
class Chosen:
    """An operation that becomes a step.

    :ivar poll: whether the step repeats while its answer says that something is unfinished.
    :ivar branch: whether what follows depends on its answer.
    """

    operation: Operation
    poll: bool = False
    branch: bool = False


@dataclass
class Skeleton:
    """A document under construction.

    :ivar description: the source description.
    :ivar title: of document and workflow.
    :ivar scenario: the mock's answers for the polled operations, by ``source.operationId``.
    """

    description: Description
    title: str
    url: str
    inputs: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    scenario: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.description.name

    @property
    def workflow_id(self) -> str:
        return identifier(self.title).lower() or "workflow"

    def document(self) -> dict[str, Any]:
        """Return the document as a JSON value."""
        last = self.steps[-1]
        outputs = {name: f"$steps.{last['stepId']}.outputs.{name}" for name in last.get("outputs", {})}
        schema = {"type": "object", "required": self.required, "properties": self.inputs}
        workflow = {
            "workflowId": self.workflow_id,
            "summary": self.title,
            "inputs": schema if self.required else {name: schema[name] for name in ("type", "properties")},
            "steps": self.steps,
            "outputs": outputs,
        }
        return {
            "arazzo": "1.0.1",
            "info": {"title": self.title, "version": "0.1.0"},
            "sourceDescriptions": [{"name": self.name, "url": self.url, "type": "openapi"}],
            "workflows": [{name: value for name, value in workflow.items() if value != {}}],
        }


def identifier(text: str) -> str:
    """Return a text as an id: letters, digits, dashes and underscores."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")


def make_skeleton(description: Description, chosen: Sequence[Chosen], title: str, url: str) -> Skeleton:
    """Return a document whose steps call operations, in their order.

    What an operation requires becomes an input of the workflow, or, for a path parameter, an earlier step's output of
    that name.

    :param url: how the document names the description.
    """
    made = Skeleton(description, title, url)
    ids = list(_step_ids(each.operation for each in chosen))
    produced: dict[str, str] = {}
    for at, (step_id, each) in enumerate(zip(ids, chosen, strict=True)):
        answer = _answer(description, each.operation)
        step: dict[str, Any] = {"stepId": step_id}
        if each.operation.summary:
            step["description"] = each.operation.summary
        step.update(_reference(description, each.operation))
        step.update(_request(made, step_id, each.operation, produced))
        if answer.status and not each.branch:
            step["successCriteria"] = [{"condition": f"$statusCode == {answer.status}"}]
        following = ids[at + 1] if at + 1 < len(ids) else None
        if each.poll:
            _poll(made, step, each.operation, answer, following)
        elif each.branch:
            _branch(step, answer, following)
        outputs = list(answer.names)[:_MOST_OUTPUTS]
        if outputs:
            step["outputs"] = {identifier(name): f"$response.body#/{escape(name)}" for name in outputs}
            if "id" in answer.certain:  # of POST /things, for /things/{thingId}
                produced[f"{each.operation.path.rstrip('/')}/"] = f"$steps.{step_id}.outputs.id"
            produced.update({name: f"$steps.{step_id}.outputs.{identifier(name)}" for name in answer.certain})
        made.steps.append(step)
    return made


def _step_ids(operations: Iterable[Operation]) -> Iterator[str]:
    taken: set[str] = set()
    for operation in operations:
        path = re.sub(r"[{}]", "", operation.path)
        wanted = identifier(operation.operation_id or f"{operation.method.lower()}{path}")
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken.add(name)
        yield name


def _reference(description: Description, operation: Operation) -> dict[str, str]:
    if operation.operation_id and len(description.named(operation.operation_id)) == 1:
        return {"operationId": operation.operation_id}
    return {"operationPath": f"{{$sourceDescriptions.{description.name}.url}}#{operation.pointer}"}


# what is sent


def _request(made: Skeleton, step_id: str, operation: Operation, produced: Mapping[str, str]) -> dict[str, Any]:
    parameters = []
    schemas = parameter_schemas(made.description, operation)
    for spec in operation.parameters:
        own = spec.location == "header" and spec.name.lower() in CREDENTIAL_HEADERS | OWN_HEADERS
        if own or operation.is_credential(spec.name, spec.location) or not spec.required:
            continue
        value = _produced(spec.name, operation, produced) if spec.location == "path" else None
        value = value or _input(made, step_id, spec.name, schemas[spec.name, spec.location], required=True)
        parameters.append({"name": spec.name, "in": spec.location, "value": value})
    found: dict[str, Any] = {"parameters": parameters} if parameters else {}
    wanted = preferred([spec.content_type for spec in operation.bodies])
    body = matching(operation.bodies, wanted) if wanted else None
    if body is not None and (operation.body_required or body.required):
        found["requestBody"] = {"contentType": body.content_type, "payload": _payload(made, step_id, operation, body)}
    return found


def _produced(parameter: str, operation: Operation, produced: Mapping[str, str]) -> str | None:
    """Return the earlier output that a path parameter stands for, by its name or by the path before it."""
    return produced.get(parameter) or produced.get(operation.path.partition(f"{{{parameter}}}")[0])


def _payload(made: Skeleton, step_id: str, operation: Operation, body: BodySpec) -> Any:
    """Return the required members, or else all; the whole body as one input if it has no members."""
    whole, members = body_schemas(made.description, operation, body)
    names = [name for name in body.required if name in members] or ([] if body.required else list(members))
    if not names or set(body.required) - members.keys() or "xml" in body.content_type:
        schema = input_schema(made.description, whole)
        return _input(made, step_id, f"{step_id}Body", schema, required=True)
    return {
        name: _input(made, step_id, name, input_schema(made.description, members[name]), required=name in body.required)
        for name in names
    }


def _input(made: Skeleton, step_id: str, name: str, kept: dict[str, Any], *, required: bool) -> str:
    """Return the expression for an input; steps that take the same one share it."""
    wanted = identifier(name) or "value"
    if made.inputs.get(wanted, kept) != kept:
        wanted = f"{step_id}-{wanted}"
    made.inputs[wanted] = kept
    if required and wanted not in made.required:
        made.required.append(wanted)
    return f"$inputs.{wanted}"


# what is answered


@dataclass(frozen=True)
class _Answer:
    """What an operation answers on success.

    :ivar status: None if the description names none.
    :ivar names: members of a JSON object that have plain values.
    :ivar certain: those of them that are always present.
    :ivar state: the member that says how far something is.
    :ivar states: the values it can have.
    :ivar missing: whether 404 is described.
    """

    status: str | None
    names: tuple[str, ...] = ()
    certain: frozenset[str] = frozenset()
    state: str = "status"
    states: tuple[str, ...] = ()
    missing: bool = False


def _answer(description: Description, operation: Operation) -> _Answer:
    responses = description.responses(operation)
    status = next((code for code in responses if re.fullmatch(r"2\d\d", code)), None)
    content = mapping(mapping(responses.get(status or "", responses.get("2XX"))).get("content"))
    media: Any = next((value for kind, value in content.items() if is_json(kind)), {})
    schema = folded(description, mapping(media).get("schema"))
    members = {name: folded(description, value) for name, value in properties_of(schema).items()}
    plain = tuple(name for name, value in members.items() if type_of(value) not in ("object", "array"))
    state = next((name for name in plain if re.search(r"(?i)stat(e|us)$", name)), "status")
    listed = property_of({"properties": members}, state)
    states = tuple(text for text in mapping(listed).get("enum") or () if isinstance(text, str))
    always = frozenset(name for name in schema.get("required") or () if name in plain)
    return _Answer(status, plain, always, state, states, "404" in responses)


def _poll(made: Skeleton, step: dict[str, Any], operation: Operation, answer: _Answer, following: str | None) -> None:
    """Repeat a step while its answer says that something is unfinished."""
    words = {text: re.sub(r"[^a-z]", "", text.lower()) for text in answer.states}
    unfinished = [text for text, word in words.items() if _UNFINISHED.fullmatch(word)] or ["pending"]
    finished = next((text for text in answer.states if text not in unfinished), "completed")
    at = f"$response.body#/{escape(answer.state)}"
    again = {"name": "again", "type": "goto", "stepId": step["stepId"]}
    condition = " || ".join(f"{at} == '{text}'" for text in unfinished)
    over = {"name": "over", "type": "goto", "stepId": following} if following else {"name": "over", "type": "end"}
    step["onSuccess"] = [{**again, "criteria": [{"condition": condition}]}, over]
    step["x-airflow"] = {"poke_interval": 10, "timeout": 3600}
    key = operation.operation_id or f"{operation.method} {operation.path}"
    name = f"{made.name}.{key}" if operation.operation_id else f"{made.name} {key}"
    answers = [{"with": {answer.state: unfinished[0]}, "times": 2}, {"with": {answer.state: finished}}]
    made.scenario[name] = {"rules": [{"answers": answers}]}


def _branch(step: dict[str, Any], answer: _Answer, following: str | None) -> None:
    """Let the next step depend on a step's answer: found, or not."""
    well = f"$statusCode == {answer.status or 200}"
    on = {"type": "goto", "stepId": following} if following else {"type": "end"}
    step["successCriteria"] = [{"condition": f"{well} || $statusCode == 404"}]
    step["onSuccess"] = [
        {"name": "found", **on, "criteria": [{"condition": well}]},
        {"name": "notFound", "type": "end", "criteria": [{"condition": "$statusCode == 404"}]},
    ]


#: Stands where a person must write something.
FILL_IN = "..."


def connection_template(operations: Iterable[Operation], host: str = "") -> dict[str, Any]:
    """Return a connection as JSON (``AIRFLOW_CONN_NAME``), for the first security alternative of each operation.

    :param host: the server; empty for the description's.
    """
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for operation in operations:
        for scheme in operation.security[0] if operation.security else ():
            _add(scheme, fields, extra)
    made = {"conn_type": "arazzo", **({"host": host} if host else {}), **fields}
    return {**made, "extra": extra} if extra else made


def _add(scheme: SecurityScheme, fields: dict[str, Any], extra: dict[str, Any]) -> None:
    match scheme.type:
        case "http" if scheme.scheme == "basic":
            fields.update(login=FILL_IN, password=FILL_IN)
        case "apiKey":
            extra.setdefault("api_keys", {})[scheme.key] = FILL_IN
        case "oauth2" if "clientCredentials" in scheme.flows:
            extra.update(client_id=FILL_IN, client_secret=FILL_IN)
        case "mutualTLS":
            extra.update(cert=FILL_IN, key=FILL_IN)
        case _:
            extra["token"] = FILL_IN
