"""The pace of one sender: how long it waits before its first request and between two requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from arazzo import clock
from arazzo.engine.actions import asked_wait
from arazzo.engine.messages import duration
from arazzo.errors import ClosedError
from arazzo.exchange import Response
from arazzo.limits import current_limits

#: Statuses whose ``Retry-After`` applies to all requests to an API, and not only to this one.
_CLOSED: Final = (429, 503)
#: How long the sender itself waits for an API that is closed; for longer times the request is put off.
_SHORT: Final = 3.0


class Closing:
    """The time until which an API has asked its senders to wait, for those in this process."""

    def __init__(self) -> None:
        self._until = 0.0

    def until(self) -> float:
        """Return the POSIX time; it is in the past if the API is open."""
        return self._until

    def close(self, until: float) -> None:
        """Note that the API has asked to wait until then; the time never moves back."""
        self._until = max(self._until, until)

    async def until_async(self) -> float:
        """Return what :meth:`until` does, without blocking the event loop."""
        return self.until()

    async def close_async(self, until: float) -> None:
        """Note what :meth:`close` does, without blocking the event loop."""
        self.close(until)


class Pace:
    """The seconds before each request of one sender, of whatever kind: a redirect, a token, another try.

    They count from its making, and from when the last request had its answer or failed. So the server sees them no
    closer to each other, however long they are on their way.

    :param closing: knows, for all senders, when the API may be asked again.
    """

    def __init__(self, seconds: float, closing: Closing | None = None) -> None:
        self.seconds, self.closing = seconds, closing or Closing()
        self.restart()

    def restart(self) -> None:
        """Count from now."""
        self._since = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until the next request may be sent."""
        return max(self._since + self.seconds - time.monotonic(), 0.0)

    def take_turn(self) -> None:
        """Wait until the next request may be sent.

        :raises ClosedError: if the API has asked to wait for longer.
        """
        closed = _short(self.closing.until())  # this may take a while, so it comes first and counts as waiting
        clock.sleep(max(self.left, closed))

    async def take_turn_async(self) -> None:
        """Wait as :meth:`take_turn` does, on the event loop."""
        closed = _short(await self.closing.until_async())
        await clock.sleep_async(max(self.left, closed))

    def heed(self, response: Response) -> None:
        """Make all senders wait if an answer asks for it."""
        if (seconds := closed_for(response)) > 0:
            self.closing.close(clock.now() + seconds)

    async def heed_async(self, response: Response) -> None:
        """Do what :meth:`heed` does, without blocking the event loop."""
        if (seconds := closed_for(response)) > 0:
            await self.closing.close_async(clock.now() + seconds)


def _short(until: float) -> float:
    """Return the seconds until a time, if they are few.

    :raises ClosedError: otherwise.
    """
    left = max(until - clock.now(), 0.0)
    if left <= _SHORT:
        return left
    raise ClosedError(f"the API asks all who share its budget to wait {duration(round(left))}", until)


def closed_for(response: Response) -> float:
    """Return how many seconds an answer asks all who share a budget to wait; 0 if it does not ask.

    That is ``Retry-After`` of an answer with status 429 or 503, and the time until there are requests again if
    ``RateLimit`` says that none is left (draft-ietf-httpapi-ratelimit-headers); if it does not say when, the window of
    that policy in ``RateLimit-Policy``. The form of earlier drafts, ``remaining=0, reset=30``, is read too. It is no
    more than the limit ``asked_wait``.
    """
    waits = [0.0]
    if response.status in _CLOSED:
        waits.append(asked_wait(response, clock.now()) or 0.0)
    windows = {name: parameters.get("w", 0) for name, parameters in _policies(response, "RateLimit-Policy")}
    plain: dict[str, str] = {}
    for name, parameters in _policies(response, "RateLimit"):
        plain.update([name.partition("=")[::2]])
        if parameters.get("r") == 0:
            waits.append(parameters.get("t", windows.get(name, 0)))
    if plain.get("remaining") == "0":
        waits.append(_number(plain.get("reset", "")) or 0)
    return min(max(waits), current_limits().asked_wait)


def _policies(response: Response, name: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the members of a header that is a list (RFC 9651, 3.1), each with its numeric parameters."""
    text = ",".join(value for key, value in response.headers if key.lower() == name.lower())
    for member in text.split(","):
        own, *parameters = (part.strip() for part in member.split(";"))
        numbers = ((key, _number(value)) for key, _, value in (each.partition("=") for each in parameters))
        yield own, {key: number for key, number in numbers if number is not None}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None
