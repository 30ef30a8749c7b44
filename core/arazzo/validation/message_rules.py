"""Rules about steps that send or receive messages: the operation or channel of an AsyncAPI description is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from arazzo.absent import ABSENT
from arazzo.document.models import SourceDescription, Step
from arazzo.errors import DocumentError, Problem
from arazzo.expressions import apply_pointer
from arazzo.validation.validation_context import Subject

_OPERATION = re.compile(r"\$sourceDescriptions\.(?P<name>[^.]+)\.(?P<rest>.+)")
_CHANNEL = re.compile(r"\{?\$sourceDescriptions\.(?P<name>[^.}]+)(?:\.url)?\}?#(?P<rest>/.*)")


def check_messages(subject: Subject) -> Iterator[Problem]:
    """Find steps whose AsyncAPI operation or channel does not exist (Step Object, ``channelPath``)."""
    for _, step in subject.steps():
        if step.workflow_id is not None or not subject.is_asyncapi(step):
            continue
        field = "channelPath" if step.channel_path is not None else "operationId"
        pattern, text = (_CHANNEL, step.channel_path) if step.channel_path is not None else (_OPERATION, _named(step))
        match = pattern.fullmatch(text) if text is not None else None
        yield from _misplaced(subject, step, match["name"] if match is not None else None)
        if match is not None:
            yield from _missing(subject, match["name"], match["rest"], f"{step.at}/{field}")


def _misplaced(subject: Subject, step: Step, source: str | None) -> Iterator[Problem]:
    """Find fields of messages on a step that has to do with none, or with the other kind (Step Object)."""
    kinds = {item.name: _kind(subject, item) for item in subject.loaded.document.source_descriptions}
    here = f"step '{step.step_id}'"
    if step.channel_path is not None and step.action is None:
        message = f"{here} has a 'channelPath' and needs 'action'"
        yield subject.error("missing-field", f"{step.at}/channelPath", message, "write 'action: send' or 'receive'")
    if step.channel_path is not None and kinds.get(source or "") in ("openapi", "arazzo"):
        message = f"'channelPath' of {here} leads into '{source}', which is not an AsyncAPI description"
        yield subject.error("invalid-value", f"{step.at}/channelPath", message)
    if step.channel_path is None and (kinds.get(source or "") == "openapi" or set(kinds.values()) == {"openapi"}):
        message = f"'action' is of a step that sends or receives a message, and {here} sends a request"
        yield subject.error("conflicting-fields", f"{step.at}/action", message, "leave it out")
    if step.action == "send" and step.correlation_id is not None:
        message = f"'correlationId' is what a received message is known by, and {here} sends one"
        yield subject.error("conflicting-fields", f"{step.at}/correlationId", message, "leave it out")


def _kind(subject: Subject, source: SourceDescription) -> str | None:
    try:
        return subject.sources.kind(source)
    except DocumentError:
        return None  # a problem of its own


def _named(step: Step) -> str | None:
    return step.operation_id if step.operation_path is None else None


def _missing(subject: Subject, name: str, rest: str, at: str) -> Iterator[Problem]:
    known = {source.name: source for source in subject.loaded.document.source_descriptions}
    if name not in known:
        yield subject.error(
            "unknown-operation", at, f"there is no source description '{name}'", subject.near(name, known)
        )
        return
    data = _data(subject, known[name])
    if data is None:
        return
    if rest.startswith("/"):
        if apply_pointer(data, rest, decode=True) is ABSENT:
            yield subject.error("unknown-operation", at, f"there is nothing at '{rest}' in source '{name}'")
    elif rest not in (operations := list(_operations(data))):
        message = f"there is no operation '{rest}' in source '{name}'"
        yield subject.error("unknown-operation", at, message, subject.near(rest, operations))


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
