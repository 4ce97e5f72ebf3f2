"""The figures under a bulletin's progress: counted in the database, the rate from one look to the next.

A million deliveries take a good part of a second to count. So the next count waits in proportion to what the last
ones took: however many there are, counting costs a few percent of the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from broadcasts.delivery import DeliveryState
from bulletins.bulletin import BulletinId
from handlers.progress_words import Figures

Count = Callable[[BulletinId], Awaitable[tuple[Mapping[DeliveryState, int], int]]]
"""How many deliveries of a bulletin are in each state, and the members of the channels that have it."""

_REMEMBERED_AT_MOST = 1_000
_SHARE_OF_THE_TIME = 0.03
_LONGEST_INTERVAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Counted:
    figures: Figures
    begun: float
    took_seconds: float


class CountedFigures:
    """The port ``ProgressFigures``."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._last: dict[BulletinId, _Counted] = {}

    async def figures(self, bulletin_id: BulletinId, *, is_final: bool = False) -> Figures:
        """How many there are in each state, as counted a short while ago; now, for the last time."""
        last = None if is_final else self._last.get(bulletin_id)
        if last is not None and _now() < last.begun + self._interval_seconds:
            return last.figures
        begun = _now()
        counts, reach = await self._count(bulletin_id)
        figures = Figures(
            planned=sum(counts.values()),
            sent=counts[DeliveryState.SENT],
            failed=counts[DeliveryState.FAILED],
            unsure=counts[DeliveryState.UNSURE],
            dropped=counts[DeliveryState.DROPPED],
            reach=reach,
            rate_per_second=self._rate(bulletin_id, counts[DeliveryState.SENT], begun),
        )
        self._remember(bulletin_id, None if is_final else _Counted(figures, begun, _now() - begun))
        return figures

    @property
    def _interval_seconds(self) -> float:
        """How long a count is good for, so that all of them together keep to their share."""
        took_seconds = sum(counted.took_seconds for counted in self._last.values())
        return min(took_seconds / _SHARE_OF_THE_TIME, _LONGEST_INTERVAL_SECONDS)

    def _remember(self, bulletin_id: BulletinId, counted: _Counted | None) -> None:
        self._last.pop(bulletin_id, None)
        if len(self._last) >= _REMEMBERED_AT_MOST:
            self._last.clear()
        if counted is not None:
            self._last[bulletin_id] = counted

    def _rate(self, bulletin_id: BulletinId, sent: int, now: float) -> float:
        last = self._last.get(bulletin_id)
        if last is None or now <= last.begun:
            return 0.0
        return max(0, sent - last.figures.sent) / (now - last.begun)


def _now() -> float:
    return asyncio.get_running_loop().time()
