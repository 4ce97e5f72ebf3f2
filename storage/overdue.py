"""Ending what no pump ends: bulletins whose time ran out while they were paused, and rows of bots that are gone.

A pump clears away the rows of its own bot while its bulletin is being sent. Whatever is still open some minutes
after the end has nobody who will ever send it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.broadcast import BROADCAST_TRANSITIONS, BroadcastState
from broadcasts.delivery import DeliveryState
from bulletins.bulletin import BulletinId
from storage.committer import Committer
from storage.consequences import MAY_BE_GIVEN_UP, never_sent
from storage.ledger import INTERRUPTED
from storage.steps import may_leave
from storage.tables import bulletins, deliveries, is_queued, is_sending, milliseconds

_LEFT_TO_THE_PUMPS = timedelta(minutes=5)
_STOPPED_LATELY = timedelta(days=1)
_ENDED_AT_ONCE = 100
_DROPPED_AT_ONCE = 5_000

_b, _d = bulletins.c, deliveries.c
_GOING_ON = tuple(
    state.value
    for state in (BroadcastState.SENDING, BroadcastState.PAUSED)
    if BroadcastState.DONE in BROADCAST_TRANSITIONS[state]
)


class Overdue:
    """What is over and has not ended, in one database."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer

    async def end(self, now: datetime) -> int:
        """End some of it; of how many bulletins. Called every minute, it ends all."""
        found = await self._find(now)
        for bulletin in found:
            await self._committer.write(partial(_end, bulletin=bulletin, now=now))
        return len(found)

    async def _find(self, now: datetime) -> Sequence[BulletinId]:
        long_ago = now - _LEFT_TO_THE_PUMPS
        has_open_rows = exists().where(_d.bulletin_id == _b.id, or_(is_queued, is_sending))
        is_stopped = and_(
            _b.state == BroadcastState.STOPPED.value,
            _b.finished_at.between(now - _STOPPED_LATELY, long_ago),
            has_open_rows,
        )
        expired = and_(_b.state.in_(_GOING_ON), _b.expires <= long_ago)
        async with self._engine.connect() as connection:
            found = await connection.scalars(
                select(_b.id).where(or_(expired, is_stopped)).order_by(_b.id).limit(_ENDED_AT_ONCE)
            )
            return [BulletinId(one) for one in found]


async def _end(connection: AsyncConnection, bulletin: BulletinId, now: datetime) -> None:
    """Rows in the queue are dropped, those nobody heard of are unsure, and with the last of them it is done.

    Why it had been halted stays: that its time ran out settles nothing, and the next of its series asks.
    """
    state = await connection.scalar(select(_b.state).where(_b.id == bulletin))
    reason = "stopped" if state == BroadcastState.STOPPED.value else "expired"
    some = select(_d.id).where(_d.bulletin_id == bulletin, MAY_BE_GIVEN_UP).limit(_DROPPED_AT_ONCE)
    await connection.execute(update(deliveries).where(_d.id.in_(some)).values(never_sent(reason, now)))
    lost = and_(
        _d.bulletin_id == bulletin,
        may_leave(DeliveryState.SENDING, DeliveryState.UNSURE),
        _d.lease_until <= milliseconds(now - _LEFT_TO_THE_PUMPS),
    )
    unsure = {"state": DeliveryState.UNSURE.value, "reason": INTERRUPTED, "lease_until": None}
    await connection.execute(
        update(deliveries).where(lost).values(unsure | {"settled_at": milliseconds(now)})
    )
    is_open = exists().where(_d.bulletin_id == bulletin, or_(is_queued, is_sending))
    await connection.execute(
        update(bulletins)
        .where(_b.id == bulletin, _b.state.in_(_GOING_ON), ~is_open)
        .values(state=BroadcastState.DONE.value, finished_at=now)
    )
