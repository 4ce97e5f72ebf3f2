"""The connections to one platform's server: kept, used again, and never more than so many.

Nobody waits here for a free one: a request has its slot by now, and would leave beside the next.

A request costs a fraction of what a general HTTP client takes for it, and of each it is known whether it has begun;
``benchmarks/processor_time.py`` measures it. See docs/decisions/0010.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from broadcasts.delivery import NO_ROOM, NOT_OURS
from platforms.connection import Answer, Connection, NotBegun
from platforms.patience import Patience

Dial = Callable[[], Awaitable[Connection]]
"""Opens a connection. Raises NotBegun."""


# Shorter than the server's patience with idle connections, or we would write into one that is just closing.
_IDLE_SECONDS = 15.0


def always() -> bool:
    """For a process that is alone: nobody else sends for its tokens."""
    return True


class Connections:
    """``exchange`` requests for answers; whoever makes it closes it. Needs a running loop."""

    def __init__(self, dial: Dial, at_most: int, answer_seconds: float) -> None:
        """``at_most``: one more request than these, at the same time, is NotBegun.

        ``answer_seconds``: how long an answer is waited for once its request is written.
        """
        self._dial = dial
        self._at_most = at_most
        self._in_use = 0
        self._patience = Patience(answer_seconds)
        self._idle: list[tuple[Connection, float]] = []
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def exchange(self, request: bytes, may_go: Callable[[], bool] = always) -> Answer:
        """The answer to a whole HTTP request. Raises NotBegun and Broken.

        ``may_go`` is asked right before the first byte; a no is NotBegun with the reason ``NOT_OURS``.
        """
        if self._in_use >= self._at_most:
            raise NotBegun(NO_ROOM)
        self._in_use += 1
        try:
            connection = self._idle_one() or await self._dial()
            try:
                if not may_go():
                    raise NotBegun(NOT_OURS)
                return await self._ask(connection, request)
            finally:
                self._keep(connection)
        finally:
            self._in_use -= 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """All that are idle; those in use end with their requests."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        while self._idle:
            self._idle.pop()[0].close()
        await asyncio.sleep(0)  # the transports say goodbye in the next round

    async def _ask(self, connection: Connection, request: bytes) -> Answer:
        asked = connection.ask(request)
        self._patience.begin(asked)
        try:
            return await asked
        finally:
            self._patience.end(asked)

    def _idle_one(self) -> Connection | None:
        """The one used last: the others may grow old and be closed."""
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while self._idle:
            connection, since = self._idle.pop()
            if connection.is_free and since > oldest:
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection) -> None:
        """For the next request; one that is spoilt or still hears of an earlier request is closed."""
        if not connection.is_free or self._is_closed:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        self._idle.append((connection, loop.time()))
        if self._sweeping is None:
            self._sweeping = loop.call_later(_IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Close those that nobody has used for long."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - _IDLE_SECONDS
        old = [connection for connection, since in self._idle if since <= oldest]
        del self._idle[: len(old)]
        for connection in old:
            connection.close()
        self._sweeping = loop.call_later(_IDLE_SECONDS, self._sweep) if self._idle else None
