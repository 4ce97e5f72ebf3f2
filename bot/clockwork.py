"""The clock: APScheduler's ticks, each holding an id at most, lead to use cases. All truth is in the database.

At start the timers are rebuilt from it. A tick too many does no harm: what it asks for is a conditional change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from broadcasts.lifecycle import Desk
from bulletins.bulletin import BulletinId

log = structlog.get_logger(__name__)

_NIGHT_HOUR = 3
_LOOKED_AGAIN = timedelta(minutes=1)


Chore = Callable[[datetime], Awaitable[object]]
"""Something done once a night, or every minute; it is given the time it is."""


class Clockwork:
    """Timers of scheduled bulletins, and the nightly round. ``run`` is a task the supervisor owns.

    ``minutely`` is what is looked after every minute.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        chores: Sequence[Chore],
        now: Callable[[], datetime],
        minutely: Sequence[Chore] = (),
    ) -> None:
        self._scheduler = AsyncIOScheduler(timezone=zone)
        self._chores = chores
        self._minutely = [*minutely]
        self._now = now
        self._desk: Desk | None = None

    def serve(self, desk: Desk) -> None:
        """Whose bulletins are started: the desk needs our ``set_timer`` before we can know it."""
        self._desk = desk

    def also_every_minute(self, chore: Chore) -> None:
        """One more, of those who need the clock before they can be known to it."""
        self._minutely.append(chore)

    def set_timer(self, bulletin_id: BulletinId, moment: datetime) -> None:
        """Start this bulletin at ``moment``; one timer a bulletin."""
        self._scheduler.add_job(
            self._start,
            "date",
            run_date=max(moment, self._now()),
            args=[bulletin_id],
            id=f"start:{bulletin_id}",
            replace_existing=True,
            misfire_grace_time=None,
        )

    async def run(self) -> None:
        """Tick until cancelled."""
        self._scheduler.add_job(
            self._rebuild, "interval", seconds=_LOOKED_AGAIN.total_seconds(), id="rebuild"
        )
        self._scheduler.add_job(self.minute, "interval", seconds=_LOOKED_AGAIN.total_seconds(), id="minute")
        self._scheduler.add_job(self.night, "cron", hour=_NIGHT_HOUR, id="night", misfire_grace_time=None)
        self._scheduler.start()
        try:
            await self._rebuild()
            await asyncio.Event().wait()
        finally:
            self._scheduler.shutdown(wait=False)

    async def _rebuild(self) -> None:
        """Every minute, too: another process may have scheduled something."""
        if self._desk is None:
            return
        for bulletin_id, moment in await self._desk.schedule_to_rebuild():
            self.set_timer(bulletin_id, moment)

    async def _start(self, bulletin_id: BulletinId) -> None:
        if self._desk is not None:
            log.info("a scheduled bulletin is due", bulletin_id=bulletin_id)
            await self._desk.start_due(bulletin_id)

    async def minute(self) -> None:
        """What is looked after all day."""
        await self._do(self._minutely)

    async def night(self) -> None:
        """What is looked after when few are awake."""
        await self._do(self._chores)

    async def _do(self, chores: Sequence[Chore]) -> None:
        """One chore that fails must not keep the others from being done."""
        for chore in chores:
            try:
                await chore(self._now())
            except Exception:
                log.exception("a chore failed")
