"""What of a bulletin is still in the queue, bot by bot, with what is known of the bots' tokens."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.hindrance import Waiting
from bulletins.bulletin import BulletinId
from storage.tables import deliveries, instant, is_queued

_d = deliveries.c


async def waiting_deliveries(
    engine: AsyncEngine, bulletin_id: BulletinId, at_work: Collection[str]
) -> Sequence[Waiting]:
    """One for each bot that has something of it; rows are counted for those that are not ``at_work``."""
    async with engine.connect() as connection:
        rows = (await connection.execute(_WAITING, {"bulletin": bulletin_id})).all()
        return [
            Waiting(
                bot=row.bot,
                first_due=instant(row.due_at),
                quiet_minutes=None if row.starts is None else (row.starts, row.ends),
                held_until=None if row.held_until is None else instant(row.held_until),
                line_trouble=row.because,
                channels=None if row.bot in at_work else await _count(connection, bulletin_id, row.bot),
            )
            for row in rows
        ]


async def _count(connection: AsyncConnection, bulletin_id: BulletinId, bot: str) -> int:
    counted = select(func.count()).where(_d.bulletin_id == bulletin_id, _d.bot == bot, is_queued)
    return int(await connection.scalar(counted) or 0)


# From one bot in the queue to the next: as many steps down its index as there are bots, however many rows they have.
_WAITING = text(
    """
    WITH RECURSIVE heads(bot) AS (
        SELECT min(d.bot) FROM deliveries AS d WHERE d.bulletin_id = :bulletin AND d.state = 'queued'
        UNION ALL
        SELECT (SELECT min(d.bot) FROM deliveries AS d
                WHERE d.bulletin_id = :bulletin AND d.state = 'queued' AND d.bot > heads.bot)
        FROM heads WHERE heads.bot IS NOT NULL
    )
    SELECT heads.bot, first.due_at, c.quiet_starts_minute AS starts, c.quiet_ends_minute AS ends,
           p.held_until, l.because
    FROM heads
    JOIN deliveries AS first ON first.id = (
        SELECT d.id FROM deliveries AS d
        WHERE d.bulletin_id = :bulletin AND d.bot = heads.bot AND d.state = 'queued'
        ORDER BY d.due_at, d.id LIMIT 1
    )
    JOIN channels AS c ON c.id = first.channel_id
    LEFT JOIN paces AS p ON p.bot = heads.bot
    LEFT JOIN lines AS l ON l.bot = heads.bot
    ORDER BY heads.bot
    """
)
