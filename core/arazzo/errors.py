"""What can go wrong: problems in a document, and the errors that are raised.

A *problem* is a finding about a document; there can be many, each with a place. An *error* is raised. A document
that must not run raises one :class:`DocumentError` that carries all its problems.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from arazzo.frozen import dataclass, replace
from arazzo.pointer import tokens_of


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read or written, without the file's name where the system says it apart."""
    return getattr(error, "strerror", None) or str(error)


class Severity(str, Enum):
    """How serious a problem is: an error stops a document from running, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Place:
    """A place in a file.

    :param file: the file's name as the user gave it.
    :param line: line number, from 1; 0 if the place is the file as a whole.
    :param column: column number in characters, from 1.
    :param pointer: RFC 6901 JSON pointer to the value (``""`` is the document).
    :param excerpt: the text of the line, to show above the caret.
    :param width: how many characters the caret marks.
    """

    file: str
    line: int = 0
    column: int = 0
    pointer: str = ""
    excerpt: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __lt__(self, other: Place) -> bool:
        return tuple(vars(self).values()) < tuple(vars(other).values())

    @property
    def path(self) -> str:
        """The pointer in the form for people: ``workflows[0].steps[2].onSuccess[0].stepId``."""
        text = ""
        for name in tokens_of(self.pointer):
            text += f"[{name}]" if name.isdigit() else f".{name}" if text else name
        return text


@dataclass(frozen=True)
class Problem:
    """One finding about a document.

    :param rule: the rule's id, kebab-case (``unknown-step``); a page in docs/rules.md explains each.
    :param severity: error or warning.
    :param place: where it is.
    :param message: one sentence, complete by itself, without secrets.
    :param hint: what to do about it, or the portable spelling.
    """

    rule: str
    severity: Severity
    place: Place
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.severity.value}[{self.rule}]: {self.message}"

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def moved(self, offset: int, width: int = 1) -> Problem:
        """Return the problem with its caret ``offset`` characters further right."""
        place = replace(self.place, column=self.place.column + offset, width=width)
        return replace(self, place=place)

    def render(self) -> str:
        """Return the problem as a compiler prints it: a complete first line, then the path, an excerpt and a caret."""
        lines = [str(self)]
        if self.place.path:
            lines.append(f"  at {self.place.path}")
        if self.place.excerpt:
            number = str(self.place.line)
            lines.append(f"{number} | {self.place.excerpt}")
            caret = " " * max(self.place.column - 1, 0) + "^" * max(self.place.width, 1)
            lines.append(f"{' ' * len(number)} | {caret}" + (f" {self.hint}" if self.hint else ""))
        elif self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)


class ArazzoError(Exception):
    """The base class of all errors that this package raises on purpose."""


class DocumentError(ArazzoError):
    """A document that must not run, with one or more problems, sorted by place; its text begins with an error."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.place, problem.rule)))
        errors_first = sorted(self.problems, key=lambda problem: not problem.is_error)
        super().__init__("\n".join(problem.render() for problem in errors_first))

    @property
    def without_text(self) -> str:
        """Why a file that another one names cannot be used, without any of its text: it may be in any folder."""
        first = self.problems[0]
        if first.rule in ("unreadable-file", "invalid-value", "yaml-limits"):  # these quote nothing
            return first.message
        return f"the file cannot be used ({first.rule}, line {first.place.line})"


class ExpressionSyntaxError(ArazzoError):
    """Text that is not a runtime expression, condition or selector.

    :param message: what is wrong, one sentence.
    :param text: the whole text that was read.
    :param offset: where in ``text``, in characters from 0.
    :param hint: what to write instead.
    """

    def __init__(self, message: str, text: str, offset: int = 0, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.text, self.offset, self.hint = message, text, offset, hint


class EvaluationError(ArazzoError):
    """A value that cannot be evaluated: it is absent where one is needed, or the data has another shape."""


class AbsentError(EvaluationError):
    """A value that is absent although a text embeds it."""


class UnreadableError(EvaluationError):
    """An expression that leads into an unreadable answer, although a value is needed (:class:`~.absent.Unreadable`).

    :param reason: why the value is unreadable; ``origin`` says where it came from.
    """

    def __init__(self, message: str, reason: str = "", origin: str = "") -> None:
        super().__init__(message)
        self.reason, self.origin = reason or message, origin


class GaveUpError(ArazzoError):
    """The engine stopped for reasons of its own: a limit of time, size, depth or numbers.

    The result is unknown, which is not false: the step fails, and no action is tried, neither of this step nor of a
    caller (docs/semantics.md, 1). It is not an EvaluationError, so that code that turns those into absent or false does
    not catch it.

    :param limit: which limit, with its value and the setting that raises it, one clause.
    """

    def __init__(self, limit: str) -> None:
        super().__init__(f"gave up: {limit}")
        self.limit = limit


class InputError(ArazzoError):
    """Inputs that were refused before the first request; ``messages`` has a sentence for each finding."""

    def __init__(self, messages: Iterable[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("; ".join(self.messages))


class RequestError(ArazzoError):
    """A request that cannot be built; nothing was sent."""


class TransportError(ArazzoError):
    """A request without an answer: the network, TLS, a timeout, or an answer that was cut off or too large.

    :param kind: ``connect``, ``timeout``, ``tls``, ``reset``, ``too-large``, ``protocol``, ``closed`` (see
        :class:`ClosedError`), or ``token`` where there is no token to send it with.
    :param maybe_sent: whether the server may have received the request.
    :param visits: the URLs that answered before that, as in :class:`~arazzo.exchange.Response`.
    """

    def __init__(self, kind: str, message: str, *, maybe_sent: bool = True, visits: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.kind, self.maybe_sent, self.visits = kind, maybe_sent, visits


class ClosedError(TransportError):
    """A request that is put off: the API has asked all who share its budget to wait.

    :param until: POSIX time.
    """

    def __init__(self, message: str, until: float) -> None:
        super().__init__("closed", f"{message}; nothing was sent", maybe_sent=False)
        self.until = until


class RecordingError(ArazzoError):
    """A recording that cannot be read, or that does not answer a request."""


class ConnectionSettingsError(ArazzoError):
    """A connection with an invalid field, or with a file that cannot be used; nothing was sent."""


class UnsupportedError(ArazzoError):
    """Something valid that this package does not run (an AsyncAPI step)."""
