"""A gate before a mock: it holds a request back before the mock gets it, or the answer after the mock has given it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Gate:
    """An ASGI application around another. What is held goes on when its key is released.

    A request whose sender has died before that never reaches the application.

    :ivar holds: what is held by key: ``request`` or ``answer``, and of which request, counted from 1.
    """

    app: object
    holds: dict[str, tuple[str, int]] = field(default_factory=dict)
    arrived: Counter = field(default_factory=Counter)
    released: set[str] = field(default_factory=set)

    async def __call__(self, scope, receive, send):
        key = scope["path"].rsplit("/", 1)[-1]
        self.arrived[key] += not scope["path"].startswith("/open/")
        what, number = self.holds.get(key, ("", 0))
        held = what if self.arrived[key] >= number else ""
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())

        async def replay():
            return messages.pop(0) if messages else await receive()

        async def late(message):
            if held == "answer":
                await self.release(key)
            await send(message)

        if held != "request" or await self._survives(key, receive):
            await self.app(scope, replay, late)

    async def release(self, key):
        while key not in self.released:  # noqa: ASYNC110 - by another thread
            await asyncio.sleep(0.05)

    async def _survives(self, key, receive):
        """Wait for the release; say whether the sender is still there then."""
        gone = asyncio.ensure_future(receive())
        await asyncio.wait([gone, freed := asyncio.ensure_future(self.release(key))], return_when="FIRST_COMPLETED")
        alive = not gone.done()
        for task in (gone, freed):
            task.cancel()
        return alive
