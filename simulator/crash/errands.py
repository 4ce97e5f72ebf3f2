"""What a person wants done: an update from the chat platform, which comes again until it was handled wholly.

That lasts longer than a process: what one has not confirmed is the next one's to handle.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Hashable

from sqlalchemy.exc import SQLAlchemyError

from simulator.crash.evidence import Evidence
from simulator.crash.virtual_time import VirtualClock

DATABASE_TROUBLE = (SQLAlchemyError, sqlite3.OperationalError)
REDELIVERY_SECONDS = 0.5


class Errands:
    """Which were handled. It outlives the processes."""

    def __init__(self, clock: VirtualClock, evidence: Evidence) -> None:
        self._clock = clock
        self._evidence = evidence
        self.confirmed: set[Hashable] = set()

    async def carry_out(self, errand: Hashable, at: float, perform: Callable[[], Awaitable[None]]) -> None:
        """At its time, and again until it is handled."""
        if errand not in self.confirmed:
            await asyncio.sleep(max(0.0, at - self._clock.seconds))
        while errand not in self.confirmed:
            try:
                await perform()
                if not self._evidence.is_alive:  # what a dead process does is confirmed to nobody
                    return
                self.confirmed.add(errand)
            except DATABASE_TROUBLE:  # the update was not confirmed, so the platform brings it again
                await asyncio.sleep(REDELIVERY_SECONDS)
