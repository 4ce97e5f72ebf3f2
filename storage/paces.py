"""How a token stands, over restarts and for every process: how long it is held, and whether its line is down.

The platform's waits have been seen to last for hours.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.ports import PaceRecord
from broadcasts.retry import REASON_CHARACTERS
from storage.availability import available
from storage.committer import Committer
from storage.tables import instant, lines, milliseconds, paces


class SqlPaces:
    """One row a bot; of lines, one for each that is down."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self._engine = engine
        self._committer = committer

    async def load_pace(self, bot: str) -> PaceRecord | None:
        """What was saved last."""

        async def read() -> PaceRecord | None:
            async with self._engine.connect() as connection:
                found = await connection.execute(select(paces).where(paces.c.bot == bot))
                row = found.one_or_none()
                return None if row is None else PaceRecord(instant(row.held_until), row.rate_per_second)

        return await available(read())

    async def save_pace(self, bot: str, record: PaceRecord) -> None:
        """Keep it over a restart."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(paces).where(paces.c.bot == bot))
            await connection.execute(
                insert(paces).values(
                    bot=bot,
                    held_until=milliseconds(record.held_until),
                    rate_per_second=record.rate_per_second,
                )
            )

        await available(self._committer.write(work))

    async def load_line(self, bot: str) -> str | None:
        """Why its line is down, as was seen last; None when it was up."""
        return (await self.lines_down()).get(bot)

    async def lines_down(self) -> Mapping[str, str]:
        """By the bot, why its line is down; for whoever tells people."""

        async def read() -> Mapping[str, str]:
            async with self._engine.connect() as connection:
                return {row.bot: row.because for row in await connection.execute(select(lines))}

        return await available(read())

    async def save_line(self, bot: str, trouble: str | None) -> None:
        """For every process to read, over restarts too."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(lines).where(lines.c.bot == bot))
            if trouble is not None:
                because = trouble[:REASON_CHARACTERS]
                await connection.execute(insert(lines).values(bot=bot, because=because))

        await available(self._committer.write(work))
