"""The clock of one process: what the product's own does, on the run's time. All truth is in the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import datetime

from broadcasts.lifecycle import Desk
from bulletins.bulletin import BulletinId
from simulator.crash.errands import DATABASE_TROUBLE
from simulator.crash.virtual_time import VirtualClock

LOOKED_AGAIN_SECONDS = 1.0
"""A minute with the product; a run is shorter, and its hours are."""


class Timers:
    """Rebuilt at start and every second. A tick that fails is left to the next look."""

    def __init__(self, clock: VirtualClock, starts: datetime) -> None:
        self._clock = clock
        self._starts = starts
        self._handles: dict[BulletinId, asyncio.TimerHandle] = {}
        self._ticks: asyncio.TaskGroup | None = None
        self._desk: Desk | None = None

    def set_timer(self, bulletin_id: BulletinId, moment: datetime) -> None:
        """One a bulletin; a moment that is past is now."""
        if self._ticks is None:
            return
        if bulletin_id in self._handles:
            self._handles[bulletin_id].cancel()
        at = max(self._clock.seconds, (moment - self._starts).total_seconds())
        self._handles[bulletin_id] = asyncio.get_running_loop().call_at(at, self._fire, bulletin_id)

    async def run(self, desk: Desk) -> None:
        """Tick until cancelled."""
        async with asyncio.TaskGroup() as ticks:
            with self._ticking(desk, ticks):
                while True:
                    with contextlib.suppress(*DATABASE_TROUBLE):
                        for bulletin_id, moment in await desk.schedule_to_rebuild():
                            self.set_timer(bulletin_id, moment)
                    await asyncio.sleep(LOOKED_AGAIN_SECONDS)

    @contextlib.contextmanager
    def _ticking(self, desk: Desk, ticks: asyncio.TaskGroup) -> Iterator[None]:
        self._desk, self._ticks = desk, ticks
        try:
            yield
        finally:
            self._ticks = None
            for handle in self._handles.values():
                handle.cancel()

    def _fire(self, bulletin_id: BulletinId) -> None:
        if self._ticks is not None:
            self._ticks.create_task(self._tick(bulletin_id))

    async def _tick(self, bulletin_id: BulletinId) -> None:
        if self._desk is not None:
            with contextlib.suppress(*DATABASE_TROUBLE):
                await self._desk.start_due(bulletin_id)
