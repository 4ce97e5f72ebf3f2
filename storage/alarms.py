"""Which alarms the moderators' chats have heard, so that whoever keeps the household next says none of them again.

Nor that it is over while it is not.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.availability import available
from storage.committer import Committer
from storage.tables import alarms

Place = tuple[str, str]
"""A bot's name, into whose moderators' chat it was said, and of which bot, or of nothing but the database."""


class SqlAlarms:
    """A few rows at most: one for each chat and bot in trouble."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer

    async def heard(self) -> Mapping[Place, str]:
        """What was said, and was not said to be over."""

        async def read() -> Mapping[Place, str]:
            async with self._engine.connect() as connection:
                rows = await connection.execute(select(alarms))
                return {(row.bot, row.about): row.alarm for row in rows}

        return await available(read())

    async def keep(self, heard: Mapping[Place, str]) -> None:
        """This, and nothing else."""
        rows = [{"bot": bot, "about": about, "alarm": alarm} for (bot, about), alarm in heard.items()]

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(alarms))
            if rows:
                await connection.execute(insert(alarms), rows)

        await available(self._committer.write(work))
