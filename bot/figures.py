"""The figures under a bulletin's progress: counted in the database, the rate from one look to the next."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.delivery import DeliveryState
from bulletins.bulletin import BulletinId
from handlers.progress_words import Figures
from storage.counts import count_deliveries

_REMEMBERED_AT_MOST = 1_000


class CountedFigures:
    """The port ``ProgressFigures``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._last: dict[BulletinId, tuple[float, int]] = {}

    async def figures(self, bulletin_id: BulletinId) -> Figures:
        """How many there are in each state now."""
        counts = await count_deliveries(self._engine, bulletin_id)
        sent, reach = counts.get(DeliveryState.SENT, (0, 0))
        return Figures(
            planned=sum(count for count, _ in counts.values()),
            sent=sent,
            failed=counts.get(DeliveryState.FAILED, (0, 0))[0],
            unsure=counts.get(DeliveryState.UNSURE, (0, 0))[0],
            dropped=counts.get(DeliveryState.DROPPED, (0, 0))[0],
            reach=reach,
            rate_per_second=self._rate(bulletin_id, sent),
        )

    def _rate(self, bulletin_id: BulletinId, sent: int) -> float:
        now = asyncio.get_running_loop().time()
        before, then = self._last.get(bulletin_id, (now, sent))
        if len(self._last) >= _REMEMBERED_AT_MOST:
            self._last.clear()
        self._last[bulletin_id] = (now, sent)
        return max(0, sent - then) / (now - before) if now > before else 0.0
