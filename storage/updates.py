"""Which updates were handled: a platform may deliver one again, and a repeat must change nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.committer import Committer
from storage.lookups import Lookups
from storage.tables import Instant, backlog, updates_seen

_SEEN = select(updates_seen.c.update_id).where(
    updates_seen.c.bot == bindparam("bot"), updates_seen.c.update_id == bindparam("update_id")
)
_REMEMBER = insert(updates_seen).from_select(
    ["bot", "update_id", "seen_at"],
    select(
        bindparam("bot", type_=updates_seen.c.bot.type),
        bindparam("update_id", type_=updates_seen.c.update_id.type),
        bindparam("seen_at", type_=Instant()),
    ).where(~exists(_SEEN)),
)
_DONE_WITH = delete(backlog).where(
    backlog.c.bot == bindparam("of_bot"), backlog.c.update_id == bindparam("of_update")
)


class Updates:
    """Remembers updates by (bot, update id)."""

    def __init__(self, engine: AsyncEngine, committer: Committer, *, now: Callable[[], datetime]) -> None:
        self._lookups = Lookups(engine)
        self._committer = committer
        self._now = now

    async def has_seen(self, bot: str, update_id: int) -> bool:
        """Whether this update was handled already."""
        return await self._lookups.one(_SEEN, {"bot": bot, "update_id": update_id}) is not None

    async def mark_seen(self, bot: str, update_id: int) -> None:
        """Remember it, and take it from the backlog if it is there; repeating this changes nothing."""
        row = {"bot": bot, "update_id": update_id, "seen_at": self._now()}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_REMEMBER, row)
            await connection.execute(_DONE_WITH, {"of_bot": bot, "of_update": update_id})

        await self._committer.write(work)

    async def forget(self, before: datetime) -> int:
        """Delete what was seen before; how many. Telegram keeps updates for 24 hours: two days will do."""

        async def work(connection: AsyncConnection) -> int:
            old = delete(updates_seen).where(updates_seen.c.seen_at < before)
            return (await connection.execute(old)).rowcount

        return await self._committer.write(work)
