"""The bell: how the pumps call for whoever tells people (``bot/notices.py``), without waiting for them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from bulletins.bulletin import BulletinId

log = structlog.get_logger(__name__)


class Bell:
    """The port ``Notices``. It may be rung long before somebody hears it."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._pumps_in_vain = 0
        self.storage_trouble: str | None = None
        """Why nothing can be written; None while all is well."""

    def bulletin_halted(self, bulletin_id: BulletinId) -> None:
        """The progress board says it, from the bulletin's own row; here it is only logged."""
        log.warning("a bulletin was halted", bulletin_id=bulletin_id)

    def channel_in_trouble(self) -> None:
        """A member is to be told."""
        self._rung.set()

    def storage_failed(self, what: str) -> None:
        """Nothing can be written; a pump's sending has stopped."""
        self._pumps_in_vain += 1
        self.storage_trouble = what
        self._rung.set()

    def storage_recovered(self) -> None:
        """Writing works again for one pump, or it has ended; over is over when no other one asks in vain."""
        self._pumps_in_vain -= 1
        if self._pumps_in_vain == 0:
            self.storage_trouble = None
            self._rung.set()

    def line_failed(self, bot: str, because: str) -> None:
        """The platform does not answer this bot, or refuses its token: a row says so, for every process."""
        self._rung.set()

    def line_recovered(self, bot: str) -> None:
        """It answers again, and the row is gone."""
        self._rung.set()

    def answer(self) -> None:
        """Somebody has heard it, and looks now."""
        self._rung.clear()

    async def rung(self, seconds: float) -> None:
        """Wait until it is rung, but no longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
