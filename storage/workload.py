"""Which bots have something to send or to clear away: what a cluster asks before it has a post held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, and_, column, exists, or_, select, values
from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.broadcast import BroadcastState
from storage.availability import available
from storage.tables import bulletins, deliveries, is_queued, is_sending, milliseconds

_b, _d = bulletins.c, deliveries.c


async def bots_with_work(
    engine: AsyncEngine, bots: Sequence[str], now: datetime, until: datetime
) -> frozenset[str]:
    """Those of ``bots`` with deliveries due by ``until``, left behind by a crash, or never to be sent.

    A bulletin of which nothing is left but to call it done is anybody's, so the first bot's. Raises
    LedgerUnavailable.
    """
    asked = values(column("bot", String), name="asked").data([(bot,) for bot in bots])
    is_going = _b.state == BroadcastState.SENDING.value
    is_over = or_(
        _b.state == BroadcastState.STOPPED.value,
        and_(_b.state.in_((BroadcastState.SENDING.value, BroadcastState.PAUSED.value)), _b.expires <= now),
    )
    is_due = and_(is_going, _d.due_at <= milliseconds(until))
    has_due = exists().where(_d.bulletin_id == _b.id, _d.bot == asked.c.bot, is_queued, or_(is_due, is_over))
    was_left = exists().where(_d.bot == asked.c.bot, is_sending, _d.lease_until < milliseconds(now))
    of_it = exists().where(_d.bulletin_id == _b.id)
    is_empty = select(_b.id).where(is_going, ~of_it.where(is_queued), ~of_it.where(is_sending)).limit(1)

    async def read() -> frozenset[str]:
        async with engine.connect() as connection:
            busy = frozenset(await connection.scalars(select(asked.c.bot).where(or_(has_due, was_left))))
            if bots[0] not in busy and await connection.scalar(is_empty) is not None:
                busy |= {bots[0]}
            return busy

    return await available(read())
