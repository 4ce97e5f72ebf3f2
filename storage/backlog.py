"""The backlog: updates that take long, kept so that the platform may forget them and hand out those behind.

What people wrote is sealed with the operator's key, and goes when the update is handled: ``storage/updates.py`` does
both at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.committer import Committer
from storage.sealing import SealBroken, Sealer
from storage.tables import backlog, updates_seen

log = structlog.get_logger(__name__)

_STARTS_AT_MOST = 3

_IDS_IN = {
    table: select(table.c.update_id).where(
        table.c.bot == bindparam("of_bot"), table.c.update_id.in_(bindparam("ids", expanding=True))
    )
    for table in (backlog, updates_seen)
}

_OF_BOT = backlog.c.bot == bindparam("of_bot")
_IN_ORDER = select(backlog).where(_OF_BOT).order_by(backlog.c.kept_at, backlog.c.update_id)
_COUNT_START = update(backlog).where(_OF_BOT).values(starts=backlog.c.starts + 1)
_TRIED_ENOUGH = delete(backlog).where(_OF_BOT, backlog.c.starts >= _STARTS_AT_MOST)


class SqlBacklog:
    """Keeps updates until they are handled."""

    def __init__(self, committer: Committer, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._committer = committer
        self._sealer = sealer
        self._now = now

    async def keep(self, bot: str, updates: Mapping[int, bytes]) -> None:
        """Keep these, by their ids; once this returns they are on the disk.

        One that is there already stays; one that was marked as seen meanwhile is not kept any more.
        """
        at = self._now()
        rows = {
            update_id: {
                "bot": bot,
                "update_id": update_id,
                "kept_at": at,
                "starts": 0,
                "sealed": self._sealer.seal(content, _context(bot, update_id)),
            }
            for update_id, content in updates.items()
        }

        async def work(connection: AsyncConnection) -> None:
            there = [
                (await connection.execute(_IDS_IN[table], {"of_bot": bot, "ids": list(rows)})).scalars().all()
                for table in (backlog, updates_seen)
            ]
            new = [row for update_id, row in rows.items() if not any(update_id in ids for ids in there)]
            if new:
                await connection.execute(insert(backlog), new)

        await self._committer.write(work)

    async def kept(self, bot: str) -> Sequence[bytes]:
        """What is left of an earlier process, oldest first.

        Each time counts as a start. What was there at three starts already is deleted, for it may be what ended them.
        """
        of_bot = {"of_bot": bot}

        async def work(connection: AsyncConnection) -> tuple[int, Sequence[Row[Any]]]:
            given_up = (await connection.execute(_TRIED_ENOUGH, of_bot)).rowcount
            await connection.execute(_COUNT_START, of_bot)
            return given_up, (await connection.execute(_IN_ORDER, of_bot)).all()

        given_up, rows = await self._committer.write(work)
        if given_up:
            log.error("updates that outlived several starts were given up", bot=bot, updates=given_up)
        return [content for row in rows if (content := self._opened(row)) is not None]

    async def forget(self, before: datetime) -> int:
        """Delete what was kept before, such as that of a bot that is no longer in the settings; how many."""

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(delete(backlog).where(backlog.c.kept_at < before))).rowcount

        return await self._committer.write(work)

    def _opened(self, row: Row[Any]) -> bytes | None:
        try:
            return self._sealer.open(row.sealed, _context(row.bot, row.update_id))
        except SealBroken:
            log.error("an update was kept under another secret key", bot=row.bot, update_id=row.update_id)
            return None


def _context(bot: str, update_id: int) -> str:
    return f"backlog\0{bot}\0{update_id}"
