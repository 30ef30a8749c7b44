"""Rules about steps that send or receive messages: whether their AsyncAPI operation or channel exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from arazzo.absent import ABSENT
from arazzo.document.models import SourceDescription, Step
from arazzo.errors import DocumentError, Problem
from arazzo.expressions.navigation import apply_pointer
from arazzo.openapi.operation_lookup import UnresolvedOperation, find_operation
from arazzo.validation.validation_context import Subject

_OPERATION = re.compile(r"\$sourceDescriptions\.(?P<name>[^.]+)\.(?P<rest>.+)")
_SOURCE = re.compile(r"\{?\$sourceDescriptions\.(?P<name>[^.}#]+)")
_CHANNEL = re.compile(r"\{?\$sourceDescriptions\.(?P<name>[^.}]+)(?:\.url)?\}?#(?P<rest>/.*)")


def check_messages(subject: Subject) -> Iterator[Problem]:
    """Find steps whose AsyncAPI operation or channel does not exist (Step Object, ``channelPath``)."""
    kinds = {item.name: _kind(subject, item) for item in subject.loaded.document.source_descriptions}
    for _, step in subject.steps():
        if step.action is not None or step.correlation_id is not None:
            yield from _misplaced(subject, step, kinds)
        if step.workflow_id is not None or not subject.is_asyncapi(step):
            continue
        field = "channelPath" if step.channel_path is not None else "operationId"
        named = step.operation_id if step.operation_path is None else None
        pattern, text = (_CHANNEL, step.channel_path) if step.channel_path is not None else (_OPERATION, named)
        match = pattern.fullmatch(text) if text is not None else None
        if step.channel_path is not None:
            yield from _channel(subject, step, kinds.get(match["name"]) if match is not None else None)
        if match is not None:
            yield from _missing(subject, match["name"], match["rest"], f"{step.at}/{field}")


def _channel(subject: Subject, step: Step, kind: str | None) -> Iterator[Problem]:
    """Find what is missing for a channel: an action, or a description that has channels."""
    if step.action is None:
        message = f"step '{step.step_id}' has a 'channelPath' and needs 'action'"
        yield subject.problem("missing-field", f"{step.at}/channelPath", message, "write 'action: send' or 'receive'")
    if kind in ("openapi", "arazzo"):
        message = f"'channelPath' of step '{step.step_id}' leads into a description that is not an AsyncAPI one"
        yield subject.problem("invalid-value", f"{step.at}/channelPath", message)


def _misplaced(subject: Subject, step: Step, kinds: Mapping[str, str | None]) -> Iterator[Problem]:
    """Find fields of messages on a step that has no message, or a message of the other kind (Step Object)."""
    does = _other_than_a_message(subject, step, kinds)
    for field, value in (("action", step.action), ("correlationId", step.correlation_id)):
        if does and value is not None:
            message = f"'{field}' belongs to steps that send or receive messages, and step '{step.step_id}' {does}"
            yield subject.problem("conflicting-fields", f"{step.at}/{field}", message, "leave it out")
    if not does and step.action == "send" and step.correlation_id is not None:
        message = f"'correlationId' identifies a received message, and step '{step.step_id}' sends one"
        yield subject.problem("conflicting-fields", f"{step.at}/correlationId", message, "leave it out")


def _other_than_a_message(subject: Subject, step: Step, kinds: Mapping[str, str | None]) -> str | None:
    """Return what a step does that involves no message; None if it may involve one."""
    if step.workflow_id is not None:
        return "calls a workflow"
    reference = step.operation_id or step.operation_path
    if step.channel_path is not None or reference is None:
        return None
    named = _SOURCE.match(reference)
    possible = {kinds.get(named["name"])} if named is not None else set(kinds.values())
    if possible != {"openapi"}:
        descriptions = (_data(subject, item) or {} for item in subject.loaded.document.source_descriptions)
        messages = [name for data in descriptions for name in _operations(data)]
        if named is not None or reference in messages:
            return None
        try:
            find_operation(step.operation_id, step.operation_path, subject.descriptions, subject.dialect)
        except (UnresolvedOperation, DocumentError):
            return None
    return "sends a request"


def _kind(subject: Subject, source: SourceDescription) -> str | None:
    try:
        return subject.sources.kind(source)
    except DocumentError:
        return None  # a problem of its own


def _missing(subject: Subject, name: str, rest: str, at: str) -> Iterator[Problem]:
    known = {source.name: source for source in subject.loaded.document.source_descriptions}
    if name not in known:
        yield subject.problem(
            "unknown-operation", at, f"there is no source description '{name}'", subject.near(name, known)
        )
        return
    data = _data(subject, known[name])
    if data is None:
        return
    if rest.startswith("/"):
        if apply_pointer(data, rest, decode=True) is ABSENT:
            yield subject.problem("unknown-operation", at, f"there is nothing at '{rest}' in source '{name}'")
    elif rest not in (operations := list(_operations(data))):
        message = f"there is no operation '{rest}' in source '{name}'"
        yield subject.problem("unknown-operation", at, message, subject.near(rest, operations))


def _data(subject: Subject, source: SourceDescription) -> dict[str, Any] | None:
    try:
        data = subject.sources.raw(source.name).data if subject.sources.kind(source) == "asyncapi" else None
    except DocumentError:
        return None  # a problem of its own
    return data if isinstance(data, dict) else None


def _operations(data: dict[str, Any]) -> Iterator[str]:
    """Yield the names of operations: of AsyncAPI 3, and the operationIds of AsyncAPI 2."""
    operations, channels = data.get("operations"), data.get("channels")
    yield from operations if isinstance(operations, dict) else ()
    for channel in channels.values() if isinstance(channels, dict) else ():
        for kind in ("publish", "subscribe"):
            operation = channel.get(kind) if isinstance(channel, dict) else None
            if isinstance(operation, dict) and isinstance(operation.get("operationId"), str):
                yield operation["operationId"]
