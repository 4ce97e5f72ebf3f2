"""Who may stay connected: so many at once, and whoever asks for nothing gives way first.

Behind every connection stands aiohttp's own protocol; this one only counts, and closes. aiohttp itself closes what has
not sent a whole head of a request within its keep-alive time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, cast

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

_TOLD_EVERY_SECONDS: Final = 60.0
_REFUSED_FROM: Final = 400


class Refusals:
    """What was refused, by reason: told once a minute as numbers, however much it was."""

    def __init__(self) -> None:
        self._counted = Counter[str]()

    def count(self, reason: str) -> None:
        """One more."""
        self._counted[reason] += 1

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await asyncio.sleep(_TOLD_EVERY_SECONDS)
            self.tell()

    def tell(self) -> None:
        """One line, if there is anything to tell, and begin anew."""
        if self._counted:
            log.warning("requests were refused", within_seconds=_TOLD_EVERY_SECONDS, **self._counted)
            self._counted.clear()


class Guard:
    """Keeps the connections of one server."""

    def __init__(self, connections_at_most: int, refusals: Refusals) -> None:
        self._at_most = connections_at_most
        self._refusals = refusals
        self._idle: dict[asyncio.BaseTransport, None] = {}
        """Those on which no request is being answered, longest first."""
        self._busy: set[asyncio.BaseTransport] = set()

    def behind(self, server: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """What the loop is given in place of ``server``, for each new connection."""
        return lambda: _Guarded(server(), self)

    @web.middleware
    async def watch(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Know which connections are being answered, and count what is refused."""
        transport = request.transport
        if transport is not None:
            self._idle.pop(transport, None)
            self._busy.add(transport)
        try:
            answer = await handler(request)
        except web.HTTPException as refused:
            self._count(refused.status)
            raise
        finally:
            if transport in self._busy:
                self._busy.remove(transport)
                self._idle[transport] = None
        self._count(answer.status)
        return answer

    def came(self, transport: asyncio.BaseTransport) -> bool:
        """Whether a new connection may stay: there is room, or somebody gives way who asks for nothing."""
        if len(self._idle) + len(self._busy) >= self._at_most:
            self._refusals.count("too_many_connections")
            longest = next(iter(self._idle), None)
            if longest is None:
                return False
            self.went(longest)
            cast(asyncio.Transport, longest).abort()
        self._idle[transport] = None
        return True

    def went(self, transport: asyncio.BaseTransport) -> None:
        """It is closed."""
        self._idle.pop(transport, None)
        self._busy.discard(transport)

    def _count(self, status: int) -> None:
        if status >= _REFUSED_FROM:
            self._refusals.count(f"status_{status}")


class _Guarded(asyncio.Protocol):
    """Hands everything on to the server's own protocol, once the connection may stay."""

    def __init__(self, behind: asyncio.Protocol, guard: Guard) -> None:
        self._behind = behind
        self._guard = guard
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._guard.came(transport):
            cast(asyncio.Transport, transport).abort()
            return
        self._transport = transport
        self._behind.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._behind.data_received(data)

    def eof_received(self) -> bool | None:
        return self._behind.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        self._behind.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._guard.went(self._transport)
            self._behind.connection_lost(exc)
