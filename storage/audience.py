"""How many channels and people a bulletin would reach: counted by the condition that plans deliveries."""

from __future__ import annotations

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcasts.book import AudienceSize
from bulletins.bulletin import Bulletin, BulletinId, Status
from storage.planning import audience_of, is_live_canary
from storage.tables import channels


async def audience_size(
    connection: AsyncConnection, bulletin: Bulletin, corrects: BulletinId | None
) -> AudienceSize:
    """Channels and the sum of their members. The canary counts only for a test, which goes nowhere else."""
    wanted = audience_of(bulletin, corrects)
    if corrects is None:
        is_test = bulletin.status is Status.TEST
        wanted = is_live_canary() if is_test else and_(wanted, ~channels.c.canary)
    counted = await connection.execute(
        select(func.count(), func.coalesce(func.sum(channels.c.member_count), 0))
        .select_from(channels)
        .where(wanted)
    )
    number, members = counted.one()
    return AudienceSize(number, members)
