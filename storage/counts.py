"""How far a bulletin has come: its deliveries by state, counted at the moment of asking."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.delivery import DeliveryState
from bulletins.bulletin import BulletinId
from storage.tables import deliveries

_d = deliveries.c


async def count_deliveries(
    engine: AsyncEngine, bulletin_id: BulletinId
) -> Mapping[DeliveryState, tuple[int, int]]:
    """By state: how many, and the members of their channels."""
    query = (
        select(_d.state, func.count().label("count"), func.coalesce(func.sum(_d.reach), 0).label("reach"))
        .where(_d.bulletin_id == bulletin_id)
        .group_by(_d.state)
    )
    async with engine.connect() as connection:
        rows = await connection.execute(query)
        return {DeliveryState(row.state): (int(row[1]), int(row.reach)) for row in rows}
