"""Which account each bot of the settings is, so that the token of another one is noticed before it sends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from members.channel import ChannelState
from storage.committer import Committer
from storage.tables import accounts, channels

_DEPENDING = (ChannelState.PLEDGING.value, ChannelState.ACTIVE.value, ChannelState.PAUSED.value)


async def known_accounts(engine: AsyncEngine, bots: Collection[str]) -> Mapping[str, str]:
    """By the bot's name, under which id the platform knows the account that its members' channels are open to.

    A bot on which no member's channel depends may be any account, and is left out.
    """
    open_to_it = select(channels.c.id).where(
        channels.c.bot == accounts.c.bot, channels.c.state.in_(_DEPENDING), ~channels.c.canary
    )
    wanted = select(accounts).where(accounts.c.bot.in_(bots), open_to_it.exists())
    async with engine.connect() as connection:
        return {row.bot: row.external_id for row in await connection.execute(wanted)}


async def keep_account(committer: Committer, bot: str, external_id: str) -> None:
    """The platform has confirmed that the bot is this account."""

    async def work(connection: AsyncConnection) -> None:
        kept = await connection.scalar(select(accounts.c.external_id).where(accounts.c.bot == bot))
        if kept != external_id:
            await connection.execute(delete(accounts).where(accounts.c.bot == bot))
            await connection.execute(insert(accounts).values(bot=bot, external_id=external_id))

    with suppress(IntegrityError):  # another process of the cluster has kept it at the same moment
        await committer.write(work)
