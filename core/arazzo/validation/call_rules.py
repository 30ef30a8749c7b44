"""Which workflow calls which, here and in other documents: circles, and calls that multiply."""

from __future__ import annotations

from collections import deque

from arazzo.document.control import named_workflows
from arazzo.document.scc import strongly_connected
from arazzo.errors import DocumentError
from arazzo.limits import current_limits
from arazzo.validation.reachability import Ways
from arazzo.validation.validation_context import Subject, Target

#: A longer circle of workflows is not named in full.
LONGEST_CIRCLE = 100


def identity(target: Target) -> str:
    """Return a name for a workflow that no workflow of another document has."""
    return f"{target.subject.loaded.source.uri}#{target.workflow.workflow_id}"


class Calls:
    """The calls between the workflows of a document, and on into the documents that they lead to.

    :param subject: the document.
    """

    def __init__(self, subject: Subject) -> None:
        self.ids: dict[str, str] = {}
        self.called: dict[str, list[str]] = {}
        self.ways: Ways = self._follow(subject)
        groups = list(strongly_connected(self.ways))  # called workflows come before their callers
        self.group = {name: place for place, group in enumerate(groups) for name in group}
        self.members = [len(group) for group in groups]
        self.sizes: dict[str, tuple[int, int]] = {}
        for group in groups:
            self._measure(group)

    def _follow(self, subject: Subject) -> Ways:
        ways: dict[str, dict[str, None]] = {}
        waiting = [Target(subject, workflow) for workflow in subject.workflows]
        while waiting:
            target = waiting.pop()
            name = identity(target)
            if name in ways:
                continue
            called = [item for reference, _ in named_workflows(target.workflow) if (item := _called(target, reference))]
            self.ids[name] = target.workflow.workflow_id
            self.called[name] = list(map(identity, called))
            ways[name] = dict.fromkeys(self.called[name])
            waiting.extend(called)
        return ways

    def _measure(self, group: tuple[str, ...]) -> None:
        below = [
            self.sizes[name]
            for member in group
            for name in self.called[member]
            if self.group[name] != self.group[member]
        ]
        number = min(1 + sum(size for size, _ in below), current_limits().calls + 1)
        depth = 1 + max((depth for _, depth in below), default=0)
        self.sizes.update(dict.fromkeys(group, (number, depth)))

    def circle(self, caller: str, called: str) -> list[str] | None:
        """Return the ids along a circle of calls from a workflow back to itself; None if a call is not part of one."""
        if self.group[caller] != self.group[called]:
            return None
        if self.members[self.group[caller]] > LONGEST_CIRCLE:
            return [self.ids[caller], self.ids[called], "...", self.ids[caller]]
        before, todo = {called: caller}, deque([called])
        while caller not in before:
            name = todo.popleft()
            for further in self.ways[name]:
                if self.group[further] == self.group[caller] and further not in before:
                    before[further] = name
                    todo.append(further)
        way = [caller]
        while (name := before[way[-1]]) != caller:
            way.append(name)
        return [self.ids[name] for name in (caller, *reversed(way))]

    def excess(self, name: str) -> str | None:
        """Say how a workflow calls too much; None if it does not."""
        number, depth = self.sizes[name]
        limits = current_limits()
        if number > limits.calls:
            return f"calls more than {limits.calls:,} workflows, each counted as often as it is called (calls)"
        most = limits.call_depth
        return f"calls workflows {depth} deep, more than {most} (call_depth)" if depth > most else None


def _called(target: Target, reference: str) -> Target | None:
    try:
        return target.subject.target(reference)
    except DocumentError:
        return None
