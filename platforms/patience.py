"""How long an answer is waited for: one timer for all requests instead of one for each.

All wait equally long, so whoever came first loses patience first. A timer for each request, which nearly always is
cancelled, would cost as much as writing the request does.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from platforms.connection import Broken

TOO_LATE: Final = "no_answer_in_time"


class Patience:
    """Ends what has waited for ``seconds``, with Broken; a little later, never earlier."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # In the order in which they came, and so of these times.
        self._until: dict[asyncio.Future[Any], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, asked: asyncio.Future[Any]) -> None:
        """It is waited for from now on; ``end`` it in any case."""
        loop = asyncio.get_running_loop()
        self._until[asked] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look)

    def end(self, asked: asyncio.Future[Any]) -> None:
        """It is waited for no longer."""
        self._until.pop(asked, None)

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._until:
            asked, until = next(iter(self._until.items()))
            if until > now:
                self._timer = loop.call_at(until, self._look)
                return
            del self._until[asked]
            if not asked.done():
                asked.set_exception(Broken(TOO_LATE))
