"""Which bots have something to send or to clear away: what a cluster asks before it has a post held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.broadcast import BroadcastState
from storage.availability import available
from storage.engine import for_reading
from storage.tables import bulletins, deliveries, is_queued, is_sending, lines, milliseconds

_b, _d = bulletins.c, deliveries.c


async def bots_with_work(
    engine: AsyncEngine, bots: Sequence[str], now: datetime, until: datetime
) -> frozenset[str]:
    """Those of ``bots`` with deliveries due by ``until``, left behind by a crash, or never to be sent.

    And those whose line is down: somebody must find out when it is up again.

    A bulletin of which nothing is left but to call it done is anybody's, so the first bot's. Raises
    LedgerUnavailable.
    """
    asked = {"bots": list(bots), "now": milliseconds(now), "until": milliseconds(until)}

    async def read() -> frozenset[str]:
        async with for_reading(engine).connect() as connection:
            busy = frozenset(await connection.scalars(_BUSY, asked))
            busy |= frozenset(await connection.scalars(select(lines.c.bot).where(lines.c.bot.in_(bots))))
            if bots[0] not in busy and await connection.scalar(_IS_EMPTY) is not None:
                busy |= {bots[0]}
            return busy

    return await available(read())


# From one bulletin and bot in the queue to the next: as many steps down its index as there are such pairs,
# however many rows each of them has. Within a pair the row that is due first comes first.
_BUSY = text(
    """
    WITH RECURSIVE heads(bulletin_id, bot, due_at) AS (
        (SELECT bulletin_id, bot, due_at FROM deliveries WHERE state = 'queued'
         ORDER BY bulletin_id, bot, due_at, id LIMIT 1)
        UNION ALL
        SELECT following.* FROM heads CROSS JOIN LATERAL (
            SELECT d.bulletin_id, d.bot, d.due_at FROM deliveries AS d
            WHERE d.state = 'queued' AND (d.bulletin_id, d.bot) > (heads.bulletin_id, heads.bot)
            ORDER BY d.bulletin_id, d.bot, d.due_at, d.id LIMIT 1
        ) AS following
    )
    SELECT heads.bot FROM heads JOIN bulletins AS b ON b.id = heads.bulletin_id
    WHERE heads.bot = ANY(CAST(:bots AS text[]))
      AND ((b.state = 'sending' AND heads.due_at <= :until)
           OR b.state = 'stopped'
           OR (b.state IN ('sending', 'paused') AND b.expires <= :now))
    UNION
    SELECT bot FROM deliveries
    WHERE state = 'sending' AND lease_until < :now AND bot = ANY(CAST(:bots AS text[]))
    """
)
_OF_IT = exists().where(_d.bulletin_id == _b.id)
_IS_EMPTY = (
    select(_b.id)
    .where(_b.state == BroadcastState.SENDING.value, ~_OF_IT.where(is_queued), ~_OF_IT.where(is_sending))
    .limit(1)
)
