"""Channels about which their member has not been told yet: lost, or lacking a right, found while delivering."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from members.channel import Channel, ChannelState
from storage.channel_rows import channel_of
from storage.tables import channels

_CONCERNED = (ChannelState.ACTIVE.value, ChannelState.PAUSED.value, ChannelState.LOST.value)


async def untold_channels(
    engine: AsyncEngine, at_most: int, without: Collection[str] = ()
) -> Sequence[Channel]:
    """The first few of them, ``without`` those of some bots."""
    query = (
        select(channels)
        .where(text("flaw IS NOT NULL AND member_told_at IS NULL"))  # the very words of the partial index
        .where(channels.c.state.in_(_CONCERNED), channels.c.bot.not_in(without))
        .order_by(channels.c.id)
        .limit(at_most)
    )
    async with engine.connect() as connection:
        return [channel_of(row) for row in await connection.execute(query)]
