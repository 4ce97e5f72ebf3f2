"""What a token's pace must not forget over a restart: that it is held, and that it was slowed down."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from broadcasts.pacing import Pacer
from broadcasts.ports import LedgerUnavailable, PaceRecord, PaceStore

log = structlog.get_logger(__name__)


class PaceMemory:
    """Of one bot's token."""

    def __init__(self, bot: str, pacer: Pacer, paces: PaceStore, now: Callable[[], datetime]) -> None:
        self._bot = bot
        self._pacer = pacer
        self._paces = paces
        self._now = now

    async def save(self) -> None:
        """The whole token is held from now on."""
        held_for = self._pacer.held_for()
        log.warning("the token is held", bot=self._bot, seconds=round(held_for, 1))
        held_until = self._now() + timedelta(seconds=held_for)
        await self._paces.save_pace(self._bot, PaceRecord(held_until, self._pacer.rate_per_second))

    async def save_if_possible(self) -> None:
        """The same, where nobody should wait for the database."""
        with suppress(LedgerUnavailable):
            await self.save()

    async def restore(self) -> None:
        """Go on as if there had been no restart: what the time since then has given back is given back."""
        record = await self._paces.load_pace(self._bot)
        if record is None:
            return
        held_for_seconds = (record.held_until - self._now()).total_seconds()
        self._pacer.slow_to(record.rate_per_second, clean_seconds=max(0.0, -held_for_seconds))
        if held_for_seconds > 0.0:
            self._pacer.hold(held_for_seconds)
