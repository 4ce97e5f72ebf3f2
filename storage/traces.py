"""The last traces of what was erased: SQLite keeps overwritten pages in its write-ahead log until that is emptied."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from members.channel import PersonId
from storage.sqlite_thread import in_its_thread


class Traces:
    """A keeper of nothing, which is asked last to forget: then no page with the person's data is left on the disk.

    On PostgreSQL old row versions go with the next vacuum, and its log is the operator's to rotate.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def export(self, _person: PersonId) -> dict[str, Any]:
        """There is nothing here."""
        return {}

    async def forget(self, _person: PersonId) -> None:
        """Empty the log, unless somebody is reading from it: then the nightly round does."""
        await self.wipe()

    async def wipe(self) -> None:
        """Move what is in the log into the database, and make the log empty (sqlite.org/wal.html, "Checkpointing")."""
        if self._engine.dialect.name != "sqlite":
            return
        async with self._engine.connect() as connection:
            await in_its_thread(
                connection, lambda driver: driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            )
