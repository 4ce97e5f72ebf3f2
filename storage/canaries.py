"""The operator's own channels, to which each bulletin goes first: as many rows as the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from members.channel import ChannelKind, ChannelState, Platform
from storage.committer import Committer
from storage.tables import channels, is_canary


async def set_canaries(committer: Committer, chats: Mapping[str, str], language: str, at: datetime) -> None:
    """Make exactly these chats canaries: by the bot's name, the chat's external id.

    A chat that was a canary and is none any more stays as it is otherwise. Repeating it changes nothing.
    """

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(update(channels).where(is_canary).values(canary=False))
        for bot, chat in chats.items():
            here = (channels.c.platform == Platform.TELEGRAM.value) & (channels.c.external_id == chat)
            if await connection.scalar(select(channels.c.id).where(here)) is None:
                await connection.execute(insert(channels), [_row(bot, chat, language, at)])
            state = ChannelState.ACTIVE.value
            await connection.execute(update(channels).where(here).values(canary=True, state=state, bot=bot))

    await committer.write(work)


def _row(bot: str, chat: str, language: str, at: datetime) -> dict[str, object]:
    return {
        "bot": bot,
        "platform": Platform.TELEGRAM.value,
        "external_id": chat,
        "kind": ChannelKind.SUPERGROUP.value,
        "title": "canary",
        "language": language,
        "state": ChannelState.ACTIVE.value,
        "member": None,
        "topics": [],
        "areas": [],
        "pin": False,
        "silent": False,
        "drills": True,
        "member_count": 0,
        "enrolled_at": at,
    }
