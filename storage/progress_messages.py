"""Which message shows a bulletin's progress, so that a restart goes on editing the same one.

And what the moderators' chats have heard of it, so that no restart says it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.broadcast import BroadcastState
from broadcasts.recurrence import SERIES_STOPPED, SUPERSEDED
from bulletins.bulletin import BulletinId
from storage.availability import available
from storage.committer import Committer
from storage.tables import announcements, bulletins

_SHOWN_AT_MOST = 50
_UNDER_WAY = (BroadcastState.SENDING, BroadcastState.PAUSED, BroadcastState.HELD)


class ProgressMessages:
    """Keeps where progress is shown."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer

    async def to_show(self) -> Sequence[tuple[BulletinId, str | None]]:
        """Bulletins under way, and those that ended while still shown, each with its message.

        Of a series its author hears when it is over, and of a held occurrence that it was stopped by itself.
        """
        is_under_way = bulletins.c.state.in_([state.value for state in _UNDER_WAY])
        was_started = bulletins.c.started_at.is_not(None)
        is_open = or_(bulletins.c.progress_message.is_(None), bulletins.c.progress_message != "")
        is_over = bulletins.c.state == BroadcastState.FINISHED.value
        by_itself = bulletins.c.halted_because.in_((SUPERSEDED, SERIES_STOPPED))
        was_dropped = and_(by_itself, bulletins.c.progress_message != "")
        wanted = select(bulletins.c.id, bulletins.c.progress_message).where(
            or_(is_under_way, and_(or_(was_started, is_over), is_open), was_dropped)
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(wanted.order_by(bulletins.c.id.desc()).limit(_SHOWN_AT_MOST))
            return [(BulletinId(row.id), row.progress_message) for row in rows]

    async def message_of(self, bulletin_id: BulletinId) -> str | None:
        """The message of one bulletin."""
        async with self._engine.connect() as connection:
            return await connection.scalar(
                select(bulletins.c.progress_message).where(bulletins.c.id == bulletin_id)
            )

    async def put(self, bulletin_id: BulletinId, message: str) -> None:
        """Remember the message; empty once the bulletin has ended and nothing is edited any more."""
        statement = update(bulletins).where(bulletins.c.id == bulletin_id).values(progress_message=message)
        await available(self._committer.write(lambda connection: connection.execute(statement)))

    async def follow(self, chat: str, new_chat: str) -> None:
        """A group became a supergroup: what its people wrote is shown in the new place, by new messages."""
        message = bulletins.c.progress_message
        statement = (
            update(bulletins)
            .where(bulletins.c.author_chat == chat)
            .values(author_chat=new_chat, progress_message=case((message == "", ""), else_=None))
        )
        await available(self._committer.write(lambda connection: connection.execute(statement)))

    async def heard(self, bulletin_id: BulletinId) -> frozenset[tuple[str, str]]:
        """By whose moderators' chat, by the bot's name, what was heard of a bulletin."""
        wanted = select(announcements.c.bot, announcements.c.mark).where(
            announcements.c.bulletin_id == bulletin_id
        )
        async with self._engine.connect() as connection:
            return frozenset((row.bot, row.mark) for row in await connection.execute(wanted))

    async def keep_heard(self, bulletin_id: BulletinId, heard: tuple[str, str]) -> None:
        """It was said there."""
        bot, mark = heard

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(announcements).where(_is(bulletin_id, heard)))
            await connection.execute(
                insert(announcements).values(bulletin_id=bulletin_id, bot=bot, mark=mark)
            )

        await available(self._committer.write(work))

    async def forget_heard(self, bulletin_id: BulletinId, heard: tuple[str, str]) -> None:
        """It is to be said again when it is true again."""
        statement = delete(announcements).where(_is(bulletin_id, heard))
        await available(self._committer.write(lambda connection: connection.execute(statement)))


def _is(bulletin_id: BulletinId, heard: tuple[str, str]) -> ColumnElement[bool]:
    bot, mark = heard
    its = announcements.c
    return and_(its.bulletin_id == bulletin_id, its.bot == bot, its.mark == mark)
