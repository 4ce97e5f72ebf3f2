"""How much is handled at a time: rooms with so many places, left by whoever only waits.

A chat is answered once a second. Who waits for that would hold a place that others could use, so they step aside.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar


class Room:
    """So many places, and so many who may enter in a second. ``stepping_aside`` finds the place by itself."""

    def __init__(self, places: int, entered_per_second: float = math.inf) -> None:
        self._places = asyncio.Semaphore(places)
        self._apart_seconds = 1.0 / entered_per_second
        self._next_at = -math.inf

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it until the end."""
        place = _Place(self._places)
        await place.take()
        before = _PLACE.set(place)
        try:
            await self._pace()
            yield
        finally:
            _PLACE.reset(before)
            place.leave()

    async def _pace(self) -> None:
        now = asyncio.get_running_loop().time()
        at = max(self._next_at, now)
        self._next_at = at + self._apart_seconds
        if at > now:
            await asyncio.sleep(at - now)


class _Place:
    """One place in a room; several tasks of one handler may be aside at once."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._is_held = False
        self._is_over = False
        self._aside = 0

    async def take(self) -> None:
        await self._places.acquire()
        self._is_held = True
        if self._is_over:  # whoever came back from aside was left behind by its handler
            self._give_up()

    def leave(self) -> None:
        self._is_over = True
        self._give_up()

    @asynccontextmanager
    async def given_up(self) -> AsyncIterator[None]:
        self._aside += 1
        self._give_up()
        try:
            yield
        finally:
            self._aside -= 1
        if not self._aside and not self._is_held:
            await self.take()

    def _give_up(self) -> None:
        if self._is_held:
            self._is_held = False
            self._places.release()


_PLACE: ContextVar[_Place | None] = ContextVar("place", default=None)


@asynccontextmanager
async def stepping_aside() -> AsyncIterator[None]:
    """Let others have this task's place meanwhile. Without a place nothing happens."""
    place = _PLACE.get()
    if place is None:
        yield
        return
    async with place.given_up():
        yield
