"""How far a bulletin has come: its deliveries by state, counted at the moment of asking."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from broadcasts.delivery import DeliveryState
from bulletins.bulletin import BulletinId
from storage.tables import deliveries

_d = deliveries.c


def _in_state(state: DeliveryState) -> ColumnElement[bool]:
    return _d.state == state.value


# One pass with a counter a state: grouping would build a table of its own and take twice as long.
_COUNTS = [func.count().filter(_in_state(state)).label(state.value) for state in DeliveryState]
_REACH = func.coalesce(func.sum(_d.reach).filter(_in_state(DeliveryState.SENT)), 0).label("reach")


async def count_deliveries(
    engine: AsyncEngine, bulletin_id: BulletinId
) -> tuple[Mapping[DeliveryState, int], int]:
    """How many are in each state, and the members of the channels that have it."""
    query = select(*_COUNTS, _REACH).where(_d.bulletin_id == bulletin_id)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one()
        return {state: int(getattr(row, state.value)) for state in DeliveryState}, int(row.reach)
