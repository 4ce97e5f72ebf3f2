"""How many channels and people a bulletin would reach: counted by the condition that plans deliveries.

And what it lacks for reaching them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.book import AudienceSize, Refusal
from broadcasts.consent import UNFINISHED
from bulletins.bulletin import Bulletin, BulletinId, Status
from members.channel import ChannelState
from storage.planning import audience_of, is_live_canary
from storage.tables import bulletins, channels, pictures


async def audience_size(
    connection: AsyncConnection, bulletin: Bulletin, corrects: BulletinId | None
) -> AudienceSize:
    """Channels and the sum of their members. The canary counts only for a test, which goes nowhere else."""
    counted = await connection.execute(
        select(func.count(), func.coalesce(func.sum(channels.c.member_count), 0))
        .select_from(channels)
        .where(_wanted(connection, bulletin, corrects))
    )
    number, members = counted.one()
    return AudienceSize(number, members)


async def what_is_missing(
    connection: AsyncConnection, bulletin: Bulletin, corrects: BulletinId | None
) -> Refusal | None:
    """What sending it takes beside the bulletin itself: its picture, and somebody who gets it."""
    if bulletin.media is not None:
        kept = select(pictures.c.sha256).where(pictures.c.sha256 == bulletin.media.sha256)
        if await connection.scalar(kept) is None:
            return Refusal.PICTURE_GONE
    somebody = select(channels.c.id).where(_wanted(connection, bulletin, corrects)).limit(1)
    if await connection.scalar(somebody) is not None or await _would_stop(connection, corrects):
        return None
    return Refusal.NO_AUDIENCE


async def channels_without(engine: AsyncEngine, bots: Collection[str]) -> Mapping[str, int]:
    """By bots that are none of these: how many channels wait for each. They are planned for like all others."""
    enrolled = channels.c.state.in_((ChannelState.ACTIVE.value, ChannelState.PAUSED.value))
    others = select(channels.c.bot, func.count().label("number")).where(enrolled, channels.c.bot.not_in(bots))
    async with engine.connect() as connection:
        rows = await connection.execute(others.group_by(channels.c.bot).order_by(channels.c.bot))
        return {row.bot: row.number for row in rows}


async def _would_stop(connection: AsyncConnection, corrects: BulletinId | None) -> bool:
    """Whether what a correction corrects is still going out: with no copy there yet, it is stopped in time."""
    goes_on = select(bulletins.c.id).where(
        bulletins.c.id == corrects, bulletins.c.state.in_([state.value for state in UNFINISHED])
    )
    return corrects is not None and await connection.scalar(goes_on) is not None


def _wanted(
    connection: AsyncConnection, bulletin: Bulletin, corrects: BulletinId | None
) -> ColumnElement[bool]:
    wanted = audience_of(bulletin, corrects, dialect=connection.dialect.name)
    if corrects is not None:
        return wanted
    return is_live_canary() if bulletin.status is Status.TEST else and_(wanted, ~channels.c.canary)
