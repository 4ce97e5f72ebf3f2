"""How long a token is held, over restarts: the platform's waits have been seen to last for hours."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from broadcasts.ports import PaceRecord
from storage.availability import available
from storage.committer import Committer
from storage.tables import instant, milliseconds, paces


class SqlPaces:
    """One row a bot."""

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
