"""Somebody looks on: the counts under a bulletin's progress, as often as the product makes them."""

from __future__ import annotations

import asyncio
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.figures import CountedFigures
from bulletins.bulletin import BulletinId
from handlers.edit_times import EDITED_EVERY_SECONDS
from storage.counts import count_deliveries


async def look_on(engine: AsyncEngine, bulletin_id: BulletinId) -> None:
    """Until cancelled."""
    figures = CountedFigures(partial(count_deliveries, engine))
    while True:
        await figures.figures(bulletin_id)
        await asyncio.sleep(EDITED_EVERY_SECONDS)
